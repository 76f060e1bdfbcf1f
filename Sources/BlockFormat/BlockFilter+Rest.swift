// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// A test of the values that a key has in the rest columns, of those that come first with it.
struct RestCondition: Sendable {
    var lookup: RestLookup
    /// Nil if any value passes, also one of no type.
    var test: ValueTest?
    var key: KeyColumns

    var columns: Set<UInt32> { lookup.columns.all.union([key.owner.shape.rawValue]) }

    init(_ lookup: RestLookup, _ key: KeyColumns, _ test: ValueTest?) {
        self.lookup = lookup
        self.key = key
        self.test = test
    }
}

extension BlockFilter {
    /// The owners, of which there are `count` in the group, with an entry for which the condition holds.
    static func rest(
        _ condition: RestCondition, ownerCount count: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        var entries: [Int] = []
        var holds: [Bool] = []
        try condition.lookup.forEach(decoder) { entry, type, bits, bytes in
            entries.append(entry)
            guard let test = condition.test else { return holds.append(true) }
            holds.append(type.isByteString ? test.holds(bytes: bytes, type) : test.holds(bits: bits, type))
        }
        guard holds.contains(true) else { return .none }
        let key = condition.key
        let shapes = try decoder.shapes(of: key.owner, count: count, limit: key.restCounts.count)
        var rows = BitMask(count: count)
        try key.forEachFirst(
            of: entries, count: decoder.valueCount(condition.lookup.columns.keys.rawValue), shapes, decoder
        ) { owner, place in
            if holds[place] { rows[owner] = true }
        }
        return RowMask(rows)
    }
}
