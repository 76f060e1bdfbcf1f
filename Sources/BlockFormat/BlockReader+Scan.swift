// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

extension BlockReader {
    /// Adds the spans of this block for which the conditions hold.
    ///
    /// Row groups are passed over by their statistics; in the others the conditions on codes are judged first, and
    /// durations, starts and IDs are read of the rows that they leave.
    ///
    /// - Returns: Bytes read from storage.
    package func scan(_ request: ScanRequest, into matches: inout LongestMatches) async throws -> Int {
        guard let plan = try await ScanPlan(request, self) else { return 0 }
        var byteCount = 0
        // The groups with the longest spans first: they raise the threshold.
        let order = footer.rowGroups.indices.sorted {
            footer.rowGroups[$0].maximumDuration > footer.rowGroups[$1].maximumDuration
        }
        for group in order {
            let entry = footer.rowGroups[group]
            guard plan.mayMatch(entry, threshold: matches.threshold) else { continue }
            let directory = try await directory(of: group)
            guard plan.filter.mayMatch(directory) else { continue }
            let decoder = try await decoder(
                of: group, directory, columns: plan.filter.columns.union([FixedColumn.duration.rawValue]))
            byteCount += decoder.readByteCount
            let found = try Self.candidates(decoder, plan, threshold: matches.threshold)
            if !found.isEmpty { byteCount += try await add(found, group, directory, plan, &matches) }
            try Task.checkCancellation()
        }
        return byteCount
    }

    /// Rows of the group for which all conditions may hold: the time is judged later, as it needs the trace index.
    private static func candidates(
        _ decoder: borrowing RowGroupDecoder, _ plan: ScanPlan, threshold: UInt64
    ) throws(BlockError) -> [Int] {
        let count = decoder.entry.rowCount
        let mask = try plan.filter.mask(decoder) { [] }
        let rows = mask.rows(in: 0..<count).map { Int($0) }
        var durations = FlatBuffer<UInt64>(capacity: rows.count)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, at: rows.span, into: &durations)
        let floor = max(threshold, plan.duration.lowerBound)
        let ceiling = plan.duration.upperBound
        // Where the group has times beyond 2262, a difference with its first bit set may be a duration or none until
        // the start is known.
        let isAmbiguous = BlockFilter.hasAmbiguousDurations(decoder.entry)
        return rows.indices.filter { index in
            let stored = durations[index]
            let duration = Int64(bitPattern: stored) < 0 ? 0 : stored
            return duration >= floor && duration <= ceiling
                || isAmbiguous && (floor == 0 || stored >= floor && stored <= ceiling)
        }.map { rows[$0] }
    }

    /// Looks up what an answer shows of the rows, and judges the time.
    ///
    /// - Parameter places: In the group, rising.
    /// - Returns: Bytes read from storage.
    private func add(
        _ places: [Int], _ group: Int, _ directory: RowGroupDirectory, _ plan: ScanPlan,
        _ matches: inout LongestMatches
    ) async throws -> Int {
        let columns: [FixedColumn] = [.spanID, .kind, .start, .duration]
        let traces = try await anchors(ofGroup: group)
        let decoder = try await decoder(of: group, directory, columns: Set(columns.map(\.rawValue)))
        let count = decoder.entry.rowCount
        let starts = try decoder.starts(of: places, traces)
        var ids = FlatBuffer<UInt64>(capacity: places.count)
        var kinds = FlatBuffer<UInt64>(capacity: places.count)
        var durations = FlatBuffer<UInt64>(capacity: places.count)
        try decoder.integers(FixedColumn.spanID.rawValue, count: count, at: places.span, into: &ids)
        try decoder.integers(FixedColumn.kind.rawValue, count: count, at: places.span, into: &kinds)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, at: places.span, into: &durations)
        var trace = 0
        for (index, place) in places.enumerated() {
            while traces[trace].rows.upperBound <= decoder.entry.firstRow + place { trace += 1 }
            let end = starts[index] &+ durations[index]
            let duration = spanDuration(start: starts[index], end: end)
            guard plan.duration.contains(duration),
                plan.times.allSatisfy({ $0.overlapsSpan(from: starts[index], to: end) })
            else { continue }
            matches.insert(
                ScanMatch(
                    traceID: traces[trace].id, spanID: ids[index], start: starts[index], duration: duration,
                    kind: Int32(truncatingIfNeeded: kinds[index])))
        }
        return decoder.readByteCount
    }
}

/// A scan's conditions in the terms of one block.
private struct ScanPlan {
    /// Each of which the span overlaps, perhaps at different moments.
    private(set) var times: [ClosedRange<UInt64>] = []
    private(set) var duration: ClosedRange<UInt64> = 0...UInt64.max
    /// All other conditions.
    let filter: BlockFilter

    /// Nil if no row of the block can match.
    init?(_ request: ScanRequest, _ reader: BlockReader) async throws {
        var others: [SpanFilter] = []
        var services: [[UInt8]] = []
        for condition in request.conditions {
            switch condition {
            case .time(let range): times.append(range)
            case .duration(let range):
                guard duration.overlaps(range) else { return nil }
                duration = duration.clamped(to: range)
            case .status(let code): others.append(.holds(.status, .integer(Int64(code)...Int64(code))))
            case .serviceName(let bytes): services.append(bytes)
            case .name(let bytes): others.append(.holds(.name, .string(bytes)))
            }
        }
        filter = try await BlockFilter(.all(others), services: services, reader)
        let (first, last) = (reader.footer.statistics.minimumTime, reader.footer.statistics.maximumTime)
        guard !filter.isNever, times.allSatisfy({ $0.overlapsSpan(from: first, to: last) }) else { return nil }
    }

    /// Whether a row of the group may match, by the group's statistics.
    func mayMatch(_ entry: RowGroupEntry, threshold: UInt64) -> Bool {
        entry.maximumDuration >= max(threshold, duration.lowerBound) && times.allSatisfy(entry.mayOverlap)
    }
}
