// SPDX-License-Identifier: Apache-2.0

internal import TraceQL

/// Which rows of a trace stand in a relation to others.
///
/// Rows whose parent is missing begin fragments of their own: there the relations hold as anywhere else. Rows that are
/// their own ancestors have no end of ancestors; each is looked at once.
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
            return rows.filter { row in parent(row).map { isOther[$0] } ?? false }
        case .parent:
            var hasChild = [Bool](repeating: false, count: parents.count)
            for other in others { if let parent = parent(other) { hasChild[parent] = true } }
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
        var isOnWay = [Bool](repeating: false, count: parents.count)
        var way: [Int] = []
        for place in 0..<parents.count where verdicts[place] == nil {
            way.removeAll(keepingCapacity: true)
            var next: Int? = place
            var verdict = false
            while let current = next {
                if let known = verdicts[current] {
                    verdict = known
                    break
                }
                if isOnWay[current] { break }
                isOnWay[current] = true
                way.append(current)
                next = parent(Int32(first + current))
            }
            // From the far end of the way back: what is above is known by then.
            var last = next
            for current in way.reversed() {
                if let last { verdict = verdict || isOther[last] }
                verdicts[current] = verdict
                last = current
            }
        }
        return verdicts.map { $0 ?? false }
    }

    /// By place: whether it is an ancestor of one of `others`.
    private func ancestors(of others: [Int32]) -> [Bool] {
        var isAbove = [Bool](repeating: false, count: parents.count)
        for other in others {
            var next = parent(other)
            while let current = next, !isAbove[current] {
                isAbove[current] = true
                next = parent(Int32(first + current))
            }
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
