// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

/// Which rows of a batch or row group a condition holds for.
package enum RowMask: Sendable {
    case none
    case all
    /// One bit a row.
    case some(BitMask)

    package subscript(row: Int) -> Bool {
        switch self {
        case .none: false
        case .all: true
        case .some(let rows): rows[row]
        }
    }

    package var isNone: Bool {
        if case .none = self { true } else { false }
    }

    /// - Parameter rows: Becomes ``none`` if no row is marked.
    init(_ rows: BitMask) { self = rows.isEmpty ? .none : .some(rows) }

    /// - Parameter rows: Becomes ``none`` if no row holds.
    package init(_ rows: [Bool]) {
        let rows = rows.span
        self.init(BitMask(count: rows.count) { rows[$0] })
    }

    /// The rows for which `holds` says so; ``none`` if it does for no row.
    @inline(__always)
    package init(count: Int, where holds: (Int) -> Bool) { self.init(BitMask(count: count, where: holds)) }

    /// - Parameters:
    ///   - rows: Rising, below `count`.
    ///   - count: Of all rows.
    init(rows: [Int], count: Int) {
        var mask = BitMask(count: count)
        for row in rows { mask[row] = true }
        self.init(mask)
    }

    /// Those of the rows for which `holds` says so.
    ///
    /// - Parameter count: Of all rows there are.
    @inline(__always)
    func filtered(count: Int, where holds: (Int) -> Bool) -> RowMask {
        switch self {
        case .none: return .none
        case .all: return RowMask(count: count, where: holds)
        case .some(let mask):
            var found = BitMask(count: count)
            mask.forEachMarked(in: 0..<count) { if holds($0) { found[$0] = true } }
            return RowMask(found)
        }
    }

    package func and(_ other: RowMask) -> RowMask {
        switch (self, other) {
        case (.none, _), (_, .none): return .none
        case (.all, let mask), (let mask, .all): return mask
        case (.some(var rows), .some(let others)):
            rows.formIntersection(others)
            return RowMask(rows)
        }
    }

    /// The rows that are not in this mask.
    package var inverted: RowMask {
        switch self {
        case .none: .all
        case .all: .none
        case .some(let rows): RowMask(rows.inverted)
        }
    }

    package func or(_ other: RowMask) -> RowMask {
        switch (self, other) {
        case (.all, _), (_, .all): return .all
        case (.none, let mask), (let mask, .none): return mask
        case (.some(var rows), .some(let others)):
            rows.formUnion(others)
            return .some(rows)
        }
    }

    /// Whether it holds for one of the rows `range`.
    package func holds(in range: Range<Int>) -> Bool {
        switch self {
        case .none: false
        case .all: !range.isEmpty
        case .some(let rows): rows.marks(anyOf: range)
        }
    }

    /// How many of the rows `range` it holds for.
    package func count(in range: Range<Int>) -> Int {
        switch self {
        case .none: 0
        case .all: range.count
        case .some(let rows): rows.markedCount(in: range)
        }
    }

    /// The first row from `row` on for which it holds; nil if there is none.
    package func first(from row: Int) -> Int? {
        switch self {
        case .none: nil
        case .all: row
        case .some(let rows): rows.first(from: row)
        }
    }

    /// The first `limit` of the rows `range` for which it holds.
    package func rows(in range: Range<Int>, atMost limit: Int = .max) -> [Int32] {
        var found: [Int32] = []
        switch self {
        case .none: break
        case .all: for row in range.prefix(limit) { found.append(Int32(truncatingIfNeeded: row)) }
        case .some(let rows):
            var row = range.lowerBound
            while found.count < limit, let next = rows.first(from: row), next < range.upperBound {
                found.append(Int32(truncatingIfNeeded: next))
                row = next + 1
            }
        }
        return found
    }

    /// All rows for which it holds, if they are known and not more than `limit`.
    func rows(atMost limit: Int) -> [Int]? {
        guard case .some(let mask) = self, mask.markedCount <= limit else { return nil }
        return mask.markedRows
    }
}
