// SPDX-License-Identifier: Apache-2.0

/// Which rows of a batch or row group a condition holds for.
package enum RowMask: Sendable {
    case none
    case all
    /// One value a row.
    case some([Bool])

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

    /// - Parameter rows: Becomes ``none`` if no row holds.
    package init(_ rows: [Bool]) { self = rows.contains(true) ? .some(rows) : .none }

    /// - Parameters:
    ///   - rows: Rising, below `count`.
    ///   - count: Of all rows.
    init(rows: [Int], count: Int) {
        guard !rows.isEmpty else {
            self = .none
            return
        }
        var mask = [Bool](repeating: false, count: count)
        for row in rows { mask[row] = true }
        self = .some(mask)
    }

    package func and(_ other: RowMask) -> RowMask {
        switch (self, other) {
        case (.none, _), (_, .none): return .none
        case (.all, let mask), (let mask, .all): return mask
        case (.some(var rows), .some(let others)):
            let count = min(rows.count, others.count)
            var target = rows.mutableSpan
            let span = others.span
            for row in 0..<count { target[row] = target[row] && span[row] }
            return RowMask(rows)
        }
    }

    /// The rows that are not in this mask.
    package var inverted: RowMask {
        switch self {
        case .none: .all
        case .all: .none
        case .some(let rows): RowMask(rows.map { !$0 })
        }
    }

    package func or(_ other: RowMask) -> RowMask {
        switch (self, other) {
        case (.all, _), (_, .all): return .all
        case (.none, let mask), (let mask, .none): return mask
        case (.some(var rows), .some(let others)):
            let count = min(rows.count, others.count)
            var target = rows.mutableSpan
            let span = others.span
            for row in 0..<count { target[row] = target[row] || span[row] }
            return .some(rows)
        }
    }

    /// Whether it holds for one of the rows `range`.
    package func holds(in range: Range<Int>) -> Bool {
        switch self {
        case .none: return false
        case .all: return !range.isEmpty
        case .some(let rows):
            let span = rows.span
            for row in range where span[row] { return true }
            return false
        }
    }

    /// Those of the rows `range` for which it holds.
    package func rows(in range: Range<Int>) -> [Int32] {
        var found: [Int32] = []
        switch self {
        case .none: break
        case .all: for row in range { found.append(Int32(truncatingIfNeeded: row)) }
        case .some(let rows):
            let span = rows.span
            for row in range where span[row] { found.append(Int32(truncatingIfNeeded: row)) }
        }
        return found
    }

    /// All rows for which it holds, if they are known and not more than `limit`.
    func rows(atMost limit: Int) -> [Int]? {
        guard case .some(let mask) = self else { return nil }
        var rows: [Int] = []
        let span = mask.span
        for row in span.indices where span[row] {
            guard rows.count < limit else { return nil }
            rows.append(row)
        }
        return rows
    }
}
