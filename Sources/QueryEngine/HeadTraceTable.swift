// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceStorage

/// Which rows some heads have of which trace. Rows have numbers through all heads, traces in the order in which they are
/// met.
final class HeadTraceTable {
    /// By head, then by the head's number of a trace: the number here.
    let numbers: [[Int]]
    /// By trace.
    private let ids: FlatBuffer<TraceID>
    /// A hash table with open addressing: numbers of traces plus one, 0 for free slots.
    private let slots: FlatBuffer<UInt32>
    /// Random: whoever sends trace IDs can't choose those that collide.
    private let seed: UInt64
    /// By trace: where its rows end in `rows`.
    private let ends: FlatBuffer<UInt32>
    /// Numbers of rows, trace by trace, rising.
    private let rows: FlatBuffer<UInt32>

    /// - Parameter firstRows: By head: the number of its first row.
    init(_ heads: [HeadSpans], firstRows: [Int]) {
        var builder = Builder(traceCount: heads.reduce(0) { $0 + $1.traces.count })
        numbers = heads.map { builder.add($0.traces) }
        let count = builder.ids.count
        var ends = FlatBuffer<UInt32>(repeating: 0, count: count)
        for (head, numbers) in zip(heads, numbers) {
            for row in 0..<head.spans.rowCount { ends[numbers[Int(head.traces.ofRows[row])]] &+= 1 }
        }
        // Where the trace's next row goes; behind its last row in the end.
        var rowCount: UInt32 = 0
        for trace in 0..<count {
            (ends[trace], rowCount) = (rowCount, rowCount &+ ends[trace])
        }
        var rows = FlatBuffer<UInt32>(repeating: 0, count: Int(rowCount))
        for ((head, numbers), first) in zip(zip(heads, numbers), firstRows) {
            var number = UInt32(truncatingIfNeeded: first)
            for row in 0..<head.spans.rowCount {
                let trace = numbers[Int(head.traces.ofRows[row])]
                rows[Int(ends[trace])] = number
                ends[trace] &+= 1
                number &+= 1
            }
        }
        self.ends = ends
        self.rows = rows
        seed = builder.seed
        ids = builder.ids
        slots = builder.slots
    }

    /// Of all traces.
    var traceCount: Int { ids.count }

    /// Bytes in memory, about, for each row and for each trace of each head.
    static let byteCountPerRow = 4
    static let byteCountPerTrace = 48

    func id(_ trace: Int) -> TraceID { ids[trace] }

    /// The number of a trace; nil if it is not here.
    func number(of id: TraceID) -> Int? {
        let number = slots[slots.slot(of: id, ids, seed)]
        return number == 0 ? nil : Int(number) - 1
    }

    func contains(_ id: TraceID) -> Bool { slots[slots.slot(of: id, ids, seed)] != 0 }

    /// Places of a trace's rows, for ``row(at:)``.
    func places(of trace: Int) -> Range<Int> { (trace == 0 ? 0 : Int(ends[trace - 1]))..<Int(ends[trace]) }

    /// The number of a row; they rise within a trace.
    func row(at place: Int) -> Int { Int(rows[place]) }

    private struct Builder: ~Copyable {
        var ids: FlatBuffer<TraceID>
        var slots: FlatBuffer<UInt32>
        let seed = UInt64.random(in: .min ... .max)

        /// - Parameter traceCount: The most that there can be.
        init(traceCount: Int) {
            ids = FlatBuffer(capacity: traceCount)
            // More than twice as many.
            slots = FlatBuffer(
                repeating: 0, count: 1 << (Int.bitWidth - (2 * traceCount).leadingZeroBitCount))
        }

        /// Adds the traces of a head.
        ///
        /// - Returns: By the head's number of a trace: the number here.
        mutating func add(_ traces: TraceNumbersView) -> [Int] {
            var numbers: [Int] = []
            numbers.reserveCapacity(traces.count)
            for trace in 0..<traces.count {
                let id = traces.id(trace)
                let slot = slots.slot(of: id, ids, seed)
                if slots[slot] == 0 {
                    ids.append(id)
                    slots[slot] = UInt32(truncatingIfNeeded: ids.count)
                }
                numbers.append(Int(slots[slot]) - 1)
            }
            return numbers
        }
    }
}

extension FlatBuffer where Element == UInt32 {
    /// The slot of a trace, or the free one where it would go.
    fileprivate func slot(of id: TraceID, _ ids: borrowing FlatBuffer<TraceID>, _ seed: UInt64) -> Int {
        var index = Int(truncatingIfNeeded: id.hash(seed: seed)) & (count - 1)
        while self[index] != 0, ids[Int(self[index]) - 1] != id { index = (index + 1) & (count - 1) }
        return index
    }
}
