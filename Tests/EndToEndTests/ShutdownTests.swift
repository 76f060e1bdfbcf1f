// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// SIGTERM and SIGINT: the server ends soon, and everything is in blocks.
    @Suite struct ShutdownTests {
        private static let limit = Duration.seconds(2)

        @Test func `idle connections of every kind don't hold up the end, and all spans are in blocks`() async throws {
            try await Scratch.with { scratch in
                let server = try await scratch.startServer()
                let holder = try scratch.startPython(
                    "grpc_manners", ["hold", server.otlpGRPCAddress, server.httpAddress])
                try await poll("a gRPC connection") { holder.output.hasPrefix("holding") ? true : nil }
                let loaded = try await scratch.vivace(
                    "load", "--server-otlp", server.otlpHTTPAddress, "--traces", "300")
                #expect(loaded.status == 0)
                let spanCount = try await server.figure("spans accepted since the start")
                try await HTTPConnection.with(port: server.otlpHTTP) { otlp in
                    _ = try await otlp.answer(to: .export([]))
                    try await HTTPConnection.with(port: server.http) { query in
                        _ = try await query.answer(to: .get("/ready"))
                        #expect(try await server.terminate() < Self.limit)
                        #expect(await query.isClosedByServer())
                    }
                }
                try holder.closeInput()
                #expect(try await holder.waitForEnd().status == 0, "\(holder.complaint)")
                try await Self.expectAllInBlocks(spanCount, scratch)
            }
        }

        @Test(arguments: [SIGTERM, SIGINT]) func `what is acknowledged while the server ends is in blocks`(
            signal: Int32
        ) async throws {
            try await Scratch.with { scratch in
                let server = try await scratch.startServer()
                let ledger = CrashLedger(CrashTraffic(seed: UInt64.random(in: 1 ... .max)))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask { await CrashSender(ledger: ledger, server: server).run() }
                    }
                    try await poll("100 acknowledged requests") { ledger.tally.acknowledged >= 100 ? true : nil }
                    let begin = ContinuousClock.now
                    server.program.signal(signal)
                    let end = try await server.program.waitForEnd()
                    #expect(end.status == 0)
                    #expect(begin.duration(to: end.moment) < Self.limit)
                    try await group.waitForAll()
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.data + "/journal").isEmpty)
                let next = try await scratch.startServer()
                #expect(try await next.figure("spans in heads") == 0)
                try ledger.requireNoFailures()
                try await ledger.check(ledger.issuedTraces, on: next)
                try next.requireNoErrors()
            }
        }

        @Test func `clients that stop in the middle of a request are cut off`() async throws {
            try await Scratch.with { scratch in
                let server = try await scratch.startServer()
                try await server.export([TestSpan(traceID: bigEndian(1, 1), spanID: bigEndian(1))])
                try await HTTPConnection.with(port: server.otlpHTTP) { body in
                    var head = HTTPRequest.export([]).head
                    head.replace("Content-Length: 0", with: "Content-Length: 1000")
                    try await body.send(head + "half")
                    try await HTTPConnection.with(port: server.http) { line in
                        try await line.send("GET /rea")
                        // Requests under way have two seconds, then come the blocks.
                        #expect(try await server.terminate() < .seconds(4))
                    }
                }
                try await Self.expectAllInBlocks(1, scratch)
            }
        }

        @Test func `a server without spans ends and starts again`() async throws {
            try await Scratch.with { scratch in
                for _ in 0..<3 { #expect(try await scratch.startServer().terminate() < Self.limit) }
                try await Self.expectAllInBlocks(0, scratch)
            }
        }

        private static func expectAllInBlocks(_ spanCount: Int, _ scratch: Scratch) async throws {
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.data + "/journal").isEmpty)
            let server = try await scratch.startServer()
            #expect(try await server.figure("spans in blocks") == spanCount)
            #expect(try await server.figure("spans in heads") == 0)
            #expect(try await server.figure("heads on their way into blocks") == 0)
            try server.requireNoErrors()
        }
    }
}
