// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// What the choice of an encoding needs to know of a column, from one pass and one sample.
struct IntegerShape {
    var count: Int
    var minimum: UInt64 = 0
    var maximum: UInt64 = 0
    var runCount = 0
    /// The bits set in any zig-zag difference of neighbours.
    var deltaBits: UInt64 = 0
    /// Means over a sample: bits of a value less the minimum, and of a difference.
    var meanWidth = 0
    var meanDeltaWidth = 0
    /// Estimated bits of the sparse encoding.
    var sparseCost = Int.max

    /// Bits of a value less the minimum.
    var width: Int { BitPacking.width(of: maximum &- minimum) }
    var deltaWidth: Int { BitPacking.width(of: deltaBits) }

    init(_ values: Span<UInt64>) {
        count = values.count
        guard count > 0 else { return }
        var low = values[0]
        // Many columns say the same of all rows.
        var row = 1
        while row < count && values[row] == low { row &+= 1 }
        (minimum, maximum, runCount) = (low, low, 1)
        guard row < count else { return }
        var high = low
        var previous = low
        var changes = 0
        var bits: UInt64 = 0
        for row in row..<count {
            let value = values[row]
            low = min(low, value)
            high = max(high, value)
            changes &+= value == previous ? 0 : 1
            bits |= Self.zigzag(value &- previous)
            previous = value
        }
        minimum = low
        maximum = high
        runCount = changes + 1
        deltaBits = bits
        sample(values)
    }

    /// Differences of both signs as small numbers: 0, -1, 1, -2 … become 0, 1, 2, 3 …
    @inline(__always) static func zigzag(_ difference: UInt64) -> UInt64 {
        (difference &<< 1) ^ (0 &- (difference &>> 63))
    }

    @inline(__always) static func unzigzag(_ value: UInt64) -> UInt64 {
        (value &>> 1) ^ (0 &- (value & 1))
    }

    /// About 256 places suffice to tell which of two forms is shorter.
    private mutating func sample(_ values: Span<UInt64>) {
        let step = max(1, count / 256)
        var widths = 0
        var deltaWidths = 0
        var samples = 0
        var others = 0
        var row = step
        while row < count {
            widths &+= BitPacking.width(of: values[row] &- minimum)
            deltaWidths &+= BitPacking.width(of: Self.zigzag(values[row] &- values[row &- 1]))
            others &+= values[row] == minimum ? 0 : 1
            samples &+= 1
            row &+= step
        }
        guard samples > 0 else { return }
        meanWidth = widths / samples
        meanDeltaWidth = deltaWidths / samples
        let exceptions = max(1, others * count / samples)
        sparseCost = Self.sparseCost(count, exceptions, width: min(width, widths / max(1, others) + 2))
    }

    /// Bits of the sparse encoding with `exceptions` of `width` bits, about.
    static func sparseCost(_ count: Int, _ exceptions: Int, width: Int) -> Int {
        exceptions == 0 ? 0 : 200 + exceptions * (BitPacking.width(of: UInt64(count / exceptions)) + 1 + width)
    }
}
