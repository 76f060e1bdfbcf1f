// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
package import TraceModel

// Reading a block from one trace ID to another, as compaction does.

extension BlockReader {
    /// The position in the trace index of the first trace whose ID is not below `id`.
    func firstTrace(from id: TraceID) async throws -> Int {
        guard let number = pageNumber(for: id) else { return 0 }
        let page = try await indexPage(number)
        var low = 0
        var high = page.value.traceCount
        while low < high {
            let middle = (low + high) / 2
            if page.value.traceID(middle) < id { low = middle + 1 } else { high = middle }
        }
        return footer.indexPages[number].firstTrace + low
    }

    /// The traces whose IDs lie in `range`, as positions in the trace index, and their rows.
    func traces(in range: TraceIDRange) async throws -> (positions: Range<Int>, rows: Range<Int>) {
        let first = try await firstTrace(from: range.first)
        let end = try await range.end.asyncMap { try await firstTrace(from: $0) } ?? footer.statistics.traceCount
        return (first..<max(first, end), try await row(ofTrace: first)..<(try await row(ofTrace: max(first, end))))
    }

    private func row(ofTrace position: Int) async throws -> Int {
        guard position < footer.statistics.traceCount else { return footer.statistics.rowCount }
        return try await anchors(position..<position + 1).first?.rows.lowerBound ?? footer.statistics.rowCount
    }

    /// Hands over the rows of the traces whose IDs lie in `range`, a batch a row group.
    package func readRows(
        in range: TraceIDRange, pool: SlabPool, _ body: (SpanBatchView) -> Void
    ) async throws {
        let (positions, rows) = try await traces(in: range)
        guard !rows.isEmpty else { return }
        for group in groups(of: rows) {
            let entry = footer.rowGroups[group]
            let bytes = try await Self.fetch(source, entry.offset..<(entry.offset + entry.byteCount))
            let part = rows.clamped(to: entry.firstRow..<(entry.firstRow + entry.rowCount))
            let anchors = try await anchors(self.positions(of: entry, group).clamped(to: positions))
            var batch = SpanBatch(pool: pool, seed: id.low)
            try await append(part, of: anchors, bytes, group, into: &batch)
            body(batch.view())
        }
    }

    /// The traces that have rows in a row group, as positions in the trace index.
    func positions(of entry: RowGroupEntry, _ group: Int) -> Range<Int> {
        let next = group + 1 < footer.rowGroups.count ? footer.rowGroups[group + 1].firstTrace + 1 : Int.max
        return entry.firstTrace..<min(next, footer.statistics.traceCount)
    }
}

extension Optional {
    fileprivate func asyncMap<Answer>(_ body: (Wrapped) async throws -> Answer) async throws -> Answer? {
        guard let self else { return nil }
        return try await body(self)
    }
}

/// Trace IDs from one on to before another.
package struct TraceIDRange: Hashable, Sendable {
    package var first: TraceID
    /// Nil: to the last there is.
    package var end: TraceID?

    package init(first: TraceID, end: TraceID?) {
        self.first = first
        self.end = end
    }

    package static let all = TraceIDRange(first: TraceID(high: 0, low: 0), end: nil)

    /// Ranges that together hold all trace IDs, each about as many rows of some blocks.
    ///
    /// Boundaries are first traces of pages of the trace indexes: a range is off by a page of every block at most.
    ///
    /// - Parameter count: How many; fewer come back where there are too few pages.
    package static func quantiles(_ count: Int, of footers: [BlockFooter]) -> [TraceIDRange] {
        var pages: [(id: TraceID, rowCount: Int)] = []
        for footer in footers {
            for (index, page) in footer.indexPages.enumerated() {
                let end =
                    index + 1 < footer.indexPages.count
                    ? footer.indexPages[index + 1].firstRow : footer.statistics.rowCount
                pages.append((page.firstTraceID, max(0, end - page.firstRow)))
            }
        }
        pages.sort { $0.id < $1.id }
        let total = pages.reduce(0) { $0 + $1.rowCount }
        var boundaries: [TraceID] = []
        var before = 0
        for page in pages {
            // Whole numbers: total × part / count would overflow only beyond 2⁶³.
            let due = (boundaries.count + 1) * (total / max(1, count))
            if boundaries.count + 1 < count, before >= due, before > 0, boundaries.last != page.id {
                boundaries.append(page.id)
            }
            before += page.rowCount
        }
        var ranges: [TraceIDRange] = []
        var first = all.first
        for boundary in boundaries {
            ranges.append(TraceIDRange(first: first, end: boundary))
            first = boundary
        }
        return ranges + [TraceIDRange(first: first, end: nil)]
    }
}

extension BlockReader {
    /// The derived column of a row group: time on the critical path as stored, a row each (0; 1: all of the duration;
    /// else nanoseconds + 1); nil if the block has none.
    package func derivedColumn(_ group: Int) async throws -> [UInt64]? {
        guard footer.criticalPathVersion > 0 else { return nil }
        let column = FixedColumn.critical.rawValue
        let decoder = try await decoder(of: group, try await directory(of: group), columns: [column])
        var values = FlatBuffer<UInt64>()
        try decoder.integers(column, count: decoder.entry.rowCount, 0..<decoder.entry.rowCount, into: &values)
        return (0..<values.count).map { values[$0] }
    }
}
