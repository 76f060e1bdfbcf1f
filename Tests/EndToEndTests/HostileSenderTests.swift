// SPDX-License-Identifier: Apache-2.0

import Testing

extension EndToEndTests {
    /// Requests that are small on the wire and would be large in memory, and others that mean harm.
    @Suite struct HostileSenderTests {
        private static let wanted = TestSpan(
            traceID: bigEndian(0x900d, 0x5eed), spanID: bigEndian(1), name: "wanted", payload: "some text")

        /// A request with one span for each of the bodies.
        private static func request(spans: Int, _ body: (Int, inout ProtobufWriter) -> Void) -> [UInt8] {
            var out = ProtobufWriter()
            out.message(1) { out in
                out.message(2) { out in
                    for index in 0..<spans { out.message(2) { body(index, &$0) } }
                }
            }
            return out.bytes
        }

        private static func writeIDs(_ index: Int, _ out: inout ProtobufWriter) {
            out.content(1, bigEndian(7, UInt64(index + 1)))
            out.content(2, bigEndian(UInt64(index + 1)))
        }

        private static func writeAttribute(_ key: String, _ value: String, _ out: inout ProtobufWriter) {
            out.message(9) { out in
                out.text(1, key)
                out.message(2) { $0.text(1, value) }
            }
        }

        /// Sends a request several times at once, and then a good span, which has to be there; looks at the memory.
        ///
        /// - Parameter mebibytes: What the server may hold in the end: it has 45 when it does nothing.
        private func send(
            _ request: [UInt8], times: Int = 4, mebibytes: Int, _ check: (HTTPAnswer) throws -> Void
        ) async throws {
            try await Scratch.withServer(memory: "256MiB") { _, server in
                try await withThrowingTaskGroup { group in
                    for _ in 0..<times {
                        group.addTask { try await HTTPRequest.export(request).answer(port: server.otlpHTTP) }
                    }
                    for try await answer in group { try check(answer) }
                }
                let good = HTTPRequest.export(TestSpan.request([Self.wanted]))
                #expect(try await good.answer(port: server.otlpHTTP).status == 200)
                #expect(try await server.spans(ofTrace: Self.wanted.hexTraceID) == [Self.wanted])
                #expect(try await server.residentByteCount() < mebibytes << 20)
            }
        }

        @Test func `four megabytes of empty spans are counted, and cost no memory`() async throws {
            let request = Self.request(spans: 2 << 20) { _, _ in }
            // More at once would be told to wait: a sixteenth of the memory is for requests.
            try await send(request, times: 2, mebibytes: 160) { (answer) throws in
                #expect(answer.status == 200)
                let rejected = try PartialSuccess(response: answer.body)?.rejectedSpanCount
                #expect(rejected == 2 << 20)
            }
        }

        @Test func `a hundred thousand keys in a request are kept`() async throws {
            let request = Self.request(spans: 1_000) { span, out in
                Self.writeIDs(span, &out)
                for key in 0..<100 { Self.writeAttribute("key \(span * 100 + key)", "v", &out) }
            }
            try await send(request, mebibytes: 200) { #expect($0.status == 200 && $0.body.isEmpty) }
        }

        @Test func `ten thousand attributes of a span are kept`() async throws {
            let request = Self.request(spans: 1) { span, out in
                Self.writeIDs(span, &out)
                for key in 0..<10_000 { Self.writeAttribute("key \(key)", "value \(key)", &out) }
            }
            try await send(request, mebibytes: 160) { #expect($0.status == 200 && $0.body.isEmpty) }
        }

        @Test func `a value ten thousand deep rejects its span`() async throws {
            var value: [UInt8] = []
            for _ in 0..<10_000 {
                var list = ProtobufWriter()
                list.content(1, value)
                var outer = ProtobufWriter()
                outer.content(5, list.bytes)
                value = outer.bytes
            }
            let request = Self.request(spans: 2) { span, out in
                Self.writeIDs(span, &out)
                guard span == 0 else { return }
                out.message(9) { out in
                    out.text(1, "key")
                    out.content(2, value)
                }
            }
            try await send(request, mebibytes: 160) { (answer) throws in
                #expect(answer.status == 200)
                let rejected = try PartialSuccess(response: answer.body)?.rejectedSpanCount
                #expect(rejected == 1)
            }
        }

        @Test func `spans of 1970, of 2262, and that end before they start are kept as they are`() async throws {
            let times: [(UInt64, UInt64)] = [
                (0, 0), (0, 1), (5, 3), (UInt64(Int64.max), UInt64(Int64.max) + 1), (.max, 0), (.max, .max),
            ]
            let spans = times.enumerated().map { index, time in
                TestSpan(
                    traceID: bigEndian(9, UInt64(index + 1)), spanID: bigEndian(UInt64(index + 1)), start: time.0,
                    end: time.1)
            }
            try await Scratch.withServer { _, server in
                let answer = try await HTTPRequest.export(TestSpan.request(spans)).answer(port: server.otlpHTTP)
                #expect(answer.status == 200 && answer.body.isEmpty)
                for span in spans { #expect(try await server.spans(ofTrace: span.hexTraceID) == [span]) }
            }
        }

        @Test func `beside hundreds of connections that say nothing a request is answered`() async throws {
            try await Scratch.withServer { _, server in
                try await withThrowingTaskGroup { group in
                    let (opened, opening) = AsyncStream.makeStream(of: Void.self)
                    for _ in 0..<300 {
                        group.addTask {
                            try await HTTPConnection.with(port: server.otlpHTTP) { connection in
                                opening.yield()
                                _ = try? await connection.answer()
                            }
                        }
                    }
                    var count = 0
                    for await _ in opened {
                        count += 1
                        if count == 300 { break }
                    }
                    let good = HTTPRequest.export(TestSpan.request([Self.wanted]))
                    let answer = try await good.answer(port: server.otlpHTTP)
                    #expect(answer.status == 200)
                    group.cancelAll()
                    while let result = await group.nextResult() { _ = result }
                }
                #expect(try await server.spans(ofTrace: Self.wanted.hexTraceID) == [Self.wanted])
            }
        }
    }
}
