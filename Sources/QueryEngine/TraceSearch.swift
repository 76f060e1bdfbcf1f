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
    /// Whether no source has anything outside of the range: then whatever a hit has is seen in one of them.
    let seesEverything: Bool
    /// Traces that were put together, so that it is not done for every block that has them.
    var judged: Set<TraceID> = []
    var assembledTraceCount = 0
    var result = TraceSearchResult(traces: [])
    var stop: String?
    var reads = QueryReads()
    /// Blocks of which something could not be read.
    var failed: Set<Int> = []
    let counters: QueryCounters

    let needsValues: Bool
    /// Tests that the duration of every hit passes.
    let requiredDurations: [ValueTest]
    var lastYield = ContinuousClock.now

    var program: SpansetProgram { judge.program }

    /// Others have their turn after so long.
    static let slice = Duration.milliseconds(2)

    /// Traces that are put together at a time.
    static let assemblyTraceCount = 256

    /// - Parameter range: The query's, as starts.
    init(
        _ query: TraceSearchQuery, _ program: SpansetProgram, _ range: ClosedRange<UInt64>, _ engine: QueryEngine,
        _ snapshot: StoreSnapshot
    ) {
        self.query = query
        self.range = range
        judge = SpansetJudge(program)
        needsValues = program.needsValues
        requiredDurations = program.requiredTrace.filter { $0.subject == .duration }.map(\.test)
        shown = ShownFields(program.shown)
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
        result.figures.inspectedTraceCount = heads.traceCount
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
            // No memory for more: what was found is answered.
            note(error.message)
        }
        result.traces = try await described(newest.sorted())
        if query.isExplained { result.explanation = explanation(started) }
        result.memory = memory
        memory.keep(result.traces.reduce(0) { $0 + $1.byteCount })
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
        heads.byteCount + newest.byteCount + judged.count * 32
    }

    func hold() throws(QueryError) { try memory.hold(heldByteCount) }

    // MARK: - Heads

    mutating func searchHeads() async throws {
        var ids: [TraceID] = []
        for candidate in heads.candidates {
            if newest.isFull, candidate.start < newest.threshold { break }
            // What a hit has may be in a block.
            guard candidate.isMarked || !blocks.summaries.isEmpty && !seesEverything else { continue }
            ids.append(candidate.id)
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

    // MARK: - Blocks

    mutating func search(_ block: Int) async throws {
        let times = blocks.summaries[block].eventNanoseconds
        do {
            if times.overlaps(range), !newest.isFull || times.upperBound >= newest.threshold {
                try await searchGroups(of: block)
            }
            if stop == nil { result.figures.completedJobCount += 1 }
        } catch let error as BlockError {
            fail(block, error)
        }
    }

    mutating func searchGroups(of block: Int) async throws {
        let reader = try await blocks.reader(block)
        result.figures.inspectedBlockCount += 1
        reads.prunedRowGroupCount += reader.footer.rowGroups.count
        var request = RowRequest()
        // A row group may have the rest of a trace of which another has what every hit has.
        if seesEverything {
            request.required = program.requiredFilter
            request.requiredMarks = program.required
        }
        request.marks = program.leaves.map(\.filter)
        request.wantsParents = program.needsParents
        request.range = range
        guard let scan = try await BlockTraceScan(reader, request) else { return }
        let (shared, failure) = try await blocks.shared(block, overlaps)
        if let failure { note(failure) }
        var next = 0
        // One at first: it may have all that is wanted.
        var count = 1
        while next < scan.groups.count {
            if newest.isFull, scan.groups[next].newestStart < newest.threshold { return }
            guard try await checkTime() else { return }
            let groups = try await fitting(scan.groups[next..<min(next + count, scan.groups.count)], of: scan)
            for read in try await inParallel(groups.map(\.index), width: width, { await Self.rows(of: $0, scan) }) {
                let rows = try read.get()
                countRead(rows)
                try await judge(rows, block, reader, shared)
                try hold()
            }
            next = groups.endIndex
            count = min(2 * count, width)
        }
    }

    /// As many of some row groups, from the first, as there is memory to look into at a time.
    ///
    /// - Throws: ``QueryError`` if there is not enough for one.
    func fitting(
        _ groups: ArraySlice<BlockTraceScan.Group>, of scan: BlockTraceScan
    ) async throws -> ArraySlice<BlockTraceScan.Group> {
        var byteCount = heldByteCount
        for place in groups.indices {
            byteCount += try await scan.byteCount(ofGroup: groups[place].index)
            do {
                try memory.hold(byteCount)
            } catch {
                guard place > groups.startIndex else { throw error }
                return groups[..<place]
            }
        }
        return groups
    }

    /// One that can't be read must not take those with it that are read beside it.
    static func rows(of group: Int, _ scan: BlockTraceScan) async -> Result<ScannedRows, any Error> {
        do { return .success(try await scan.rows(of: group)) } catch { return .failure(error) }
    }

    mutating func countRead(_ rows: ScannedRows) {
        reads.prunedRowGroupCount -= 1
        reads.readRowGroupCount += 1
        result.figures.inspectedByteCount += rows.byteCount
        result.figures.inspectedSpanCount += rows.rowCount
        result.figures.inspectedTraceCount += rows.traceCount
    }

    /// Takes the hits of a row group in.
    mutating func judge(
        _ rows: ScannedRows, _ block: Int, _ reader: BlockReader, _ shared: SharedTraces
    ) async throws {
        var incomplete: [TraceID] = []
        let required = program.required.map { $0.reduce(RowMask.none) { $0.or(rows.marks[$1]) } } ?? .all
        for (index, trace) in rows.traces.enumerated() {
            if newest.isFull, trace.start < newest.threshold { continue }
            let part = rows.rows(of: trace)
            guard !part.isEmpty, rows.starts.map({ $0[part].contains(where: range.contains) }) ?? true else { continue }
            let isComplete = rows.isWhole(trace) && !shared.contains(trace.id) && !heads.contains(trace.id)
            guard required.holds(in: part) else {
                if !isComplete, !seesEverything { incomplete.append(trace.id) }
                continue
            }
            guard isComplete, !needsValues else {
                incomplete.append(trace.id)
                continue
            }
            guard mayLast(trace.duration) else { continue }
            try await settle(trace, at: rows.firstTrace + index, part, rows, block, reader)
        }
        try await assemble(incomplete)
    }

    /// Judges a trace by the columns of the row group that has all of it.
    mutating func settle(
        _ trace: TraceAnchor, at position: Int, _ part: Range<Int>, _ rows: ScannedRows, _ block: Int,
        _ reader: BlockReader
    ) async throws {
        let root = try await reader.summary(ofTrace: position).root
        let facts = TraceFacts(id: trace.id, start: trace.start, duration: trace.duration, root: root)
        let judged = JudgedTrace(
            rows: part, marks: rows.marks, parents: rows.parents, facts: facts, values: nil)
        let spansets = try judge.spansets(of: judged) {
            (byteCount) throws(QueryError) in try memory.hold(heldByteCount + byteCount)
        }
        guard !spansets.isEmpty, holds(facts) else { return }
        let found = SearchedTrace(
            id: trace.id, root: facts.root.map(SearchedTrace.Root.init), startNanoseconds: facts.start,
            durationNanoseconds: facts.duration,
            spansets: spansets.map { SearchedSpanset($0, spans: []) })
        let places = spansets.map { $0.rows.prefix(query.spansPerSpanset).map { rows.firstRow + Int($0) } }
        newest.insert(.init(trace: found, pending: .init(block: block, position: position, rows: places)))
    }

    /// Whether the conditions on the trace's duration hold, which every hit fulfils.
    func mayLast(_ duration: UInt64) -> Bool {
        query.duration.contains(duration)
            && requiredDurations.allSatisfy { $0.holds(integer: Int64(clamping: duration)) }
    }

    /// The conditions on the trace as a whole that the query has besides its program.
    func holds(_ facts: TraceFacts) -> Bool {
        guard query.duration.contains(facts.duration) else { return false }
        let tests: [(TraceTest.Subject, ValueTest?)] = [
            (.rootServiceName, query.rootServiceName), (.rootName, query.rootName),
        ]
        return tests.allSatisfy { subject, test in
            test.map { TraceTest(subject: subject, test: $0).holds(facts) } ?? true
        }
    }
}

extension ServiceCounts {
    static func sorted(_ counts: [ServiceCounts]) -> [ServiceCounts] {
        counts.sorted { $0.service.lexicographicallyPrecedes($1.service) }
    }
}

extension QueryEngine {
    package func searchTraces(_ query: TraceSearchQuery, tenant: TenantSet) async throws -> TraceSearchResult {
        guard query.limit > 0, let range = query.range.starts, let program = SpansetProgram(query) else {
            return TraceSearchResult(traces: [])
        }
        var search = TraceSearch(query, program, range, self, store.snapshot(over: tenant))
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
