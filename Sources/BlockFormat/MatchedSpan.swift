// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// What a search shows of a span.
package struct MatchedSpan: Hashable, Sendable {
    package var spanID: UInt64
    package var start: UInt64
    package var duration: UInt64
    package var name: [UInt8]

    package init(spanID: UInt64, start: UInt64, duration: UInt64, name: [UInt8]) {
        self.spanID = spanID
        self.start = start
        self.duration = duration
        self.name = name
    }
}

extension BlockReader {
    /// What a search shows of some rows.
    ///
    /// - Parameter rows: Of the block, rising.
    package func matchedSpans(_ rows: [Int]) async throws -> [Int: MatchedSpan] {
        var spans: [Int: MatchedSpan] = [:]
        var next = 0
        while next < rows.count {
            let group = groups(of: rows[next]..<(rows[next] + 1)).lowerBound
            let entry = footer.rowGroups[group]
            let first = next
            while next < rows.count, rows[next] < entry.firstRow + entry.rowCount { next += 1 }
            try await addSpans(rows[first..<next], group, to: &spans)
        }
        return spans
    }

    private func addSpans(_ rows: ArraySlice<Int>, _ group: Int, to spans: inout [Int: MatchedSpan]) async throws {
        let columns: [FixedColumn] = [.spanID, .start, .duration, .name]
        let decoder = try await decoder(
            of: group, try await directory(of: group), columns: Set(columns.map(\.rawValue)))
        let names = try await dictionaries([FixedColumn.name.rawValue])[FixedColumn.name.rawValue]
        let starts = try BlockTraceScan.starts(decoder, try await anchors(ofGroup: group))
        let count = decoder.entry.rowCount
        var ids = FlatBuffer<UInt64>(capacity: count)
        var durations = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.spanID.rawValue, count: count, 0..<count, into: &ids)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, 0..<count, into: &durations)
        let texts = try self.names(of: rows.map { $0 - decoder.entry.firstRow }, decoder, names)
        for (row, name) in zip(rows, texts) {
            let index = row - decoder.entry.firstRow
            spans[row] = MatchedSpan(
                spanID: ids[index], start: starts[index],
                duration: spanDuration(start: starts[index], end: starts[index] &+ durations[index]), name: name)
        }
    }

    private func names(
        of rows: [Int], _ decoder: borrowing RowGroupDecoder, _ dictionary: Shared<BlockDictionary>?
    ) throws(BlockError) -> [[UInt8]] {
        let column = FixedColumn.name.rawValue
        let count = decoder.entry.rowCount
        guard decoder.chunk(column) != nil else { return rows.map { _ in [] } }
        guard let dictionary else {
            guard let local = try decoder.localStrings(column, count: count, 0..<count) else {
                return rows.map { _ in [] }
            }
            return rows.map { [UInt8](local[$0]) }
        }
        var codes = FlatBuffer<UInt32>(capacity: count)
        try decoder.codes(column, count: count, 0..<count, into: &codes)
        var names: [[UInt8]] = []
        for row in rows {
            guard Int(codes[row]) < dictionary.value.count else {
                throw BlockError(.corrupted, "block \(id) refers to a name that it does not have")
            }
            names.append(dictionary.value.value(Int(codes[row])).bytes)
        }
        return names
    }
}
