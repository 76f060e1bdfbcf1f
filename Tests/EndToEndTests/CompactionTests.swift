// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import TraceStorage

extension EndToEndTests {
    /// Blocks become few, and old ones go, as the options say.
    @Suite struct CompactionTests {
        /// As many blocks as stops: each writes what the server holds.
        private static func blocks(_ count: Int, in scratch: Scratch) async throws {
            for number in 1...count {
                let server = try await scratch.startServer(memory: "1GiB", ["--compaction-fan-in", "64"])
                try await server.export([
                    TestSpan(traceID: bigEndian(0, UInt64(number)), spanID: bigEndian(UInt64(number)), name: "once"),
                    TestSpan(traceID: bigEndian(0, 1000), spanID: bigEndian(UInt64(number)), name: "part \(number)"),
                    TestSpan(traceID: bigEndian(0, 1000), spanID: bigEndian(999), name: "always"),
                ])
                try await server.terminate()
                try server.requireNoErrors()
            }
        }

        private static func id(_ number: Int) -> String { hexadecimal(bigEndian(0, UInt64(number))) }

        private static func expectAll(_ count: Int, on server: TestServer) async throws {
            for number in 1...count { #expect(try await server.spans(ofTrace: id(number)).count == 1) }
            #expect(try await server.spans(ofTrace: id(1000)).count == count + 1)
        }

        @Test func `blocks compact makes one block of many, and verify proves it`() async throws {
            try await Scratch.with { scratch in
                try await Self.blocks(5, in: scratch)
                let compaction = try await scratch.vivace(
                    "blocks", "compact", "--data-dir", scratch.data, "--compaction-fan-in", "2")
                #expect(compaction.status == 0, "\(compaction.complaint)")
                #expect(compaction.output.contains("dropped 4 duplicates"), "\(compaction.output)")
                let blocks = try await StoreInspection(directory: scratch.data).blocks
                #expect(blocks.map(\.rowCount) == [11])
                let verification = try await scratch.vivace("blocks", "verify", "--data-dir", scratch.data)
                #expect(verification.status == 0, "\(verification.output)")
                let list = try await scratch.vivace("blocks", "ls", "--csv", "--data-dir", scratch.data)
                #expect(list.output.contains("lastArrivalTime"))
                let server = try await scratch.startServer()
                try await Self.expectAll(5, on: server)
                let refused = try await scratch.vivace("blocks", "compact", "--data-dir", scratch.data)
                #expect(refused.status == 3)
                try server.requireNoErrors()
            }
        }

        @Test func `a server merges blocks by itself, and queries find everything meanwhile`() async throws {
            try await Scratch.with { scratch in
                try await Self.blocks(4, in: scratch)
                let server = try await scratch.startServer(memory: "1GiB", ["--compaction-fan-in", "2"])
                try await poll("one block") {
                    try await Self.expectAll(4, on: server)
                    return try await server.figure("blocks") == 1 ? true : nil
                }
                try await Self.expectAll(4, on: server)
                try await server.terminate()
                try server.requireNoErrors()
            }
        }

        @Test func `retention drops nothing large unless told, and then it does`() async throws {
            try await Scratch.with { scratch in
                try await Self.blocks(2, in: scratch)
                try await poll("a later second") {
                    let newest = try await StoreInspection(directory: scratch.data).blocks.map {
                        $0.arrivalSeconds.upperBound
                    }.max()
                    return Date().timeIntervalSince1970 > Double(newest ?? 0) + 2 ? true : nil
                }
                var server = try await scratch.startServer(memory: "1GiB", ["--retention", "1s"])
                try await poll("a refusal") {
                    server.program.complaint.contains("retention drops nothing") ? true : nil
                }
                #expect(try await server.figure("blocks") == 2)
                try await server.terminate()
                server = try await scratch.startServer(
                    memory: "1GiB", ["--retention", "1s", "--retention-allow-large-drop"])
                try await poll("no blocks") { try await server.figure("blocks") == 0 ? true : nil }
                try await server.terminate()
            }
        }
    }
}
