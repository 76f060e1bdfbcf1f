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
    /// By head: the number of its first row among the rows of all heads.
    private let firstRows: [Int]
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
        var total = 0
        firstRows = heads.map { head in
            defer { total += head.spans.rowCount }
            return total
        }
        rowCount = total
    }

    var headCount: Int { heads.count }

    func spans(ofHead head: Int) -> SpanBatchView { heads[head].spans }

    /// Of those that were asked for.
    var inspectedTraceCount: Int { built?.traceCount ?? 0 }

    /// Bytes in memory, about, also of what is there once a trace is asked for.
    var byteCount: Int {
        let markCount = marks.first?.count ?? 0
        let extentByteCount = (built?.traceCount ?? 0) * MemoryLayout<Extent?>.stride
        return rowCount * markCount / 8 + (built?.byteCount ?? rowCount * 8) + extentByteCount
    }

    /// For who asks for many traces.
    var table: HeadTraceTable {
        if let built { return built }
        let table = HeadTraceTable(heads)
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
        forEachHead(of: trace) { head, rows in
            let spans = heads[head].spans
            for row in rows { extent.add(spans.start[row], spans.end[row], range) }
        }
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

    /// Calls `body` for each head that has rows of a trace, with the rows, which rise.
    func forEachHead(of id: TraceID, _ body: (_ head: Int, _ rows: [Int]) -> Void) {
        guard !isEmpty, let number = table.number(of: id) else { return }
        forEachHead(of: number, body)
    }

    private func forEachHead(of trace: Int, _ body: (_ head: Int, _ rows: [Int]) -> Void) {
        let table = table
        var rows: [Int] = []
        var (head, first, end) = (-1, 0, 0)
        for place in table.places(of: trace) {
            let number = table.row(at: place)
            if number >= end {
                if !rows.isEmpty { body(head, rows) }
                rows.removeAll(keepingCapacity: true)
                repeat {
                    head += 1
                    (first, end) = (firstRows[head], firstRows[head] + heads[head].spans.rowCount)
                } while number >= end
            }
            rows.append(number - first)
        }
        if !rows.isEmpty { body(head, rows) }
    }

    /// All rows of a trace, in no order; none if it is not here.
    func rows(of id: TraceID) -> [AssembledTrace.Row] {
        var found: [AssembledTrace.Row] = []
        forEachHead(of: id) { head, rows in
            for row in rows {
                found.append(AssembledTrace.Row(view: heads[head].spans, row: row, marks: marks[head]))
            }
        }
        return found
    }

    /// Adds all rows of a trace, in no order, with what the filters say of them, of which there are 64 at most.
    ///
    /// - Parameter withIDs: Whether with those of spans and parents; rows lie far apart, so that each column costs.
    func addRows(of id: TraceID, to found: inout [ColumnTrace.Row], withIDs: Bool) {
        forEachHead(of: id) { head, rows in
            let (view, first) = (heads[head].spans, found.count)
            for row in rows {
                found.append(
                    ColumnTrace.Row(
                        start: view.start[row], end: view.end[row], spanID: withIDs ? view.spanID[row] : 0,
                        parent: withIDs ? view.parent(row) : 0, row: firstRows[head] + row, marks: 0, part: -1))
            }
            for (leaf, mask) in marks[head].enumerated() where !mask.isNone {
                for (place, row) in rows.enumerated() where mask[row] {
                    found[first + place].marks |= 1 &<< UInt64(leaf)
                }
            }
        }
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
