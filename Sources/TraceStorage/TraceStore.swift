// SPDX-License-Identifier: Apache-2.0

package import BlockFormat
internal import ByteCoding
package import FileIO
internal import OTLP
internal import ObjectStorage
internal import Synchronization
package import TraceModel

// Spans move one way: live head → sealed head → block. Each step adds them where they go before it takes them away
// where they were, and readers look in the same direction (live heads first, blocks last), so that they meet every
// span at least once; what they meet twice is one span by the rule for duplicates.

/// Everything that is stored on one node: journal, heads, blocks.
///
/// A request is decoded into a head and handed to the journal under one shard's lock; it is acknowledged when the
/// journal has made it durable. ``run()`` turns heads into blocks.
package final class TraceStore: Sendable {
    let configuration: StoreConfiguration
    let budget: MemoryBudget
    let pool: SlabPool
    let objects: any ObjectStore
    /// Counts what is asked of `objects`.
    let meter: RequestMeter
    let journal: any Journal
    let manifest: Manifest
    package let cache: BlockCache
    package let compactor: Compactor
    /// Holds the directory against other processes; nil where nothing is to be held.
    private let lock: DirectoryLock?
    let builders: BlockingExecutor
    let shards: [Shard]
    let state: Mutex<State>
    let counters = StoreCounters()
    let recovery: RecoveryFigures
    /// Nil if any number of tenants is taken.
    let activeTenants: ActiveTenants?
    private let nextShard = Atomic<Int>(0)
    /// Tells ``run(logger:)`` to look at once whether there is something to do.
    let wake: AsyncStream<Void>.Continuation
    let wakes: AsyncStream<Void>

    /// A lock of its own for every shard; a class because arrays can't hold noncopyable values.
    final class Shard: Sendable {
        let head: Mutex<HeadShard>
        init(pool: SlabPool, budget: MemoryBudget, seed: UInt64) {
            head = Mutex(HeadShard(pool: pool, budget: budget, seed: seed))
        }
    }

    /// What is known besides the live heads.
    struct State {
        /// Oldest first.
        var sealed: [SealedGeneration] = []
        /// What was done for the oldest sealed generation.
        var flush = FlushProgress()
        /// Covered by a commit, and perhaps still in the journal's directory.
        var unreleased: [JournalGenerationID] = []
        /// Requests that wait until a flush has made room in the heads.
        var roomWaiters: [CheckedContinuation<Bool, Never>] = []
        /// Since when the live heads hold spans; nil while they are empty.
        var firstAppend: ContinuousClock.Instant?
        /// Why nothing can be taken now; nil if all is well.
        var refusal: String?
        /// Why nothing will be taken any more: somebody else wrote in the store.
        var intrusion: String?
        var space: SpaceFigures?
        /// Requests that could not be made durable.
        var journalFailure = RepeatedFailure()
        /// Whether ``run(logger:)`` does the store's work.
        var isRunning = false
        var isClosing = false
    }

    init(
        configuration: StoreConfiguration, budget: MemoryBudget, objects: any ObjectStore, meter: RequestMeter,
        journal: any Journal, manifest: Manifest, builders: BlockingExecutor, pool: SlabPool, lock: DirectoryLock?,
        sealed: [SealedGeneration], recovery: RecoveryFigures
    ) throws {
        let cache = BlockCache(store: objects, budget: budget)
        compactor = try Compactor(
            configuration.compactor, objects: objects, manifest: manifest, budget: budget, pool: pool
        ) { cache.remove($0) }
        self.cache = cache
        self.meter = meter
        self.recovery = recovery
        self.lock = lock
        self.configuration = configuration
        self.budget = budget
        self.pool = pool
        self.objects = objects
        self.journal = journal
        self.manifest = manifest
        self.builders = builders
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        shards = (0..<configuration.shardCount).map { _ in
            Shard(pool: pool, budget: budget, seed: UInt64.random(in: .min ... .max))
        }
        state = Mutex(State(sealed: sealed))
        activeTenants = configuration.tenantLimit.map {
            ActiveTenants(limit: $0, sweepInterval: configuration.tenantSweepInterval)
        }
        activeTenants?.insert(livingTenants)
    }

    // MARK: - In

    /// Takes a request's good spans into a head and returns when they are durable.
    ///
    /// - Throws: ``StoreError`` `.malformed`, `.overloaded` or `.unavailable`; nothing of the request is stored then,
    ///   but after a failed write it may still be found.
    package func append(_ request: ReceivedRequest) async throws -> AppendOutcome {
        try checkOpen()
        let standing = try standing(of: request.tenant)
        let tenant = request.tenant
        let appended = try await appendWhenThereIsRoom(request)
        if standing == .new, appended.acceptedSpanCount > 0 { activeTenants?.insert(tenant) }
        if let ticket = appended.ticket { try await makeDurable(ticket) }
        counters.add(accepted: appended.acceptedSpanCount, appended.verdict)
        return AppendOutcome(
            acceptedSpanCount: appended.acceptedSpanCount, rejectedSpanCount: appended.verdict.rejectedSpanCount,
            rejectionMessage: appended.verdict.message)
    }

    private func checkOpen() throws(StoreError) {
        let (isClosing, intrusion, refusal) = state.withLock { ($0.isClosing, $0.intrusion, $0.refusal) }
        if isClosing { throw StoreError(.unavailable, "the store is shutting down", refusal: .shutdown) }
        if let intrusion { throw StoreError(.unavailable, intrusion, refusal: .intrusion) }
        if let refusal { throw StoreError(.unavailable, refusal, refusal: .diskFull) }
    }

    private func makeDurable(_ ticket: JournalTicket) async throws {
        do {
            try await journal.waitUntilDurable(ticket)
        } catch {
            if error is JournalError { state.withLock { $0.journalFailure.add(error) } }
            throw StoreError(
                .unavailable, "the request could not be made durable", cause: error,
                refusal: error is JournalError ? .journal : nil)
        }
    }

    /// If the heads are full, waits until a flush or other requests make room, or it took too long; then refuses.
    private func appendWhenThereIsRoom(_ request: ReceivedRequest) async throws -> AppendedRequest<JournalTicket> {
        let deadline = ContinuousClock.now + configuration.roomWait
        while true {
            if let appended = try appendToHead(request) { return appended }
            guard ContinuousClock.now < deadline, await waitForFlush() else {
                throw StoreError(
                    .overloaded, "the memory for new spans is full: blocks are not written fast enough",
                    refusal: .headMemory)
            }
            try checkOpen()
        }
    }

    /// - Returns: nil if the heads have no room for the request.
    private func appendToHead(_ request: ReceivedRequest) throws -> AppendedRequest<JournalTicket>? {
        let growth = HeadShard.growth(
            ofBytes: (request.inflated ?? request.body).count, headsByteLimit: budget.limits[.heads] ?? 0)
        let appended: AppendedRequest<JournalTicket>? = try withFreeShard { shard in
            defer { if shard.byteCount * shards.count >= configuration.cutByteCount { wake.yield() } }
            do {
                return try shard.append(request, growth: growth) { verdict in
                    try journal.append(JournalRecord(request, verdict: verdict))
                }
            } catch is HeadsAreFull {
                return nil
            } catch let error as JournalError {
                throw StoreError(error)
            } catch let error as OTLPError where error.code == .batchFull {
                throw StoreError(.overloaded, "a head is full", cause: error, refusal: .headMemory)
            } catch let error as OTLPError where error.code == .tooMany {
                throw StoreError(.tooLarge, error.message)
            } catch {
                throw StoreError(.malformed, "\(error)")
            }
        }
        guard let appended else { return nil }
        if appended.acceptedSpanCount > 0 {
            state.withLock { if $0.firstAppend == nil { $0.firstAppend = .now } }
        }
        return appended
    }

    /// Uses a shard that nobody holds if there is one.
    private func withFreeShard<R: Sendable>(_ body: @Sendable (inout HeadShard) throws -> R) throws -> R {
        let first = nextShard.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max
        for offset in 0..<shards.count {
            let shard = shards[(first + offset) % shards.count]
            if let result = try shard.head.withLockIfAvailable({ try body(&$0) }) { return result }
        }
        return try shards[first % shards.count].head.withLock { try body(&$0) }
    }

    /// - Returns: False, at once, if none is to come.
    private func waitForFlush() async -> Bool {
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                guard !state.sealed.isEmpty || state.isRunning, !state.isClosing, state.roomWaiters.count < 10_000
                else { return false }
                state.roomWaiters.append(continuation)
                return true
            }
            if waits { wake.yield() } else { continuation.resume(returning: false) }
        }
    }

    func resumeRoomWaiters() {
        let waiters = state.withLock { state in
            defer { state.roomWaiters = [] }
            return state.roomWaiters
        }
        for waiter in waiters { waiter.resume(returning: true) }
    }

    // MARK: - Out

    /// What can be read now: everything that was acknowledged before the call.
    package func snapshot(of tenant: TenantID) -> StoreSnapshot { snapshot(over: TenantSet(tenant)) }

    /// The same of several tenants at one moment, as if they were one.
    package func snapshot(over tenants: TenantSet) -> StoreSnapshot {
        let (tenants, lease) = (tenants.tenants, compactor.leases.begin())
        var heads: [HeadView] = []
        for shard in shards {
            shard.head.withLock { shard in
                for tenant in tenants { if let head = shard.heads[tenant] { heads.append(head.view()) } }
            }
        }
        state.withLock { state in
            for generation in state.sealed { for tenant in tenants { heads += generation.heads[tenant] ?? [] } }
        }
        let manifest = manifest.state
        let blocks = tenants.count == 1 ? manifest.liveBlocks(of: tenants[0]) : tenants.flatMap(manifest.liveBlocks)
        return StoreSnapshot(headViews: heads, blocks: blocks, lease: lease)
    }

    /// Opens a block of a snapshot, or finds it open.
    package func reader(for block: BlockSummary) async throws -> BlockReader { try await cache.reader(for: block) }
}

/// The sources of a tenant's spans at one moment, or of several tenants'.
///
/// As long as somebody holds it, the memory of its heads counts as used and its blocks are not deleted: keep the
/// snapshot beside what is taken from it.
package struct StoreSnapshot: Sendable {
    let headViews: [HeadView]
    package let blocks: [BlockSummary]
    let lease: SnapshotLease

    package var heads: [HeadSpans] { headViews.map { HeadSpans(spans: $0.spans, traces: $0.traces) } }

    /// Appends copies of a trace's rows in all heads.
    ///
    /// - Complexity: About 5 µs for 256,000 rows, and what is found.
    package func append(rowsOf id: TraceID, to batch: inout SpanBatch) {
        for head in headViews { head.filter.append(rowsOf: id, from: head.spans, to: &batch) }
    }
}

/// What became of a request that is durable now.
package struct AppendOutcome: Sendable {
    package var acceptedSpanCount: Int
    package var rejectedSpanCount: Int
    package var rejectionMessage: String?
}

/// How a store behaves; every default with its reason.
package struct StoreConfiguration: Sendable {
    /// Holds everything.
    package var directory: String
    /// Locks that requests are spread over: one for each core that decodes.
    package var shardCount = 2
    /// Live heads are cut when they hold as much: two of them (one live, one sealed) fit the heads' budget.
    package var cutByteCount: Int
    /// Live heads are cut at this age, so that a restart has little to replay.
    package var cutAge = Duration.seconds(300)
    /// How long a request waits for room in the heads: half of what senders usually allow an export.
    package var roomWait = Duration.seconds(5)
    /// Requests are refused when the file system has less than this fraction …
    package var minimumFreeFraction = 0.05
    /// … or this many bytes free, whichever is less: the journal must not die of it.
    package var minimumFreeByteCount = 1 << 30

    /// Tenants that may have spans here; nil for any number.
    package var tenantLimit: Int?
    /// What it is where senders name tenants: a head takes up to a megabyte, and a cut writes a block for each.
    package static let defaultTenantLimit = 10_000
    /// When all are there, how often it is looked whether one has no spans any more.
    package var tenantSweepInterval = Duration.seconds(10)

    package var journalOptions = JournalOptions()
    /// How blocks are merged, …
    package var compaction = CompactionOptions()
    /// … and how long they are kept.
    package var retention = RetentionPolicy()
    /// Commits between two checkpoints of the manifest.
    package var checkpointInterval = Manifest.defaultCheckpointInterval

    /// Where files are; tests put one in that fails.
    package var fileSystem: any FileSystem = LocalFileSystem()
    /// What stands between the store and its journal; tests put one in that writes step by step.
    package var journalDecorator: @Sendable (LocalJournal) -> any Journal = { $0 }
    /// Unix nanoseconds.
    package var now: @Sendable () -> UInt64

    /// - Parameter headsByteLimit: The budget's limit for heads.
    package init(directory: String, headsByteLimit: Int, now: @escaping @Sendable () -> UInt64) {
        self.directory = directory
        self.now = now
        cutByteCount = headsByteLimit * 2 / 5
    }

    var compactor: Compactor.Configuration {
        var configuration = Compactor.Configuration(now: now)
        configuration.compaction = compaction
        configuration.retention = retention
        return configuration
    }
}

extension JournalRecord {
    init(_ request: ReceivedRequest, verdict: OTLPVerdict) {
        var encoded: [UInt8] = []
        if !verdict.isEmpty {
            var writer = ByteWriter()
            verdict.encode(into: &writer)
            encoded = writer.array()
        }
        self.init(
            arrivalNanoseconds: request.arrivalNanoseconds, tenant: request.tenant, mediaType: .otlpProtobuf,
            contentEncoding: request.contentEncoding, verdict: encoded, payload: request.body)
    }
}

