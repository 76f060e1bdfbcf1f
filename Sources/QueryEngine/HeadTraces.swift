// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceStorage

/// The rows of all heads by trace, and which of them some filters hold for.
final class HeadTraces {
    private let heads: [HeadSpans]
    let isEmpty: Bool
    let rowCount: Int
    /// By head, then by filter.
    private let marks: [[RowMask]]
    /// By head: the rows that have what every hit has.
    private let required: [RowMask]
    /// By head: the number of its first row among the rows of all heads, a multiple of 64.
    private let firstRows: [Int]
    /// By filter: what it says of rows by their numbers; nil if it holds for none.
    private lazy var marksOfNumbers: [BitMask?] = (0..<filterCount).map { numbered($0) }
    private let filterCount: Int
    private let range: ClosedRange<UInt64>
    /// Nil until a trace is asked for.
    private var built: HeadTraceTable?
    /// By trace, once they are asked for; empty as long as none was.
    private var extents: [Extent?] = []
    private var hasAllExtents = false

    /// - Parameters:
    ///   - filters: By which rows are marked.
    ///   - required: Filters of which one holds for a row of every hit; nil if there are none such.
    init(_ heads: [HeadSpans], _ filters: [SpanFilter], required: [Int]?, range: ClosedRange<UInt64>) {
        let heads = heads.filter { $0.spans.rowCount > 0 }
        self.heads = heads
        isEmpty = heads.isEmpty
        self.range = range
        let marks = heads.map { head in filters.map { head.spans.mask($0) } }
        self.marks = marks
        self.required = marks.map { marks in
            required.map { $0.reduce(RowMask.none) { $0.or(marks[$1]) } } ?? .all
        }
        filterCount = filters.count
        var next = 0
        firstRows = heads.map { head in
            defer { next += (head.spans.rowCount + 63) & ~63 }
            return next
        }
        rowCount = heads.reduce(0) { $0 + $1.spans.rowCount }
    }

    var headCount: Int { heads.count }

    func spans(ofHead head: Int) -> SpanBatchView { heads[head].spans }

    /// Of those that were asked for.
    var inspectedTraceCount: Int { built?.traceCount ?? 0 }

    /// Bytes in memory, about, also of what is there once a trace is asked for.
    var byteCount: Int {
        let extentByteCount = (built?.traceCount ?? 0) * MemoryLayout<Extent?>.stride
        return rowCount * filterCount / 4 + (built?.byteCount ?? rowCount * 8) + extentByteCount
    }

    /// For who asks for many traces.
    var table: HeadTraceTable {
        if let built { return built }
        let table = HeadTraceTable(heads, firstRows: firstRows)
        built = table
        return table
    }

    // MARK: - Traces

    /// What the heads have of a trace.
    struct Trace {
        var id: TraceID
        /// In ``HeadTraces/table``.
        var number: Int
        var rowCount: Int
        var extent: Extent
    }

    struct Extent: BitwiseCopyable {
        /// The first start and the last end.
        var start = UInt64.max
        var end: UInt64 = 0
        /// Whether a row overlaps the range.
        var isInRange = false

        mutating func add(_ start: UInt64, _ end: UInt64, _ range: ClosedRange<UInt64>) {
            self.start = min(self.start, start)
            self.end = max(self.end, end)
            isInRange = isInRange || range.overlapsSpan(from: start, to: end)
        }
    }

    func contains(_ id: TraceID) -> Bool { !isEmpty && table.contains(id) }

    /// What there is of a trace; nil if it is not here.
    func trace(_ id: TraceID) -> Trace? {
        guard !isEmpty, let number = table.number(of: id) else { return nil }
        return trace(number)
    }

    /// Whether a row of a trace may have what every hit has.
    func isMarked(_ trace: Trace) -> Bool { markedTraces[trace.number] }

    /// By trace: whether a row has what every hit has, or may have it.
    private lazy var markedTraces: [Bool] = {
        var isMarked = [Bool](repeating: hasAllMarked, count: table.traceCount)
        for (index, head) in heads.enumerated() {
            guard case .some(let rows) = required[index] else { continue }
            let numbers = table.numbers[index]
            for row in rows.markedRows { isMarked[numbers[Int(head.traces.ofRows[row])]] = true }
        }
        return isMarked
    }()

    /// Whether all rows of a head have what every hit has: then most traces have, and none is left out.
    private var hasAllMarked: Bool { required.contains { if case .all = $0 { true } else { false } } }

    private func trace(_ number: Int) -> Trace {
        Trace(
            id: table.id(number), number: number, rowCount: table.places(of: number).count, extent: extent(number))
    }

    private func extent(_ trace: Int) -> Extent {
        if extents.isEmpty { extents = [Extent?](repeating: nil, count: table.traceCount) }
        if let extent = extents[trace] { return extent }
        var extent = Extent()
        forEachRow(of: trace) { _, spans, row, _ in extent.add(spans.start[row], spans.end[row], range) }
        extents[trace] = extent
        return extent
    }

    /// Finds all extents out row by row, which for many traces costs less than trace by trace.
    private func findExtents() {
        guard !hasAllExtents else { return }
        var found = [Extent](repeating: Extent(), count: table.traceCount)
        for (head, numbers) in zip(heads, table.numbers) {
            let (starts, ends, traces) = (head.spans.start, head.spans.end, head.traces.ofRows)
            for row in 0..<head.spans.rowCount { found[numbers[Int(traces[row])]].add(starts[row], ends[row], range) }
        }
        extents = found
        hasAllExtents = true
    }

    // MARK: - Candidates

    /// Which traces may be hits.
    struct Candidates {
        /// Whether only those of which a row has what every hit has.
        var mustBeMarked: Bool
        /// Whether only those of which a row overlaps the range.
        var mustBeInRange: Bool
    }

    /// Some of the traces, newest first: their numbers in ``table``, and their starts.
    func candidates(_ wanted: Candidates) -> [(start: UInt64, trace: Int)] {
        guard mayBe(wanted) else { return [] }
        var candidates: [(start: UInt64, trace: Int)] = []
        for trace in numbers(wanted) {
            let extent = extent(trace)
            if !wanted.mustBeInRange || extent.isInRange { candidates.append((extent.start, trace)) }
        }
        let table = table
        candidates.sort { a, b in a.start == b.start ? table.id(a.trace) < table.id(b.trace) : a.start > b.start }
        return candidates
    }

    /// The numbers of all traces, or of those of which a row has what every hit has.
    private func numbers(_ wanted: Candidates) -> [Int] {
        let isMarked = wanted.mustBeMarked ? markedTraces : []
        let numbers = (0..<table.traceCount).filter { !wanted.mustBeMarked || isMarked[$0] }
        if numbers.count > table.traceCount / 8 { findExtents() }
        return numbers
    }

    /// Bytes in memory, about, that it takes to have ``candidates(_:)``.
    func byteCount(of wanted: Candidates) -> Int { mayBe(wanted) ? 64 * table.traceCount : 0 }

    private func mayBe(_ wanted: Candidates) -> Bool {
        !isEmpty && !(wanted.mustBeMarked && required.allSatisfy(\.isNone))
    }

    // MARK: - Rows of a trace

    /// A row of a head.
    struct Place {
        var head: Int
        var row: Int
    }

    /// Where a row lies that has a number among the rows of all heads.
    func place(ofRow number: Int) -> Place {
        var head = firstRows.count - 1
        while firstRows[head] > number { head -= 1 }
        return Place(head: head, row: number - firstRows[head])
    }

    /// How many rows there are of a trace.
    func rowCount(of id: TraceID) -> Int {
        guard !isEmpty, let number = table.number(of: id) else { return 0 }
        return table.places(of: number).count
    }

    /// Calls `body` for each row of a trace with its head, the head's spans, and the numbers that it has there and among
    /// all rows; head by head.
    @inline(__always)
    func forEachRow(
        of id: TraceID, _ body: (_ head: Int, _ spans: SpanBatchView, _ row: Int, _ number: Int) -> Void
    ) {
        guard !isEmpty, let trace = table.number(of: id) else { return }
        forEachRow(of: trace, body)
    }

    @inline(__always)
    private func forEachRow(
        of trace: Int, _ body: (_ head: Int, _ spans: SpanBatchView, _ row: Int, _ number: Int) -> Void
    ) {
        let table = table
        var head = 0
        var (spans, first) = (heads[head].spans, firstRows[head])
        for place in table.places(of: trace) {
            let number = table.row(at: place)
            while number >= first + spans.rowCount {
                head += 1
                (spans, first) = (heads[head].spans, firstRows[head])
            }
            body(head, spans, number - first, number)
        }
    }

    /// All rows of a trace, in no order; none if it is not here.
    func rows(of id: TraceID) -> [AssembledTrace.Row] {
        var found: [AssembledTrace.Row] = []
        forEachRow(of: id) { head, spans, row, _ in
            found.append(AssembledTrace.Row(view: spans, row: row, marks: marks[head]))
        }
        return found
    }

    /// Adds all rows of a trace, in no order, with what the filters say of them, of which there are 64 at most.
    ///
    /// - Parameter withIDs: Whether with those of spans and parents; rows lie far apart, so that each column costs.
    func addRows(of id: TraceID, to found: inout [ColumnTrace.Row], withIDs: Bool) {
        let first = found.count
        forEachRow(of: id) { _, spans, row, number in
            found.append(
                ColumnTrace.Row(
                    start: spans.start[row], end: spans.end[row], spanID: withIDs ? spans.spanID[row] : 0,
                    parent: withIDs ? spans.parent(row) : 0, row: number, marks: 0, part: -1))
        }
        for (filter, mask) in marksOfNumbers.enumerated() {
            guard let mask else { continue }
            for place in first..<found.count where mask[found[place].row] {
                found[place].marks |= 1 &<< UInt64(filter)
            }
        }
    }

    private func numbered(_ filter: Int) -> BitMask? {
        if marks.allSatisfy({ $0[filter].isNone }) { return nil }
        let count = (firstRows.last ?? 0) + (heads.last?.spans.rowCount ?? 0)
        var mask = BitMask(count: count)
        for (head, first) in firstRows.enumerated() {
            switch marks[head][filter] {
            case .none: break
            case .all: mask.mark(first..<(first + heads[head].spans.rowCount))
            case .some(let rows): mask.mark(rows, from: first)
            }
        }
        return mask
    }

    func spanID(ofRow number: Int) -> UInt64 {
        let place = place(ofRow: number)
        return heads[place.head].spans.spanID[place.row]
    }

    /// As ``SpanBatchView/parent(_:)``.
    func parent(ofRow number: Int) -> UInt64 {
        let place = place(ofRow: number)
        return heads[place.head].spans.parent(place.row)
    }

    /// Service and name of a row.
    func root(atRow number: Int) -> (service: [UInt8], name: [UInt8]) {
        let place = place(ofRow: number)
        let view = heads[place.head].spans
        return (view.serviceName(place.row), view.bytes(view.name[place.row]))
    }
}
