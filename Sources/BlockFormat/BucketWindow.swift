// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// The bits of trace IDs by which rows are scattered: the first in which not all IDs are the same, and those behind it.
struct BucketWindow {
    let bits: Int
    /// Whether they stand in the upper half of the IDs.
    let isHigh: Bool
    private let shift: UInt64
    private let mask: UInt64

    init(_ sources: [SpanBatchView], bits: Int) {
        let high = Self.differing(sources) { $0.traceIDHigh }
        isHigh = high != 0
        let differing = isHigh ? high : Self.differing(sources) { $0.traceIDLow }
        self.bits = bits
        shift = UInt64(64 - min(64 - bits, differing.leadingZeroBitCount) - bits)
        mask = (1 << UInt64(bits)) - 1
    }

    @inline(__always) func bucket(_ word: UInt64) -> Int { Int(truncatingIfNeeded: word &>> shift & mask) }

    /// The bits in which not all values of a column are the same.
    private static func differing(
        _ sources: [SpanBatchView], _ column: (SpanBatchView) -> ColumnView<UInt64>
    ) -> UInt64 {
        var (first, differing): (UInt64?, UInt64) = (nil, 0)
        for source in sources {
            let words = column(source)
            guard words.count > 0 else { continue }
            let known = first ?? words[0]
            first = known
            for row in 0..<words.count { differing |= words[row] ^ known }
        }
        return differing
    }
}
