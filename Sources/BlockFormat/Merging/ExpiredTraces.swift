// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// The traces of one block of which every span arrived before a moment: a bit each, by position in the trace index.
package struct ExpiredTraces: Sendable {
    private var words: [UInt64]
    /// Spans of these traces in the block.
    package private(set) var rowCount = 0
    /// How many they are.
    package private(set) var traceCount = 0

    /// All of `traceCount` traces.
    fileprivate init(traceCount: Int) {
        words = Array(repeating: .max, count: (traceCount + 63) / 64)
    }

    @inline(__always) subscript(position: Int) -> Bool { words[position / 64] >> UInt64(position % 64) & 1 != 0 }

    fileprivate mutating func keep(_ position: Int) { words[position / 64] &= ~(1 << UInt64(position % 64)) }

    fileprivate mutating func count(_ rows: Range<Int>) {
        rowCount += rows.count
        traceCount += 1
    }
}

extension BlockReader {
    /// The traces of which every span here arrived before `seconds`, Unix time.
    ///
    /// Reads the column of arrivals, and of row groups that lie on one side of the moment only the list of columns.
    package func expiredTraces(before seconds: UInt64) async throws -> ExpiredTraces {
        var expired = ExpiredTraces(traceCount: footer.statistics.traceCount)
        for (group, entry) in footer.rowGroups.enumerated() {
            let arrivals = try await arrivals(group, before: seconds)
            let positions = positions(of: entry, group)
            let rows = entry.firstRow..<(entry.firstRow + entry.rowCount)
            for (position, trace) in zip(positions, try await anchors(positions)) {
                let part = trace.rows.clamped(to: rows)
                for row in part where !arrivals.isBefore(row - rows.lowerBound) {
                    expired.keep(position)
                    break
                }
                if trace.rows.upperBound == part.upperBound, expired[position] { expired.count(trace.rows) }
            }
            if retainedByteCount > Self.mergeRetainedByteLimit { dropKept() }
        }
        return expired
    }

    private func arrivals(_ group: Int, before seconds: UInt64) async throws -> ArrivalTest {
        let column = FixedColumn.arrivalSeconds.rawValue
        let directory = try await directory(of: group)
        guard let chunk = directory.chunk(column) else { return ArrivalTest(all: seconds > 0) }
        if chunk.maximum < seconds { return ArrivalTest(all: true) }
        if chunk.minimum >= seconds { return ArrivalTest(all: false) }
        let decoder = try await decoder(of: group, directory, columns: [column])
        var values = FlatBuffer<UInt64>(capacity: decoder.entry.rowCount)
        try decoder.integers(column, count: decoder.entry.rowCount, 0..<decoder.entry.rowCount, into: &values)
        return ArrivalTest(values, before: seconds)
    }
}

/// Which rows of a row group arrived before a moment.
private struct ArrivalTest {
    private var all = false
    private var rows: [Bool] = []

    init(all: Bool) { self.all = all }

    init(_ values: borrowing FlatBuffer<UInt64>, before seconds: UInt64) {
        rows.reserveCapacity(values.count)
        for row in 0..<values.count { rows.append(values[row] < seconds) }
    }

    func isBefore(_ row: Int) -> Bool { rows.isEmpty ? all : rows[row] }
}
