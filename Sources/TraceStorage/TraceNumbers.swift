// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
package import TraceModel

/// Numbers the traces of a growing batch in the order of their first rows, so that whoever asks for the rows of many
/// traces need not look each row's trace up; 4 bytes a row, and 16 a trace beside the owner's table.
///
/// One owner appends; ``view()`` lets others read.
struct TraceNumbers: ~Copyable {
    private var ofRows: SegmentedColumn<UInt32>
    private var high: SegmentedColumn<UInt64>
    private var low: SegmentedColumn<UInt64>
    /// A hash table with open addressing: numbers plus one, 0 for free slots.
    private var slots = FlatBuffer<UInt32>(repeating: 0, count: 64)
    private let seed: UInt64

    /// - Parameters:
    ///   - arena: The batch's own.
    ///   - seed: Random, so that nobody can choose trace IDs that share their slots.
    init(arena: SlabArena, seed: UInt64) {
        ofRows = SegmentedColumn(arena: arena)
        high = SegmentedColumn(arena: arena)
        low = SegmentedColumn(arena: arena)
        self.seed = seed
    }

    /// Memory that it takes beside the batch's.
    var tableByteCount: Int { slots.count * 4 }

    /// Takes the batch's rows behind those that were taken; they may not be taken back any more.
    mutating func append(rowsOf batch: borrowing SpanBatch) {
        var number = -1
        for row in ofRows.count..<batch.rowCount {
            let id = TraceID(high: batch.traceIDHigh[row], low: batch.traceIDLow[row])
            // A trace's rows often follow one another.
            if number < 0 || high[number] != id.high || low[number] != id.low { number = self.number(of: id) }
            ofRows.append(UInt32(truncatingIfNeeded: number))
        }
    }

    private mutating func number(of id: TraceID) -> Int {
        let slot = slot(of: id)
        if slots[slot] != 0 { return Int(slots[slot]) - 1 }
        high.append(id.high)
        low.append(id.low)
        slots[slot] = UInt32(truncatingIfNeeded: high.count)
        if high.count * 2 > slots.count { grow() }
        return high.count - 1
    }

    /// The slot of a trace, or the free one where it would go.
    private func slot(of id: TraceID) -> Int {
        var index = Int(truncatingIfNeeded: id.hash(seed: seed)) & (slots.count - 1)
        while slots[index] != 0 {
            let number = Int(slots[index]) - 1
            if low[number] == id.low, high[number] == id.high { break }
            index = (index + 1) & (slots.count - 1)
        }
        return index
    }

    private mutating func grow() {
        let count = slots.count * 2
        slots.removeAll()
        slots.resize(to: count, filling: 0)
        for number in 0..<high.count {
            slots[slot(of: TraceID(high: high[number], low: low[number]))] = UInt32(truncatingIfNeeded: number + 1)
        }
    }

    func view() -> TraceNumbersView {
        TraceNumbersView(ofRows: ofRows.view(), high: high.view(), low: low.view())
    }
}

/// ``TraceNumbers`` as they were at a moment; valid as long as the batch's arena.
package struct TraceNumbersView: Sendable {
    /// By row.
    package let ofRows: ColumnView<UInt32>
    fileprivate let high: ColumnView<UInt64>
    fileprivate let low: ColumnView<UInt64>

    /// How many traces there are.
    package var count: Int { high.count }

    package func id(_ number: Int) -> TraceID { TraceID(high: high[number], low: low[number]) }
}

/// Spans of a head, and which of them are of the same trace.
package struct HeadSpans: Sendable {
    package let spans: SpanBatchView
    package let traces: TraceNumbersView
}
