// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceStorage

/// The rows of all heads by trace, and which of them some filters hold for.
final class HeadTraces {
    let heads: [HeadSpans]
    let isEmpty: Bool
    let rowCount: Int
    /// By head, then by filter.
    private let marks: [[RowMask]]
    /// By head: the rows that have what every hit has.
    let required: [RowMask]
    /// By head: the number of its first row among the rows of all heads, a multiple of 64.
    private let firstRows: [Int]
    /// By filter: what it says of rows by their numbers; nil if it holds for none.
    private lazy var marksOfNumbers: [BitMask?] = (0..<filterCount).map { numbered($0) }
    private let filterCount: Int
    let range: ClosedRange<UInt64>
    /// By trace: whether a row has what every hit has, or may have it.
    lazy var markedTraces = findMarkedTraces()
    /// Nil until a trace is asked for.
    private var built: HeadTraceTable?
    /// By trace, once they are asked for; empty as long as none was.
    var extents: [Extent] = []
    var hasAllExtents = false
    /// Of each head; those that several have count for each.
    private let headTraceCount: Int

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
        headTraceCount = heads.reduce(0) { $0 + $1.traces.count }
    }

    var headCount: Int { heads.count }

    func spans(ofHead head: Int) -> SpanBatchView { heads[head].spans }

    /// About, as long as none was asked for.
    var traceCount: Int { built?.traceCount ?? headTraceCount }

    /// Bytes in memory, about, also of what is there once traces are asked for.
    var byteCount: Int {
        rowCount * (HeadTraceTable.byteCountPerRow + filterCount / 4)
            + headTraceCount * (HeadTraceTable.byteCountPerTrace + MemoryLayout<Extent>.stride + 1)
    }

    /// Bytes in memory, about, that it takes to have ``candidates(_:)``.
    func byteCount(of wanted: Candidates) -> Int { mayBe(wanted) ? 64 * headTraceCount : 0 }

    /// For who asks for many traces.
    var table: HeadTraceTable {
        if let built { return built }
        let table = HeadTraceTable(heads, firstRows: firstRows)
        built = table
        return table
    }

    // MARK: - Rows of a trace

    /// A row of a head.
    struct Place {
        var head: Int
        var row: Int
    }

    /// Where a row lies that has a number among the rows of all heads.
    func place(ofRow number: Int) -> Place {
        var (head, end) = (0, firstRows.count)
        while end - head > 1 {
            let middle = (head + end) / 2
            if firstRows[middle] > number { end = middle } else { head = middle }
        }
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
    func forEachRow(
        of trace: Int, _ body: (_ head: Int, _ spans: SpanBatchView, _ row: Int, _ number: Int) -> Void
    ) {
        let table = table
        var head = 0
        var (spans, first) = (heads[head].spans, firstRows[head])
        for place in table.places(of: trace) {
            let number = table.row(at: place)
            if number >= first + spans.rowCount {
                head = self.place(ofRow: number).head
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
