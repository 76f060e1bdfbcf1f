// SPDX-License-Identifier: Apache-2.0

internal import TraceQL

/// Which rows of a trace stand in a relation to others.
///
/// Rows whose parent is missing begin fragments of their own: there the relations hold as anywhere else. Of rows that are
/// their own ancestors each is above and below all others of the ring. No row stands in a relation to itself.
struct RowRelations {
    /// By row: its parent's, -1 for roots, and below that one number for each missing parent.
    let parents: ArraySlice<Int32>
    /// The trace's first row in `parents`.
    private var first: Int { parents.startIndex }

    init(_ parents: ArraySlice<Int32>) { self.parents = parents }

    /// What `left OP right` selects; rows in order, all in the trace.
    func select(
        _ relation: StructuralRelation, _ form: StructuralForm, left: [Int32], right: [Int32]
    ) -> [Int32] {
        switch form {
        case .right: return left.isEmpty ? [] : related(relation, to: left, of: right)
        case .negated:
            let related = left.isEmpty ? [] : related(relation, to: left, of: right)
            return subtract(related, from: right)
        case .union:
            guard !left.isEmpty, !right.isEmpty else { return [] }
            return mergedRows(
                related(relation.inverse, to: right, of: left), related(relation, to: left, of: right))
        }
    }

    /// Those of `rows` that stand so to one of `others`.
    private func related(_ relation: StructuralRelation, to others: [Int32], of rows: [Int32]) -> [Int32] {
        switch relation {
        case .child:
            let isOther = marks(others)
            return rows.filter { row in parent(row).map { isOther[$0] && $0 != Int(row) - first } ?? false }
        case .parent:
            var hasChild = [Bool](repeating: false, count: parents.count)
            for other in others {
                if let parent = parent(other), parent != Int(other) - first { hasChild[parent] = true }
            }
            return rows.filter { hasChild[Int($0) - first] }
        case .descendant:
            let isBelow = descendants(of: others)
            return rows.filter { isBelow[Int($0) - first] }
        case .ancestor:
            let isAbove = ancestors(of: others)
            return rows.filter { isAbove[Int($0) - first] }
        case .sibling: return siblings(of: others, among: rows)
        }
    }

    /// The parent's place in the trace.
    private func parent(_ row: Int32) -> Int? {
        let parent = Int(parents[Int(row)])
        return parent >= 0 ? parent - first : nil
    }

    private func marks(_ rows: [Int32]) -> [Bool] {
        var marks = [Bool](repeating: false, count: parents.count)
        for row in rows { marks[Int(row) - first] = true }
        return marks
    }

    /// By place: whether an ancestor is one of `others`.
    private func descendants(of others: [Int32]) -> [Bool] {
        let isOther = marks(others)
        var verdicts = [Bool?](repeating: nil, count: parents.count)
        // By place: where it is on the way; -1 if no way led there.
        var steps = [Int32](repeating: -1, count: parents.count)
        var way: [Int] = []
        for place in 0..<parents.count where verdicts[place] == nil {
            way.removeAll(keepingCapacity: true)
            var next: Int? = place
            while let current = next, steps[current] < 0 {
                steps[current] = Int32(truncatingIfNeeded: way.count)
                way.append(current)
                next = parent(Int32(truncatingIfNeeded: first + current))
            }
            var verdict = false
            if let last = next {
                if let known = verdicts[last] {
                    verdict = known || isOther[last]
                } else {
                    let ring = way[Int(steps[last])...]
                    let otherCount = ring.count { isOther[$0] }
                    for current in ring { verdicts[current] = otherCount > (isOther[current] ? 1 : 0) }
                    verdict = otherCount > 0
                    way.removeLast(ring.count)
                }
            }
            // From the far end of the way back: what is above is known by then.
            for current in way.reversed() {
                verdicts[current] = verdict
                verdict = verdict || isOther[current]
            }
        }
        return verdicts.map { $0 ?? false }
    }

    /// By place: whether it is an ancestor of one of `others`.
    private func ancestors(of others: [Int32]) -> [Bool] {
        let isOther = marks(others)
        var isAbove = [Bool](repeating: false, count: parents.count)
        // By place: of how many children it is not known yet; -1 once the parent was told.
        var openCounts = [Int32](repeating: 0, count: parents.count)
        for row in parents where row >= 0 { openCounts[Int(row) - first] += 1 }
        for leaf in 0..<parents.count where openCounts[leaf] == 0 {
            var current = leaf
            while openCounts[current] == 0 {
                openCounts[current] = -1
                guard let parent = parent(Int32(truncatingIfNeeded: first + current)) else { break }
                if isAbove[current] || isOther[current] { isAbove[parent] = true }
                openCounts[parent] -= 1
                current = parent
            }
        }
        // What no leaf led through are rings.
        for place in 0..<parents.count where openCounts[place] > 0 {
            var ring: [Int] = []
            var next: Int? = place
            while let current = next, openCounts[current] > 0 {
                openCounts[current] = -1
                ring.append(current)
                next = parent(Int32(truncatingIfNeeded: first + current))
            }
            let isBelow = ring.contains { isAbove[$0] }
            let otherCount = ring.count { isOther[$0] }
            for current in ring { isAbove[current] = isBelow || otherCount > (isOther[current] ? 1 : 0) }
        }
        return isAbove
    }

    /// Rows that share their parent with another row; roots have none.
    private func siblings(of others: [Int32], among rows: [Int32]) -> [Int32] {
        let isOther = marks(others)
        var counts: [Int32: Int] = [:]
        for other in others where parents[Int(other)] != -1 { counts[parents[Int(other)], default: 0] += 1 }
        return rows.filter { row in
            let parent = parents[Int(row)]
            return parent != -1 && counts[parent, default: 0] > (isOther[Int(row) - first] ? 1 : 0)
        }
    }
}

extension RowRelations {
    /// The parents of a trace's rows, as ``parents`` has them. Of rows with the same span ID the first is the parent.
    ///
    /// - Parameters:
    ///   - id: A row's span ID.
    ///   - parent: That of its parent; 0 of roots.
    static func parents<Row>(_ rows: [Row], id: (Row) -> UInt64, parent: (Row) -> UInt64) -> [Int32] {
        var places: [UInt64: Int32] = [:]
        for (place, row) in rows.enumerated() where places[id(row)] == nil {
            places[id(row)] = Int32(truncatingIfNeeded: place)
        }
        var missing: [UInt64: Int32] = [:]
        return rows.map { row in
            let parent = parent(row)
            if parent == 0 { return -1 }
            if let place = places[parent] { return place }
            let number = missing[parent] ?? -2 - Int32(truncatingIfNeeded: missing.count)
            missing[parent] = number
            return number
        }
    }
}

/// Both lists' rows, each once; lists rise.
func mergedRows(_ a: [Int32], _ b: [Int32]) -> [Int32] {
    if a.isEmpty || b.isEmpty { return a.isEmpty ? b : a }
    var merged: [Int32] = []
    merged.reserveCapacity(a.count + b.count)
    var (i, j) = (0, 0)
    while i < a.count || j < b.count {
        if j == b.count || i < a.count && a[i] < b[j] {
            merged.append(a[i])
            i += 1
        } else {
            if i < a.count, a[i] == b[j] { i += 1 }
            merged.append(b[j])
            j += 1
        }
    }
    return merged
}

/// Those rows that are not in `gone`; lists rise.
private func subtract(_ gone: [Int32], from rows: [Int32]) -> [Int32] {
    var next = 0
    return rows.filter { row in
        while next < gone.count, gone[next] < row { next += 1 }
        return !(next < gone.count && gone[next] == row)
    }
}

extension StructuralRelation {
    /// How the left side's spans stand to the right side's.
    fileprivate var inverse: Self {
        switch self {
        case .child: .parent
        case .parent: .child
        case .descendant: .ancestor
        case .ancestor: .descendant
        case .sibling: .sibling
        }
    }
}
