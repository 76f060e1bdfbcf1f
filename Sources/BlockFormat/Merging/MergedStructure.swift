// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Trace runs, IDs, parents and times of the row group at hand of a merge.
struct MergedStructure: ~Copyable {
    private(set) var runs = FlatBuffer<UInt64>()
    private(set) var ids = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private(set) var parents = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private(set) var explicitParents = FlatBuffer<UInt64>()
    /// As ``MergedBlockWriter`` has strings.
    private(set) var unusualParents = FlatBuffer<UInt64>()
    private(set) var starts = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private(set) var durations = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    /// Unix nanoseconds.
    private(set) var rowStarts = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private var parentIDs = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private var unusualRows = FlatBuffer<Int>()
    private var resolver: ParentRows

    /// - Parameter seed: Random.
    init(seed: UInt64) { resolver = ParentRows(seed: seed) }

    /// - Returns: What the footer says of the group, but for its place and its first trace.
    mutating func gather(_ rows: borrowing TakenRows, _ slots: [MergeGroup?], firstRow: Int) -> RowGroupEntry {
        removeAll()
        for index in 0..<rows.segments.count {
            let segment = rows.segments[index]
            guard !segment.isSkipped, let group = slots[Int(segment.slot)] else { continue }
            gather(segment.rows, group)
        }
        var entry = RowGroupEntry(
            offset: 0, byteCount: 0, directoryByteCount: 0, directoryChecksum: 0, firstRow: firstRow,
            rowCount: ids.count, firstTrace: 0, continuesTrace: rows.traces[0].hasBegun, minimumStart: .max,
            maximumStart: 0, maximumDuration: 0)
        var row = 0
        for index in 0..<rows.traces.count {
            let trace = rows.traces[index]
            let part = row..<row + trace.rowCount
            runs.append(UInt64(part.count))
            resolver.resolve(part, spanIDs: ids, parents: parentIDs, into: &parents)
            addTimes(part, after: trace.start, &entry)
            row = part.upperBound
        }
        for row in 0..<parents.count where parents[row] == 1 { explicitParents.append(parentIDs[row]) }
        for index in 0..<unusualRows.count { parents[unusualRows[index]] = 2 }
        return entry
    }

    private mutating func removeAll() {
        runs.removeAll()
        ids.removeAll()
        parents.removeAll()
        explicitParents.removeAll()
        unusualParents.removeAll()
        starts.removeAll()
        durations.removeAll()
        rowStarts.removeAll()
        parentIDs.removeAll()
        unusualRows.removeAll()
    }

    private mutating func gather(_ rows: Range<Int>, _ group: MergeGroup) {
        let id = group.starts[Int(FixedColumn.spanID.rawValue)]
        let duration = group.starts[Int(FixedColumn.duration.rawValue)]
        ids.append(copying: group.values, id + rows.lowerBound..<id + rows.upperBound)
        durations.append(copying: group.values, duration + rows.lowerBound..<duration + rows.upperBound)
        rowStarts.append(copying: group.rowStarts, rows)
        let first = parentIDs.count
        parentIDs.append(copying: group.parents, rows)
        guard group.isUnusual.count > 0 else { return }
        for row in rows where group.isUnusual[row] {
            let place = first + row - rows.lowerBound
            unusualRows.append(place)
            unusualParents.append(parentIDs[place])
            parentIDs[place] = 0
        }
    }

    private mutating func addTimes(_ part: Range<Int>, after first: UInt64, _ entry: inout RowGroupEntry) {
        var previous = first
        for row in part {
            let start = rowStarts[row]
            let duration = durations[row]
            starts.append(start &- previous)
            if start &+ duration >= start { entry.maximumDuration = max(entry.maximumDuration, duration) }
            entry.minimumStart = min(entry.minimumStart, start)
            entry.maximumStart = max(entry.maximumStart, start)
            previous = start
        }
    }
}
