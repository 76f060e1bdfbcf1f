// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
package import TraceModel

/// A row of one of several batches.
package struct RowReference: BitwiseCopyable, Sendable {
    package var source: UInt32
    package var row: UInt32

    @inlinable package init(source: Int, row: Int) {
        self.source = UInt32(truncatingIfNeeded: source)
        self.row = UInt32(truncatingIfNeeded: row)
    }
}

/// The rows of several batches in block order: by trace ID, start, span ID, and each span once.
///
/// The columns that structure is read from are gathered, since what follows walks them in this order.
package struct SpanOrdering: ~Copyable {
    package let sources: [SpanBatchView]
    /// One reference a span, in block order.
    package private(set) var references: SegmentedColumn<RowReference>
    /// Where each trace begins, and behind the last the row count: `traceCount + 1` values.
    package private(set) var traceStarts: FlatBuffer<UInt32>
    package private(set) var spanID: SegmentedColumn<UInt64>
    /// As ``SpanBatchView/parent(_:)``.
    package private(set) var parent: SegmentedColumn<UInt64>
    package private(set) var start: SegmentedColumn<UInt64>
    package private(set) var end: SegmentedColumn<UInt64>
    package private(set) var kind: SegmentedColumn<Int32>
    /// Copies of spans that lost against another.
    package private(set) var duplicateCount = 0

    package var rowCount: Int { references.count }
    package var traceCount: Int { traceStarts.count - 1 }

    /// Sorts all rows of `sources`. Traps above 2³² rows.
    ///
    /// - Parameter pool: Gives the memory of the columns: what one block has touched serves the next.
    package init(_ sources: [SpanBatchView], pool: SlabPool = SlabPool(retainedByteLimit: 0)) {
        self.sources = sources
        let total = sources.reduce(0) { $0 + $1.rowCount }
        precondition(total < Int(UInt32.max))
        let arena = SlabArena(pool: pool)
        references = SegmentedColumn(arena: arena)
        traceStarts = FlatBuffer(capacity: total / 8 + 2)
        spanID = SegmentedColumn(arena: arena)
        parent = SegmentedColumn(arena: arena)
        start = SegmentedColumn(arena: arena)
        end = SegmentedColumn(arena: arena)
        kind = SegmentedColumn(arena: arena)
        for _ in 0..<total { references.append(RowReference(source: 0, row: 0)) }
        sort()
    }

    package func traceRows(_ trace: Int) -> Range<Int> { Int(traceStarts[trace])..<Int(traceStarts[trace + 1]) }

    /// The last row up to `row` at which a trace begins, or the end.
    func boundary(upTo row: Int) -> Int {
        var low = 0
        var high = traceStarts.count
        while low < high {
            let middle = (low + high) / 2
            if Int(traceStarts[middle]) <= row { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? 0 : Int(traceStarts[low - 1])
    }

    package func traceID(_ trace: Int) -> TraceID {
        let reference = references[Int(traceStarts[trace])]
        return sources[Int(reference.source)].traceID(Int(reference.row))
    }

    // MARK: - Sorting

    /// A row by its trace.
    struct TraceKey: BitwiseCopyable {
        var high: UInt64
        var low: UInt64
        var reference: RowReference
    }

    /// A row of one trace by its start.
    struct StartKey: BitwiseCopyable {
        var start: UInt64
        var reference: RowReference
    }

    /// The columns that sorting reads, a view for each source.
    struct Columns: ~Copyable {
        var high: FlatBuffer<ColumnView<UInt64>>
        var low: FlatBuffer<ColumnView<UInt64>>
        var start: FlatBuffer<ColumnView<UInt64>>
        var end: FlatBuffer<ColumnView<UInt64>>
        var spanID: FlatBuffer<ColumnView<UInt64>>
        var parent: FlatBuffer<ColumnView<UInt64>>
        var presence: FlatBuffer<ColumnView<UInt8>>
        var kind: FlatBuffer<ColumnView<Int32>>

        init(_ sources: [SpanBatchView]) {
            high = RowGroupGather.views(sources) { $0.traceIDHigh }
            low = RowGroupGather.views(sources) { $0.traceIDLow }
            start = RowGroupGather.views(sources) { $0.start }
            end = RowGroupGather.views(sources) { $0.end }
            spanID = RowGroupGather.views(sources) { $0.spanID }
            parent = RowGroupGather.views(sources) { $0.parentSpanID }
            presence = RowGroupGather.views(sources) { $0.presence }
            kind = RowGroupGather.views(sources) { $0.kind }
        }

        /// As ``SpanBatchView/parent(_:)``.
        @inline(__always) func parent(_ source: Int, _ row: Int) -> UInt64 {
            SpanPresence(rawValue: presence[source][row]).contains(.unusualParent) ? 0 : parent[source][row]
        }
    }

    /// One pass of a radix sort over the leading bits of the trace ID puts the references into buckets; each is sorted
    /// in memory that stays in the caches, and its rows are written to where its references were.
    private mutating func sort() {
        let total = references.count
        let columns = Columns(sources)
        let ends = scatterReferences(columns)
        var traceKeys = FlatBuffer<TraceKey>(capacity: 256)
        var startKeys = FlatBuffer<StartKey>(capacity: 256)
        var scratch = ByteWriter()
        var taken = 0
        var begin = 0
        for bucket in 0..<ends.count where Int(ends[bucket]) > begin {
            gatherBucket(begin..<Int(ends[bucket]), columns, &traceKeys)
            begin = Int(ends[bucket])
            var row = 0
            while row < traceKeys.count {
                let next = Self.traceEnd(traceKeys, from: row)
                sortTrace(traceKeys, row..<next, columns, &startKeys)
                traceStarts.append(UInt32(truncatingIfNeeded: taken))
                take(startKeys, columns, &taken, &scratch)
                row = next
            }
        }
        precondition(begin == total)
        traceStarts.append(UInt32(truncatingIfNeeded: taken))
        references.truncate(to: taken)
    }

    /// Scatters references to all rows over buckets by the leading bits of the trace ID.
    ///
    /// - Returns: Where each bucket ends.
    private mutating func scatterReferences(_ columns: borrowing Columns) -> FlatBuffer<UInt32> {
        let bits = Self.bucketBits(references.count)
        let shift = UInt64(64 - bits)
        // First counts, then where the bucket begins, in the end where it ends.
        var next = FlatBuffer<UInt32>(repeating: 0, count: 1 << bits)
        for source in sources.indices {
            let high = columns.high[source]
            for row in 0..<high.count { next[Int(high[row] &>> shift)] &+= 1 }
        }
        var sum: UInt32 = 0
        for bucket in 0..<next.count {
            let count = next[bucket]
            next[bucket] = sum
            sum += count
        }
        for source in sources.indices {
            let high = columns.high[source]
            for row in 0..<high.count {
                let bucket = Int(high[row] &>> shift)
                let place = next[bucket]
                references[Int(place)] = RowReference(source: source, row: row)
                next[bucket] = place &+ 1
            }
        }
        return next
    }

    /// So many leading bits that a bucket holds about sixteen rows.
    private static func bucketBits(_ total: Int) -> Int {
        max(1, min(20, Int.bitWidth - (total / 16).leadingZeroBitCount))
    }

    /// Puts the rows of a bucket into `keys`, by trace ID.
    private func gatherBucket(_ range: Range<Int>, _ columns: borrowing Columns, _ keys: inout FlatBuffer<TraceKey>) {
        keys.removeAll()
        var isMixed = false
        for index in range {
            let reference = references[index]
            let high = columns.high[Int(reference.source)][Int(reference.row)]
            let low = columns.low[Int(reference.source)][Int(reference.row)]
            keys.append(TraceKey(high: high, low: low, reference: reference))
            if high != keys[0].high || low != keys[0].low { isMixed = true }
        }
        guard isMixed else { return }
        keys.sort(0..<keys.count) { a, b in a.high != b.high ? a.high < b.high : a.low < b.low }
    }

    private static func traceEnd(_ keys: borrowing FlatBuffer<TraceKey>, from begin: Int) -> Int {
        let first = keys[begin]
        var end = begin &+ 1
        while end < keys.count, keys[end].low == first.low, keys[end].high == first.high { end &+= 1 }
        return end
    }

    /// Puts the rows of one trace into `startKeys`, by start, span ID and kind.
    private func sortTrace(
        _ keys: borrowing FlatBuffer<TraceKey>, _ range: Range<Int>, _ columns: borrowing Columns,
        _ startKeys: inout FlatBuffer<StartKey>
    ) {
        startKeys.removeAll()
        var previous: UInt64 = 0
        var isSorted = true
        for index in range {
            let reference = keys[index].reference
            let start = columns.start[Int(reference.source)][Int(reference.row)]
            if start <= previous && index > range.lowerBound { isSorted = false }
            startKeys.append(StartKey(start: start, reference: reference))
            previous = start
        }
        guard !isSorted else { return }
        let sources = sources
        startKeys.sort(0..<startKeys.count) { a, b in
            a.start != b.start ? a.start < b.start : Self.precedes(a.reference, b.reference, sources)
        }
    }

    /// Orders two rows of one trace and one start.
    private static func precedes(_ a: RowReference, _ b: RowReference, _ sources: [SpanBatchView]) -> Bool {
        let viewA = sources[Int(a.source)]
        let viewB = sources[Int(b.source)]
        let rowA = Int(a.row)
        let rowB = Int(b.row)
        let idA = viewA.spanID[rowA]
        let idB = viewB.spanID[rowB]
        if idA != idB { return idA < idB }
        if viewA.kind[rowA] != viewB.kind[rowB] { return viewA.kind[rowA] < viewB.kind[rowB] }
        return (a.source, a.row) < (b.source, b.row)
    }

    /// Takes the sorted rows of one trace over, dropping all copies of a span but the winner; copies are neighbours.
    ///
    /// - Parameter taken: Rows taken so far, never more than were sorted.
    private mutating func take(
        _ keys: borrowing FlatBuffer<StartKey>, _ columns: borrowing Columns, _ taken: inout Int,
        _ scratch: inout ByteWriter
    ) {
        for index in 0..<keys.count {
            let key = keys[index]
            let source = Int(key.reference.source)
            let row = Int(key.reference.row)
            let id = columns.spanID[source][row]
            let kind = columns.kind[source][row]
            if index > 0, key.start == keys[index &- 1].start, id == spanID[taken &- 1], kind == self.kind[taken &- 1] {
                settle(taken - 1, against: key.reference, &scratch)
                continue
            }
            references[taken] = key.reference
            spanID.append(id)
            parent.append(columns.parent(source, row))
            start.append(key.start)
            end.append(columns.end[source][row])
            self.kind.append(kind)
            taken &+= 1
        }
    }

    /// Puts a copy of the span at `index` into its place if the copy wins.
    private mutating func settle(_ index: Int, against copy: RowReference, _ scratch: inout ByteWriter) {
        duplicateCount += 1
        let last = references[index]
        let view = sources[Int(copy.source)]
        let row = Int(copy.row)
        if DuplicateRule.wins(sources[Int(last.source)], Int(last.row), over: view, row, scratch: &scratch) { return }
        references[index] = copy
        end[index] = view.end[row]
        parent[index] = view.parent(row)
    }
}
