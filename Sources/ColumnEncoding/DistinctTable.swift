// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// The distinct values of a column, up to ``limit``, found by open addressing.
struct DistinctTable: ~Copyable {
    /// A dictionary of more values than this is left to other encodings.
    static let limit = 256

    /// 2 × limit slots, 0 for free, else index + 1.
    private var slots = FlatBuffer<UInt32>(repeating: 0, count: 1024)
    /// In order of first appearance until ``sort(remapping:)``.
    private(set) var values = FlatBuffer<UInt64>(capacity: 257)

    /// Gives every value a code into ``values``.
    ///
    /// - Returns: False as soon as there are more than `most` (at most ``limit``) distinct ones.
    mutating func collect(_ column: Span<UInt64>, atMost most: Int, codes: inout FlatBuffer<UInt32>) -> Bool {
        slots.fill(with: 0)
        values.removeAll()
        codes.removeAll()
        var last: UInt64 = 0
        var lastCode: UInt32 = 0
        for row in column.indices {
            let value = column[row]
            // Equal neighbours are common and need no look-up.
            if value == last && row > 0 {
                codes.append(lastCode)
                continue
            }
            var slot = Int(truncatingIfNeeded: (value &* 0x9e37_79b9_7f4a_7c15) &>> 54)
            while slots[slot] != 0 && values[Int(slots[slot]) &- 1] != value { slot = (slot &+ 1) & 1023 }
            if slots[slot] == 0 {
                if values.count >= min(most, Self.limit) { return false }
                values.append(value)
                slots[slot] = UInt32(truncatingIfNeeded: values.count)
            }
            last = value
            lastCode = slots[slot] &- 1
            codes.append(lastCode)
        }
        return true
    }

    /// Puts the values into ascending order and changes the codes with them.
    mutating func sort(remapping codes: inout FlatBuffer<UInt32>) {
        var sorted = FlatBuffer<UInt64>(capacity: values.count)
        var rank = FlatBuffer<UInt32>(repeating: 0, count: values.count)
        for index in 0..<values.count { sorted.append(values[index]) }
        sorted.sort(0..<sorted.count, by: <)
        // Safe to search: every value is in both lists.
        for index in 0..<values.count {
            var low = 0
            var high = sorted.count
            while high - low > 1 {
                let middle = (low + high) / 2
                if sorted[middle] <= values[index] { low = middle } else { high = middle }
            }
            rank[index] = UInt32(low)
        }
        for row in 0..<codes.count { codes[row] = rank[Int(codes[row])] }
        values = sorted
    }
}
