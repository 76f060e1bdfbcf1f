// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// A test of the values that a key has in the rest columns.
struct RestCondition: Sendable {
    var lookup: RestLookup
    var test: ValueTest
    /// The column of the owners' shapes.
    var shape: FixedColumn
    /// By shape code: how many entries an owner has.
    var entryCounts: [UInt32]

    var columns: Set<UInt32> { lookup.columns.all.union([shape.rawValue]) }

    init(_ lookup: RestLookup, _ owner: AttributeOwner, _ test: ValueTest, _ schema: BlockSchema) {
        self.lookup = lookup
        self.test = test
        shape = owner.shape
        entryCounts = schema.shapes[Int(owner.rawValue)].map { shape in
            UInt32(truncatingIfNeeded: shape.count { $0 == BlockSchema.rest })
        }
    }
}

extension BlockFilter {
    /// The owners, of which there are `count` in the group, with an entry for which the condition holds.
    static func rest(
        _ condition: RestCondition, ownerCount count: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        let entryCount = decoder.valueCount(condition.lookup.columns.keys.rawValue)
        var holds = [Bool](repeating: false, count: entryCount)
        try condition.lookup.forEach(decoder) { entry, type, bits, bytes in
            holds[entry] =
                type.isByteString ? condition.test.holds(bytes: bytes, type) : condition.test.holds(bits: bits, type)
        }
        guard holds.contains(true) else { return .none }
        var shapes = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(condition.shape.rawValue, count: count, 0..<count, into: &shapes)
        var rows = BitMask(count: count)
        var first = 0
        for row in 0..<count {
            guard shapes[row] < UInt64(condition.entryCounts.count) else { throw unfit(decoder) }
            let end = first + Int(condition.entryCounts[Int(shapes[row])])
            guard end <= entryCount else { throw unfit(decoder) }
            if holds[first..<end].contains(true) { rows[row] = true }
            first = end
        }
        return RowMask(rows)
    }
}
