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

/// What a search shows of some rows of one row group or view, in columns, in the order of the rows.
package struct MatchedColumns: Sendable {
    package internal(set) var spanIDs: [UInt64]
    /// Unix nanoseconds.
    package internal(set) var starts: [UInt64]
    /// Nanoseconds.
    package internal(set) var durations: [UInt64]
    /// Codes for ``BlockReader/names(ofCodes:)``, all of which there are, or places in ``localNames``.
    package internal(set) var names: [UInt32]
    /// Nil where a block has a dictionary of names.
    package internal(set) var localNames: [[UInt8]]?
}

extension BlockReader {
    private static let matchedColumns: Set<UInt32> = Set(
        [FixedColumn.spanID, .start, .duration, .name].map(\.rawValue))

    /// What a search shows of some rows.
    ///
    /// - Parameter rows: Of the block, rising or equal, all in `group`.
    package func matchedColumns(_ rows: some Collection<Int>, group: Int) async throws -> MatchedColumns {
        let decoder = try await decoder(of: group, try await directory(of: group), columns: Self.matchedColumns)
        let dictionary = try await dictionaries([FixedColumn.name.rawValue])[FixedColumn.name.rawValue]
        let traces = try await anchors(ofGroup: group)
        let places = rows.map { $0 - decoder.entry.firstRow }
        let count = decoder.entry.rowCount
        let starts = try decoder.starts(of: places, traces)
        var ids = FlatBuffer<UInt64>(capacity: places.count)
        var lengths = FlatBuffer<UInt64>(capacity: places.count)
        try decoder.integers(FixedColumn.spanID.rawValue, count: count, at: places.span, into: &ids)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, at: places.span, into: &lengths)
        var matched = MatchedColumns(spanIDs: [], starts: starts, durations: [], names: [], localNames: nil)
        matched.spanIDs.reserveCapacity(places.count)
        matched.durations.reserveCapacity(places.count)
        for index in places.indices {
            matched.spanIDs.append(ids[index])
            let start = starts[index]
            matched.durations.append(spanDuration(start: start, end: start &+ lengths[index]))
        }
        try addNames(of: places, decoder, dictionary, to: &matched)
        return matched
    }

    /// The names of spans by their codes in the block's dictionary.
    ///
    /// - Throws: `.corrupted` if there is no such code.
    package func names(ofCodes codes: [UInt32]) async throws -> [[UInt8]] {
        let column = FixedColumn.name.rawValue
        let dictionary = try await dictionaries([column])[column]
        var names: [[UInt8]] = []
        names.reserveCapacity(codes.count)
        for code in codes {
            guard let dictionary, Int(code) < dictionary.value.count else {
                throw lacksName()
            }
            names.append(dictionary.value.value(Int(code)).bytes)
        }
        return names
    }

    private func lacksName() -> BlockError {
        BlockError(.corrupted, "block \(id) refers to a name that it does not have")
    }

    private func addNames(
        of places: [Int], _ decoder: borrowing RowGroupDecoder, _ dictionary: Shared<BlockDictionary>?,
        to matched: inout MatchedColumns
    ) throws(BlockError) {
        let column = FixedColumn.name.rawValue
        let count = decoder.entry.rowCount
        guard decoder.chunk(column) != nil else {
            matched.names = Array(repeating: 0, count: places.count)
            matched.localNames = [[]]
            return
        }
        guard let dictionary else {
            guard let local = try decoder.localStrings(column, count: count, 0..<count) else { return }
            var names: [[UInt8]] = []
            for place in places {
                matched.names.append(UInt32(truncatingIfNeeded: names.count))
                names.append([UInt8](local[place]))
            }
            matched.localNames = names
            return
        }
        var codes = FlatBuffer<UInt32>(capacity: places.count)
        try decoder.codes(column, count: count, at: places.span, into: &codes)
        matched.names.reserveCapacity(places.count)
        for index in places.indices {
            let code = codes[index]
            guard Int(code) < dictionary.value.count else { throw lacksName() }
            matched.names.append(code)
        }
    }
}
