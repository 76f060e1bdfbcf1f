// SPDX-License-Identifier: Apache-2.0

import Inflate
import Testing

extension EndToEndTests {
    /// How the HTTP listener for OTLP meets clients that err.
    @Suite struct ReceiverHTTPTests {
        /// One good span, of a trace that nothing else belongs to.
        private static let span = TestSpan(
            traceID: bigEndian(0x5eed, 0x5eed), spanID: bigEndian(1), name: "wanted", payload: "some text")
        private static let good = TestSpan.request([span])

        @Test(arguments: [
            ("GET", "/v1/traces", "application/x-protobuf", 405), ("PUT", "/v1/traces", "application/x-protobuf", 405),
            ("DELETE", "/v1/traces", "application/x-protobuf", 405), ("POST", "/v1/traces", "text/plain", 415),
            ("POST", "/v1/traces", "application/grpc", 415), ("POST", "/v1/traces", "", 415),
            ("POST", "/", "application/x-protobuf", 404), ("POST", "/v1/logs", "application/x-protobuf", 404),
            ("POST", "/v1/traces", "application/x-protobuf\r\nContent-Encoding: br", 415),
            ("POST", "/v1/traces", "application/x-protobuf\r\nContent-Encoding: zstd", 415),
        ])
        func `what is no export is refused with a Status, and nothing is stored`(
            method: String, target: String, type: String, status: Int
        ) async throws {
            try await Scratch.withServer { _, server in
                let request = HTTPRequest(
                    method: method, target: target, fields: ["Content-Type: \(type)"], body: Self.good)
                let answer = try await request.answer(port: server.otlpHTTP)
                #expect(answer.status == status)
                #expect(answer.fields["content-type"] == "application/x-protobuf")
                #expect(answer.fields["allow"] == (status == 405 ? "POST" : nil))
                #expect(try !TestStatus(answer.body).message.isEmpty)
                #expect(try await server.spans(ofTrace: Self.span.hexTraceID).isEmpty)
            }
        }

        @Test func `a connection goes on after every kind of refusal`() async throws {
            try await Scratch.withServer { _, server in
                try await HTTPConnection.with(port: server.otlpHTTP) { connection in
                    for request in [
                        HTTPRequest(target: "/v1/traces"), HTTPRequest.export([0xff]),
                        HTTPRequest.export(Self.good, "Content-Encoding: br"),
                        HTTPRequest.export([UInt8](repeating: 0, count: 21 << 20)),
                        HTTPRequest.export([1, 2, 3], "Content-Encoding: gzip"),
                    ] {
                        let refusal = try await connection.answer(to: request)
                        #expect(refusal.status >= 400)
                        let answer = try await connection.answer(to: .export(Self.good))
                        #expect(answer.status == 200)
                    }
                }
                #expect(try await server.spans(ofTrace: Self.span.hexTraceID) == [Self.span], "once")
            }
        }

        @Test func `every truncation of a request is malformed, plain and in gzip, and nothing of it is stored`()
            async throws
        {
            try await Scratch.withServer { _, server in
                let zipped = try gzip(Self.good)
                try await HTTPConnection.with(port: server.otlpHTTP) { connection in
                    for length in 1..<Self.good.count {
                        try await Self.expectMalformed(
                            connection.answer(to: .export(Array(Self.good.prefix(length)))), "\(length) bytes")
                    }
                    for length in 1..<zipped.count {
                        let request = HTTPRequest.export(Array(zipped.prefix(length)), "Content-Encoding: gzip")
                        try await Self.expectMalformed(connection.answer(to: request), "\(length) bytes of gzip")
                    }
                    #expect(try await server.spans(ofTrace: Self.span.hexTraceID).isEmpty)
                    let request = HTTPRequest.export(zipped, "Content-Encoding: gzip")
                    #expect(try await connection.answer(to: request).status == 200)
                }
                #expect(try await server.spans(ofTrace: Self.span.hexTraceID) == [Self.span])
            }
        }

        private static func expectMalformed(_ answer: HTTPAnswer, _ what: Comment) throws {
            #expect(answer.status == 400, what)
            let status = try TestStatus(answer.body)
            #expect(status.code == 3, what)
            #expect(status.detailTypes == ["google.rpc.BadRequest"], what)
        }

        @Test func `more than 20 MiB is refused, announced, in chunks and after the fact`() async throws {
            try await Scratch.withServer { _, server in
                let byteCount = 20 << 20 + 1
                try await HTTPConnection.with(port: server.otlpHTTP) { connection in
                    var head = HTTPRequest.export([]).head
                    head.replace("Content-Length: 0", with: "Content-Length: \(byteCount)")
                    try await connection.send(head)
                    try await Self.expectTooLarge(connection.answer())
                }
                try await HTTPConnection.with(port: server.otlpHTTP) { connection in
                    var head = HTTPRequest.export([]).head
                    head.replace("Content-Length: 0", with: "Transfer-Encoding: chunked")
                    try await connection.send(head)
                    let part = [UInt8](repeating: 10, count: 1 << 20)
                    for _ in 0..<21 {
                        try await connection.send("100000\r\n")
                        try await connection.send(part)
                        try await connection.send("\r\n")
                    }
                    try await connection.send("0\r\n\r\n")
                    try await Self.expectTooLarge(connection.answer())
                }
            }
        }

        @Test(arguments: [64, 300]) func `a gzip bomb is refused, and costs no memory`(mebibytes: Int) async throws {
            let zipped = try gzip([UInt8](repeating: 10, count: mebibytes << 20 + 1), level: 9)
            try await Scratch.withServer { _, server in
                try await withThrowingTaskGroup { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let request = HTTPRequest.export(zipped, "Content-Encoding: gzip")
                            return try await request.answer(port: server.otlpHTTP)
                        }
                    }
                    for try await answer in group { try Self.expectTooLarge(answer) }
                }
                #expect(try await server.residentByteCount() < 512 << 20)
            }
        }

        private static func expectTooLarge(_ answer: HTTPAnswer) throws {
            #expect(answer.status == 413)
            #expect(answer.fields["retry-after"] == nil)
            let status = try TestStatus(answer.body)
            #expect(status.code == 8)
            #expect(!status.detailTypes.contains("google.rpc.RetryInfo"))
        }

        @Test func `what never fits into the memory is refused for good, and not until later`() async throws {
            try await Scratch.withServer(memory: "64MiB") { _, server in
                // A sixteenth of the memory is for requests.
                var span = Self.span
                span.payload = String(repeating: "x", count: 5 << 20)
                let body = TestSpan.request([span])
                try await Self.expectTooLarge(HTTPRequest.export(body).answer(port: server.otlpHTTP))
                let zipped = HTTPRequest.export(try gzip(body), "Content-Encoding: gzip")
                try await Self.expectTooLarge(zipped.answer(port: server.otlpHTTP))
            }
        }

        @Test func `good spans are kept beside bad ones, whose number and faults are told`() async throws {
            try await Scratch.withServer { _, server in
                let answer = try await HTTPRequest.export(TestSpan.request(.mixed)).answer(port: server.otlpHTTP)
                #expect(answer.status == 200)
                let success = try #require(try PartialSuccess(response: answer.body))
                #expect(success.rejectedSpanCount == 8)
                for part in [
                    "8 spans rejected", "3 with a trace ID that is not 16 bytes", "1 with an all-zero trace ID",
                    "3 with a span ID that is not 8 bytes", "1 with an all-zero span ID",
                ] { #expect(success.message.contains(part)) }
                #expect(try await server.spans(ofTrace: hexadecimal([TestSpan].mixedTraceID)) == .good)
            }
        }

        @Test func `a request of bad spans alone is answered 200, and nothing is stored`() async throws {
            try await Scratch.withServer { _, server in
                let bad = [TestSpan].mixed.filter { ![TestSpan].good.contains($0) }
                let answer = try await HTTPRequest.export(TestSpan.request(bad)).answer(port: server.otlpHTTP)
                #expect(answer.status == 200)
                #expect(try PartialSuccess(response: answer.body)?.rejectedSpanCount == 8)
                #expect(try await server.figure("spans in heads") == 0)
            }
        }

        @Test func `an empty request is a success, plain and in gzip`() async throws {
            try await Scratch.withServer { _, server in
                for request in [HTTPRequest.export([]), .export(try gzip([]), "Content-Encoding: gzip")] {
                    let answer = try await request.answer(port: server.otlpHTTP)
                    #expect(answer.status == 200)
                    #expect(answer.body.isEmpty)
                    #expect(answer.fields["content-type"] == "application/x-protobuf")
                }
            }
        }

        @Test func `a body that breaks off is not stored, and requests may follow each other unanswered`()
            async throws
        {
            try await Scratch.withServer { _, server in
                let request = HTTPRequest.export(Self.good)
                try await HTTPConnection.with(port: server.otlpHTTP) { connection in
                    try await connection.send(request.head)
                    try await connection.send(Array(Self.good.dropLast()))
                }
                #expect(try await server.spans(ofTrace: Self.span.hexTraceID).isEmpty)
                try await HTTPConnection.with(port: server.otlpHTTP) { connection in
                    for _ in 0..<50 { try await connection.send(request) }
                    for _ in 0..<50 { #expect(try await connection.answer().status == 200) }
                }
                #expect(try await server.spans(ofTrace: Self.span.hexTraceID) == [Self.span], "once")
            }
        }
    }
}

extension [TestSpan] {
    static let mixedTraceID = bigEndian(0x900d, 0x900d)

    /// Three good spans with every kind of bad one before, between and behind them.
    static let mixed: [TestSpan] = [
        TestSpan(traceID: [], spanID: bigEndian(11)),
        TestSpan(traceID: bigEndian(0, 0), spanID: bigEndian(12)),
        TestSpan(traceID: mixedTraceID, spanID: bigEndian(1), start: 1, end: 10),
        TestSpan(traceID: mixedTraceID, spanID: []),
        TestSpan(traceID: mixedTraceID, spanID: bigEndian(0)),
        TestSpan(traceID: mixedTraceID, spanID: bigEndian(2), parentID: bigEndian(1), start: 2, end: 9, payload: "ü"),
        TestSpan(traceID: [UInt8](mixedTraceID.dropLast()), spanID: bigEndian(13)),
        TestSpan(traceID: mixedTraceID + [1], spanID: bigEndian(14)),
        TestSpan(traceID: mixedTraceID, spanID: [1, 2, 3, 4, 5, 6, 7]),
        TestSpan(traceID: mixedTraceID, spanID: bigEndian(1) + [0]),
        TestSpan(traceID: mixedTraceID, spanID: bigEndian(3), parentID: [1, 2, 3], start: 3, end: 2),
    ]

    /// Those of ``mixed`` that are kept, in the order in which they are answered.
    static let good = [mixed[2], mixed[5], mixed[10]]
}
