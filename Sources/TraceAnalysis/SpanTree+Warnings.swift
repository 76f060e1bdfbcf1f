// SPDX-License-Identifier: Apache-2.0

extension SpanTree {
    /// Marks in the whole trace what is wrong with the tree and with the spans' own times.
    func markBroken(_ trace: TraceColumns, in warnings: inout [CriticalPathWarnings]) {
        for root in fragmentRoots {
            switch parents[Int(root)] {
            case Self.missingParent: warnings[Int(root)].insert(.missingParent)
            case Self.cutCycle: warnings[Int(root)].insert(.cycle)
            default: if parentlessCount > 1 { warnings[Int(root)].insert(.severalRoots) }
            }
        }
        for row in duplicateRows { warnings[Int(row)].insert(.duplicateSpanID) }
        for row in 0..<count where trace.ends[row] < trace.starts[row] {
            warnings[row].insert(.negativeDuration)
        }
    }

    /// Marks in the root's fragment the spans that are not inside their parents.
    ///
    /// Below a span that is left out nothing is marked.
    func markMisplaced(
        _ times: TraceColumns, options: CriticalPathOptions,
        in warnings: inout [CriticalPathWarnings]
    ) {
        var pending = [Window(rootRow, times.starts[rootRow], times.intervalEnd(rootRow))]
        while let window = pending.popLast() {
            let soleServer = soleServer(of: window.row, times)
            for position in childPositions(of: window.row) {
                let row = Int(childRows[position])
                guard followsEdge(to: row, times, options.asynchronous) else { continue }
                let (start, end) = (times.starts[row], times.intervalEnd(row))
                if row == soleServer, sticksOutThoughItFits(row, of: window.row, times) {
                    warnings[row].insert(.clockSkew)
                }
                let isOutside =
                    start == end
                    ? start < window.start || start > window.end
                    : start >= window.end || end <= window.start
                if isOutside {
                    warnings[row].insert(.childOutsideParent)
                    continue
                }
                if start < window.start || end > window.end { warnings[row].insert(.childClipped) }
                pending.append(Window(row, max(start, window.start), min(end, window.end)))
            }
        }
    }

    /// Whether the path may go from this row's parent to it.
    func followsEdge(
        to row: Int, _ trace: TraceColumns, _ asynchronous: CriticalPathOptions.Asynchronous
    ) -> Bool {
        asynchronous == .include
            || !SpanKindNumber.isAsynchronous(
                parent: trace.kinds[Int(parents[row])], child: trace.kinds[row])
    }

    private struct Window {
        var row: Int
        var start: UInt64
        var end: UInt64

        init(_ row: Int, _ start: UInt64, _ end: UInt64) {
            self.row = row
            self.start = start
            self.end = end
        }
    }
}
