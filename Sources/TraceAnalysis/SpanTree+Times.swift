// SPDX-License-Identifier: Apache-2.0

// Two of the options are no other walk but the same walk over other times. Both work on a copy of
// the columns, from the root down, in the root's fragment.

extension SpanTree {
    /// Moves each server's span that sticks out of its client's into it, with all below it.
    ///
    /// A shift is carried down to the descendants; where it would leave the range of `UInt64`,
    /// times stop at its ends.
    func adjustSkew(of times: inout TraceColumns, in warnings: inout [CriticalPathWarnings]) {
        let recorded = times
        times.ends[rootRow] = times.intervalEnd(rootRow)
        var pending = [rootRow]
        while let row = pending.popLast() {
            let soleServer = soleServer(of: row, times)
            for position in childPositions(of: row) {
                let child = Int(childRows[position])
                let end = recorded.intervalEnd(child)
                let (before, after) = (recorded.starts[row], times.starts[row])
                times.starts[child] = recorded.starts[child].moved(from: before, to: after)
                times.ends[child] = end.moved(from: before, to: after)
                if child == soleServer, sticksOutThoughItFits(child, of: row, times) {
                    fit(child, into: row, &times)
                    warnings[child].insert(.skewAdjusted)
                }
                pending.append(child)
            }
        }
    }

    private func fit(_ child: Int, into row: Int, _ times: inout TraceColumns) {
        let duration = times.ends[child] - times.starts[child]
        if times.starts[child] < times.starts[row] {
            times.starts[child] = times.starts[row]
            times.ends[child] = times.starts[row] + duration
        } else {
            times.starts[child] = times.ends[row] - duration
            times.ends[child] = times.ends[row]
        }
    }

    /// The only SERVER child of a CLIENT; -1 if there is none or several, or this is no CLIENT.
    func soleServer(of row: Int, _ trace: TraceColumns) -> Int {
        guard trace.kinds[row] == SpanKindNumber.client else { return -1 }
        var found = -1
        for position in childPositions(of: row) {
            let child = Int(childRows[position])
            guard trace.kinds[child] == SpanKindNumber.server else { continue }
            if found >= 0 { return -1 }
            found = child
        }
        return found
    }

    /// Whether a child that is no longer than its parent nevertheless leaves it on either side.
    func sticksOutThoughItFits(_ child: Int, of row: Int, _ trace: TraceColumns) -> Bool {
        let (start, end) = (trace.starts[child], trace.intervalEnd(child))
        let (parentStart, parentEnd) = (trace.starts[row], trace.intervalEnd(row))
        return end - start <= parentEnd - parentStart && (start < parentStart || end > parentEnd)
    }

    /// Lets the span that ends last, and all its ancestors, run until that end; does nothing if
    /// no span outlives the root.
    func extendToLastSpan(
        _ times: inout TraceColumns, asynchronous: CriticalPathOptions.Asynchronous
    ) {
        var last = rootRow
        var pending = [rootRow]
        while let row = pending.popLast() {
            if endsLater(row, than: last, times) { last = row }
            for position in childPositions(of: row) {
                let child = Int(childRows[position])
                if followsEdge(to: child, times, asynchronous) { pending.append(child) }
            }
        }
        let end = times.intervalEnd(last)
        guard end > times.intervalEnd(rootRow) else { return }
        var row = last
        while row >= 0 {
            times.ends[row] = end
            row = Int(parents[row])
        }
    }

    private func endsLater(_ row: Int, than other: Int, _ trace: TraceColumns) -> Bool {
        let (end, otherEnd) = (trace.intervalEnd(row), trace.intervalEnd(other))
        if end != otherEnd { return end > otherEnd }
        if trace.starts[row] != trace.starts[other] {
            return trace.starts[row] > trace.starts[other]
        }
        return trace.identityPrecedes(row, other)
    }
}

extension UInt64 {
    /// The number moved by as much as `before` was to become `after`, at most to 0 or `max`.
    fileprivate func moved(from before: UInt64, to after: UInt64) -> UInt64 {
        if after >= before {
            let (sum, overflows) = addingReportingOverflow(after - before)
            return overflows ? .max : sum
        }
        return self > before - after ? self - (before - after) : 0
    }
}
