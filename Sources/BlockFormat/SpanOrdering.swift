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
    package private(set) var references: FlatBuffer<RowReference>
    /// Where each trace begins, and behind the last the row count: `traceCount + 1` values.
    package private(set) var traceStarts: FlatBuffer<UInt32>
    package private(set) var spanID: FlatBuffer<UInt64>
    /// As ``SpanBatchView/parent(_:)``.
    package private(set) var parent: FlatBuffer<UInt64>
    package private(set) var start: FlatBuffer<UInt64>
    package private(set) var end: FlatBuffer<UInt64>
    package private(set) var kind: FlatBuffer<Int32>
    /// Copies of spans that lost against another.
    package private(set) var duplicateCount = 0

    package var rowCount: Int { references.count }
    package var traceCount: Int { traceStarts.count - 1 }

    /// Sorts all rows of `sources`. Traps above 2³² rows.
    package init(_ sources: [SpanBatchView]) {
        self.sources = sources
        let total = sources.reduce(0) { $0 + $1.rowCount }
        precondition(total < Int(UInt32.max))
        references = FlatBuffer(capacity: total)
        traceStarts = FlatBuffer(capacity: total / 8 + 2)
        spanID = FlatBuffer(capacity: total)
        parent = FlatBuffer(capacity: total)
        start = FlatBuffer(capacity: total)
        end = FlatBuffer(capacity: total)
        kind = FlatBuffer(capacity: total)
        var keys = Self.keysByTrace(sources, total: total)
        sortWithinBuckets(&keys)
        gather(keys)
    }

    package func traceRows(_ trace: Int) -> Range<Int> { Int(traceStarts[trace])..<Int(traceStarts[trace + 1]) }

    package func traceID(_ trace: Int) -> TraceID {
        let reference = references[Int(traceStarts[trace])]
        return sources[Int(reference.source)].traceID(Int(reference.row))
    }

    /// What is sorted: the leading parts of the order beside the row, so that comparisons rarely touch anything else.
    private struct Key: BitwiseCopyable {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var start: UInt64 = 0
        var reference = RowReference(source: 0, row: 0)
    }

    /// Scatters the rows over buckets by the leading bits of the trace ID: one pass of a radix sort.
    private static func keysByTrace(_ sources: [SpanBatchView], total: Int) -> FlatBuffer<Key> {
        var keys = FlatBuffer(repeating: Key(), count: total)
        guard total > 0 else { return keys }
        let bits = bucketBits(total)
        let shift = UInt64(64 - bits)
        var next = FlatBuffer<Int>(repeating: 0, count: (1 << bits) + 1)
        for source in sources {
            for row in 0..<source.rowCount { next[Int(source.traceIDHigh[row] &>> shift) + 1] += 1 }
        }
        for bucket in 0..<(1 << bits) { next[bucket + 1] += next[bucket] }
        for (index, source) in sources.enumerated() {
            for row in 0..<source.rowCount {
                let high = source.traceIDHigh[row]
                let bucket = Int(high &>> shift)
                keys[next[bucket]] = Key(
                    high: high, low: source.traceIDLow[row], start: source.start[row],
                    reference: RowReference(source: index, row: row))
                next[bucket] += 1
            }
        }
        return keys
    }

    /// Sorts each run of equal leading bits; buckets are small unless trace IDs are not random.
    private func sortWithinBuckets(_ keys: inout FlatBuffer<Key>) {
        let total = keys.count
        let shift = UInt64(64 - Self.bucketBits(total))
        var begin = 0
        while begin < total {
            var end = begin + 1
            while end < total, keys[end].high &>> shift == keys[begin].high &>> shift { end += 1 }
            if end - begin > 1 {
                let sources = sources
                keys.sort(begin..<end) { a, b in Self.precedes(a, b, sources) }
            }
            begin = end
        }
    }

    /// So many leading bits that a bucket holds about sixteen rows.
    private static func bucketBits(_ total: Int) -> Int {
        max(1, min(20, Int.bitWidth - (total / 16).leadingZeroBitCount))
    }

    private static func precedes(_ a: Key, _ b: Key, _ sources: [SpanBatchView]) -> Bool {
        if a.high != b.high { return a.high < b.high }
        if a.low != b.low { return a.low < b.low }
        if a.start != b.start { return a.start < b.start }
        let viewA = sources[Int(a.reference.source)]
        let viewB = sources[Int(b.reference.source)]
        let rowA = Int(a.reference.row)
        let rowB = Int(b.reference.row)
        let idA = viewA.spanID[rowA]
        let idB = viewB.spanID[rowB]
        if idA != idB { return idA < idB }
        if viewA.kind[rowA] != viewB.kind[rowB] { return viewA.kind[rowA] < viewB.kind[rowB] }
        return (a.reference.source, a.reference.row) < (b.reference.source, b.reference.row)
    }

    /// Takes the sorted keys over, dropping all copies of a span but the winner.
    private mutating func gather(_ keys: borrowing FlatBuffer<Key>) {
        var scratch = ByteWriter()
        var previous: TraceID?
        for index in 0..<keys.count {
            let reference = keys[index].reference
            let view = sources[Int(reference.source)]
            let row = Int(reference.row)
            let traceID = TraceID(high: keys[index].high, low: keys[index].low)
            if traceID != previous {
                traceStarts.append(UInt32(truncatingIfNeeded: references.count))
                previous = traceID
            } else if isCopyOfLast(view, row) {
                duplicateCount += 1
                let last = references[references.count - 1]
                if DuplicateRule.wins(
                    sources[Int(last.source)], Int(last.row), over: view, row, scratch: &scratch)
                {
                    continue
                }
                references[references.count - 1] = reference
                end[end.count - 1] = view.end[row]
                parent[parent.count - 1] = view.parent(row)
                continue
            }
            references.append(reference)
            spanID.append(view.spanID[row])
            parent.append(view.parent(row))
            start.append(view.start[row])
            end.append(view.end[row])
            kind.append(view.kind[row])
        }
        traceStarts.append(UInt32(truncatingIfNeeded: references.count))
    }

    /// Whether a row of the same trace is a copy of the row taken last; copies are neighbours in this order.
    private func isCopyOfLast(_ view: SpanBatchView, _ row: Int) -> Bool {
        let last = references.count - 1
        return spanID[last] == view.spanID[row] && start[last] == view.start[row] && kind[last] == view.kind[row]
    }
}
