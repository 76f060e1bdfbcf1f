// SPDX-License-Identifier: Apache-2.0

import Ingest
import ProtobufMessages
import Testing
import TraceModel
import TraceServer

private let protobuf = "Content-Type: application/x-protobuf"

@Suite(.timeLimit(.minutes(5))) struct OTLPHTTPTests {
    @Test(arguments: [
        "application/x-protobuf", "application/protobuf", "Application/X-Protobuf; charset=utf-8",
    ])
    func `a protobuf body arrives as it was sent and is answered with an empty message`(type: String)
        async throws
    {
        try await RunningServer.with { server in
            let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
            let answer = try await server.request(
                "POST", "/v1/traces", to: .otlpHTTP, fields: ["Content-Type: \(type)"], body: body)
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "application/x-protobuf")
            #expect(answer.body.isEmpty)
            let request = try #require(server.receiver.requests.first)
            #expect(request.body == body)
            #expect(request.encoding == .identity)
            #expect(request.tenant == .single)
            #expect(server.receiver.reservedByteCount == 0)
        }
    }

    @Test func `a gzip body stays compressed`() async throws {
        try await RunningServer.with { server in
            let answer = try await server.request(
                "POST", "/v1/traces", to: .otlpHTTP, fields: [protobuf, "Content-Encoding: gzip"],
                body: [31, 139])
            #expect(answer.status == 200)
            #expect(server.receiver.requests.first?.encoding == .gzip)
            #expect(server.receiver.requests.first?.body == [31, 139])
        }
    }

    @Test func `event loops perform what is short and in plain protobuf, up to a number`() async throws {
        var limits = RunningServer.smallLimits
        limits.shortCallByteCount = 1_000
        limits.eventLoopCallCount = 1
        try await RunningServer.with(limits: limits) { server in
            let post = { @Sendable (type: String, coding: String, count: Int) in
                let answer = try await server.request(
                    "POST", "/v1/traces", to: .otlpHTTP, fields: [type, "Content-Encoding: \(coding)"],
                    body: [UInt8](repeating: 1, count: count))
                #expect(answer.status == 200)
            }
            // The first may come before the loop's task has begun to wait.
            repeat { try await post(protobuf, "identity", 1_000) } while server.receiver.wereOnEventLoops.last == false
            let shortCount = server.receiver.requests.count
            try await post(protobuf, "identity", 1_001)
            try await post(protobuf, "gzip", 10)
            try await post("Content-Type: application/json", "identity", 10)
            #expect(server.receiver.wereOnEventLoops.dropFirst(shortCount) == [false, false, false])
            // Those that find no task waiting on their loop are performed elsewhere.
            server.receiver.hold()
            try await withThrowingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask { try await post(protobuf, "identity", 1) }
                }
                while server.receiver.requests.count < shortCount + 23 { await Task.yield() }
                server.receiver.release()
                try await group.waitForAll()
            }
            #expect(server.receiver.wereOnEventLoops.dropFirst(shortCount + 3).contains(false))
        }
    }

    @Test func `an empty request is accepted`() async throws {
        try await RunningServer.with { server in
            let answer = try await server.request(
                "POST", "/v1/traces", to: .otlpHTTP, fields: [protobuf], body: [])
            #expect(answer.status == 200)
            #expect(server.receiver.requests.first?.body == [])
        }
    }

    @Test func `rejected spans are reported as partial success`() async throws {
        try await RunningServer.with { server in
            server.receiver.answer(
                .success(
                    ExportOutcome(acceptedSpanCount: 5, rejectedSpanCount: 2, rejectionMessage: "zero IDs")))
            let answer = try await server.request(
                "POST", "/v1/traces", to: .otlpHTTP, fields: [protobuf], body: [1])
            #expect(answer.status == 200)
            let message = try ExportTraceServiceResponse(decoding: answer.body)
            #expect(message.partialSuccess?.rejectedSpans == 2)
            #expect(message.partialSuccess?.errorMessage == "zero IDs")
            let metrics = try await server.get("/metrics").text
            #expect(metrics.contains("\nvivace_ingest_received_bytes_total{transport=\"http\"} 1\n"))
            #expect(metrics.contains("\nvivace_ingest_requests_total{code=\"200\",transport=\"http\"} 1\n"))
            #expect(metrics.contains("\nvivace_memory_used_bytes{holder=\"ingest\"} 0\n"))
        }
    }

    @Test(
        arguments: [
            (IngestError(.malformed, "bad"), 400, 3, nil), (IngestError(.tooLarge, "big"), 413, 8, nil),
            (IngestError(.overloaded, "busy", retryAfterSeconds: 7), 429, 8, 7),
            (IngestError(.unavailable, "full"), 503, 14, 1),
        ] as [(IngestError, Int, Int32, Int?)])
    func `an ingest error has its status, body and retry hint`(
        error: IngestError, status: Int, code: Int32, seconds: Int?
    ) async throws {
        try await RunningServer.with { server in
            server.receiver.answer(.failure(error))
            let answer = try await server.request(
                "POST", "/v1/traces", to: .otlpHTTP, fields: [protobuf], body: [1])
            #expect(answer.status == status)
            #expect(answer.fields["retry-after"] == seconds.map(String.init))
            #expect(answer.fields["content-type"] == "application/x-protobuf")
            let body = try RPCStatus(decoding: answer.body)
            #expect(body.code == code)
            #expect(body.message == error.message)
            #expect(body.retryDelay == seconds.map { .seconds($0) })
        }
    }

    @Test(arguments: [
        ("POST", "/v1/traces", "Content-Type: application/x-ndjson", 415),
        ("POST", "/v1/traces", "Content-Type: application/json\r\nContent-Encoding: zstd", 415),
        ("POST", "/v1/traces", "Content-Type: text/plain", 415),
        ("POST", "/v1/traces", "X-Nothing: 1", 415),
        ("GET", "/v1/traces", protobuf, 405), ("PUT", "/v1/traces", protobuf, 405),
        ("POST", "/v1/metrics", protobuf, 404), ("GET", "/", protobuf, 404),
        ("POST", "/v1/traces", protobuf + "\r\nContent-Encoding: br", 415),
    ])
    func `what is not an export is refused`(
        method: String, path: String, field: String, status: Int
    ) async throws {
        try await RunningServer.with { server in
            let answer = try await server.request(
                method, path, to: .otlpHTTP, fields: [field], body: [1, 2, 3])
            #expect(answer.status == status)
            #expect(answer.fields["allow"] == (status == 405 ? "POST" : nil))
            if field.contains("application/json") {
                #expect(answer.text.hasPrefix("{\"code\":3,\"message\":\""))
            } else {
                #expect(!(try RPCStatus(decoding: answer.body).message.isEmpty))
            }
            #expect(server.receiver.requests.isEmpty)
            #expect(server.receiver.highestReservedByteCount == 0)
        }
    }

    @Test func `a connection serves many requests, refused ones too`() async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                for round in 0..<20 {
                    let count = round % 3 == 2 ? 200_001 : 1_000 * round
                    try await connection.send(
                        "POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(protobuf)\r\nContent-Length: \(count)\r\n\r\n"
                    )
                    try await connection.send([UInt8](repeating: 1, count: count))
                    #expect(try await connection.answer().status == (round % 3 == 2 ? 413 : 200))
                }
            }
            #expect(server.receiver.requests.count == 14)
            #expect(server.receiver.reservedByteCount == 0)
        }
    }

    @Test func `a body over the limit is refused by its announced length, before anything is reserved`()
        async throws
    {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(protobuf)\r\nContent-Length: 200001\r\n\r\n")
                let answer = try await connection.answer()
                #expect(answer.status == 413)
                #expect(try RPCStatus(decoding: answer.body).code == 8)
            }
            #expect(server.receiver.highestReservedByteCount == 0)
        }
    }

    @Test func `a chunked body over the limit is refused while it comes`() async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(protobuf)\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                for _ in 0..<21 {
                    try await connection.send("2710\r\n")
                    try await connection.send([UInt8](repeating: 1, count: 10_000))
                    try await connection.send("\r\n")
                }
                #expect(try await connection.answer().status == 413)
                try await connection.send("0\r\n\r\n")
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(protobuf)\r\nContent-Length: 0\r\n\r\n")
                #expect(try await connection.answer().status == 200, "the connection goes on")
            }
            #expect(server.receiver.highestReservedByteCount <= 200_000)
            #expect(server.receiver.reservedByteCount == 0)
        }
    }

    @Test func `a body that never ends is cut off`() async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(protobuf)\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                var wasCutOff = false
                for _ in 0..<10_000 where !wasCutOff {
                    do {
                        try await connection.send("2710\r\n")
                        try await connection.send([UInt8](repeating: 1, count: 10_000))
                        try await connection.send("\r\n")
                    } catch {
                        wasCutOff = true
                    }
                }
                #expect(wasCutOff)
            }
        }
    }

    @Test func `a chunked body arrives whole`() async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(protobuf)\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                for byte in 0..<200 {
                    try await connection.send("3e8\r\n")
                    try await connection.send([UInt8](repeating: UInt8(byte), count: 1_000))
                    try await connection.send("\r\n")
                }
                try await connection.send("0\r\n\r\n")
                #expect(try await connection.answer().status == 200)
            }
            let body = try #require(server.receiver.requests.first?.body)
            #expect(body == (0..<200).flatMap { [UInt8](repeating: UInt8($0), count: 1_000) })
        }
    }

    @Test func `no body is read when the memory is used up`() async throws {
        try await RunningServer.with { server in
            server.receiver.setBudget(10_000)
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(protobuf)\r\nContent-Length: 20000\r\n\r\n")
                let answer = try await connection.answer()
                #expect(answer.status == 429)
                #expect(answer.fields["retry-after"] == "7")
            }
            #expect(server.receiver.requests.isEmpty)
        }
    }

    @Test func `a reservation is held until the answer`() async throws {
        try await RunningServer.with { server in
            server.receiver.hold()
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(protobuf)\r\nContent-Length: 50000\r\n\r\n")
                try await connection.send([UInt8](repeating: 1, count: 50_000))
                while server.receiver.requests.isEmpty { await Task.yield() }
                #expect(server.receiver.reservedByteCount == 50_000)
                server.receiver.release()
                #expect(try await connection.answer().status == 200)
            }
            #expect(server.receiver.reservedByteCount == 0)
        }
    }

    @Test func `Expect 100-continue is answered before the body is sent`() async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                let head = "POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(protobuf)\r\nExpect: 100-continue\r\n"
                try await connection.send(head + "Content-Length: 5\r\n\r\n")
                #expect(try await connection.answer().status == 100)
                try await connection.send([1, 2, 3, 4, 5])
                #expect(try await connection.answer().status == 200)
                try await connection.send(head + "Content-Length: 300000\r\n\r\n")
                let refusal = try await connection.answer()
                #expect(refusal.status == 413, "without 100 Continue")
                #expect(refusal.fields["connection"] == "close")
                #expect(await connection.isClosedByServer())
            }
        }
    }

    @Test func `a body that breaks off is not exported`() async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(protobuf)\r\nContent-Length: 5000\r\n\r\n")
                try await connection.send([1, 2, 3])
            }
            while server.receiver.reservedByteCount > 0 { await Task.yield() }
            #expect(server.receiver.requests.isEmpty)
        }
    }

    @Test func `headers over the limit and garbage are answered 400 or closed`() async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                let field = "X-Long: " + String(repeating: "a", count: 40_000)
                try await connection.send("POST /v1/traces HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n")
                #expect(try await connection.answer().status == 400)
            }
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send("\u{0}\u{1}garbage\r\n\r\n")
                #expect(try await connection.answer().status == 400)
            }
        }
    }
}
