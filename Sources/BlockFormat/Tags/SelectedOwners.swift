// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

/// The spans, events or links of a row group that belong to rows which something selects.
struct SelectedOwners {
    /// A bit for each owner of the group.
    var mask: BitMask
    /// By owner: its row in the group; nil where the rows are the owners.
    private let rows: [Int32]?

    private init(mask: BitMask, rows: [Int32]?) {
        self.mask = mask
        self.rows = rows
    }

    /// Of each row itself.
    init(spans rows: BitMask) { self.init(mask: rows, rows: nil) }

    /// - Parameters:
    ///   - rows: Those that are selected, a bit for each row of the group.
    ///   - decoder: Of the column of the counts at least.
    init(
        _ part: BlockFilter.SpanPart, of rows: BitMask, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) {
        let column = part.count.rawValue
        guard let chunk = decoder.chunk(column) else {
            self.init(spans: BitMask(count: 0))
            return
        }
        if chunk.maximum <= 1 {
            let holders = try decoder.rows(integers: column, count: rows.count, ValueSet(outside: 0...0))
            self.init(
                mask: rows.taken(at: holders), rows: holders.markedRows.map { Int32(truncatingIfNeeded: $0) })
            return
        }
        var counts = FlatBuffer<UInt64>(capacity: rows.count)
        try decoder.integers(column, count: rows.count, 0..<rows.count, into: &counts)
        var owners: [Int32] = []
        for row in 0..<rows.count {
            guard counts[row] <= UInt64(BlockLayout.valueCountLimit - owners.count) else {
                throw BlockFilter.unfit(decoder)
            }
            for _ in 0..<counts[row] { owners.append(Int32(truncatingIfNeeded: row)) }
        }
        self.init(mask: BitMask(count: owners.count) { rows[Int(owners[$0])] }, rows: owners)
    }

    /// The row of an owner, in the group.
    func row(of owner: Int) -> Int { rows.map { Int($0[owner]) } ?? owner }
}

extension AttributeOwner {
    /// What rows have several of; nil for the rows themselves.
    var part: BlockFilter.SpanPart? {
        switch self {
        case .span: nil
        case .event: .event
        case .link: .link
        }
    }

    /// The columns that tell which owners belong to a row, and what attributes they have.
    var columns: Set<UInt32> {
        var columns: Set<UInt32> = [shape.rawValue]
        if let part { columns.insert(part.count.rawValue) }
        return columns
    }

    /// - Parameter rows: A bit for each row of the group.
    func selected(_ rows: BitMask, _ decoder: borrowing RowGroupDecoder) throws(BlockError) -> SelectedOwners {
        if let part { try SelectedOwners(part, of: rows, decoder) } else { SelectedOwners(spans: rows) }
    }
}

extension RowMask {
    /// A bit for each of `count` rows.
    func bits(count: Int) -> BitMask {
        switch self {
        case .none: BitMask(count: count)
        case .all: BitMask(repeating: true, count: count)
        case .some(let bits): bits
        }
    }
}

extension RowGroupDecoder {
    /// The values of an integer column that are marked, in order; 0s if it has no chunk.
    ///
    /// - Parameter marked: A bit for each value of the column.
    func integers(_ column: UInt32, at marked: BitMask) throws(BlockError) -> FlatBuffer<UInt64> {
        let wantedCount = marked.markedCount
        var values = FlatBuffer<UInt64>(capacity: wantedCount)
        if wantedCount == marked.count {
            try integers(column, count: marked.count, 0..<marked.count, into: &values)
        } else {
            try integers(column, count: marked.count, at: marked.markedRows.span, into: &values)
        }
        return values
    }

    /// The codes of a column with a block dictionary that are marked, in order; 0s if it has no chunk.
    func codes(_ column: UInt32, at marked: BitMask) throws(BlockError) -> FlatBuffer<UInt32> {
        let wantedCount = marked.markedCount
        var codes = FlatBuffer<UInt32>(capacity: wantedCount)
        if wantedCount == marked.count {
            try self.codes(column, count: marked.count, 0..<marked.count, into: &codes)
        } else {
            try self.codes(column, count: marked.count, at: marked.markedRows.span, into: &codes)
        }
        return codes
    }

    /// The shapes of all owners of a kind, all of them below `limit`.
    func shapes(of owner: AttributeOwner, count: Int, limit: Int) throws(BlockError) -> FlatBuffer<UInt64> {
        var shapes = FlatBuffer<UInt64>(capacity: count)
        try integers(owner.shape.rawValue, count: count, 0..<count, into: &shapes)
        for index in 0..<shapes.count where shapes[index] >= UInt64(limit) { throw BlockFilter.unfit(self) }
        return shapes
    }
}
