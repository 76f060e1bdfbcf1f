// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// The columns of one key of a kind of owner, and which of them counts for an owner.
///
/// Of several attributes with the same key in one owner the first counts, whatever its type. As far as they have columns
/// the owner's shape says which one that is. An attribute in the rest columns that stands before it may have the key too:
/// only its entry tells.
struct KeyColumns: Sendable {
    let owner: AttributeOwner
    /// One for each type of its values: indexes into the schema's columns.
    let columns: [Int]
    /// By place in ``columns``, then by shape: how many values an owner has.
    private(set) var valueCounts: [[UInt32]]
    /// By shape: the place in ``columns`` of the one that comes first; -1 where there is none.
    private(set) var firsts: [Int] = []
    /// By shape: how many attributes an owner has in the rest columns.
    private(set) var restCounts: [UInt32] = []
    /// By shape: how many of these come before the first of ``columns``; all where there is none.
    private(set) var leadingRestCounts: [UInt32] = []
    /// Whether there are such before a column.
    private(set) var restMayComeFirst = false

    init(_ key: [UInt8], of owner: AttributeOwner, _ schema: BlockSchema) {
        self.owner = owner
        let columns = schema.columns.indices.filter {
            schema.columns[$0].owner == owner && schema.columns[$0].key == key
        }
        self.columns = columns
        let shapes = schema.shapes[Int(owner.rawValue)]
        valueCounts = Array(repeating: Array(repeating: 0, count: shapes.count), count: columns.count)
        guard !columns.isEmpty || schema.hasRest(owner) else { return }
        firsts = Array(repeating: -1, count: shapes.count)
        restCounts = Array(repeating: 0, count: shapes.count)
        leadingRestCounts = restCounts
        for code in shapes.indices { add(shapes[code], code) }
    }

    private mutating func add(_ shape: [UInt32], _ code: Int) {
        var first = -1
        var (leadingCount, count): (UInt32, UInt32) = (0, 0)
        for column in shape {
            if column == BlockSchema.rest {
                count &+= 1
            } else if let place = columns.firstIndex(of: Int(column)) {
                valueCounts[place][code] &+= 1
                if first < 0 { (first, leadingCount) = (place, count) }
            }
        }
        firsts[code] = first
        restCounts[code] = count
        leadingRestCounts[code] = first < 0 ? count : leadingCount
        restMayComeFirst = restMayComeFirst || first >= 0 && leadingCount > 0
    }

    /// Bytes in memory, about.
    var byteCount: Int { 128 + firsts.count * (16 + 4 * columns.count) }

    /// The codes of shapes that have values of a column.
    ///
    /// - Returns: Nil if a shape has several, or has one behind another value with the key.
    func plainHolders(_ place: Int) -> ValueSet? {
        let counts = valueCounts[place]
        for code in counts.indices where counts[code] > 0 {
            if counts[code] > 1 || firsts[code] != place { return nil }
        }
        return ValueSet(verdicts: counts.map { $0 > 0 })
    }

    /// Whether each value in the columns counts, as far as they say.
    var arePlain: Bool { columns.indices.allSatisfy { plainHolders($0) != nil } }

    /// Calls `body` for each owner whose first attribute with the key is in the rest columns: the owner, and the place of
    /// its entry in `entries`.
    ///
    /// - Parameters:
    ///   - entries: Those of a row group that have the key, rising.
    ///   - count: All of its entries.
    ///   - shapes: Of its owners, or of the first ones; codes that there are.
    /// - Throws: `.corrupted` if there are fewer entries than the shapes say.
    func forEachFirst(
        of entries: [Int], count: Int, _ shapes: borrowing FlatBuffer<UInt64>, _ decoder: borrowing RowGroupDecoder,
        _ body: (Int, Int) -> Void
    ) throws(BlockError) {
        var first = 0
        var next = 0
        for owner in 0..<shapes.count {
            let shape = Int(shapes[owner])
            let end = first + Int(restCounts[shape])
            guard end <= count else { throw BlockFilter.unfit(decoder) }
            if next < entries.count, entries[next] < end {
                if entries[next] - first < Int(leadingRestCounts[shape]) { body(owner, next) }
                repeat { next += 1 } while next < entries.count && entries[next] < end
            }
            first = end
        }
    }
}
