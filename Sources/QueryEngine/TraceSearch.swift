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
    private let query: TraceSearchQuery
    private let range: ClosedRange<UInt64>
    private let judge: SpansetJudge
    private let shown: ShownFields
    private let deadline = QueryDeadline()
    private let memory: QueryMemory
    /// Keeps what is searched from being deleted.
    private let snapshot: StoreSnapshot
    private let heads: HeadTraces
    private var blocks: SearchedBlocks
    private let overlaps: BlockOverlaps
    private let pool: SlabPool
    private var newest: NewestTraces
    /// Whether no source has anything outside of the range: then whatever a hit has is seen in one of them.
    private let seesEverything: Bool
    /// Traces that were put together, so that it is not done for every block that has them.
    private var judged: Set<TraceID> = []
    private var result = TraceSearchResult(traces: [])
    private var stop: String?
    private var reads = QueryReads()
    /// Blocks of which something could not be read.
    private var failed: Set<Int> = []
    private let counters: QueryCounters

    private let needsValues: Bool
    /// Tests that the duration of every hit passes.
    private let requiredDurations: [ValueTest]
    private var lastYield = ContinuousClock.now

    private var program: SpansetProgram { judge.program }

    /// Others have their turn after so long.
    private static let slice = Duration.milliseconds(2)

    /// Traces that are put together at a time.
    private static let assemblyTraceCount = 256

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

    private func count() { counters.add(allReads, to: .search) }

    private var allReads: QueryReads {
        var reads = reads
        reads.partialAnswerCount = result.partialReason == nil ? 0 : 1
        reads.failedBlockCount = failed.count
        reads.readBlockCount = result.figures.inspectedBlockCount
        reads.prunedBlockCount = result.figures.blockCount - result.figures.inspectedBlockCount
        reads.byteCount = result.figures.inspectedByteCount
        return reads
    }

    private func explanation(_ started: ContinuousClock.Instant) -> SearchExplanation {
        var explanation = SearchExplanation(program)
        explanation.blockCount = result.figures.blockCount
        explanation.reads = allReads
        explanation.headSpanCount = heads.rowCount
        explanation.assembledTraceCount = judged.count
        explanation.seconds = (ContinuousClock.now - started) / .seconds(1)
        return explanation
    }

    private mutating func fail(_ block: Int, _ error: BlockError) {
        failed.insert(block)
        note(error.description)
    }

    private mutating func note(_ reason: String) { result.partialReason = result.partialReason ?? reason }

    /// Stops the search once its time is up.
    private mutating func checkTime() async throws -> Bool {
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

    private var heldByteCount: Int {
        heads.byteCount + newest.byteCount + judged.count * 32
    }

    private func hold() throws(QueryError) { try memory.hold(heldByteCount) }

    // MARK: - Heads

    private mutating func searchHeads() async throws {
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

    private mutating func search(_ block: Int) async throws {
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

    private mutating func searchGroups(of block: Int) async throws {
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
        for group in scan.groups {
            if newest.isFull, group.newestStart < newest.threshold { return }
            guard try await checkTime() else { return }
            let rows = try await scan.rows(of: group.index)
            reads.prunedRowGroupCount -= 1
            reads.readRowGroupCount += 1
            result.figures.inspectedByteCount += rows.byteCount
            result.figures.inspectedSpanCount += rows.rowCount
            result.figures.inspectedTraceCount += rows.traceCount
            try await judge(rows, block, reader, shared)
            try hold()
        }
    }

    /// Takes the hits of a row group in.
    private mutating func judge(
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
    private mutating func settle(
        _ trace: TraceAnchor, at position: Int, _ part: Range<Int>, _ rows: ScannedRows, _ block: Int,
        _ reader: BlockReader
    ) async throws {
        let root = try await reader.summary(ofTrace: position).root
        let facts = TraceFacts(id: trace.id, start: trace.start, duration: trace.duration, root: root)
        let judged = JudgedTrace(
            rows: part, marks: rows.marks, parents: rows.parents, facts: facts, values: nil)
        let spansets = judge.spansets(of: judged)
        guard !spansets.isEmpty, holds(facts) else { return }
        let found = SearchedTrace(
            id: trace.id, root: facts.root.map(SearchedTrace.Root.init), startNanoseconds: facts.start,
            durationNanoseconds: facts.duration,
            spansets: spansets.map { SearchedSpanset($0, spans: []) })
        let places = spansets.map { $0.rows.prefix(query.spansPerSpanset).map { rows.firstRow + Int($0) } }
        newest.insert(.init(trace: found, pending: .init(block: block, position: position, rows: places)))
    }

    /// Whether the conditions on the trace's duration hold, which every hit fulfils.
    private func mayLast(_ duration: UInt64) -> Bool {
        query.duration.contains(duration)
            && requiredDurations.allSatisfy { $0.holds(integer: Int64(clamping: duration)) }
    }

    /// The conditions on the trace as a whole that the query has besides its program.
    private func holds(_ facts: TraceFacts) -> Bool {
        guard query.duration.contains(facts.duration) else { return false }
        let tests: [(TraceTest.Subject, ValueTest?)] = [
            (.rootServiceName, query.rootServiceName), (.rootName, query.rootName),
        ]
        return tests.allSatisfy { subject, test in
            test.map { TraceTest(subject: subject, test: $0).holds(facts) } ?? true
        }
    }

    // MARK: - Whole traces

    /// The part of a trace that lies in one block.
    private typealias Part = (block: Int, anchor: TraceAnchor)

    /// Puts traces together from everywhere, and takes in those that are hits.
    private mutating func assemble(_ ids: [TraceID]) async throws {
        var next = 0
        while next < ids.count {
            let end = min(next + Self.assemblyTraceCount, ids.count)
            try await assemblePart(ids[next..<end])
            next = end
            if next < ids.count, try await !checkTime() { return }
        }
    }

    private mutating func assemblePart(_ ids: ArraySlice<TraceID>) async throws {
        var wanted: [TraceID] = []
        var places: [Int: [TraceAnchor]] = [:]
        for id in ids where judged.insert(id).inserted {
            let found = try await self.places(of: id)
            guard mayBeWanted(id, found.map(\.anchor)) else { continue }
            wanted.append(id)
            for place in found { places[place.block, default: []].append(place.anchor) }
        }
        guard !wanted.isEmpty else { return }
        let rows = try await rows(at: places)
        for id in wanted {
            guard let trace = AssembledTrace(id, heads.rows(of: id) + (rows[id] ?? [])),
                trace.hasStart(in: range), holds(trace.facts)
            else { continue }
            let spansets = judge.spansets(of: trace.judged(leafCount: program.leaves.count))
            if !spansets.isEmpty { newest.insert(.init(trace: found(trace, spansets), pending: nil)) }
        }
    }

    private func found(_ trace: AssembledTrace, _ spansets: [Spanset]) -> SearchedTrace {
        SearchedTrace(
            id: trace.facts.id, root: trace.facts.root.map(SearchedTrace.Root.init),
            startNanoseconds: trace.facts.start, durationNanoseconds: trace.facts.duration,
            spansets: spansets.map { spanset in
                SearchedSpanset(
                    spanset,
                    spans: spanset.rows.prefix(query.spansPerSpanset).map { row in
                        SearchedSpan(trace.rows[Int(row)].matched, attributes: shown.attributes(of: row, trace))
                    })
            },
            services: trace.services)
    }

    private mutating func places(of id: TraceID) async throws -> [Part] {
        var places: [Part] = []
        for block in blocks.summaries.indices where blocks.summaries[block].traceIDs.contains(id) {
            do {
                let reader = try await blocks.reader(block)
                if try await reader.mayContain(id), let anchor = try await reader.locate(id) {
                    places.append((block, anchor))
                }
            } catch let error as BlockError {
                fail(block, error)
            }
        }
        return places
    }

    /// Whether the trace's start and duration, which follow from those of its parts, are wanted: of copies of a span
    /// the one that ends last wins. Where a part has no duration its last end is not known.
    private func mayBeWanted(_ id: TraceID, _ parts: [TraceAnchor]) -> Bool {
        let times = heads.times(of: id)
        let start = parts.reduce(times?.start ?? .max) { min($0, $1.start) }
        if newest.isFull, start < newest.threshold { return false }
        guard parts.allSatisfy({ $0.duration > 0 }) else { return true }
        let end = parts.reduce(times?.end ?? 0) { max($0, $1.start &+ $1.duration) }
        return mayLast(spanDuration(start: start, end: end))
    }

    /// The rows of traces in blocks, by trace.
    private mutating func rows(at places: [Int: [TraceAnchor]]) async throws -> [TraceID: [AssembledTrace.Row]] {
        guard !places.isEmpty else { return [:] }
        let base = heldByteCount
        let memory = memory
        var batch = SpanBatch(pool: pool, seed: .random(in: .min ... .max))
        for (block, anchors) in places.sorted(by: { $0.key < $1.key }) {
            do {
                result.figures.inspectedByteCount += try await blocks.reader(block).read(
                    anchors.sorted { $0.rows.lowerBound < $1.rows.lowerBound }, into: &batch
                ) {
                    try memory.hold(base + $0)
                }
            } catch let error as BlockError {
                fail(block, error)
            }
        }
        let view = batch.view()
        let marks = program.leaves.map { view.mask($0.filter) }
        let wanted = Set(places.values.joined().map(\.id))
        var rows: [TraceID: [AssembledTrace.Row]] = [:]
        for row in 0..<view.rowCount {
            let id = view.traceID(row)
            if wanted.contains(id) { rows[id, default: []].append(.init(view: view, row: row, marks: marks)) }
        }
        result.figures.inspectedSpanCount += view.rowCount
        return rows
    }

    // MARK: - Spans

    /// The traces with the spans and services that are shown, looked up block by block.
    private mutating func described(_ entries: consuming [NewestTraces.Entry]) async throws -> [SearchedTrace] {
        let pending = entries.map(\.pending)
        var traces = entries.map(\.trace)
        entries = []
        var byteCount = heldByteCount
        let inBlocks = pending.indices.filter { pending[$0] != nil }
        for (block, parts) in Dictionary(grouping: inBlocks, by: { pending[$0]?.block ?? 0 }) {
            let found = parts.compactMap { entry in pending[entry].map { (entry: entry, place: $0) } }
            do {
                let reader = try await blocks.reader(block)
                byteCount += try await describeSpans(of: found, held: byteCount, reader, &traces)
                try await describeServices(of: found, reader, &traces)
            } catch let error as BlockError {
                fail(block, error)
            }
        }
        return traces
    }

    /// A trace of the answer, and where its spans lie.
    private typealias Found = (entry: Int, place: NewestTraces.Pending)

    /// - Returns: Bytes that the spans take in memory, beside those that are held.
    private func describeSpans(
        of found: [Found], held: Int, _ reader: BlockReader, _ traces: inout [SearchedTrace]
    ) async throws -> Int {
        let rows = found.flatMap { $0.place.rows.joined() }
        let order = rows.indices.sorted { rows[$0] < rows[$1] }
        let spans = try await shown.spans(at: order.map { rows[$0] }, reader)
        let byteCount = spans.reduce(0) { $0 + $1.byteCount }
        try memory.hold(held + byteCount)
        // Where each row's span stands among those.
        var ranks = [Int](repeating: 0, count: rows.count)
        for (rank, row) in order.enumerated() { ranks[row] = rank }
        var next = 0
        for (entry, place) in found {
            for (index, rows) in place.rows.enumerated() {
                traces[entry].spansets[index].spans = rows.indices.map { spans[ranks[next + $0]] }
                next += rows.count
            }
        }
        return byteCount
    }

    private func describeServices(
        of found: [Found], _ reader: BlockReader, _ traces: inout [SearchedTrace]
    ) async throws {
        let order = found.sorted { $0.place.position < $1.place.position }
        let counts = try await reader.serviceCounts(ofTraces: order.map(\.place.position))
        for (found, counts) in zip(order, counts) { traces[found.entry].services = counts }
    }
}

extension SearchedSpanset {
    fileprivate init(_ spanset: Spanset, spans: [SearchedSpan]) {
        self.init(
            matchedCount: spanset.rows.count, spans: spans,
            attributes: spanset.attributes.map { SearchedAttribute(name: $0.name, value: $0.value) })
    }
}

extension SearchedTrace.Root {
    fileprivate init(_ root: (service: [UInt8], name: [UInt8])) { self.init(service: root.service, nameBytes: root.name) }
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
