// SPDX-License-Identifier: Apache-2.0

extension SpanTree {
    /// Replaces the content by the tree of `trace`.
    ///
    /// - Precondition: The columns of `trace` are equally long, and not longer than `Int32.max`.
    /// - Complexity: O(count); O(count log count) where a span ID stands twice. Allocates only for
    ///   a trace larger than all before it, or in that second case.
    package mutating func rebuild(from trace: TraceColumns) {
        precondition(trace.isRectangular, "the columns of a trace differ in length")
        precondition(trace.count < Int(Int32.max), "a trace has more rows than Int32 can number")
        parents.setCount(trace.count)
        duplicateRows.removeAll(keepingCapacity: true)
        if !table.resolveParents(of: trace, into: &parents) {
            directory.resolveParents(of: trace, into: &parents, duplicateRows: &duplicateRows)
        }
        cutCycles(of: trace)
        groupChildren()
        chooseRoot(of: trace)
    }

    /// Finds each cycle of parents and makes that one of its spans a root that starts first.
    ///
    /// Follows parents from every row until it meets a row that was met before; if that was on the
    /// same walk, the walk runs in a circle.
    private mutating func cutCycles(of trace: TraceColumns) {
        guard !parentsComeFirst else { return }
        walkNumbers.removeAll(keepingCapacity: true)
        walkNumbers.append(contentsOf: repeatElement(-1, count: count))
        for first in 0..<Int32(count) {
            var row = first
            while row >= 0, walkNumbers[Int(row)] < 0 {
                walkNumbers[Int(row)] = first
                row = parents[Int(row)]
            }
            if row >= 0, walkNumbers[Int(row)] == first { cutCycle(through: row, of: trace) }
        }
    }

    /// Whether every parent's row is smaller than its child's: then there is no cycle.
    private var parentsComeFirst: Bool {
        let parents = parents.span
        for row in parents.indices where Int(parents[row]) >= row { return false }
        return true
    }

    private mutating func cutCycle(through row: Int32, of trace: TraceColumns) {
        var earliest = row
        var next = parents[Int(row)]
        while next != row {
            if trace.displayPrecedes(Int(next), Int(earliest)) { earliest = next }
            next = parents[Int(next)]
        }
        parents[Int(earliest)] = Self.cutCycle
    }

    /// Fills `childOffsets`, `childRows` and `fragmentRoots` from `parents`, by counting.
    private mutating func groupChildren() {
        childOffsets.setCount(count + 1)
        fragmentRoots.removeAll(keepingCapacity: true)
        parentlessCount = 0
        for row in 0..<count where parents[row] < 0 {
            fragmentRoots.append(Int32(truncatingIfNeeded: row))
            if parents[row] == Self.noParent { parentlessCount += 1 }
        }
        childRows.setCount(count - fragmentRoots.count)
        Self.group(parents, into: &childRows, offsets: &childOffsets)
    }

    private static func group(
        _ parents: [Int32], into childRows: inout [Int32], offsets childOffsets: inout [Int32]
    ) {
        let parents = parents.span
        var offsets = childOffsets.mutableSpan
        var children = childRows.mutableSpan
        for row in offsets.indices { offsets[row] = 0 }
        for row in parents.indices where parents[row] >= 0 { offsets[Int(parents[row])] &+= 1 }
        var total: Int32 = 0
        for row in offsets.indices {
            total &+= offsets[row]
            offsets[row] = total
        }
        // Each offset is now where its row's children end; filling from behind moves it to the
        // place where they begin.
        for row in parents.indices.reversed() where parents[row] >= 0 {
            let parent = Int(parents[row])
            offsets[parent] &-= 1
            children[Int(offsets[parent])] = Int32(truncatingIfNeeded: row)
        }
    }

    /// Picks the only span without a parent; else the fragment that starts first.
    private mutating func chooseRoot(of trace: TraceColumns) {
        rootRow = -1
        for candidate in fragmentRoots {
            let row = Int(candidate)
            if parentlessCount == 1 {
                if parents[row] == Self.noParent { rootRow = row }
            } else if rootRow < 0 || trace.displayPrecedes(row, rootRow) {
                rootRow = row
            }
        }
    }
}

extension [Int32] {
    /// Makes the array that long without giving memory back; new elements are 0, old ones stay.
    mutating func setCount(_ newCount: Int) {
        if count > newCount {
            removeLast(count - newCount)
        } else {
            append(contentsOf: repeatElement(0, count: newCount - count))
        }
    }
}
