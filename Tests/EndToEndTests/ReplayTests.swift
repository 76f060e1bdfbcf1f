// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import TraceStorage

extension EndToEndTests {
    /// What the journal gives back after `kill -9` is what was acknowledged, as it was judged when it arrived.
    @Suite struct ReplayTests {
        private static let traceID = hexadecimal([TestSpan].mixedTraceID)

        @Test func `a request with rejected spans is replayed as it was judged`() async throws {
            try await Scratch.with { scratch in
                var server = try await scratch.startServer()
                let bad = [TestSpan].mixed.filter { ![TestSpan].good.contains($0) }
                for spans in [[TestSpan].mixed, bad, .mixed] {
                    let answer = try await HTTPRequest.export(TestSpan.request(spans)).answer(port: server.otlpHTTP)
                    #expect(answer.status == 200)
                    #expect(try PartialSuccess(response: answer.body)?.rejectedSpanCount == 8)
                }
                let before = try await Self.answers(server)
                #expect(try await server.spans(ofTrace: Self.traceID) == .good)
                for _ in 0..<3 {
                    try await server.kill()
                    server = try await scratch.startServer()
                    #expect(try await Self.answers(server) == before)
                }
                try await server.terminate()
                server = try await scratch.startServer()
                #expect(try await Self.answers(server) == before)
                #expect(try await server.figure("spans in blocks") == 3)
                try server.requireNoErrors()
            }
        }

        /// The trace byte for byte in each way in which it can be asked for.
        private static func answers(_ server: TestServer) async throws -> [[UInt8]] {
            var answers: [[UInt8]] = []
            for target in ["/api/traces/\(traceID)", "/api/traces/\(traceID)?raw=true"] {
                for accept in ["application/json", "application/protobuf"] {
                    let answer = try await HTTPRequest.get(target, accept: accept).answer(port: server.http)
                    #expect(answer.status == 200)
                    answers.append(answer.body)
                }
            }
            return answers
        }

        @Test func `spans keep the time of their arrival over restarts`() async throws {
            try await Scratch.with { scratch in
                var server = try await scratch.startServer()
                let earliest = Self.unixSeconds()
                try await server.export(.good)
                let latest = Self.unixSeconds()
                try await server.kill()
                // Now a replay that took its own time for the arrival's would show.
                try await poll("a later second") { Self.unixSeconds() > latest + 1 ? true : nil }
                server = try await scratch.startServer()
                try await server.terminate()
                let blocks = try await StoreInspection(directory: scratch.data).blocks
                #expect(blocks.map(\.rowCount) == [3])
                let arrival = try #require(blocks.first).arrivalSeconds
                #expect((earliest...latest).contains(arrival.lowerBound))
                #expect((earliest...latest).contains(arrival.upperBound))
            }
        }

        private static func unixSeconds() -> UInt64 { UInt64(Date().timeIntervalSince1970) }
    }
}
