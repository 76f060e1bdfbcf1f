// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
package import TraceModel
internal import TraceStorage

/// A search for the newest traces with matching spans.
///
/// Sources are gone through newest first: all heads, then blocks by their last time, and in a block row groups by
/// their newest trace. A trace starts at its first span in any source, so that no source makes it newer than it is
/// known to be; once as many as wanted are found, what starts before all of them is passed over. A trace that lies in
/// one row group of one block alone is judged by the block's columns and its trace index; all others are put together.
struct TraceSearch {
    private let query: TraceSearchQuery
    private let range: ClosedRange<UInt64>
    private let deadline = QueryDeadline()
    private let memory: QueryMemory
    /// Keeps what is searched from being deleted.
    private let snapshot: StoreSnapshot
    private let heads: HeadTraces
    private var blocks: SearchedBlocks
    private let pool: SlabPool
    private var newest: NewestTraces
    /// Traces that were put together, so that it is not done for every block that has them.
    private var judged: Set<TraceID> = []
    private var result = TraceSearchResult(traces: [])
    private var stop: String?
    private var reads = QueryReads()
    private let counters: QueryCounters

    /// What a found trace takes in memory, about.
    private static let entryByteCount = 512

    /// - Parameter range: The query's, as starts.
    init(_ query: TraceSearchQuery, _ range: ClosedRange<UInt64>, _ engine: QueryEngine, _ snapshot: StoreSnapshot) {
        self.query = query
        self.range = range
        pool = engine.pool
        counters = engine.counters
        memory = QueryMemory(budget: engine.budget)
        self.snapshot = snapshot
        heads = HeadTraces(snapshot.heads, query.filter, range: range)
        blocks = SearchedBlocks(snapshot.blocks, engine.store)
        newest = NewestTraces(limit: query.limit)
        result.figures.blockCount = snapshot.blocks.count
        result.figures.blockByteCount = snapshot.blocks.reduce(0) { $0 + $1.byteCount }
        result.figures.jobCount = 1 + snapshot.blocks.count
        result.figures.inspectedSpanCount = heads.rowCount
        result.figures.inspectedTraceCount = heads.traceCount
    }

    mutating func run() async throws -> TraceSearchResult {
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
        count()
        return result
    }

    private func count() {
        var reads = reads
        reads.partialAnswerCount = result.partialReason == nil ? 0 : 1
        reads.readBlockCount = result.figures.inspectedBlockCount
        reads.prunedBlockCount = result.figures.blockCount - result.figures.inspectedBlockCount
        reads.byteCount = result.figures.inspectedByteCount
        counters.add(reads, to: .search)
    }

    private mutating func note(_ reason: String) { result.partialReason = result.partialReason ?? reason }

    /// Stops the search once its time is up.
    private mutating func checkTime() async throws -> Bool {
        if stop == nil, let excess = deadline.excess {
            stop = excess
            note(excess)
        }
        try Task.checkCancellation()
        await Task.yield()
        return stop == nil
    }

    private func hold() throws(QueryError) {
        try memory.hold(heads.byteCount + newest.count * Self.entryByteCount + judged.count * 32)
    }

    // MARK: - Heads

    private mutating func searchHeads() async throws {
        for (index, candidate) in heads.candidates.enumerated() {
            if newest.isFull, candidate.start < newest.threshold { return }
            if index % 256 == 255, try await !checkTime() { return }
            try await judge(candidate.id)
        }
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
            reads.failedBlockCount += 1
            note(error.description)
        }
    }

    private mutating func searchGroups(of block: Int) async throws {
        let reader = try await blocks.reader(block)
        result.figures.inspectedBlockCount += 1
        reads.prunedRowGroupCount += reader.footer.rowGroups.count
        guard let scan = try await BlockTraceScan(reader, query.filter, range: range) else { return }
        for group in scan.groups {
            if newest.isFull, group.newestStart < newest.threshold { return }
            guard try await checkTime() else { return }
            let found = try await scan.matches(
                in: group.index, notBefore: newest.isFull ? newest.threshold : 0, rowLimit: query.spansPerTrace)
            result.figures.inspectedByteCount += found.byteCount
            reads.prunedRowGroupCount -= 1
            reads.readRowGroupCount += 1
            result.figures.inspectedSpanCount += found.rowCount
            result.figures.inspectedTraceCount += found.traceCount
            for match in found.matches.sorted(by: { ($1.start, $0.id) < ($0.start, $1.id) }) {
                if newest.isFull, match.start < newest.threshold { break }
                try await settle(match, block, reader)
            }
            try hold()
        }
    }

    /// Takes a match of a block in, if all of its trace is known to lie there; else puts the trace together.
    private mutating func settle(_ match: BlockTraceMatch, _ block: Int, _ reader: BlockReader) async throws {
        guard match.isWhole, !heads.contains(match.id) else { return try await judge(match.id) }
        let (isElsewhere, failure) = try await blocks.contain(match.id, otherThan: block)
        if let failure { note(failure) }
        if isElsewhere { return try await judge(match.id) }
        let summary = try await reader.summary(ofTrace: match.position)
        let root = summary.root.map { root in
            SearchedTrace.Root(
                serviceName: String(decoding: root.service, as: UTF8.self),
                name: String(decoding: root.name, as: UTF8.self))
        }
        let trace = SearchedTrace(
            id: match.id, root: root, startNanoseconds: summary.start, durationNanoseconds: summary.duration,
            matchedCount: match.matchedCount, spans: [])
        if holds(trace) {
            newest.insert(.init(trace: trace, pending: .init(block: block, position: match.position, rows: match.rows)))
        }
    }

    // MARK: - Whole traces

    /// Puts a trace together from everywhere, and takes it in if it matches.
    private mutating func judge(_ id: TraceID) async throws {
        guard judged.insert(id).inserted else { return }
        let places = try await places(of: id)
        guard mayBeWanted(id, places) else { return }
        var whole = WholeTraceJudge()
        for row in heads.rows(of: id) { whole.add(heads.views[row.view], row: row.row, isMatch: row.isMatch) }
        if !places.isEmpty {
            let view = try await rows(at: places)
            let mask = view.mask(query.filter)
            for row in 0..<view.rowCount { whole.add(view, row: row, isMatch: mask[row]) }
            result.figures.inspectedSpanCount += view.rowCount
        }
        if let trace = whole.judge(id, range: range, spanLimit: query.spansPerTrace), holds(trace) {
            newest.insert(.init(trace: trace, pending: nil))
        }
    }

    /// The part of a trace that lies in one block.
    private typealias Place = (reader: BlockReader, anchor: TraceAnchor, summary: TraceSummary)

    private mutating func places(of id: TraceID) async throws -> [Place] {
        var places: [Place] = []
        for block in blocks.summaries.indices where blocks.summaries[block].traceIDs.contains(id) {
            do {
                let reader = try await blocks.reader(block)
                if let (anchor, summary) = try await reader.find(id) { places.append((reader, anchor, summary)) }
            } catch let error as BlockError {
                note(error.description)
            }
        }
        return places
    }

    /// Whether the trace's start and duration, which follow from those of its parts, are wanted: of copies of a span
    /// the one that ends last wins. Where a part has no duration its last end is not known.
    private func mayBeWanted(_ id: TraceID, _ places: [Place]) -> Bool {
        let times = heads.times(of: id)
        let start = places.reduce(times?.start ?? .max) { min($0, $1.summary.start) }
        if newest.isFull, start < newest.threshold { return false }
        guard places.allSatisfy({ $0.summary.duration > 0 }) else { return true }
        let end = places.reduce(times?.end ?? 0) { max($0, $1.summary.start &+ $1.summary.duration) }
        return query.duration.contains(spanDuration(start: start, end: end))
    }

    /// The rows of a trace in blocks.
    private mutating func rows(at places: [Place]) async throws -> SpanBatchView {
        let base = heads.byteCount + newest.count * Self.entryByteCount
        let memory = memory
        var batch = SpanBatch(pool: pool, seed: .random(in: .min ... .max))
        for place in places {
            do {
                result.figures.inspectedByteCount += try await place.reader.read(place.anchor, into: &batch) {
                    try memory.hold(base + $0)
                }
            } catch let error as BlockError {
                note(error.description)
            }
        }
        return batch.view()
    }

    /// The conditions on the trace as a whole.
    private func holds(_ trace: SearchedTrace) -> Bool {
        guard query.duration.contains(trace.durationNanoseconds) else { return false }
        for (test, text) in [
            (query.rootServiceName, trace.root?.serviceName), (query.rootName, trace.root?.name),
        ] {
            guard let test else { continue }
            guard let text, test.holds(string: Array(text.utf8).rawSpan) else { return false }
        }
        return true
    }

    // MARK: - Spans

    /// The traces with the spans and services that are shown, looked up block by block.
    private mutating func described(_ entries: [NewestTraces.Entry]) async throws -> [SearchedTrace] {
        let pending = Dictionary(grouping: entries.compactMap(\.pending), by: \.block)
        var spans: [Int: [Int: MatchedSpan]] = [:]
        var services: [Int: [Int: [ServiceCounts]]] = [:]
        for (block, parts) in pending {
            do {
                let reader = try await blocks.reader(block)
                spans[block] = try await reader.matchedSpans(parts.flatMap(\.rows).sorted())
                let positions = parts.map(\.position).sorted()
                let counts = try await reader.serviceCounts(ofTraces: positions)
                services[block] = Dictionary(zip(positions, counts)) { first, _ in first }
            } catch let error as BlockError {
                note(error.description)
            }
        }
        return entries.map { entry in
            guard let part = entry.pending else { return entry.trace }
            var trace = entry.trace
            trace.spans = part.rows.compactMap { spans[part.block]?[$0] }
            trace.services = ServiceCounts.sorted(services[part.block]?[part.position] ?? [])
            return trace
        }
    }
}

extension ServiceCounts {
    static func sorted(_ counts: [ServiceCounts]) -> [ServiceCounts] {
        counts.sorted { $0.service.lexicographicallyPrecedes($1.service) }
    }
}

extension QueryEngine {
    package func searchTraces(_ query: TraceSearchQuery, tenant: TenantID) async throws -> TraceSearchResult {
        guard query.limit > 0, let range = query.range.starts else { return TraceSearchResult(traces: []) }
        var search = TraceSearch(query, range, self, store.snapshot(of: tenant))
        return try await search.run()
    }
}
