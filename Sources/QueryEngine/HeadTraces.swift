// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel

/// The rows of all heads by trace, and which of them some filters hold for.
final class HeadTraces {
    let views: [SpanBatchView]
    let isEmpty: Bool
    /// By view, then by filter.
    private let marks: [[RowMask]]
    /// By view: the number of its first row among the rows of all views.
    private let firstRows: [Int]
    /// One a trace, in the order in which they were met.
    private var traces: FlatBuffer<Trace>
    /// A hash table with open addressing: positions in `traces` plus one, 0 for free slots.
    private var slots: FlatBuffer<UInt32>
    /// By row: the row of its trace that was met before, plus one.
    private var previous: FlatBuffer<UInt32>
    /// Odd, random: whoever sends trace IDs can't choose those that collide.
    private let multiplier = UInt64.random(in: .min ... .max) | 1

    /// What the heads have of a trace.
    struct Trace: BitwiseCopyable {
        let id: TraceID
        /// The first start and the last end.
        fileprivate(set) var start: UInt64
        fileprivate(set) var end: UInt64
        /// The number of the row that was met last, plus one.
        fileprivate var lastRow: UInt32
        fileprivate(set) var rowCount: UInt32 = 1
        /// Whether a row has what every hit has.
        fileprivate(set) var isMarked: Bool
        /// Whether a row overlaps the range.
        fileprivate(set) var isInRange: Bool
    }

    /// - Parameters:
    ///   - filters: By which rows are marked.
    ///   - required: Filters of which one holds for a row of every hit; nil if there are none such.
    init(_ heads: [SpanBatchView], _ filters: [SpanFilter], required: [Int]?, range: ClosedRange<UInt64>) {
        views = heads.filter { $0.rowCount > 0 }
        isEmpty = views.isEmpty
        let marks = views.map { view in filters.map { view.mask($0) } }
        self.marks = marks
        var total = 0
        firstRows = views.map { view in
            defer { total += view.rowCount }
            return total
        }
        traces = FlatBuffer(capacity: total / 16 + 16)
        slots = FlatBuffer(repeating: 0, count: 1024)
        previous = FlatBuffer(repeating: 0, count: total)
        for (index, view) in views.enumerated() {
            let mask = required.map { $0.reduce(RowMask.none) { $0.or(marks[index][$1]) } } ?? .all
            add(view, mask, firstRows[index], range)
        }
    }

    var rowCount: Int { previous.count }
    var traceCount: Int { traces.count }

    /// Bytes in memory, about.
    var byteCount: Int {
        let markCount = marks.first?.count ?? 0
        return previous.count * 4 + previous.count * markCount / 8 + slots.count * 4
            + traces.count * MemoryLayout<Trace>.stride
    }

    /// Bytes in memory, about, that it takes to have ``candidates(where:)``.
    var candidatesByteCount: Int { 2 * traces.count * MemoryLayout<Trace>.stride }

    /// Some of the traces, newest first.
    func candidates(where isWanted: (Trace) -> Bool) -> [Trace] {
        // What is compared stands side by side.
        var order: [(start: UInt64, index: Int)] = []
        for index in 0..<traces.count where isWanted(traces[index]) { order.append((traces[index].start, index)) }
        order.sort { a, b in
            a.start == b.start ? traces[a.index].id < traces[b.index].id : a.start > b.start
        }
        return order.map { traces[$0.index] }
    }

    func contains(_ id: TraceID) -> Bool { trace(id) != nil }

    /// What there is of a trace; nil if it is not here.
    func trace(_ id: TraceID) -> Trace? {
        if isEmpty { return nil }
        let position = slots[slot(of: id)]
        return position == 0 ? nil : traces[Int(position) - 1]
    }

    // MARK: - Rows of a trace

    /// A row of a view.
    struct Place {
        /// In ``HeadTraces/views``.
        var view: Int
        var row: Int
    }

    /// Where a row lies that has a number among the rows of all views.
    func place(ofRow number: Int) -> Place {
        var view = firstRows.count - 1
        while firstRows[view] > number { view -= 1 }
        return Place(view: view, row: number - firstRows[view])
    }

    /// How many rows there are of a trace.
    func rowCount(of id: TraceID) -> Int { trace(id).map { Int($0.rowCount) } ?? 0 }

    /// Calls `body` with the numbers and places of all rows of a trace, in no order; none if it is not here.
    func forEachRow(of id: TraceID, _ body: (_ number: Int, Place) -> Void) {
        var next = trace(id)?.lastRow ?? 0
        while next != 0 {
            let number = Int(next) - 1
            body(number, place(ofRow: number))
            next = previous[number]
        }
    }

    /// All rows of a trace, in no order; none if it is not here.
    func rows(of id: TraceID) -> [AssembledTrace.Row] {
        var rows: [AssembledTrace.Row] = []
        forEachRow(of: id) { _, place in
            rows.append(AssembledTrace.Row(view: views[place.view], row: place.row, marks: marks[place.view]))
        }
        return rows
    }

    /// Adds all rows of a trace, in no order, with what the filters say of them, of which there are 64 at most.
    func addRows(of id: TraceID, to rows: inout [ColumnTrace.Row]) {
        forEachRow(of: id) { number, place in
            let (view, row) = (views[place.view], place.row)
            var bits: UInt64 = 0
            for leaf in marks[place.view].indices where marks[place.view][leaf][row] { bits |= 1 &<< UInt64(leaf) }
            rows.append(
                ColumnTrace.Row(
                    start: view.start[row], end: view.end[row], spanID: view.spanID[row], parent: view.parent(row),
                    row: number, marks: bits, kind: view.kind[row], part: -1))
        }
    }

    /// Service and name of a row.
    func root(atRow number: Int) -> (service: [UInt8], name: [UInt8]) {
        let place = place(ofRow: number)
        let row = AssembledTrace.Row(view: views[place.view], row: place.row, marks: [])
        return (row.serviceName, row.name)
    }

    func serviceName(_ place: Place) -> [UInt8] {
        AssembledTrace.Row(view: views[place.view], row: place.row, marks: []).serviceName
    }

    private func add(_ view: SpanBatchView, _ mask: RowMask, _ firstRow: Int, _ range: ClosedRange<UInt64>) {
        for row in 0..<view.rowCount {
            let (id, start, end) = (view.traceID(row), view.start[row], view.end[row])
            let slot = slot(of: id)
            let number = UInt32(truncatingIfNeeded: firstRow + row)
            let (isMarked, isInRange) = (mask[row], range.overlapsSpan(from: start, to: end))
            if slots[slot] == 0 {
                traces.append(
                    Trace(
                        id: id, start: start, end: end, lastRow: number + 1, isMarked: isMarked, isInRange: isInRange))
                slots[slot] = UInt32(truncatingIfNeeded: traces.count)
                if traces.count * 2 > slots.count { grow() }
                continue
            }
            let position = Int(slots[slot]) - 1
            var trace = traces[position]
            previous[Int(number)] = trace.lastRow
            trace.lastRow = number + 1
            trace.rowCount &+= 1
            trace.start = min(trace.start, start)
            trace.end = max(trace.end, end)
            trace.isMarked = trace.isMarked || isMarked
            trace.isInRange = trace.isInRange || isInRange
            traces[position] = trace
        }
    }

    /// The slot of a trace, or the free one where it would go.
    private func slot(of id: TraceID) -> Int {
        let product = (id.high ^ (id.low &* 0x9e37_79b9_7f4a_7c15)).multipliedFullWidth(by: multiplier)
        var index = Int(truncatingIfNeeded: product.high ^ product.low) & (slots.count - 1)
        while slots[index] != 0 {
            if traces[Int(slots[index]) - 1].id == id { break }
            index = (index + 1) & (slots.count - 1)
        }
        return index
    }

    private func grow() {
        let count = slots.count * 2
        slots.removeAll()
        slots.resize(to: count, filling: 0)
        for index in 0..<traces.count {
            slots[slot(of: traces[index].id)] = UInt32(truncatingIfNeeded: index + 1)
        }
    }
}
