// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Kills a server again and again, while it starts and while it works, and looks what is left.
struct CrashRun {
    private let scratch: Scratch
    private let ledger: CrashLedger
    private var random: SplitMix64
    private(set) var killCount = 0
    private(set) var killsWhileStarting = 0
    /// Heads that became blocks in servers that worked.
    private(set) var flushCount = 0
    /// Blocks that became one in servers that worked.
    private(set) var mergeCount = 0

    private static let senderCount = 4
    /// From the least that a server takes, where heads are cut often, to so much that nothing is cut.
    /// Blocks are merged as soon as there are two of a level.
    private static let merging = ["--compaction-fan-in", "2"]
    private static let memories = ["64MiB", "64MiB", "128MiB", "1GiB"]

    init(seed: UInt64, in scratch: Scratch) {
        self.scratch = scratch
        ledger = CrashLedger(CrashTraffic(seed: seed))
        random = SplitMix64(seed: seed ^ 0xc4a5)
    }

    /// Some kills while the server starts, then one under load.
    mutating func round() async throws {
        while random.next() % 3 == 0 { try await killWhileStarting() }
        let server = try await scratch.startServer(memory: memory(), Self.merging)
        try await ledger.check(recentTraces(), on: server)
        try await killUnderLoad(server)
        try ledger.requireNoFailures()
        try server.requireNoErrors()
        flushCount += server.program.complaint.split(separator: "] blocks written").count - 1
        mergeCount += server.program.complaint.split(separator: "] blocks merged").count - 1
    }

    private mutating func memory() -> String { Self.memories[Int(random.next() % UInt64(Self.memories.count))] }

    private mutating func killWhileStarting() async throws {
        let program = try scratch.start(
            Surroundings.binary, TestServer.arguments(data: scratch.data, memory: memory(), Self.merging))
        // It listens after about 40 ms.
        try await Task.sleep(for: .microseconds(Int(random.next() % 60_000)))
        program.signal(SIGKILL)
        let end = try await program.waitForEnd()
        guard end.status == -SIGKILL else { throw TestFailure("the server ended by itself:\n\(program.complaint)") }
        killCount += 1
        killsWhileStarting += 1
    }

    /// Kills when some sender has sent the request that was drawn, and a moment later.
    private mutating func killUnderLoad(_ server: TestServer) async throws {
        // Mostly before a quarter of a second has passed, which is when heads are looked at; now and then long after.
        let lastRequest = 5 + Int(random.next() % (random.next() % 4 == 0 ? 1_200 : 150))
        let delay = Duration.microseconds(Int(random.next() % 4_000))
        let sent = SentCount()
        let sender = CrashSender(ledger: ledger, server: server) {
            guard sent.increase() == lastRequest else { return }
            try await Task.sleep(for: delay)
            server.program.signal(SIGKILL)
        }
        await withTaskGroup { group in
            for _ in 0..<Self.senderCount { group.addTask { await sender.run() } }
        }
        try await server.kill()
        killCount += 1
    }

    /// The long traces, those of the last rounds, and some of old.
    private mutating func recentTraces() -> [Int] {
        let issued = ledger.issuedTraces
        let old = (0..<20).compactMap { _ in issued.randomElement(using: &random) }
        return Array(Set(CrashTraffic.longTraces).union(issued.suffix(30)).union(old)).sorted()
    }

    /// Looks for everything, in a server that replays the journal and in one that has blocks only.
    mutating func finish() async throws {
        // What is merged now would lie there a minute longer.
        let resting = ["--compaction-fan-in", "64"]
        var server = try await scratch.startServer(memory: "1GiB", resting)
        try await ledger.check(ledger.issuedTraces, on: server)
        try await server.terminate()
        try server.requireNoErrors()
        guard try FileManager.default.contentsOfDirectory(atPath: scratch.data + "/journal").isEmpty else {
            throw TestFailure("the journal is not empty after SIGTERM")
        }
        let verification = try await scratch.vivace("blocks", "verify", "--data-dir", scratch.data)
        guard verification.status == 0 else { throw TestFailure("blocks are damaged:\n\(verification.output)") }
        let compaction = try await scratch.vivace("blocks", "compact", "--data-dir", scratch.data)
        guard compaction.status == 0 else { throw TestFailure("blocks were not merged:\n\(compaction.output)") }
        server = try await scratch.startServer(memory: "1GiB", resting)
        try await ledger.check(ledger.issuedTraces, on: server)
        try await requireNoLitter(server)
        try server.requireNoErrors()
    }

    /// Nothing lies in the store but the live blocks.
    private func requireNoLitter(_ server: TestServer) async throws {
        let blocks = scratch.data + "/store/tenants/single-tenant/blocks"
        let files = try FileManager.default.contentsOfDirectory(atPath: blocks)
        let liveCount = try await server.figure("blocks")
        guard files.count == liveCount else {
            throw TestFailure("\(files.count) files lie beside each other where \(liveCount) blocks live: \(files)")
        }
    }

    var summary: String {
        let tally = ledger.tally
        return """
            \(killCount) kills, \(killsWhileStarting) of them at the start; \(flushCount) flushes, \(mergeCount) merges; \
            \(tally.issued) requests, of which \(tally.acknowledged) acknowledged, \(tally.unknown) unknown, \
            \(tally.refused) refused; \(tally.sentAgain) sent again
            """
    }
}

/// Counts what several tasks do.
private final class SentCount: Sendable {
    private let count = Atomic<Int>(0)
    func increase() -> Int { count.add(1, ordering: .relaxed).newValue }
}
