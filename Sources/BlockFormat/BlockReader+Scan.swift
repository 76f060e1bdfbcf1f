// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

extension BlockReader {
    /// Adds the spans of this block for which the conditions hold.
    ///
    /// Row groups are passed over by their statistics; in the others the durations are read first, and further
    /// columns only for rows that may still get in.
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
            let bytes = try await Self.fetch(source, entry.offset..<(entry.offset + entry.byteCount))
            byteCount += bytes.count
            let found = try candidates(bytes, group, plan, threshold: matches.threshold)
            if !found.isEmpty { try await add(found, bytes, group, plan, &matches) }
            try Task.checkCancellation()
        }
        return byteCount
    }

    /// Rows of the group for which all conditions may hold: the start is judged later, as it needs the trace index.
    private func candidates(
        _ bytes: [UInt8], _ group: Int, _ plan: ScanPlan, threshold: UInt64
    ) throws(BlockError) -> [Int] {
        let decoder = try RowGroupDecoder(bytes, index: group, entry: footer.rowGroups[group], id: id)
        let count = decoder.entry.rowCount
        var durations = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, 0..<count, into: &durations)
        let floor = max(threshold, plan.duration.lowerBound)
        let ceiling = plan.duration.upperBound
        // In the years that occur a difference with its first bit set is that of a span which ends before it starts.
        // Where the group has times beyond 2262, it may be either way until the start is known.
        let isAmbiguous = max(decoder.entry.maximumStart, decoder.entry.maximumDuration) > UInt64(Int64.max)
        var rows: [Int] = []
        for row in 0..<count {
            let stored = durations[row]
            let duration = Int64(bitPattern: stored) < 0 ? 0 : stored
            if duration >= floor && duration <= ceiling
                || isAmbiguous && (floor == 0 || stored >= floor && stored <= ceiling)
            {
                rows.append(row)
            }
        }
        if !rows.isEmpty, let status = plan.status {
            try keep(&rows, .status, decoder) { $0 == UInt64(UInt32(bitPattern: status)) }
        }
        if !rows.isEmpty, let resources = plan.resources {
            try keep(&rows, .resource, decoder) { $0 < UInt64(resources.count) && resources[Int($0)] }
        }
        if !rows.isEmpty, let name = plan.name { try keepNamed(&rows, name, decoder) }
        return rows
    }

    private func keep(
        _ rows: inout [Int], _ column: FixedColumn, _ decoder: borrowing RowGroupDecoder,
        _ holds: (UInt64) -> Bool
    ) throws(BlockError) {
        let count = decoder.entry.rowCount
        var values = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(column.rawValue, count: count, 0..<count, into: &values)
        rows = rows.filter { holds(values[$0]) }
    }

    private func keepNamed(
        _ rows: inout [Int], _ name: ScanPlan.Name, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) {
        let count = decoder.entry.rowCount
        let column = FixedColumn.name.rawValue
        // Without a chunk all names are empty, whatever the dictionary has first.
        guard decoder.chunk(column) != nil else {
            if !name.bytes.isEmpty { rows = [] }
            return
        }
        switch name.place {
        case .code(let code):
            var codes = FlatBuffer<UInt32>(capacity: count)
            try decoder.codes(column, count: count, 0..<count, into: &codes)
            rows = rows.filter { codes[$0] == code }
        case .nowhere: rows = []
        case .inGroups:
            guard let names = try decoder.localStrings(column, count: count, 0..<count) else { return }
            rows = rows.filter { names[$0].isEqual(to: name.bytes.rawSpan) }
        }
    }

    /// Looks up what an answer shows of the rows, and judges the start.
    private func add(
        _ rows: [Int], _ bytes: [UInt8], _ group: Int, _ plan: ScanPlan, _ matches: inout LongestMatches
    ) async throws {
        let entry = footer.rowGroups[group]
        let end = group + 1 < footer.rowGroups.count ? footer.rowGroups[group + 1].firstTrace + 1 : .max
        let traces = try await anchors(entry.firstTrace..<min(end, footer.statistics.traceCount))
        let decoder = try RowGroupDecoder(bytes, index: group, entry: entry, id: id)
        let count = entry.rowCount
        var ids = FlatBuffer<UInt64>(capacity: count)
        var kinds = FlatBuffer<UInt64>(capacity: count)
        var durations = FlatBuffer<UInt64>(capacity: count)
        var starts = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.spanID.rawValue, count: count, 0..<count, into: &ids)
        try decoder.integers(FixedColumn.kind.rawValue, count: count, 0..<count, into: &kinds)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, 0..<count, into: &durations)
        try decoder.integers(FixedColumn.start.rawValue, count: count, 0..<count, into: &starts)
        var wanted = rows.makeIterator()
        var nextWanted = wanted.next()
        var trace = 0
        var start: UInt64 = 0
        for row in 0..<count {
            let blockRow = entry.firstRow + row
            while trace < traces.count, traces[trace].rows.upperBound <= blockRow { trace += 1 }
            guard trace < traces.count else {
                throw BlockError(.corrupted, "the trace index of block \(id) does not fit its rows")
            }
            start = (row == 0 || traces[trace].rows.lowerBound == blockRow ? traces[trace].start : start) &+ starts[row]
            guard row == nextWanted else { continue }
            nextWanted = wanted.next()
            let duration = spanDuration(start: start, end: start &+ durations[row])
            guard plan.start.contains(start), plan.duration.contains(duration) else { continue }
            matches.insert(
                ScanMatch(
                    traceID: traces[trace].id, spanID: ids[row], start: start, duration: duration,
                    kind: Int32(truncatingIfNeeded: kinds[row])))
        }
    }
}

/// A scan's conditions in the terms of one block.
struct ScanPlan {
    struct Name: Equatable {
        /// Where the block has the name.
        enum Place: Equatable {
            /// In its dictionary of names.
            case code(UInt32)
            /// Not in its dictionary: rows of groups without a chunk may have it all the same, if it is empty.
            case nowhere
            /// There is no dictionary.
            case inGroups
        }

        var bytes: [UInt8]
        var place: Place
    }

    private(set) var start: ClosedRange<UInt64> = 0...UInt64.max
    private(set) var duration: ClosedRange<UInt64> = 0...UInt64.max
    private(set) var status: Int32?
    private(set) var name: Name?
    /// By resource: whether its service is the one asked for.
    private(set) var resources: [Bool]?

    /// Nil if no row of the block can match.
    init?(_ request: ScanRequest, _ reader: BlockReader) async throws {
        for condition in request.conditions {
            switch condition {
            case .start(let range):
                guard start.overlaps(range) else { return nil }
                start = start.clamped(to: range)
            case .duration(let range):
                guard duration.overlaps(range) else { return nil }
                duration = duration.clamped(to: range)
            case .status(let code):
                if let status, status != code { return nil }
                status = code
            case .serviceName(let bytes):
                let matching = reader.schema.resources.map { reader.schema.services[$0.service] == bytes }
                resources = resources.map { zip($0, matching).map { $0 && $1 } } ?? matching
            case .name(let bytes):
                let column = FixedColumn.name.rawValue
                var wanted = Name(bytes: bytes, place: .inGroups)
                if let dictionary = try await reader.dictionaries([column])[column] {
                    wanted.place = dictionary.value.code(of: bytes.rawSpan).map { .code($0) } ?? .nowhere
                    if wanted.place == .nowhere, !bytes.isEmpty { return nil }
                }
                if let name, name != wanted { return nil }
                name = wanted
            }
        }
        if let resources, !resources.contains(true) { return nil }
        let times = reader.footer.statistics
        guard times.minimumTime <= start.upperBound, start.lowerBound <= times.maximumTime else { return nil }
    }

    /// Whether a row of the group may match, by the group's statistics.
    func mayMatch(_ entry: RowGroupEntry, threshold: UInt64) -> Bool {
        entry.maximumDuration >= max(threshold, duration.lowerBound) && entry.minimumStart <= start.upperBound
            && entry.maximumStart >= start.lowerBound
    }
}
