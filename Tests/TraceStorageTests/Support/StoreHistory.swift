// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import OTLPGenerator
internal import StoreTesting
internal import Synchronization
internal import Testing
internal import TraceModel
internal import TraceStorage

/// A history of a store, one step after the other, and what it promised.
struct StoreHistory {
    let system: SimulatedFileSystem
    var generator: SeededGenerator
    private var traffic: RandomOTLP
    private var model = StoreModel()
    private var opened: OpenStore?
    private var earlier: [SentRequest] = []
    private var arrivalSeconds: UInt32 = 1_700_000_000
    private let name: String
    /// Whether the disk may fail to delete what is not needed: the next start does it.
    var mayLeaveRubbish = false

    /// Unix seconds that every span is kept.
    private static let keptSeconds: UInt32 = 25
    private let clock = Clock()
    private let windowSeconds: UInt64

    /// Follows the arrivals.
    private final class Clock: Sendable {
        let seconds = Atomic<UInt64>(1_700_000_000)
        var nanoseconds: UInt64 { seconds.load(ordering: .relaxed) * 1_000_000_000 }
    }

    private static let tenants = ["a", ".b", "c"].compactMap { TenantID($0) }

    init(seed: UInt64) {
        name = "seed \(seed)"
        windowSeconds = seed < 100 || seed % 2 == 0 ? 3600 : 4
        system = SimulatedFileSystem(seed: seed)
        generator = SeededGenerator(seed: seed &* 77 &+ 1)
        traffic = RandomOTLP(seed: seed, options: .init(hasBadIDs: seed % 2 == 0, traceCount: 5))
    }

    enum Step { case append, retry, appendMalformed, cut, flush, read, merge, drop, delete }

    /// Opens the store if it is not, and lives to the end or to the power cut.
    mutating func live(_ steps: [Step]) async throws {
        if opened == nil { opened = try await reopen() }
        guard let opened else { return }
        for step in steps where system.hasPower {
            switch step {
            case .append: try await append(try newRequest(), to: opened.store)
            case .retry: try await appendOnceMore(to: opened.store)
            case .appendMalformed: await appendMalformed(to: opened.store)
            case .cut: try? opened.store.cut()
            case .flush: _ = try? await opened.store.flushOldest(opened.logger)
            case .read: await read(from: opened.store)
            case .merge: _ = try? await opened.store.compactor.mergeOnce(opened.logger)
            case .drop: try? await opened.store.compactor.dropExpired(opened.logger)
            case .delete: try? await opened.store.compactor.deleteRemovedObjects(opened.logger)
            }
        }
    }

    /// As many steps as asked for, in any order.
    mutating func randomSteps(_ count: Int) -> [Step] {
        let choices: [Step] = [
            .append, .append, .append, .append, .retry, .appendMalformed, .cut, .cut, .flush, .flush, .flush, .read,
            .merge, .merge, .drop, .delete,
        ]
        return (0..<count).map { _ in choices[generator.next(below: choices.count)] }
    }

    var blockCount: Int { opened?.store.figures.blockCount ?? 0 }

    var mergeCount: Int { opened?.store.compactor.figures.finishedJobCount ?? 0 }

    // MARK: Appending

    private mutating func passTime() {
        arrivalSeconds += 1
        clock.seconds.store(UInt64(arrivalSeconds), ordering: .relaxed)
    }

    private var keptFrom: UInt32 { arrivalSeconds - Self.keptSeconds }

    private mutating func newRequest() throws -> SentRequest {
        passTime()
        return try SentRequest(
            traffic.request(maximumSpans: 12), Self.tenants[generator.next(below: 3)],
            arrivalSeconds: arrivalSeconds, isCompressed: generator.next(below: 3) == 0)
    }

    private mutating func appendOnceMore(to store: TraceStore) async throws {
        guard !earlier.isEmpty else { return }
        passTime()
        let request = earlier[generator.next(below: earlier.count)]
        try await append(
            try request.retried(arrivalSeconds: arrivalSeconds, isCompressed: generator.next(below: 2) == 0), to: store)
    }

    private mutating func append(_ request: SentRequest, to store: TraceStore) async throws {
        earlier.append(request)
        model.send(request)
        let received = try request.received()
        do {
            let outcome = try await store.append(received)
            model.acknowledge(request)
            #expect(outcome.acceptedSpanCount == request.copies.count, "\(name)")
            #expect(outcome.rejectedSpanCount == request.rejectedSpanCount, "\(name)")
        } catch let error as StoreError {
            #expect(error.code == .unavailable, "\(name): \(error)")
        }
        for id in Set(request.copies.map(\.key.traceID)).prefix(1) { await checkTrace(id, request.tenant, in: store) }
    }

    private mutating func appendMalformed(to store: TraceStore) async {
        let error = await #expect(throws: StoreError.self) {
            try await store.append(
                ReceivedRequest(
                    tenant: Self.tenants[0], arrivalNanoseconds: 1, contentEncoding: .identity, body: [0x0a, 0x7f],
                    inflated: nil))
        }
        #expect(error?.code == .malformed)
    }

    // MARK: Reading

    private mutating func read(from store: TraceStore) async {
        let tenant = Self.tenants[generator.next(below: 3)]
        // Sorted, since sets have another order in every run.
        let ids = (model.traceIDs[tenant] ?? []).sorted()
        guard !ids.isEmpty else { return }
        await checkTrace(ids[generator.next(below: ids.count)], tenant, in: store)
    }

    /// What can't be read is no wrong answer, if something is wrong with the disk.
    private func checkTrace(_ id: TraceID, _ tenant: TenantID, in store: TraceStore) async {
        guard var found = try? await store.copies(of: id, tenant) else { return }
        // Where a flush does not know yet that its commit stands, a span may be met in head and block: it counts once.
        if mayLeaveRubbish { found = Array(Set(found)) }
        #expect(model.objection(to: found, of: tenant, trace: id, keptFrom: keptFrom) == nil, "\(name), by ID")
    }

    private func checkEverything(in store: TraceStore, _ moment: String) async throws {
        for tenant in Self.tenants {
            let found = try await insistently { try await store.copiesBySource(of: tenant).flatMap { $0 } }
            #expect(model.objection(to: found, of: tenant, keptFrom: keptFrom) == nil, "\(name), \(moment)")
            for id in (model.traceIDs[tenant] ?? []).prefix(1) {
                let found = try await insistently { try await store.copies(of: id, tenant) }
                #expect(
                    model.objection(to: found, of: tenant, trace: id, keptFrom: keptFrom) == nil,
                    "\(name), \(moment), by ID")
            }
        }
    }

    // MARK: Restarting

    /// Restarts, opens the store, and checks it against the promises.
    ///
    /// - Parameter flushes: Whether to turn what was replayed into blocks.
    mutating func restartAndCheck(_ moment: String, flushes: Bool = true) async throws {
        opened = nil
        system.restart()
        guard let opened = try await reopen() else { return }
        self.opened = opened
        try await checkEverything(in: opened.store, moment)
        guard flushes else { return }
        try await insistently { try await opened.flushAll() }
        try await checkEverything(in: opened.store, "\(moment), flushed")
        try await insistently { while try await opened.store.compactor.mergeOnce(opened.logger) {} }
        try await insistently { try await opened.store.compactor.deleteRemovedObjects(opened.logger) }
        try await checkEverything(in: opened.store, "\(moment), merged")
        for holder in [MemoryHolder.heads, .compaction] {
            let usedByteCount = opened.budget.usedByteCount(by: holder)
            #expect(usedByteCount == 0, "\(name), \(moment)")
        }
        try checkFiles(of: opened.store, moment)
    }

    /// Restarts, and cuts the power again while the store recovers, or while it turns what it recovered into blocks.
    mutating func restartAndFail(afterSteps stepCount: Int) async throws {
        opened = nil
        system.restart()
        system.cutPower(atStep: system.stepCount + stepCount)
        opened = try await reopen()
        try? await opened?.flushAll()
    }

    private func checkFiles(of store: TraceStore, _ moment: String) throws {
        guard !mayLeaveRubbish else { return }
        let live = Self.tenants.flatMap { store.snapshot(of: $0).blocks }.map { "\($0.id).vblock" }
        let found = try system.files(below: OpenStore.directory + "/store/tenants")
        #expect(
            found.compactMap { $0.split(separator: "/").last.map(String.init) }.sorted() == live.sorted(),
            "\(name), \(moment)")
        #expect(try system.files(below: OpenStore.directory + "/store/.staging") == [], "\(name), \(moment)")
        let segments = try system.files(below: OpenStore.directory + "/journal").filter { !$0.hasSuffix(".spare") }
        #expect(segments == [], "\(name), \(moment)")
    }

    /// nil if the power was cut.
    private func reopen() async throws -> OpenStore? {
        do {
            let (clock, windowSeconds) = (clock, windowSeconds)
            return try await insistently {
                try await OpenStore.open(on: system) { configuration in
                    configuration.now = { clock.nanoseconds }
                    configuration.compaction.fanIn = 2
                    configuration.compaction.removalGrace = .zero
                    // So short that blocks are written anew for what is too old in them.
                    configuration.compaction.windowSeconds = windowSeconds
                    configuration.retention = RetentionPolicy(seconds: UInt64(Self.keptSeconds))
                    configuration.retention.allowsLargeDrop = true
                    // So near to each other that every history has some, and deletes commits.
                    configuration.checkpointInterval = 2
                }
            }
        } catch {
            if system.hasPower { throw error }
            return nil
        }
    }

    /// Faults that are left over hit one attempt each.
    private func insistently<R>(_ body: () async throws -> R) async throws -> R {
        for _ in 0..<30 where system.hasPower {
            if let result = try? await body() { return result }
        }
        return try await body()
    }
}
