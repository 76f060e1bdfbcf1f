// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Finds the row of each span's parent in its trace, for one trace after the other.
///
/// Whoever sends spans chooses their IDs: multiplying by a number that they don't know keeps chosen (or merely
/// sequential) IDs from falling into the same slots.
struct ParentRows: ~Copyable {
    /// Open addressing from span ID to row; a slot counts only if its epoch is the current one.
    private var ids = FlatBuffer<UInt64>(repeating: 0, count: 1024)
    private var rows = FlatBuffer<UInt32>(repeating: 0, count: 1024)
    private var epochs = FlatBuffer<UInt32>(repeating: 0, count: 1024)
    private var epoch: UInt32 = 0
    private let multiplier: UInt64
    /// Leaves as many upper bits of a product as the table has.
    private var shift: UInt64 = 54

    /// - Parameter seed: Random.
    init(seed: UInt64) { multiplier = (seed &* 0x9e37_79b9_7f4a_7c15) ^ 0xd6e8_feb8_6659_fd93 | 1 }

    /// Writes the `parent` column's value of every row of one trace; see ``FixedColumn/parent``.
    ///
    /// - Parameters:
    ///   - range: The trace's rows in `spanIDs` and `parents`.
    ///   - values: Receives one value a row: 0, 1, or row in the trace + 3. Unusual parents are the caller's.
    mutating func resolve(
        _ range: Range<Int>, spanIDs: borrowing FlatBuffer<UInt64>, parents: borrowing FlatBuffer<UInt64>,
        into values: inout FlatBuffer<UInt32>
    ) {
        begin(range.count)
        for row in range { insert(spanIDs[row], UInt32(truncatingIfNeeded: row - range.lowerBound)) }
        for row in range {
            let parent = parents[row]
            if parent == 0 {
                values.append(0)
            } else if let found = find(parent) {
                values.append(found &+ 3)
            } else {
                values.append(1)
            }
        }
    }

    private mutating func begin(_ count: Int) {
        if count * 2 > ids.count {
            var size = ids.count
            while size < count * 2 { size *= 2 }
            shift = UInt64(64 - size.trailingZeroBitCount)
            ids = FlatBuffer(repeating: 0, count: size)
            rows = FlatBuffer(repeating: 0, count: size)
            epochs = FlatBuffer(repeating: 0, count: size)
            epoch = 0
        }
        epoch &+= 1
        if epoch == 0 {
            epochs.fill(with: 0)
            epoch = 1
        }
    }

    /// The first row of an ID stays.
    private mutating func insert(_ id: UInt64, _ row: UInt32) {
        var slot = slot(id)
        while epochs[slot] == epoch {
            if ids[slot] == id { return }
            slot = (slot + 1) & (ids.count - 1)
        }
        epochs[slot] = epoch
        ids[slot] = id
        rows[slot] = row
    }

    private func find(_ id: UInt64) -> UInt32? {
        var slot = slot(id)
        while epochs[slot] == epoch {
            if ids[slot] == id { return rows[slot] }
            slot = (slot + 1) & (ids.count - 1)
        }
        return nil
    }

    /// The upper bits of the product: they depend on all bits of the ID.
    private func slot(_ id: UInt64) -> Int { Int(truncatingIfNeeded: (id &* multiplier) &>> shift) }
}
