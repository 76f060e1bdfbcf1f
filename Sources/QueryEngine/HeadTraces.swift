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

    private struct Trace: BitwiseCopyable {
        var high: UInt64
        var low: UInt64
        var start: UInt64
        var end: UInt64
        /// The row that was met last, plus one.
        var lastRow: UInt32
        /// Whether a row has what every hit has.
        var isMarked: Bool
        /// Whether a row overlaps the range.
        var isInRange: Bool
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
    var candidatesByteCount: Int { 2 * traces.count * MemoryLayout<Candidate>.stride }

    /// A trace, and what the heads have of it.
    struct Candidate {
        var id: TraceID
        /// The first start and the last end.
        var start: UInt64
        var end: UInt64
        /// Whether a row has what every hit has.
        var isMarked: Bool
        /// Whether a row overlaps the range.
        var isInRange: Bool
    }

    /// Some of the traces, newest first.
    func candidates(where isWanted: (Candidate) -> Bool) -> [Candidate] {
        var found: [Candidate] = []
        for index in 0..<traces.count {
            let candidate = candidate(index)
            if isWanted(candidate) { found.append(candidate) }
        }
        return found.sorted { ($1.start, $0.id) < ($0.start, $1.id) }
    }

    private func candidate(_ index: Int) -> Candidate {
        let trace = traces[index]
        return Candidate(
            id: TraceID(high: trace.high, low: trace.low), start: trace.start, end: trace.end,
            isMarked: trace.isMarked, isInRange: trace.isInRange)
    }

    func contains(_ id: TraceID) -> Bool { !isEmpty && slots[slot(id.high, id.low)] != 0 }

    /// What there is of a trace; nil if it is not here.
    func candidate(_ id: TraceID) -> Candidate? {
        let position = slots[slot(id.high, id.low)]
        return position == 0 ? nil : candidate(Int(position) - 1)
    }

    /// All rows of a trace, in no order; none if it is not here.
    func rows(of id: TraceID) -> [AssembledTrace.Row] {
        let position = slots[slot(id.high, id.low)]
        guard position != 0 else { return [] }
        var rows: [AssembledTrace.Row] = []
        var next = traces[Int(position) - 1].lastRow
        while next != 0 {
            let number = Int(next) - 1
            let view = (firstRows.firstIndex { $0 > number } ?? firstRows.count) - 1
            let row = number - firstRows[view]
            rows.append(AssembledTrace.Row(view: views[view], row: row, marks: marks[view]))
            next = previous[number]
        }
        return rows
    }

    private func add(_ view: SpanBatchView, _ mask: RowMask, _ firstRow: Int, _ range: ClosedRange<UInt64>) {
        for row in 0..<view.rowCount {
            let (high, low, start) = (view.traceIDHigh[row], view.traceIDLow[row], view.start[row])
            let end = view.end[row]
            let slot = slot(high, low)
            let number = UInt32(truncatingIfNeeded: firstRow + row)
            let (isMarked, isInRange) = (mask[row], range.overlapsSpan(from: start, to: end))
            if slots[slot] == 0 {
                traces.append(
                    Trace(
                        high: high, low: low, start: start, end: end, lastRow: number + 1, isMarked: isMarked,
                        isInRange: isInRange))
                slots[slot] = UInt32(truncatingIfNeeded: traces.count)
                if traces.count * 2 > slots.count { grow() }
                continue
            }
            let position = Int(slots[slot]) - 1
            var trace = traces[position]
            previous[Int(number)] = trace.lastRow
            trace.lastRow = number + 1
            trace.start = min(trace.start, start)
            trace.end = max(trace.end, end)
            trace.isMarked = trace.isMarked || isMarked
            trace.isInRange = trace.isInRange || isInRange
            traces[position] = trace
        }
    }

    /// The slot of a trace, or the free one where it would go.
    private func slot(_ high: UInt64, _ low: UInt64) -> Int {
        let product = (high ^ (low &* 0x9e37_79b9_7f4a_7c15)).multipliedFullWidth(by: multiplier)
        var index = Int(truncatingIfNeeded: product.high ^ product.low) & (slots.count - 1)
        while slots[index] != 0 {
            let trace = traces[Int(slots[index]) - 1]
            if trace.high == high, trace.low == low { break }
            index = (index + 1) & (slots.count - 1)
        }
        return index
    }

    private func grow() {
        let count = slots.count * 2
        slots.removeAll()
        slots.resize(to: count, filling: 0)
        for index in 0..<traces.count {
            slots[slot(traces[index].high, traces[index].low)] = UInt32(truncatingIfNeeded: index + 1)
        }
    }
}
