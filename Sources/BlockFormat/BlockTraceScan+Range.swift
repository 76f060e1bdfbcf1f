// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// Which traces of a row group are in the range of a scan: those of which a row overlaps it. The trace index says so of
// most. The times of their rows do of those that began before the range and last beyond it, or end in it but go on in
// another row group; where rows may end before they start of all that began before it; and of all that stick out of
// the range if it was asked which rows are in it.

extension BlockTraceScan {
    static let timeColumns: Set<UInt32> = [FixedColumn.start.rawValue, FixedColumn.duration.rawValue]

    /// Whether all spans of a row group start in the range, so that they overlap it.
    package func isInRange(_ group: Int) -> Bool {
        let entry = reader.footer.rowGroups[group]
        return entry.minimumStart >= range.lowerBound && entry.maximumStart <= range.upperBound
    }

    /// Leaves out the traces that have no row in the group that overlaps the range, but for those that go on elsewhere
    /// and are in the range by what they have there.
    func dropOthers(from rows: inout ScannedRows, _ group: Int) async throws {
        guard !rows.traces.isEmpty, !isInRange(group) else { return }
        let directory = try await reader.directory(of: group)
        let isReversed = Self.mayHaveReversed(reader.footer.rowGroups[group], directory)
        let shares = rows.traces.map { share(of: $0, isWhole: rows.isWhole($0), isReversed) }
        let unclear = shares.indices.filter { shares[$0] == .unclear || wantsRowsInRange && shares[$0] == .some }
        guard wantsRowsInRange || !unclear.isEmpty else { return rows.keep(shares.map { $0 != .none }) }
        var inRange = BitMask(count: rows.rowCount)
        if !unclear.isEmpty {
            let decoder = try await reader.decoder(of: group, directory, columns: Self.timeColumns)
            rows.byteCount += decoder.readByteCount
            try mark(unclear.map { rows.traces[$0] }, rows, decoder, in: &inRange)
        }
        var isKept: [Bool] = []
        for (index, share) in shares.enumerated() {
            let part = rows.rows(of: rows.traces[index])
            if share == .all { inRange.mark(part) }
            isKept.append(share != .none && (share != .unclear || inRange.marks(anyOf: part)))
        }
        if wantsRowsInRange { rows.inRange = RowMask(inRange) }
        rows.keep(isKept)
    }

    /// How many of the rows that a trace has in a row group overlap the range.
    private enum Share {
        case none
        /// At least one, perhaps of another group.
        case some
        case all
        case unclear
    }

    /// What the trace index says of a trace.
    ///
    /// - Parameters:
    ///   - isWhole: Whether the group has all its rows.
    ///   - isReversed: Whether rows of the group may end before they start. These may lie behind the trace's last end.
    private func share(of trace: TraceAnchor, isWhole: Bool, _ isReversed: Bool) -> Share {
        let (end, isDamaged) = trace.start.addingReportingOverflow(trace.duration)
        if isDamaged { return .unclear }
        if trace.start > range.upperBound { return .none }
        // The trace's first row overlaps it.
        if trace.start >= range.lowerBound { return !isReversed && end <= range.upperBound ? .all : .some }
        if isReversed { return .unclear }
        if end < range.lowerBound { return .none }
        // The row that ends last does.
        return isWhole && end <= range.upperBound ? .some : .unclear
    }

    /// Whether a span of a row group may end before it starts.
    private static func mayHaveReversed(_ entry: RowGroupEntry, _ directory: RowGroupDirectory) -> Bool {
        let greatest = directory.chunk(FixedColumn.duration.rawValue)?.maximum ?? 0
        return greatest > UInt64(Int64.max) || BlockFilter.hasAmbiguousDurations(entry)
    }

    /// Marks the rows that overlap the range.
    ///
    /// - Parameter traces: With rows in the group, by rising ID.
    private func mark(
        _ traces: [TraceAnchor], _ rows: ScannedRows, _ decoder: borrowing RowGroupDecoder, in inRange: inout BitMask
    ) throws(BlockError) {
        let places = traces.flatMap { rows.rows(of: $0) }
        let starts = try decoder.starts(of: places, traces)
        var durations = FlatBuffer<UInt64>(capacity: places.count)
        try decoder.integers(
            FixedColumn.duration.rawValue, count: rows.rowCount, at: places.span, into: &durations)
        for (index, place) in places.enumerated()
        where range.overlapsSpan(from: starts[index], to: starts[index] &+ durations[index]) {
            inRange[place] = true
        }
    }
}

extension ScannedRows {
    /// Leaves out the traces that are not kept.
    fileprivate mutating func keep(_ isKept: [Bool]) {
        guard isKept.contains(false) else { return }
        let kept = isKept.indices.filter { isKept[$0] }
        traces = kept.map { traces[$0] }
        positions = kept.map { positions[$0] }
    }
}
