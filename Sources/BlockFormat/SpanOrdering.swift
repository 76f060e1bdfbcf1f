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
    /// Bytes that were held at most while the rows were sorted, what is kept of them included; not what the sources hold.
    package private(set) var sortByteCount = 0
    private let arena: SlabArena

    package var rowCount: Int { references.count }
    package var traceCount: Int { traceStarts.count - 1 }

    /// Sorts all rows of `sources`. Traps above 2³² rows.
    ///
    /// - Parameter pool: Gives the memory of the columns: what one block has touched serves the next.
    package init(_ sources: [SpanBatchView], pool: SlabPool = SlabPool(retainedByteLimit: 0)) {
        self.sources = sources
        let total = sources.reduce(0) { $0 + $1.rowCount }
        precondition(total < Int(UInt32.max))
        arena = SlabArena(pool: pool)
        references = SegmentedColumn(arena: arena)
        traceStarts = FlatBuffer(capacity: total / 8 + 2)
        spanID = SegmentedColumn(arena: arena)
        parent = SegmentedColumn(arena: arena)
        start = SegmentedColumn(arena: arena)
        end = SegmentedColumn(arena: arena)
        kind = SegmentedColumn(arena: arena)
        sort(pool)
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

    /// Bytes that sorting so many rows holds at most, whatever their trace IDs: a line of each, once more where many rows
    /// share the bits by which they are scattered, their keys, and what is kept.
    package static func sortByteCount(rowCount: Int) -> Int {
        let row =
            2 * MemoryLayout<Line>.stride + MemoryLayout<TraceKey>.stride + MemoryLayout<StartKey>.stride
            // References, span IDs, parents, starts, ends, kinds; where traces begin; where buckets end.
            + 5 * 8 + 4 + 8 + 1
        return rowCount * row + fixedSortByteCount
    }

    /// Slabs that are not full, and buffers of a few rows.
    private static let fixedSortByteCount = 1 << 20

    /// What sorting needs of a row, in one line of the caches: it is written once, and each row's is read where the
    /// rows of its trace are.
    struct Line: BitwiseCopyable {
        var high: UInt64
        var low: UInt64
        var start: UInt64
        var end: UInt64
        var spanID: UInt64
        /// As ``SpanBatchView/parent(_:)``.
        var parent: UInt64
        var reference: RowReference
        var kind: Int32
    }

    /// A row of a bucket by its trace.
    struct TraceKey: BitwiseCopyable {
        var high: UInt64
        var low: UInt64
        /// Place in the bucket.
        var place: Int
    }

    /// A row of one trace by its start.
    struct StartKey: BitwiseCopyable {
        var start: UInt64
        /// Place in the bucket.
        var place: Int
    }

    /// One pass of a radix sort over the leading bits of the trace ID puts the rows into buckets; each is sorted in
    /// memory that stays in the caches.
    private mutating func sort(_ pool: SlabPool) {
        // Their memory goes back to the pool in the end.
        let lineArena = SlabArena(pool: pool)
        var lines = SegmentedColumn<Line>(arena: lineArena)
        let ends = Self.scatter(sources, into: &lines)
        var bucket = FlatBuffer<Line>(capacity: 256)
        var traceKeys = FlatBuffer<TraceKey>(capacity: 256)
        var startKeys = FlatBuffer<StartKey>(capacity: 256)
        var scratch = ByteWriter()
        var begin = 0
        for number in 0..<ends.count where Int(ends[number]) > begin {
            bucket.removeAll(reserving: Int(ends[number]) - begin)
            for index in begin..<Int(ends[number]) { bucket.append(lines[index]) }
            begin = Int(ends[number])
            Self.sortTraces(bucket, &traceKeys)
            var row = 0
            while row < traceKeys.count {
                let next = Self.traceEnd(traceKeys, from: row)
                Self.sortTrace(bucket, traceKeys, row..<next, &startKeys)
                traceStarts.append(UInt32(truncatingIfNeeded: rowCount))
                take(bucket, startKeys, &scratch)
                row = next
            }
        }
        precondition(begin == lines.count)
        traceStarts.append(UInt32(truncatingIfNeeded: rowCount))
        // Where traces begin grows by doubling: half as much again was held for a moment.
        sortByteCount =
            lineArena.byteCount + arena.byteCount + ends.heldByteCount + bucket.heldByteCount + traceKeys.heldByteCount
            + startKeys.heldByteCount + traceStarts.heldByteCount * 3 / 2
    }

    /// Scatters the rows over buckets by the leading bits of the trace ID, of those that are not the same in all rows:
    /// IDs of 64 bits have zeros before them, others a time.
    ///
    /// - Returns: Where each bucket ends.
    private static func scatter(
        _ sources: [SpanBatchView], into lines: inout SegmentedColumn<Line>
    ) -> FlatBuffer<UInt32> {
        let total = sources.reduce(0) { $0 + $1.rowCount }
        let window = BucketWindow(sources, bits: bucketBits(total))
        // First counts, then where the bucket begins, in the end where it ends.
        var next = FlatBuffer<UInt32>(repeating: 0, count: 1 << window.bits)
        for source in sources {
            let words = window.isHigh ? source.traceIDHigh : source.traceIDLow
            for row in 0..<words.count { next[window.bucket(words[row])] &+= 1 }
        }
        var sum: UInt32 = 0
        for bucket in 0..<next.count {
            let count = next[bucket]
            next[bucket] = sum
            sum += count
        }
        lines.extend(to: total)
        for (number, source) in sources.enumerated() { scatter(source, number, window, &next, &lines) }
        return next
    }

    private static func scatter(
        _ source: SpanBatchView, _ number: Int, _ window: BucketWindow, _ next: inout FlatBuffer<UInt32>,
        _ lines: inout SegmentedColumn<Line>
    ) {
        let (high, low, start, end) = (source.traceIDHigh, source.traceIDLow, source.start, source.end)
        let (spanID, parent, presence, kind) = (source.spanID, source.parentSpanID, source.presence, source.kind)
        let words = window.isHigh ? high : low
        for row in 0..<high.count {
            let bucket = window.bucket(words[row])
            let place = next[bucket]
            next[bucket] = place &+ 1
            let isUnusual = SpanPresence(rawValue: presence[row]).contains(.unusualParent)
            lines[Int(place)] = Line(
                high: high[row], low: low[row], start: start[row], end: end[row], spanID: spanID[row],
                parent: isUnusual ? 0 : parent[row], reference: RowReference(source: number, row: row),
                kind: kind[row])
        }
    }

    /// So many leading bits that a bucket holds about sixteen rows.
    private static func bucketBits(_ total: Int) -> Int {
        max(1, min(20, Int.bitWidth - (total / 16).leadingZeroBitCount))
    }

    /// Puts the rows of a bucket into `keys`, by trace ID.
    private static func sortTraces(_ bucket: borrowing FlatBuffer<Line>, _ keys: inout FlatBuffer<TraceKey>) {
        keys.removeAll(reserving: bucket.count)
        var isMixed = false
        for place in 0..<bucket.count {
            let line = bucket[place]
            keys.append(TraceKey(high: line.high, low: line.low, place: place))
            if line.high != keys[0].high || line.low != keys[0].low { isMixed = true }
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
    private static func sortTrace(
        _ bucket: borrowing FlatBuffer<Line>, _ keys: borrowing FlatBuffer<TraceKey>, _ range: Range<Int>,
        _ startKeys: inout FlatBuffer<StartKey>
    ) {
        startKeys.removeAll(reserving: range.count)
        var previous: UInt64 = 0
        var isSorted = true
        for index in range {
            let place = keys[index].place
            let start = bucket[place].start
            if start <= previous && index > range.lowerBound { isSorted = false }
            startKeys.append(StartKey(start: start, place: place))
            previous = start
        }
        guard !isSorted else { return }
        let lines = bucket.span
        startKeys.sort(0..<startKeys.count) { a, b in
            a.start != b.start ? a.start < b.start : Self.precedes(lines[a.place], lines[b.place])
        }
    }

    /// Orders two rows of one trace and one start.
    private static func precedes(_ a: Line, _ b: Line) -> Bool {
        if a.spanID != b.spanID { return a.spanID < b.spanID }
        if a.kind != b.kind { return a.kind < b.kind }
        return (a.reference.source, a.reference.row) < (b.reference.source, b.reference.row)
    }

    /// Takes the sorted rows of one trace over, dropping all copies of a span but the winner; copies are neighbours.
    private mutating func take(
        _ bucket: borrowing FlatBuffer<Line>, _ keys: borrowing FlatBuffer<StartKey>, _ scratch: inout ByteWriter
    ) {
        for index in 0..<keys.count {
            let line = bucket[keys[index].place]
            let last = rowCount &- 1
            if index > 0, line.start == start[last], line.spanID == spanID[last], line.kind == kind[last] {
                settle(last, against: line.reference, &scratch)
                continue
            }
            references.append(line.reference)
            spanID.append(line.spanID)
            parent.append(line.parent)
            start.append(line.start)
            end.append(line.end)
            kind.append(line.kind)
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
