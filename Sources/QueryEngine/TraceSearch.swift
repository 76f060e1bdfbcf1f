// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
package import TraceModel
internal import TraceQL
internal import TraceStorage

/// A search for the newest traces that are hits.
///
/// Sources are gone through newest first: all heads, then blocks by their last time, and in a block row groups by
/// their newest trace. A trace starts at its first span in any source, so that no source makes it newer than it is
/// known to be; once as many as wanted are found, what starts before all of them is passed over. A trace that lies in
/// one row group of one block alone is judged by the block's columns and its trace index, if they suffice for the
/// program; all others are put together.
struct TraceSearch {
    let query: TraceSearchQuery
    let range: ClosedRange<UInt64>
    let judge: SpansetJudge
    let shown: ShownFields
    let deadline = QueryDeadline()
    let memory: QueryMemory
    /// Keeps what is searched from being deleted.
    let snapshot: StoreSnapshot
    let heads: HeadTraces
    var blocks: SearchedBlocks
    let overlaps: BlockOverlaps
    let pool: SlabPool
    /// Row groups that are looked into at a time.
    let width: Int
    var newest: NewestTraces
    /// Whether no block has anything outside of the range: then whatever a hit has in one of them is seen there.
    let seesEverything: Bool
    /// Traces that were put together, so that it is not done for every block that has them.
    var judged: Set<TraceID> = []
    var assembledTraceCount = 0
    /// The blocks that have some traces, where that is known.
    var owners: [TraceID: [Int]] = [:]
    /// What was found out of row groups that have parts of traces.
    var marks: [GroupPlace: [RowMask]] = [:]
    var marksByteCount = 0
    /// What traces take while they are put together and judged.
    var openByteCount = 0
    /// What is known of traces that the block at hand shares with others.
    var sharedByteCount = 0
    /// What is known of the heads' traces while they are gone through.
    var candidatesByteCount = 0
    /// Bytes that the search takes beside the answer while it is described.
    var describedByteCount = 0
    /// By block: asks row groups that the search did not come by.
    var scans: [Int: BlockTraceScan] = [:]
    var result = TraceSearchResult(traces: [])
    var stop: String?
    var reads = QueryReads()
    /// Blocks of which something could not be read.
    var failed: Set<Int> = []
    let counters: QueryCounters

    let needsValues: Bool
    /// Whether the root of a trace decides.
    let needsRoot: Bool
    /// Where the duration of every hit lies, nanoseconds.
    let durations: ClosedRange<UInt64>
    var lastYield = ContinuousClock.now

    var program: SpansetProgram { judge.program }

    /// Others have their turn after so long.
    static let slice = Duration.milliseconds(2)

    /// Above that the marks of all row groups are forgotten: they are found out again where they are needed.
    static let marksByteLimit = 16 << 20

    /// Row groups that each of those who work side by side looks into before what they found is judged, at most.
    static let groupCount = 8

    /// Traces that are put together at a time.
    static let assemblyTraceCount = 256

    /// - Parameters:
    ///   - range: The moments of the query's.
    ///   - durations: Of all hits, nanoseconds.
    init(
        _ query: TraceSearchQuery, _ program: SpansetProgram, _ range: ClosedRange<UInt64>,
        _ durations: ClosedRange<UInt64>, _ engine: QueryEngine, _ snapshot: StoreSnapshot
    ) {
        self.query = query
        self.range = range
        judge = SpansetJudge(program, deadline)
        needsValues = program.needsValues
        needsRoot = query.rootName != nil || query.rootServiceName != nil || program.asksForRoots
        self.durations = durations
        shown = ShownFields(program.shown, isOfWholeTraces: program.showsValues)
        pool = engine.pool
        width = engine.width
        counters = engine.counters
        overlaps = engine.overlaps
        memory = QueryMemory(budget: engine.budget)
        self.snapshot = snapshot
        heads = HeadTraces(
            snapshot.heads, program.leaves.map(\.filter), required: program.required, range: range)
        blocks = SearchedBlocks(snapshot.blocks, engine.store)
        newest = NewestTraces(limit: query.limit)
        seesEverything =
            range == 0...UInt64.max
            || snapshot.blocks.allSatisfy {
                range.contains($0.eventNanoseconds.lowerBound) && range.contains($0.eventNanoseconds.upperBound)
            }
        result.figures.blockCount = snapshot.blocks.count
        result.figures.blockByteCount = snapshot.blocks.reduce(0) { $0 + $1.byteCount }
        result.figures.jobCount = 1 + snapshot.blocks.count
        result.figures.inspectedSpanCount = heads.rowCount
    }

    mutating func run() async throws -> TraceSearchResult {
        let started = ContinuousClock.now
        defer { count() }
        do {
            try hold()
            try await searchHeads()
            if stop == nil { result.figures.completedJobCount += 1 }
            for block in blocks.summaries.indices where stop == nil { try await search(block) }
        } catch let error as QueryError {
            // No memory or time for more: what was found is answered.
            note(error.message)
        }
        try Task.checkCancellation()
        result.figures.inspectedTraceCount += heads.traceCount
        result.found = try await described(newest.sorted())
        if query.isExplained { result.explanation = explanation(started) }
        result.memory = memory
        memory.keep(result.found.byteCount)
        return result
    }

    func count() { counters.add(allReads, to: .search) }

    var allReads: QueryReads {
        var reads = reads
        reads.partialAnswerCount = result.partialReason == nil ? 0 : 1
        reads.failedBlockCount = failed.count
        reads.readBlockCount = result.figures.inspectedBlockCount
        reads.prunedBlockCount = result.figures.blockCount - result.figures.inspectedBlockCount
        reads.byteCount = result.figures.inspectedByteCount
        return reads
    }

    func explanation(_ started: ContinuousClock.Instant) -> SearchExplanation {
        var explanation = SearchExplanation(program)
        explanation.blockCount = result.figures.blockCount
        explanation.reads = allReads
        explanation.headSpanCount = heads.rowCount
        explanation.assembledTraceCount = assembledTraceCount
        explanation.seconds = (ContinuousClock.now - started) / .seconds(1)
        return explanation
    }

    mutating func fail(_ block: Int, _ error: BlockError) {
        failed.insert(block)
        note(error.description)
    }

    mutating func note(_ reason: String) { result.partialReason = result.partialReason ?? reason }

    /// Stops the search once its time is up.
    mutating func checkTime() async throws -> Bool {
        if stop == nil, let excess = deadline.excess {
            stop = excess
            note(excess)
        }
        try Task.checkCancellation()
        if ContinuousClock.now - lastYield >= Self.slice {
            await Task.yield()
            lastYield = .now
        }
        return stop == nil
    }

    var heldByteCount: Int {
        heads.byteCount + newest.byteCount + judged.count * 32 + marksByteCount + passingByteCount
    }

    /// Holds what the search takes by now, and a third more: what is found is still to be described and written.
    func hold() throws(QueryError) { try memory.hold(heldByteCount + (heldByteCount - passingByteCount) / 3) }

    /// Of what is held that which is gone before anything is described.
    private var passingByteCount: Int { openByteCount + sharedByteCount + candidatesByteCount }

    // MARK: - Heads

    mutating func searchHeads() async throws {
        var ids: [TraceID] = []
        let wanted = wantedOfHeads
        candidatesByteCount = heads.byteCount(of: wanted)
        defer { candidatesByteCount = 0 }
        try memory.hold(heldByteCount)
        let heads = heads
        for candidate in heads.candidates(wanted) {
            if newest.isFull, candidate.start < newest.threshold { break }
            ids.append(heads.table.id(candidate.trace))
            // A few at first: they may be all that is wanted.
            guard ids.count >= (newest.isFull ? Self.assemblyTraceCount : min(Self.assemblyTraceCount, query.limit))
            else { continue }
            guard try await checkTime() else { return }
            try await assemble(ids)
            try hold()
            ids.removeAll(keepingCapacity: true)
        }
        try await assemble(ids)
    }

    /// The traces that may be hits that no block would show.
    private var wantedOfHeads: HeadTraces.Candidates {
        if blocks.summaries.isEmpty {
            return .init(mustBeMarked: true, mustBeInRange: true, durations: durations)
        }
        // Where all of the blocks is in the range, they show what they have that every hit has, and nothing else: it may
        // be their spans by which the trace is in the range. Elsewhere they show the traces that have spans in it.
        guard seesEverything else { return .init(mustBeMarked: false, mustBeInRange: true) }
        // What blocks have makes a trace last longer; where nothing is asked of spans they show all that they have.
        let least = program.requiresNothingOfSpans ? durations.lowerBound : 0
        return .init(mustBeMarked: true, mustBeInRange: false, durations: least...durations.upperBound)
    }
}

extension ServiceCounts {
    static func sorted(_ counts: [ServiceCounts]) -> [ServiceCounts] {
        counts.sorted { $0.service.lexicographicallyPrecedes($1.service) }
    }
}

extension QueryEngine {
    package func searchTraces(_ query: TraceSearchQuery, tenant: TenantSet) async throws -> TraceSearchResult {
        var nothing = TraceSearchResult(traces: [])
        guard let program = SpansetProgram(query) else { return nothing }
        if query.isExplained { nothing.explanation = SearchExplanation(program) }
        guard query.limit > 0, let range = query.range.moments,
            let durations = program.durations(in: query.duration)
        else { return nothing }
        var search = TraceSearch(query, program, range, durations, self, store.snapshot(over: tenant))
        return try await search.run()
    }
}

extension SpansetProgram {
    /// Nil if there can be no hits.
    fileprivate init?(_ query: TraceSearchQuery) {
        guard let text = query.traceQL else {
            self.init(query.filter, [])
            return
        }
        guard let pipeline = text.search else { return nil }
        self.init(text, pipeline)
    }
}
