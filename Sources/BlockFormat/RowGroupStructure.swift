// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// What the ordering says of the rows of one group: trace runs, IDs, parents, times and the derived column.
///
/// One value is filled for group after group and keeps its memory.
struct RowGroupStructure: ~Copyable {
    private(set) var runs = FlatBuffer<UInt64>()
    private(set) var ids = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private(set) var parents = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private(set) var explicitParents = FlatBuffer<UInt64>()
    /// Codes of the catalog.
    private(set) var unusualParents = FlatBuffer<UInt64>()
    private(set) var starts = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private(set) var durations = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private(set) var critical = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private var resolver: ParentRows

    /// - Parameter seed: Random.
    init(seed: UInt64) { resolver = ParentRows(seed: seed) }

    /// Takes the rows `range`, the first of trace `firstTrace`.
    ///
    /// - Returns: What the footer says of the group; its place in the block is not known yet.
    mutating func gather(
        _ range: Range<Int>, firstTrace: Int, _ ordering: borrowing SpanOrdering,
        _ criticalNanoseconds: borrowing FlatBuffer<UInt64>, _ catalog: borrowing BlockCatalog
    ) -> RowGroupEntry {
        removeAll()
        var entry = RowGroupEntry(
            offset: 0, byteCount: 0, directoryByteCount: 0, directoryChecksum: 0, firstRow: range.lowerBound,
            rowCount: range.count, firstTrace: firstTrace, continuesTrace: false, minimumStart: .max,
            maximumStart: 0, maximumDuration: 0)
        entry.continuesTrace = ordering.traceRows(firstTrace).lowerBound < range.lowerBound
        var trace = firstTrace
        var row = range.lowerBound
        while row < range.upperBound {
            let rows = ordering.traceRows(trace)
            let part = row..<min(rows.upperBound, range.upperBound)
            runs.append(UInt64(part.count))
            resolver.resolve(part, spanIDs: ordering.spanID, parents: ordering.parent, into: &parents)
            gatherTimes(part, after: ordering.start[rows.lowerBound], ordering, &entry)
            row = part.upperBound
            trace += 1
        }
        gatherParents(range, ordering, catalog)
        if criticalNanoseconds.count > 0 { gatherCritical(range, criticalNanoseconds) }
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
        critical.removeAll()
    }

    /// - Parameter first: When the trace starts.
    private mutating func gatherTimes(
        _ part: Range<Int>, after first: UInt64, _ ordering: borrowing SpanOrdering, _ entry: inout RowGroupEntry
    ) {
        var previous = first
        for row in part {
            let start = ordering.start[row]
            let end = ordering.end[row]
            ids.append(ordering.spanID[row])
            starts.append(start &- previous)
            durations.append(end &- start)
            if end >= start { entry.maximumDuration = max(entry.maximumDuration, end &- start) }
            entry.minimumStart = min(entry.minimumStart, start)
            entry.maximumStart = max(entry.maximumStart, start)
            previous = start
        }
    }

    /// The IDs of parents outside of the group; and the parent value 2 and the bytes where these are no ID.
    private mutating func gatherParents(
        _ range: Range<Int>, _ ordering: borrowing SpanOrdering, _ catalog: borrowing BlockCatalog
    ) {
        for row in range {
            let value = parents[row &- range.lowerBound]
            if value == 1 { explicitParents.append(ordering.parent[row]) }
            guard value == 0 else { continue }
            let reference = ordering.references[row]
            let source = ordering.sources[Int(reference.source)]
            let index = Int(reference.row)
            guard SpanPresence(rawValue: source.presence[index]).contains(.unusualParent) else { continue }
            parents[row &- range.lowerBound] = 2
            let code = UInt32(truncatingIfNeeded: source.parentSpanID[index])
            unusualParents.append(UInt64(catalog.strings.code(reference.source, code)))
        }
    }

    private mutating func gatherCritical(_ range: Range<Int>, _ nanoseconds: borrowing FlatBuffer<UInt64>) {
        for row in range {
            let time = nanoseconds[row]
            critical.append(time == 0 ? 0 : time == durations[row &- range.lowerBound] ? 1 : time &+ 1)
        }
    }
}
