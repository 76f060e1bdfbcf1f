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
    /// What a search shows of some rows, in their order.
    ///
    /// - Parameter rows: Of the block, rising or equal.
    package func matchedSpans(_ rows: [Int]) async throws -> [MatchedSpan] {
        var spans: [MatchedSpan] = []
        spans.reserveCapacity(rows.count)
        var next = 0
        while next < rows.count {
            let group = rowGroup(ofRow: rows[next])
            let first = next
            let end = endRow(ofGroup: group)
            while next < rows.count, rows[next] < end { next += 1 }
            try await addSpans(rows[first..<next], group, to: &spans)
        }
        return spans
    }

    private func addSpans(_ rows: ArraySlice<Int>, _ group: Int, to spans: inout [MatchedSpan]) async throws {
        let columns: [FixedColumn] = [.spanID, .start, .duration, .name]
        let decoder = try await decoder(
            of: group, try await directory(of: group), columns: Set(columns.map(\.rawValue)))
        let dictionary = try await dictionaries([FixedColumn.name.rawValue])[FixedColumn.name.rawValue]
        let traces = try await anchors(ofGroup: group)
        let places = rows.map { $0 - decoder.entry.firstRow }
        let count = decoder.entry.rowCount
        let starts = try decoder.starts(of: places, traces)
        var ids = FlatBuffer<UInt64>(capacity: places.count)
        var durations = FlatBuffer<UInt64>(capacity: places.count)
        try decoder.integers(FixedColumn.spanID.rawValue, count: count, at: places.span, into: &ids)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, at: places.span, into: &durations)
        let names = try names(of: places, decoder, dictionary)
        for index in places.indices {
            let start = starts[index]
            spans.append(
                MatchedSpan(
                    spanID: ids[index], start: start,
                    duration: spanDuration(start: start, end: start &+ durations[index]), name: names[index]))
        }
    }

    private func names(
        of places: [Int], _ decoder: borrowing RowGroupDecoder, _ dictionary: Shared<BlockDictionary>?
    ) throws(BlockError) -> [[UInt8]] {
        let column = FixedColumn.name.rawValue
        let count = decoder.entry.rowCount
        guard decoder.chunk(column) != nil else { return places.map { _ in [] } }
        guard let dictionary else {
            guard let local = try decoder.localStrings(column, count: count, 0..<count) else {
                return places.map { _ in [] }
            }
            return places.map { [UInt8](local[$0]) }
        }
        var codes = FlatBuffer<UInt32>(capacity: count)
        try decoder.codes(column, count: count, 0..<count, into: &codes)
        var known: [UInt32: [UInt8]] = [:]
        var names: [[UInt8]] = []
        names.reserveCapacity(places.count)
        for place in places {
            let code = codes[place]
            if let name = known[code] {
                names.append(name)
                continue
            }
            guard Int(code) < dictionary.value.count else {
                throw BlockError(.corrupted, "block \(id) refers to a name that it does not have")
            }
            let name = dictionary.value.value(Int(code)).bytes
            known[code] = name
            names.append(name)
        }
        return names
    }
}
