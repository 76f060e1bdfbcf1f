// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Finds the row of each span's parent, for the rows that one trace has in a row group after the other.
///
/// Whoever sends spans chooses their IDs: multiplying by a number that they don't know keeps chosen (or merely
/// sequential) IDs from falling into the same slots.
struct ParentRows: ~Copyable {
    /// One of a table by open addressing; it counts only if its epoch is the current one.
    struct Slot: BitwiseCopyable {
        var id: UInt64 = 0
        var row: UInt32 = 0
        var epoch: UInt32 = 0
    }

    private var slots = FlatBuffer<Slot>(repeating: Slot(), count: 1024)
    private var epoch: UInt32 = 0
    private let multiplier: UInt64
    /// Leaves as many upper bits of a product as the table has.
    private var shift: UInt64 = 54

    /// - Parameter seed: Random.
    init(seed: UInt64) { multiplier = (seed &* 0x9e37_79b9_7f4a_7c15) ^ 0xd6e8_feb8_6659_fd93 | 1 }

    /// Appends the `parent` column's value of every row of `range`; see ``FixedColumn/parent``.
    ///
    /// - Parameters:
    ///   - range: The rows that a trace has in a row group, in `spanIDs` and `parents`.
    ///   - values: Receives one value a row: 0, 1, or row in the range + 3. Unusual parents are the caller's.
    mutating func resolve(
        _ range: Range<Int>, spanIDs: borrowing SegmentedColumn<UInt64>, parents: borrowing SegmentedColumn<UInt64>,
        into values: inout FlatBuffer<UInt64>
    ) {
        begin(range.count)
        for row in range { insert(spanIDs[row], UInt32(truncatingIfNeeded: row &- range.lowerBound)) }
        for row in range {
            let parent = parents[row]
            values.append(parent == 0 ? 0 : find(parent))
        }
    }

    /// As above, for columns of one row group.
    mutating func resolve(
        _ range: Range<Int>, spanIDs: borrowing FlatBuffer<UInt64>, parents: borrowing FlatBuffer<UInt64>,
        into values: inout FlatBuffer<UInt64>
    ) {
        begin(range.count)
        for row in range { insert(spanIDs[row], UInt32(truncatingIfNeeded: row &- range.lowerBound)) }
        for row in range {
            let parent = parents[row]
            values.append(parent == 0 ? 0 : find(parent))
        }
    }

    private mutating func begin(_ count: Int) {
        if count * 2 > slots.count {
            var size = slots.count
            while size < count * 2 { size *= 2 }
            shift = UInt64(64 - size.trailingZeroBitCount)
            slots = FlatBuffer(repeating: Slot(), count: size)
            epoch = 0
        }
        epoch &+= 1
        if epoch == 0 {
            slots.fill(with: Slot())
            epoch = 1
        }
    }

    /// The first row of an ID stays.
    private mutating func insert(_ id: UInt64, _ row: UInt32) {
        var place = place(id)
        while slots[place].epoch == epoch {
            if slots[place].id == id { return }
            place = (place &+ 1) & (slots.count &- 1)
        }
        slots[place] = Slot(id: id, row: row, epoch: epoch)
    }

    /// The row of an ID + 3, or 1 if it is no row's.
    private func find(_ id: UInt64) -> UInt64 {
        var place = place(id)
        while slots[place].epoch == epoch {
            if slots[place].id == id { return UInt64(slots[place].row) &+ 3 }
            place = (place &+ 1) & (slots.count &- 1)
        }
        return 1
    }

    /// The upper bits of the product: they depend on all bits of the ID.
    private func place(_ id: UInt64) -> Int { Int(truncatingIfNeeded: (id &* multiplier) &>> shift) }
}
