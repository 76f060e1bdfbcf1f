// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import Synchronization
package import TraceModel

/// The rows of one row group as a query sees them.
package struct ScannedRows: Sendable {
    /// Of the block.
    package var firstRow: Int
    package var rowCount: Int
    /// The first trace's position in the trace index.
    package var firstTrace: Int
    /// Traces that have rows in the group, also where ``traces`` is empty.
    package var traceCount: Int
    /// The traces that have rows in the group, by rising ID; none if there is nothing of what they must have.
    package var traces: [TraceAnchor]
    /// By filter: the rows for which it holds.
    package var marks: [RowMask]
    /// Of each row, Unix nanoseconds; nil if all lie in the range that was asked for.
    package var starts: [UInt64]?
    /// By row: the row of its parent, counted from the group's first, -1 for roots, and below that a number for each
    /// parent that is not in the group; empty if it was not asked for.
    package var parents: [Int32] = []
    /// Bytes read from storage.
    package var byteCount: Int

    /// The rows of a trace in this group, counted from the group's first.
    package func rows(of trace: TraceAnchor) -> Range<Int> {
        let rows = trace.rows.clamped(to: firstRow..<(firstRow + rowCount))
        return (rows.lowerBound - firstRow)..<(rows.upperBound - firstRow)
    }

    /// Whether the group has all rows that the block has of the trace.
    package func isWhole(_ trace: TraceAnchor) -> Bool {
        trace.rows.lowerBound >= firstRow && trace.rows.upperBound <= firstRow + rowCount
    }
}

/// What a query wants to know of the rows of a block.
package struct RowRequest: Sendable {
    /// A trace can match only if this holds for one of its spans.
    package var required = SpanFilter.all([])
    /// For which filters rows are marked.
    package var marks: [SpanFilter] = []
    /// Of a row group in which none of these of ``marks`` holds for a row no traces are wanted; nil if all are.
    package var requiredMarks: [Int]?
    package var wantsParents = false
    /// A trace can match only if a span of it starts here, Unix nanoseconds.
    package var range: ClosedRange<UInt64> = 0...UInt64.max

    package init() {}

    /// The rows for which a filter holds.
    package init(_ filter: SpanFilter) {
        required = filter
        marks = [filter]
    }
}

/// A search in one block, row group by row group, newest first.
package struct BlockTraceScan: Sendable {
    /// A row group that may have matches.
    package struct Group: Sendable {
        package var index: Int
        /// No trace of the group starts later.
        package var newestStart: UInt64
    }

    private let reader: BlockReader
    private let required: BlockFilter
    private let marks: [BlockFilter]
    private let requiredMarks: [Int]?
    private let columns: Set<UInt32>
    private let wantsParents: Bool
    private let range: ClosedRange<UInt64>
    /// Those with the newest traces first.
    package let groups: [Group]

    /// Nil if no trace of which the block has spans can match.
    package init?(_ reader: BlockReader, _ request: RowRequest) async throws {
        self.reader = reader
        range = request.range
        wantsParents = request.wantsParents
        requiredMarks = request.requiredMarks
        required = try await BlockFilter(request.required, reader)
        guard !required.isNever else { return nil }
        var marks: [BlockFilter] = []
        for filter in request.marks { marks.append(try await BlockFilter(filter, reader)) }
        self.marks = marks
        let parents: Set<UInt32> = [FixedColumn.parent.rawValue, FixedColumn.explicitParent.rawValue]
        columns = marks.reduce(into: wantsParents ? parents : []) { $0.formUnion($1.columns) }
        var groups: [Group] = []
        for (index, entry) in reader.footer.rowGroups.enumerated()
        where entry.minimumStart <= range.upperBound && entry.maximumStart >= range.lowerBound {
            if !required.isAlways {
                guard required.mayMatch(try await reader.directory(of: index)) else { continue }
            }
            groups.append(Group(index: index, newestStart: try await reader.newestTraceStart(ofGroup: index)))
        }
        guard !groups.isEmpty else { return nil }
        self.groups = groups.sorted { ($1.newestStart, $0.index) < ($0.newestStart, $1.index) }
    }

    /// Bytes in memory, about, that looking into a group takes.
    package func byteCount(ofGroup group: Int) async throws -> Int {
        let directory = try await reader.directory(of: group)
        let chunks = directory.chunks.filter { columns.contains($0.column) }
        let masks = marks.count * reader.footer.rowGroups[group].rowCount
        // A compressed chunk says only how much it is then.
        return chunks.reduce(masks) { $0 + 5 * $1.byteCount + 8 * $1.valueCount }
    }

    /// What was asked for of the rows of a group.
    package func rows(of group: Int) async throws -> ScannedRows {
        let entry = reader.footer.rowGroups[group]
        var rows = ScannedRows(
            firstRow: entry.firstRow, rowCount: entry.rowCount, firstTrace: entry.firstTrace,
            traceCount: reader.traceCount(ofGroup: group), traces: [], marks: [], byteCount: 0)
        let isInRange = entry.minimumStart >= range.lowerBound && entry.maximumStart <= range.upperBound
        var columns = columns
        if !isInRange { columns.insert(FixedColumn.start.rawValue) }
        guard !columns.isEmpty else {
            rows.marks = marks.map { $0.isNever ? .none : .all }
            rows.traces = try await reader.anchors(ofGroup: group)
            return rows
        }
        let decoder = try await reader.decoder(
            of: group, try await reader.directory(of: group), columns: columns)
        rows.byteCount = decoder.readByteCount
        // Durations that only the start explains are rare.
        if BlockFilter.hasAmbiguousDurations(entry) { rows.traces = try await reader.anchors(ofGroup: group) }
        let traces = rows.traces
        for filter in marks {
            rows.marks.append(try filter.mask(decoder) { () throws(BlockError) in try decoder.starts(traces) })
        }
        if let requiredMarks, requiredMarks.allSatisfy({ rows.marks[$0].isNone }) {
            rows.traces = []
            return rows
        }
        rows.traces = try await reader.anchors(ofGroup: group)
        if !isInRange { rows.starts = try decoder.starts(rows.traces) }
        if wantsParents { rows.parents = try Self.parents(decoder, rows) }
        return rows
    }

    /// By row: the row of the parent in the group; see ``ScannedRows/parents``.
    private static func parents(
        _ decoder: borrowing RowGroupDecoder, _ rows: ScannedRows
    ) throws(BlockError) -> [Int32] {
        let count = decoder.entry.rowCount
        var values = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.parent.rawValue, count: count, 0..<count, into: &values)
        var missing = FlatBuffer<UInt64>()
        let missingCount = decoder.valueCount(FixedColumn.explicitParent.rawValue)
        try decoder.integers(
            FixedColumn.explicitParent.rawValue, count: missingCount, 0..<missingCount, into: &missing)
        var numbers: [UInt64: Int32] = [:]
        var next = 0
        var parents = [Int32](repeating: -1, count: count)
        for trace in rows.traces {
            let part = rows.rows(of: trace)
            for row in part {
                switch values[row] {
                case 0, 2: continue
                case 1:
                    guard next < missing.count else {
                        throw BlockError(
                            .corrupted, "a row of block \(decoder.id) refers to a parent that is not there")
                    }
                    let number = numbers[missing[next]] ?? -2 - Int32(numbers.count)
                    numbers[missing[next]] = number
                    parents[row] = number
                    next += 1
                case let value:
                    guard value - 3 < UInt64(part.count) else {
                        throw BlockError(
                            .corrupted, "a row of block \(decoder.id) refers to a parent that is not there")
                    }
                    parents[row] = Int32(truncatingIfNeeded: part.lowerBound + Int(value - 3))
                }
            }
        }
        return parents
    }
}

extension BlockReader {
    /// The traces that have rows in a group, in order; perhaps also the one behind them.
    func anchors(ofGroup group: Int) async throws -> [TraceAnchor] {
        let end = group + 1 < footer.rowGroups.count ? footer.rowGroups[group + 1].firstTrace + 1 : .max
        return try await anchors(footer.rowGroups[group].firstTrace..<min(end, footer.statistics.traceCount))
    }

    /// Traces that have rows in a group; one that ends where the next group begins may count in both.
    func traceCount(ofGroup group: Int) -> Int {
        let isLast = group + 1 >= footer.rowGroups.count
        let end = isLast ? footer.statistics.traceCount : footer.rowGroups[group + 1].firstTrace
        return max(1, end - footer.rowGroups[group].firstTrace)
    }

    /// The first and the last ID of the block's traces.
    package var traceIDs: ClosedRange<TraceID> {
        footer.statistics.minimumTraceID...max(footer.statistics.minimumTraceID, footer.statistics.maximumTraceID)
    }

    /// The IDs of the block's traces that lie in a range, rising.
    package func traceIDs(in range: ClosedRange<TraceID>) async throws -> [TraceID] {
        var ids: [TraceID] = []
        for number in (pageNumber(for: range.lowerBound) ?? 0)..<footer.indexPages.count {
            guard footer.indexPages[number].firstTraceID <= range.upperBound else { break }
            let page = try await indexPage(number)
            for position in 0..<page.value.traceCount {
                let id = page.value.traceID(position)
                if range.contains(id) { ids.append(id) }
            }
        }
        return ids
    }

    /// The latest start of the traces that have rows in a group.
    func newestTraceStart(ofGroup group: Int) async throws -> UInt64 {
        if let start = newestStarts.withLock({ $0[group] }) { return start }
        let start = try await anchors(ofGroup: group).reduce(0) { max($0, $1.start) }
        newestStarts.withLock { $0[group] = start }
        return start
    }

    /// Where a trace lies in the block and what the trace index says of it; nil if the block has none of it.
    package func find(_ traceID: TraceID) async throws -> (anchor: TraceAnchor, summary: TraceSummary)? {
        guard try await mayContain(traceID), let number = pageNumber(for: traceID) else { return nil }
        let page = try await indexPage(number)
        guard let position = page.value.position(of: traceID) else { return nil }
        let summary = try reading("trace index of block \(id)") { () throws(ByteCodingError) in
            try page.value.summary(position, services: schema.services)
        }
        let anchor = TraceAnchor(
            id: traceID, rows: page.value.rows(position), start: summary.start, duration: summary.duration)
        return (anchor, summary)
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
