// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

// Rows lie in a head as they came, so that a trace's can be anywhere. Every 256 rows that are complete have a bloom
// filter of their trace IDs, 2048 bits, three a trace:
//
//   rows    |0 … 255|256 … 511|512 … 640 (open, no filter yet)
//   words   |32     |32       |
//
// With 256 traces in 256 rows 3 % of the filters say yes for nothing. Filters of complete rows never change, so
// readers need no lock; the rows behind the last one are looked at one by one.

/// Says in which parts of a growing batch a trace may have rows; a byte a row.
///
/// One owner appends; ``view()`` lets others read.
struct TraceRowFilter: ~Copyable {
    static let chunkRowCount = 256
    fileprivate static let chunkWordCount = 32

    private var words: SegmentedColumn<UInt64>
    /// Of the rows behind the last complete chunk.
    private var open = FlatBuffer<UInt64>(repeating: 0, count: chunkWordCount)
    private var rowCount = 0
    private var last = TraceID(high: 0, low: 0)
    private let seed: UInt64

    /// - Parameters:
    ///   - arena: The batch's own.
    ///   - seed: Random, so that nobody can choose trace IDs that look alike.
    init(arena: SlabArena, seed: UInt64) {
        words = SegmentedColumn(arena: arena)
        self.seed = seed
    }

    /// Takes the batch's rows behind those that were taken; they may not be taken back any more.
    mutating func append(rowsOf batch: borrowing SpanBatch) {
        for row in rowCount..<batch.rowCount {
            let id = TraceID(high: batch.traceIDHigh[row], low: batch.traceIDLow[row])
            // A trace's rows often follow one another; a chunk begins without any.
            if id != last || row & (Self.chunkRowCount - 1) == 0 {
                last = id
                let bits = TraceRowBits(id, seed)
                open[bits.first >> 6] |= 1 << UInt64(bits.first & 63)
                open[bits.second >> 6] |= 1 << UInt64(bits.second & 63)
                open[bits.third >> 6] |= 1 << UInt64(bits.third & 63)
            }
            if row & (Self.chunkRowCount - 1) == Self.chunkRowCount - 1 { closeChunk() }
        }
        rowCount = batch.rowCount
    }

    private mutating func closeChunk() {
        for index in 0..<Self.chunkWordCount {
            words.append(open[index])
            open[index] = 0
        }
    }

    func view() -> TraceRowFilterView { TraceRowFilterView(words: words.view(), seed: seed) }
}

/// Which bits a trace has in every chunk.
private struct TraceRowBits {
    let first: Int
    let second: Int
    let third: Int

    @inline(__always) init(_ id: TraceID, _ seed: UInt64) {
        var hash = (id.low ^ seed) &* 0x9e37_79b9_7f4a_7c15
        hash = (hash ^ (hash >> 32) ^ id.high) &* 0xd6e8_feb8_6659_fd93
        hash ^= hash >> 32
        first = Int(truncatingIfNeeded: hash & 2047)
        second = Int(truncatingIfNeeded: (hash >> 11) & 2047)
        third = Int(truncatingIfNeeded: (hash >> 22) & 2047)
    }
}

/// A ``TraceRowFilter`` as it was at a moment; valid as long as the batch's arena.
struct TraceRowFilterView: Sendable {
    fileprivate let words: ColumnView<UInt64>
    fileprivate let seed: UInt64

    /// Appends copies of the trace's rows.
    ///
    /// - Parameter spans: Of the same batch, with all rows that the filter knows.
    /// - Complexity: About 5 ns for 256 rows that don't have it.
    func append(rowsOf id: TraceID, from spans: SpanBatchView, to batch: inout SpanBatch) {
        let bits = TraceRowBits(id, seed)
        var row = 0
        var word = 0
        while word < words.count {
            if hasBit(bits.first, word), hasBit(bits.second, word), hasBit(bits.third, word) {
                Self.append(rowsOf: id, in: row..<row + TraceRowFilter.chunkRowCount, of: spans, to: &batch)
            }
            word += TraceRowFilter.chunkWordCount
            row += TraceRowFilter.chunkRowCount
        }
        Self.append(rowsOf: id, in: row..<spans.rowCount, of: spans, to: &batch)
    }

    @inline(__always) private func hasBit(_ bit: Int, _ firstWord: Int) -> Bool {
        (words[firstWord &+ (bit >> 6)] >> UInt64(bit & 63)) & 1 == 1
    }

    private static func append(
        rowsOf id: TraceID, in rows: Range<Int>, of spans: SpanBatchView, to batch: inout SpanBatch
    ) {
        let (high, low) = (spans.traceIDHigh, spans.traceIDLow)
        for row in rows where low[row] == id.low && high[row] == id.high { batch.append(row: row, of: spans) }
    }
}
