// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// The rows of one row group as a query sees them.
package struct ScannedRows: Sendable {
    /// Of the block.
    package var firstRow: Int
    package var rowCount: Int
    /// Traces that have rows in the group, also those that are not among ``traces``.
    package var traceCount: Int
    /// The traces that have rows in the group and may be in the range that was asked for, by rising ID: of those that
    /// the group has whole exactly those of which a row overlaps it. Where they must have something, perhaps only those
    /// that have it.
    package var traces: [TraceAnchor] = []
    /// Of ``traces``, in the trace index.
    package var positions: [Int] = []
    /// By filter: the rows for which it holds.
    package var marks: [RowMask]
    /// The rows of ``traces`` that overlap the range that was asked for, if it was asked which they are.
    package var inRange = RowMask.all
    /// By row: the row of its parent, counted from the group's first, -1 for roots, and below that a number for each
    /// parent that is not in the group; of rows of ``traces`` only; empty if it was not asked for.
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
    /// Only traces are wanted that have a row in the group for which one of these of ``marks`` holds; nil if all are.
    package var requiredMarks: [Int]?
    package var wantsParents = false
    /// A trace can match only if a span of it overlaps this, Unix nanoseconds.
    package var range: ClosedRange<UInt64> = 0...UInt64.max
    /// Whether it is said which rows overlap the range.
    package var wantsRowsInRange = false

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

    let reader: BlockReader
    private let required: BlockFilter
    private let marks: [BlockFilter]
    private let requiredMarks: [Int]?
    private let columns: Set<UInt32>
    private let wantsParents: Bool
    let range: ClosedRange<UInt64>
    let wantsRowsInRange: Bool
    /// Those with the newest traces first.
    package let groups: [Group]

    /// Nil if no trace of which the block has spans can match.
    package init?(_ reader: BlockReader, _ request: RowRequest) async throws {
        self.reader = reader
        range = request.range
        wantsRowsInRange = request.wantsRowsInRange
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
        for (index, entry) in reader.footer.rowGroups.enumerated() where entry.mayOverlap(range) {
            do {
                if !required.isAlways {
                    guard required.mayMatch(try await reader.directory(of: index)) else { continue }
                }
                groups.append(Group(index: index, newestStart: try await reader.newestTraceStart(ofGroup: index)))
            } catch is BlockError {
                // It says so itself when it is looked into; the others are sound.
                groups.append(Group(index: index, newestStart: entry.maximumStart))
            }
        }
        guard !groups.isEmpty else { return nil }
        self.groups = groups.sorted { ($1.newestStart, $0.index) < ($0.newestStart, $1.index) }
    }

    /// Bytes in memory, about, that looking into a group takes.
    package func byteCount(ofGroup group: Int) async throws -> Int {
        let rowCount = reader.footer.rowGroups[group].rowCount
        let columnByteCount = try await reader.byteCount(ofColumns: columns, group: group)
        guard !isInRange(group) else { return marks.count * rowCount + columnByteCount }
        // Which rows they are of, and the times once more as they are put together.
        let times = try await reader.byteCount(ofColumns: Self.timeColumns, group: group) + rowCount * 24
        return marks.count * rowCount + columnByteCount + times
    }

    /// What was asked for of the rows of a group.
    ///
    /// - Parameter since: Traces that start before may be left out, Unix nanoseconds.
    package func rows(of group: Int, since: UInt64 = 0) async throws -> ScannedRows {
        let entry = reader.footer.rowGroups[group]
        var rows = ScannedRows(
            firstRow: entry.firstRow, rowCount: entry.rowCount, traceCount: reader.traceCount(ofGroup: group),
            marks: [], byteCount: 0)
        guard !columns.isEmpty else {
            rows.marks = marks.map { $0.isNever ? .none : .all }
            try await reader.addAnchors(ofGroup: group, to: &rows)
            try await dropOthers(from: &rows, group)
            return rows
        }
        let decoder = try await reader.decoder(
            of: group, try await reader.directory(of: group), columns: columns)
        rows.byteCount = decoder.readByteCount
        // Durations that only the start explains are rare.
        let traces = BlockFilter.hasAmbiguousDurations(entry) ? try await reader.anchors(ofGroup: group) : []
        for filter in marks {
            rows.marks.append(try filter.mask(decoder) { () throws(BlockError) in try decoder.starts(traces) })
        }
        let wanted = requiredMarks.map { $0.reduce(RowMask.none) { $0.or(rows.marks[$1]) } } ?? .all
        if wanted.isNone { return rows }
        if case .some(let bits) = wanted {
            try await reader.addAnchors(ofGroup: group, having: bits, since: since, to: &rows)
        } else {
            try await reader.addAnchors(ofGroup: group, to: &rows)
        }
        try await dropOthers(from: &rows, group)
        if wantsParents { rows.parents = try Self.parents(decoder, rows) }
        return rows
    }

    /// By filter: the rows of a group for which it holds.
    ///
    /// - Returns: Besides, the bytes read from storage.
    package func marks(of group: Int) async throws -> (marks: [RowMask], readByteCount: Int) {
        let entry = reader.footer.rowGroups[group]
        let columns = marks.reduce(into: Set<UInt32>()) { $0.formUnion($1.columns) }
        guard !columns.isEmpty else { return (marks.map { $0.isNever ? .none : .all }, 0) }
        let decoder = try await reader.decoder(of: group, try await reader.directory(of: group), columns: columns)
        let traces = BlockFilter.hasAmbiguousDurations(entry) ? try await reader.anchors(ofGroup: group) : []
        var masks: [RowMask] = []
        for filter in marks {
            masks.append(try filter.mask(decoder) { () throws(BlockError) in try decoder.starts(traces) })
        }
        return (masks, decoder.readByteCount)
    }

    /// By row, of the traces that were found: the row of the parent in the group; see ``ScannedRows/parents``.
    private static func parents(
        _ decoder: borrowing RowGroupDecoder, _ rows: ScannedRows
    ) throws(BlockError) -> [Int32] {
        let count = decoder.entry.rowCount
        let missing = try decoder.explicitParents()
        // Which missing parent is a row's depends on all rows before it.
        let needsAll = missing.count > 0 || 2 * rows.traces.count > rows.traceCount
        var values = FlatBuffer<UInt64>()
        if needsAll {
            try decoder.integers(FixedColumn.parent.rawValue, count: count, 0..<count, into: &values)
        } else {
            let places = rows.traces.flatMap { rows.rows(of: $0) }
            try decoder.integers(FixedColumn.parent.rawValue, count: count, at: places.span, into: &values)
        }
        var numbers: [UInt64: Int32] = [:]
        var next = 0
        var index = 0
        var parents = [Int32](repeating: -1, count: count)
        for trace in rows.traces {
            let part = rows.rows(of: trace)
            while needsAll, index < part.lowerBound {
                if values[index] == 1 { next += 1 }
                index += 1
            }
            for row in part {
                defer { index += 1 }
                switch values[index] {
                case 0, 2: continue
                case 1:
                    guard next < missing.count else { throw decoder.lacksParent() }
                    let number = numbers[missing[next]] ?? -2 - Int32(numbers.count)
                    numbers[missing[next]] = number
                    parents[row] = number
                    next += 1
                case let value:
                    guard value - 3 < UInt64(part.count) else { throw decoder.lacksParent() }
                    parents[row] = Int32(truncatingIfNeeded: part.lowerBound + Int(value - 3))
                }
            }
        }
        return parents
    }
}
