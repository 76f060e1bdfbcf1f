// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

/// The traces of one block of which every span arrived before a moment: a bit each, by position in the trace index.
package struct ExpiredTraces: Sendable {
    fileprivate var traces: BitMask
    /// Spans of these traces in the block.
    package fileprivate(set) var rowCount = 0
    /// How many they are.
    package fileprivate(set) var traceCount = 0

    @inline(__always) subscript(position: Int) -> Bool { traces[position] }
}

extension BlockReader {
    /// The traces of which every span here arrived before `seconds`, Unix time.
    ///
    /// Reads the column of arrivals, and of row groups that lie on one side of the moment only the list of columns.
    package func expiredTraces(before seconds: UInt64) async throws -> ExpiredTraces {
        var expired = ExpiredTraces(traces: BitMask(repeating: true, count: footer.statistics.traceCount))
        for (group, entry) in footer.rowGroups.enumerated() {
            let young = try await rows(of: group, arrivedFrom: seconds)
            let positions = positions(of: entry, group)
            let rows = entry.firstRow..<(entry.firstRow + entry.rowCount)
            for (position, trace) in zip(positions, try await anchors(positions)) {
                let part = trace.rows.clamped(to: rows)
                if young.marks(anyOf: part.lowerBound - rows.lowerBound..<part.upperBound - rows.lowerBound) {
                    expired.traces[position] = false
                }
                if trace.rows.upperBound == part.upperBound, expired[position] {
                    expired.rowCount += trace.rows.count
                    expired.traceCount += 1
                }
            }
            if retainedByteCount > Self.mergeRetainedByteLimit { dropKept() }
        }
        return expired
    }

    /// The rows of a row group that arrived at a moment or later.
    private func rows(of group: Int, arrivedFrom seconds: UInt64) async throws -> BitMask {
        let column = FixedColumn.arrivalSeconds.rawValue
        let directory = try await directory(of: group)
        let count = footer.rowGroups[group].rowCount
        guard let chunk = directory.chunk(column) else { return BitMask(repeating: seconds == 0, count: count) }
        if chunk.maximum < seconds { return BitMask(count: count) }
        if chunk.minimum >= seconds { return BitMask(repeating: true, count: count) }
        let decoder = try await decoder(of: group, directory, columns: [column])
        return try decoder.rows(integers: column, count: count, ValueSet(seconds...UInt64.max))
    }
}
