// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Synchronization
package import TraceModel

// What the trace index says of the traces of a row group.

extension BlockReader {
    /// The traces that have rows in a group, in order; perhaps also the one behind them.
    func anchors(ofGroup group: Int) async throws -> [TraceAnchor] {
        let end = group + 1 < footer.rowGroups.count ? footer.rowGroups[group + 1].firstTrace + 1 : .max
        return try await anchors(footer.rowGroups[group].firstTrace..<min(end, footer.statistics.traceCount))
    }

    /// All traces that have rows in a group.
    func addAnchors(ofGroup group: Int, to rows: inout ScannedRows) async throws {
        rows.traces = try await anchors(ofGroup: group)
        let first = footer.rowGroups[group].firstTrace
        rows.positions = Array(first..<(first + rows.traces.count))
    }

    /// The traces that have one of some rows of a group, and do not start before `since`.
    func addAnchors(
        ofGroup group: Int, having mask: BitMask, since: UInt64, to rows: inout ScannedRows
    ) async throws {
        var number = pageNumber(ofTrace: footer.rowGroups[group].firstTrace)
        var next = mask.first(from: 0)
        while let first = next {
            while number + 1 < footer.indexPages.count,
                footer.indexPages[number + 1].firstRow <= rows.firstRow + first
            { number += 1 }
            let page = try await indexPage(number)
            let end = endRow(ofPage: number) - rows.firstRow
            guard first < end else { throw BlockError(.corrupted, "the trace index of block \(id) lacks a trace") }
            while let row = next, row < end {
                let index = page.value.index(ofRow: rows.firstRow + row)
                if page.value.start(index) >= since {
                    rows.traces.append(anchor(page.value, index))
                    rows.positions.append(footer.indexPages[number].firstTrace + index)
                }
                next = mask.first(from: page.value.rows(index).upperBound - rows.firstRow)
            }
        }
    }

    /// Traces that have rows in a group; one that ends where the next group begins may count in both.
    func traceCount(ofGroup group: Int) -> Int {
        let isLast = group + 1 >= footer.rowGroups.count
        let end = isLast ? footer.statistics.traceCount : footer.rowGroups[group + 1].firstTrace
        return max(1, end - footer.rowGroups[group].firstTrace)
    }

    /// The first and the last ID of the block's traces.
    package var traceIDs: ClosedRange<TraceID> {
        footer.statistics.minimumTraceID...max(footer.statistics.minimumTraceID, footer.statistics.maximumTraceID)
    }

    /// The IDs of the block's traces that lie in a range, rising.
    package func traceIDs(in range: ClosedRange<TraceID>) async throws -> [TraceID] {
        var ids: [TraceID] = []
        for number in (pageNumber(for: range.lowerBound) ?? 0)..<footer.indexPages.count {
            guard footer.indexPages[number].firstTraceID <= range.upperBound else { break }
            let page = try await indexPage(number)
            for position in 0..<page.value.traceCount {
                let id = page.value.traceID(position)
                if range.contains(id) { ids.append(id) }
            }
        }
        return ids
    }

    /// The latest start of the traces that have rows in a group.
    func newestTraceStart(ofGroup group: Int) async throws -> UInt64 {
        if let start = newestStarts.withLock({ $0[group] }) { return start }
        let start = try await anchors(ofGroup: group).reduce(0) { max($0, $1.start) }
        newestStarts.withLock { $0[group] = start }
        return start
    }

    /// Where a trace lies in the block and what the trace index says of it; nil if the block has none of it.
    package func find(_ traceID: TraceID) async throws -> (anchor: TraceAnchor, summary: TraceSummary)? {
        guard try await mayContain(traceID), let number = pageNumber(for: traceID) else { return nil }
        let page = try await indexPage(number)
        guard let position = page.value.position(of: traceID) else { return nil }
        let summary = try reading("trace index of block \(id)") { () throws(ByteCodingError) in
            try page.value.summary(position, services: schema.services)
        }
        let anchor = TraceAnchor(
            id: traceID, rows: page.value.rows(position), start: summary.start, duration: summary.duration)
        return (anchor, summary)
    }

    /// The root of trace `index` of a page: numbers of its service in the schema's, and of its name in the page's.
    package func root(
        _ index: Int, _ page: Shared<TraceIndexPage>
    ) throws(BlockError) -> (service: Int, name: Int)? {
        try reading("trace index of block \(id)") { () throws(ByteCodingError) in
            try page.value.root(index, serviceCount: schema.services.count)
        }
    }

    /// The root of the trace at `position` of the trace index.
    package func root(ofTrace position: Int) async throws -> (service: [UInt8], name: [UInt8])? {
        let number = pageNumber(ofTrace: position)
        let page = try await indexPage(number)
        return try root(position - footer.indexPages[number].firstTrace, page).map {
            (schema.services[$0.service], page.value.names[$0.name])
        }
    }
}
