// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
package import TraceModel

/// A trace of a block, in one row group of which spans match.
package struct BlockTraceMatch: Sendable {
    /// In the block's trace index.
    package var position: Int
    package var id: TraceID
    /// The first start of the trace in this block.
    package var start: UInt64
    /// Whether the block has all its rows of the trace in this group: then the counts are those of the block.
    package var isWhole: Bool
    package var matchedCount: Int
    /// The first matching rows, as many as were asked for.
    package var rows: [Int]
}

/// What a look into one row group gave, and what it took.
package struct BlockGroupMatches: Sendable {
    /// By rising trace ID.
    package var matches: [BlockTraceMatch] = []
    /// Bytes read for it.
    package var byteCount = 0
    /// Rows that were judged, and the traces that they are of; none where statistics exclude all of them.
    package var rowCount = 0
    package var traceCount = 0
}

/// A search for traces of one block with matching spans, row group by row group, newest first.
package struct BlockTraceScan: Sendable {
    /// A row group that may have matches.
    package struct Group: Sendable {
        package var index: Int
        /// No trace of the group starts later.
        package var newestStart: UInt64
    }

    private let reader: BlockReader
    private let filter: BlockFilter
    /// A matching span must start here, Unix nanoseconds.
    private let range: ClosedRange<UInt64>
    /// Those with the newest traces first.
    package let groups: [Group]

    /// Nil if no span of the block can match.
    ///
    /// - Parameter range: Where a matching span of a trace must start, so that the trace counts.
    package init?(_ reader: BlockReader, _ filter: SpanFilter, range: ClosedRange<UInt64>) async throws {
        self.reader = reader
        self.range = range
        self.filter = try await BlockFilter(filter, reader)
        guard !self.filter.isNever else { return nil }
        var groups: [Group] = []
        for (index, entry) in reader.footer.rowGroups.enumerated()
        where entry.minimumStart <= range.upperBound && entry.maximumStart >= range.lowerBound {
            var newest: UInt64 = 0
            for trace in try await reader.anchors(ofGroup: index) { newest = max(newest, trace.start) }
            groups.append(Group(index: index, newestStart: newest))
        }
        guard !groups.isEmpty else { return nil }
        self.groups = groups.sorted { ($1.newestStart, $0.index) < ($0.newestStart, $1.index) }
    }

    /// The traces of a group that match and do not start before `earliest`.
    package func matches(
        in group: Int, notBefore earliest: UInt64, rowLimit: Int
    ) async throws -> BlockGroupMatches {
        var result = BlockGroupMatches()
        let entry = reader.footer.rowGroups[group]
        let isInRange = entry.minimumStart >= range.lowerBound && entry.maximumStart <= range.upperBound
        let anchors = try await reader.anchors(ofGroup: group)
        let end = entry.firstRow + entry.rowCount
        (result.rowCount, result.traceCount) = (entry.rowCount, anchors.count { $0.rows.lowerBound < end })
        if filter.isAlways, isInRange {
            result.matches = collect(.all, anchors, nil, group, earliest, rowLimit)
            return result
        }
        let directory = try await reader.directory(of: group)
        result.byteCount = entry.directoryByteCount
        guard filter.mayMatch(directory) else {
            (result.rowCount, result.traceCount) = (0, 0)
            return result
        }
        var columns = filter.columns
        if !isInRange { columns.insert(FixedColumn.start.rawValue) }
        let decoder = try await reader.decoder(of: group, directory, columns: columns)
        let mask = try filter.mask(decoder) { () throws(BlockError) in try Self.starts(decoder, anchors) }
        result.byteCount += decoder.bytes.count
        guard !mask.isNone else { return result }
        let starts = isInRange ? nil : try Self.starts(decoder, anchors)
        result.matches = collect(mask, anchors, starts, group, earliest, rowLimit)
        return result
    }

    /// Sums the rows up by trace. A trace that has matches, but none that starts in the range, is left out.
    private func collect(
        _ mask: RowMask, _ anchors: [TraceAnchor], _ starts: [UInt64]?, _ group: Int, _ earliest: UInt64,
        _ rowLimit: Int
    ) -> [BlockTraceMatch] {
        let entry = reader.footer.rowGroups[group]
        let groupRows = entry.firstRow..<(entry.firstRow + entry.rowCount)
        var found: [BlockTraceMatch] = []
        for (index, anchor) in anchors.enumerated() where anchor.start >= earliest {
            let rows = anchor.rows.clamped(to: groupRows)
            var match = BlockTraceMatch(
                position: entry.firstTrace + index, id: anchor.id, start: anchor.start,
                isWhole: rows == anchor.rows, matchedCount: 0, rows: [])
            var isInRange = false
            for row in rows where mask[row - entry.firstRow] {
                match.matchedCount += 1
                if match.rows.count < rowLimit { match.rows.append(row) }
                isInRange = isInRange || starts.map { range.contains($0[row - entry.firstRow]) } ?? true
            }
            if isInRange { found.append(match) }
        }
        return found
    }

    /// The start of each row of the group, Unix nanoseconds.
    static func starts(
        _ decoder: borrowing RowGroupDecoder, _ anchors: [TraceAnchor]
    ) throws(BlockError) -> [UInt64] {
        let count = decoder.entry.rowCount
        var values = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.start.rawValue, count: count, 0..<count, into: &values)
        var starts: [UInt64] = []
        starts.reserveCapacity(count)
        var trace = 0
        var start: UInt64 = 0
        for row in 0..<count {
            let blockRow = decoder.entry.firstRow + row
            while trace < anchors.count, anchors[trace].rows.upperBound <= blockRow { trace += 1 }
            guard trace < anchors.count else {
                throw BlockError(.corrupted, "the trace index of block \(decoder.id) does not fit its rows")
            }
            let isFirst = row == 0 || anchors[trace].rows.lowerBound == blockRow
            start = (isFirst ? anchors[trace].start : start) &+ values[row]
            starts.append(start)
        }
        return starts
    }
}

extension BlockReader {
    /// The traces that have rows in a group, in order; perhaps also the one behind them.
    func anchors(ofGroup group: Int) async throws -> [TraceAnchor] {
        let end = group + 1 < footer.rowGroups.count ? footer.rowGroups[group + 1].firstTrace + 1 : .max
        return try await anchors(footer.rowGroups[group].firstTrace..<min(end, footer.statistics.traceCount))
    }

    /// Where a trace lies in the block and what the trace index says of it; nil if the block has none of it.
    package func find(_ traceID: TraceID) async throws -> (anchor: TraceAnchor, summary: TraceSummary)? {
        guard try await mayContain(traceID), let number = pageNumber(for: traceID) else { return nil }
        let page = try await indexPage(number)
        guard let position = page.value.position(of: traceID) else { return nil }
        let summary = try reading("trace index of block \(id)") { () throws(ByteCodingError) in
            try page.value.summary(position, services: schema.services)
        }
        return (TraceAnchor(id: traceID, rows: page.value.rows(position), start: summary.start), summary)
    }

    /// The summary of the trace at `position` of the trace index.
    package func summary(ofTrace position: Int) async throws -> TraceSummary {
        let number = pageNumber(ofTrace: position)
        let page = try await indexPage(number)
        return try reading("trace index of block \(id)") { () throws(ByteCodingError) in
            try page.value.summary(position - footer.indexPages[number].firstTrace, services: schema.services)
        }
    }
}
