// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

extension RowGroupDecoder {
    /// The start of each row of the group, Unix nanoseconds.
    func starts(_ traces: [TraceAnchor]) throws(BlockError) -> [UInt64] {
        try starts(of: Array(0..<entry.rowCount), traces)
    }

    /// The starts of some rows of a group, Unix nanoseconds: a row's stands as the difference to the row before.
    ///
    /// - Parameters:
    ///   - places: In the group, rising or equal.
    ///   - traces: Those that have rows in the group, in order.
    func starts(of places: [Int], _ traces: [TraceAnchor]) throws(BlockError) -> [UInt64] {
        let firstRow = entry.firstRow
        // The rows of each trace up to the last one that is wanted.
        var needed: [Int] = []
        var trace = 0
        for place in places {
            while trace < traces.count, traces[trace].rows.upperBound <= firstRow + place { trace += 1 }
            guard trace < traces.count, traces[trace].rows.lowerBound <= firstRow + place else {
                throw BlockError(.corrupted, "the trace index of block \(id) does not fit its rows")
            }
            let first = max(traces[trace].rows.lowerBound - firstRow, 0, needed.last.map { $0 + 1 } ?? 0)
            if first <= place { needed.append(contentsOf: first...place) }
        }
        var values = FlatBuffer<UInt64>(capacity: needed.count)
        try integers(FixedColumn.start.rawValue, count: entry.rowCount, at: needed.span, into: &values)
        var starts: [UInt64] = []
        starts.reserveCapacity(places.count)
        trace = 0
        var start: UInt64 = 0
        var next = 0
        for (index, row) in needed.enumerated() {
            while traces[trace].rows.upperBound <= firstRow + row { trace += 1 }
            let isFirst = row == 0 || traces[trace].rows.lowerBound == firstRow + row
            start = (isFirst ? traces[trace].start : start) &+ values[index]
            while next < places.count, places[next] == row {
                starts.append(start)
                next += 1
            }
        }
        return starts
    }
}
