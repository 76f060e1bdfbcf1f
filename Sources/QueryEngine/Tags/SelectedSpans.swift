// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceQL
internal import TraceStorage

/// Takes the spans that a filter selects.
protocol SpanSink: AnyObject {
    /// Bytes in memory, about.
    var byteCount: Int { get }
    /// Whether no span can add anything any more.
    var isComplete: Bool { get }

    /// Takes spans of a trace that was put together.
    func take(_ rows: [Int32], of trace: AssembledTrace)

    /// Takes spans of a row group.
    ///
    /// - Parameter rows: Counted from the group's first.
    /// - Returns: Bytes read from storage.
    func take(_ rows: RowMask, group: Int, of reader: BlockReader) async throws -> Int
}

/// Goes through the spans that one filter selects and that overlap a range: every one once, as the copy that wins.
///
/// Spans of a trace that lies in one block alone are taken from the block's columns; all other traces that may have some
/// are put together.
final class SelectedSpans {
    private let judge: SpansetJudge
    private let leaf: SpansetProgram.Leaf
    private let range: ClosedRange<UInt64>
    private let deadline = QueryDeadline()
    private let memory: QueryMemory
    private let snapshot: StoreSnapshot
    private let overlaps: BlockOverlaps
    private let assembly: TraceAssembly
    private var verdicts: TraceVerdicts
    private var stop: String?
    private var reason: String?
    private(set) var reads = QueryReads()

    /// - Parameter query: Of one filter, as ``CheckedQuery/init(lenient:)`` gives it; of any other the first counts.
    init?(
        _ query: CheckedQuery, _ range: ClosedRange<UInt64>, _ engine: QueryEngine, _ snapshot: StoreSnapshot,
        _ memory: QueryMemory
    ) {
        guard let pipeline = query.search else { return nil }
        let program = SpansetProgram(query, pipeline)
        guard let leaf = program.leaves.first else { return nil }
        self.leaf = leaf
        verdicts = TraceVerdicts(leaf.trace)
        self.range = range
        self.memory = memory
        self.snapshot = snapshot
        judge = SpansetJudge(program, deadline)
        overlaps = engine.overlaps
        let filters = program.leaves.map(\.filter)
        assembly = TraceAssembly(
            HeadTraces(snapshot.heads, filters, required: [0], range: range),
            SearchedBlocks(snapshot.blocks, engine.store),
            filters, engine, memory)
    }

    /// Hands all of them over.
    ///
    /// - Returns: Why some may be missing; nil if none are.
    /// - Throws: `.tooLarge`, `.unavailable` where memory lacks; `CancellationError`.
    func run(into sink: any SpanSink) async throws -> String? {
        defer { count() }
        do {
            try await goThroughAll(into: sink)
        } catch let error as QueryError where error.code == .timedOut {
            stop = stop ?? error.message
        }
        try Task.checkCancellation()
        return stop ?? assembly.failures.values.min() ?? reason
    }

    private func goThroughAll(into sink: any SpanSink) async throws {
        reads.prunedBlockCount = snapshot.blocks.count
        let (heads, wanted) = (assembly.heads, HeadTraces.Candidates(mustBeMarked: true, mustBeInRange: true))
        try memory.hold(assembly.byteCount + heads.byteCount(of: wanted))
        let inHeads = heads.candidates(wanted)
        try await assemble(inHeads.map { heads.table.id($0.trace) }, into: sink)
        for block in assembly.blocks.summaries.indices where stop == nil && !sink.isComplete {
            do {
                try await search(block, into: sink)
            } catch let error as BlockError {
                assembly.fail(block, error)
            }
        }
    }

    private func count() {
        reads.failedBlockCount = assembly.failures.count
        reads.byteCount += assembly.readByteCount
        reads.partialAnswerCount = stop == nil && assembly.failures.isEmpty && reason == nil ? 0 : 1
    }

    /// Stops once time is up.
    private func checkTime() async throws -> Bool {
        if stop == nil, let excess = deadline.excess { stop = excess }
        try Task.checkCancellation()
        await Task.yield()
        return stop == nil
    }

    /// Puts traces together and hands their spans over.
    private func assemble(_ ids: [TraceID], into sink: any SpanSink) async throws {
        var next = 0
        while next < ids.count {
            if sink.isComplete { return }
            guard try await checkTime() else { return }
            let end = min(next + TraceAssembly.traceCount, ids.count)
            try await assemblePart(ids[next..<end], into: sink)
            next = end
        }
    }

    // The compiler fails on these two in one piece.
    @inline(never)
    private func assemblePart(_ ids: ArraySlice<TraceID>, into sink: any SpanSink) async throws {
        try hand(try await assembly.traces(ids, beside: sink.byteCount), to: sink)
        try memory.hold(assembly.byteCount + sink.byteCount)
    }

    private func hand(_ traces: [AssembledTrace], to sink: any SpanSink) throws(QueryError) {
        for trace in traces {
            let held = assembly.byteCount + sink.byteCount
            let spansets = try judge.spansets(of: trace.judged(leafCount: judge.program.leaves.count)) {
                (byteCount) throws(QueryError) in try memory.hold(held + byteCount)
            }
            let rows = spansets.flatMap(\.rows).filter {
                range.overlapsSpan(from: trace.rows[Int($0)].start, to: trace.rows[Int($0)].end)
            }
            if !rows.isEmpty { sink.take(rows, of: trace) }
        }
    }

    // MARK: - Blocks

    private func search(_ block: Int, into sink: any SpanSink) async throws {
        guard assembly.blocks.summaries[block].eventNanoseconds.overlaps(range) else { return }
        let reader = try await assembly.reader(block)
        reads.readBlockCount += 1
        reads.prunedBlockCount -= 1
        reads.prunedRowGroupCount += reader.footer.rowGroups.count
        var request = RowRequest(leaf.filter)
        request.requiredMarks = [0]
        (request.range, request.wantsRowsInRange) = (range, true)
        guard let scan = try await BlockTraceScan(reader, request) else { return }
        let (shared, failure) = try await assembly.shared(block, overlaps)
        reason = reason ?? failure
        // Then columns say of every row whether it is selected, and of every trace.
        let isPlain = leaf.rest == nil && shared.isEmpty && assembly.heads.isEmpty
        for group in scan.groups.map(\.index) {
            guard !sink.isComplete, try await checkTime() else { return }
            reads.prunedRowGroupCount -= 1
            reads.readRowGroupCount += 1
            if isPlain, scan.isInRange(group) {
                try await searchPlain(group, scan, reader, into: sink)
            } else {
                try await search(group, scan, reader, shared, into: sink)
            }
        }
    }

    // The compiler fails on these in one piece.

    @inline(never)
    private func searchPlain(
        _ group: Int, _ scan: BlockTraceScan, _ reader: BlockReader, into sink: any SpanSink
    ) async throws {
        let (marks, byteCount) = try await scan.marks(of: group)
        reads.byteCount += byteCount
        var rows = marks[0]
        if !leaf.trace.isEmpty, !rows.isNone {
            rows = try await reader.rows(rows, group: group) { try verdicts.holds($1, $0, reader) }
        }
        try await take(rows, group, of: reader, into: sink)
    }

    @inline(never)
    private func search(
        _ group: Int, _ scan: BlockTraceScan, _ reader: BlockReader, _ shared: SharedTraces, into sink: any SpanSink
    ) async throws {
        let rows = try await scan.rows(of: group)
        reads.byteCount += rows.byteCount
        let (selected, incomplete) = try await select(rows, reader, shared)
        try await take(selected, group, of: reader, into: sink)
        try await assemble(incomplete, into: sink)
    }

    @inline(never)
    private func take(_ rows: RowMask, _ group: Int, of reader: BlockReader, into sink: any SpanSink) async throws {
        guard !rows.isNone else { return }
        reads.byteCount += try await sink.take(rows, group: group, of: reader)
        try memory.hold(assembly.byteCount + sink.byteCount)
    }

    /// The rows that are selected for sure, and the traces of which more has to be known.
    private func select(
        _ rows: ScannedRows, _ reader: BlockReader, _ shared: SharedTraces
    ) async throws -> (rows: RowMask, incomplete: [TraceID]) {
        var selected = [Bool](repeating: false, count: rows.rowCount)
        var incomplete: [TraceID] = []
        let marks = rows.marks[0]
        if marks.isNone { return (.none, []) }
        for (position, trace) in zip(rows.positions, rows.traces) {
            let part = rows.rows(of: trace).filter { marks[$0] && rows.inRange[$0] }
            guard !part.isEmpty else { continue }
            if leaf.rest != nil || shared.contains(trace.id) || assembly.heads.contains(trace.id) {
                incomplete.append(trace.id)
            } else if try await holds(position, trace, reader) {
                for row in part { selected[row] = true }
            }
        }
        return (RowMask(selected), incomplete)
    }

    /// Whether a trace that the block has all of passes the tests of whole traces.
    private func holds(_ position: Int, _ trace: TraceAnchor, _ reader: BlockReader) async throws -> Bool {
        guard !leaf.trace.isEmpty else { return true }
        let facts = TraceFacts(
            id: trace.id, start: trace.start, duration: trace.duration,
            root: try await reader.root(ofTrace: position))
        return leaf.trace.allSatisfy { $0.holds(facts) }
    }
}
