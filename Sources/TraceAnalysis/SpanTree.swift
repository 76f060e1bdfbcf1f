// SPDX-License-Identifier: Apache-2.0

// The span tree of one trace, as numbers. A span is known by its row; the children of row r are
// childRows[childOffsets[r] ..< childOffsets[r + 1]], ascending:
//
//     row            0    1    2    3          0 ─┬─ 1 ─── 3
//     parents       -1    0    0    1            └─ 2
//     childOffsets   0    2    3    3    3
//     childRows      1    2    3
//
// Traces arrive broken, and the tree is what is left after repair: a missing parent makes a
// fragment with a root of its own, a cycle is cut at one place. So `parents` is always a forest.

/// Who is whose child in one trace, with the repair of what cannot be a tree.
///
/// The value is scratch as well as result: `rebuild(from:)` replaces the whole content and keeps
/// the memory, so that one tree serves a million traces in a row without allocating.
package struct SpanTree: Sendable {
    /// In `parents`: the span says that it has no parent.
    package static let noParent: Int32 = -1
    /// In `parents`: the span names a parent that is not among the rows.
    package static let missingParent: Int32 = -2
    /// In `parents`: the span is its own ancestor, and the cycle was cut above it.
    package static let cutCycle: Int32 = -3

    /// For each row its parent's row, or one of the three negative constants in a fragment's root.
    package internal(set) var parents: [Int32] = []
    /// `count + 1` positions in `childRows`: where the children of each row begin.
    package internal(set) var childOffsets: [Int32] = [0]
    /// The rows that have a parent, grouped by it; ascending within a group.
    package internal(set) var childRows: [Int32] = []
    /// The rows without a parent row, ascending: one for each fragment.
    package internal(set) var fragmentRoots: [Int32] = []
    /// How many of the fragments' roots say that they have no parent.
    package internal(set) var parentlessCount = 0
    /// The root that stands for the trace; -1 in an empty trace. See docs/CRITICAL-PATH.md, "Root".
    package internal(set) var rootRow = -1
    /// Rows whose span ID is taken by another row, in no particular order.
    package internal(set) var duplicateRows: [Int32] = []

    var table = SpanIDTable()
    var directory = SpanIDDirectory()
    var walkNumbers: [Int32] = []

    /// An empty tree.
    package init() {}

    /// The number of rows.
    package var count: Int { parents.count }

    /// Whether the trace is one tree, and its root says that it has no parent.
    package var isComplete: Bool {
        fragmentRoots.count == 1 && parentlessCount == 1
    }

    /// The positions in `childRows` at which the children of `row` stand.
    @inline(__always)
    package func childPositions(of row: Int) -> Range<Int> {
        Int(childOffsets[row])..<Int(childOffsets[row + 1])
    }

    /// Writes for each row the row of its fragment's root.
    ///
    /// - Complexity: O(count).
    package func copyFragmentRoots(into column: inout [Int32]) {
        column.removeAll(keepingCapacity: true)
        column.append(contentsOf: repeatElement(-1, count: count))
        var pending = fragmentRoots
        for root in fragmentRoots { column[Int(root)] = root }
        while let row = pending.popLast() {
            for position in childPositions(of: Int(row)) {
                let child = childRows[position]
                column[Int(child)] = column[Int(row)]
                pending.append(child)
            }
        }
    }
}
