// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Logging
internal import StoreTesting
internal import Synchronization
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("A store in use by many", .timeLimit(.minutes(5))) struct StoreConcurrencyTests {
    @Test(
        "what was acknowledged is readable at every moment while heads become blocks",
        arguments: 0..<3 as Range<UInt64>
    )
    func readYourWrites(seed: UInt64) async throws {
        let capture = CapturedJournal()
        let opened = try await OpenStore.open(on: SimulatedFileSystem(seed: seed)) {
            $0.journalDecorator = capture.keep
            $0.journalOptions.segmentByteCount = 64 << 10
        }
        let journal = try #require(capture.journal)
        try await withThrowingTaskGroup { group in
            group.addTask { try await journal.run() }
            let (requests, sent) = AsyncStream.makeStream(of: Void.self)
            try await withThrowingTaskGroup { workers in
                workers.addTask {
                    var count = 0
                    for await _ in requests {
                        count += 1
                        if count % 8 == 0 { try await opened.flushAll() }
                    }
                }
                try await withThrowingTaskGroup { senders in
                    for sender in 0..<6 as Range<UInt64> {
                        senders.addTask { try await send(seed &* 100 &+ sender, to: opened.store, sent) }
                    }
                    try await senders.waitForAll()
                }
                sent.finish()
                try await workers.waitForAll()
            }
            try await opened.flushAll()
            await journal.close()
            try await group.waitForAll()
        }
        #expect(opened.budget.usedByteCount(by: .heads) == 0)
        #expect(opened.store.figures.headSpanCount == 0)
    }

    /// Sends requests, each with traces of its own, and looks for all of them after each.
    private func send(
        _ seed: UInt64, to store: TraceStore, _ sent: AsyncStream<Void>.Continuation
    ) async throws {
        var requests = StoreRequests(seed: seed, traceCount: 3)
        requests.tenant = seed % 2 == 0 ? .single : try #require(TenantID("other"))
        var model = StoreModel()
        for _ in 0..<40 {
            let request = try requests.next(spanCount: 30)
            model.send(request)
            _ = try await store.append(try request.received())
            model.acknowledge(request)
            sent.yield()
            for id in model.traceIDs[requests.tenant] ?? [] {
                // A span may be met twice on its way.
                let found = Array(Set(try await store.copies(of: id, requests.tenant)))
                #expect(model.objection(to: found, of: requests.tenant, trace: id) == nil, "seed \(seed)")
            }
        }
    }

    @Test("a store that is told to close turns its heads into blocks and leaves an empty journal") func closing() async throws {
        let directory = try TemporaryDirectory()
        var requests = StoreRequests(seed: 3)
        var model = StoreModel()
        let fileSystem = LocalFileSystem()
        let configure: (inout StoreConfiguration) -> Void = { $0.journalDecorator = { $0 } }
        do {
            let opened = try await OpenStore.open(on: fileSystem, directory: directory.path, configure)
            try await withThrowingTaskGroup { group in
                group.addTask { try await opened.store.run(logger: opened.logger) }
                for _ in 0..<20 {
                    let request = try requests.next()
                    model.send(request)
                    _ = try await opened.store.append(try request.received())
                    model.acknowledge(request)
                }
                opened.store.beginClosing()
                try await group.waitForAll()
            }
        }
        #expect(try fileSystem.entries(of: directory.path + "/journal").isEmpty)
        let reopened = try await OpenStore.open(on: fileSystem, directory: directory.path, configure)
        #expect(reopened.store.figures.headSpanCount == 0)
        let found = try await reopened.store.copiesBySource(of: .single).flatMap { $0 }
        #expect(model.objection(to: found, of: .single) == nil)
    }
}

/// Holds the journal that a store opened.
private final class CapturedJournal: Sendable {
    private let held = Mutex<LocalJournal?>(nil)

    var journal: LocalJournal? { held.withLock { $0 } }

    @Sendable func keep(_ journal: LocalJournal) -> any Journal {
        held.withLock { $0 = journal }
        return journal
    }
}
