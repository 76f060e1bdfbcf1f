// SPDX-License-Identifier: Apache-2.0

/// One line of a waterfall: a span and how far it is indented.
package struct WaterfallLine: Sendable, Equatable {
    /// The span's row.
    package var row: Int
    /// The number of its ancestors: 0 in a fragment's root.
    package var depth: Int
}

extension SpanTree {
    /// Every row once, each parent before its children: the lines of a waterfall.
    ///
    /// Children stand by start, the longer first where starts are equal, then by span ID. The
    /// fragment of `rootRow` comes first, the other fragments follow in the same order.
    ///
    /// - Parameter trace: The columns from which this tree was built.
    /// - Complexity: O(count log count), whatever the depth.
    package func waterfall(of trace: TraceColumns) -> [WaterfallLine] {
        let children = childrenByStart(of: trace)
        var lines: [WaterfallLine] = []
        lines.reserveCapacity(count)
        var pending = fragmentRoots.map { WaterfallLine(row: Int($0), depth: 0) }
        pending.sort { trace.displayPrecedes($1.row, $0.row) }
        if let place = pending.firstIndex(where: { $0.row == rootRow }) {
            pending.append(pending.remove(at: place))
        }
        while let line = pending.popLast() {
            lines.append(line)
            for position in childPositions(of: line.row).reversed() {
                pending.append(WaterfallLine(row: Int(children[position]), depth: line.depth + 1))
            }
        }
        return lines
    }

    /// For each row the nanoseconds of its interval in which none of its children runs.
    ///
    /// Children count only inside their parent's interval, and where they overlap they count once.
    /// Times are taken as they are: nothing is cut to the grandparents, no child is asynchronous.
    ///
    /// - Parameter trace: The columns from which this tree was built.
    /// - Complexity: O(count log count).
    package func selfNanoseconds(of trace: TraceColumns) -> [UInt64] {
        let children = childrenByStart(of: trace)
        return (0..<count).map { row in
            let end = trace.intervalEnd(row)
            var own: UInt64 = 0
            var coveredUntil = trace.starts[row]
            for position in childPositions(of: row) {
                let child = Int(children[position])
                let childStart = min(trace.starts[child], end)
                if childStart > coveredUntil { own += childStart - coveredUntil }
                coveredUntil = max(coveredUntil, min(trace.intervalEnd(child), end))
            }
            return own + (end - coveredUntil)
        }
    }

    /// `childRows` with each group in display order.
    private func childrenByStart(of trace: TraceColumns) -> [Int32] {
        var order = [Int32](0..<Int32(count))
        order.sort { trace.displayPrecedes(Int($0), Int($1)) }
        var children = childRows
        var ends = childOffsets
        for row in order where parents[Int(row)] >= 0 {
            let parent = Int(parents[Int(row)])
            children[Int(ends[parent])] = row
            ends[parent] += 1
        }
        return children
    }
}
