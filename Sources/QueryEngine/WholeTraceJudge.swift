// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel

/// All stored rows of one trace, wherever they lie, of which each span is judged once: by the copy that wins.
struct WholeTraceJudge {
    private struct Row {
        var view: SpanBatchView
        var row: Int
        var isMatch: Bool

        var start: UInt64 { view.start[row] }
        var end: UInt64 { view.end[row] }
        var spanID: UInt64 { view.spanID[row] }
        var kind: Int32 { view.kind[row] }
    }

    private var rows: [Row] = []

    mutating func add(_ view: SpanBatchView, row: Int, isMatch: Bool) {
        rows.append(Row(view: view, row: row, isMatch: isMatch))
    }

    /// What a search shows of the trace; nil if no span matches that starts in the range.
    mutating func judge(_ id: TraceID, range: ClosedRange<UInt64>, spanLimit: Int) -> SearchedTrace? {
        keepWinners()
        guard let first = rows.first, rows.contains(where: { $0.isMatch && range.contains($0.start) }) else {
            return nil
        }
        let end = rows.reduce(0) { max($0, $1.end) }
        let root = rows.first { $0.view.parent($0.row) == 0 }
        let matches = rows.filter(\.isMatch)
        return SearchedTrace(
            id: id, root: root.map(Self.root), startNanoseconds: first.start,
            durationNanoseconds: spanDuration(start: first.start, end: end), matchedCount: matches.count,
            spans: matches.prefix(spanLimit).map(Self.span), services: services())
    }

    /// What each service has, ordered by name.
    private func services() -> [ServiceCounts] {
        var places: [[UInt8]: Int] = [:]
        var counts: [ServiceCounts] = []
        for row in rows {
            let service = Self.service(row)
            let place = places[service] ?? counts.count
            if place == counts.count {
                places[service] = place
                counts.append(ServiceCounts(service: service, spanCount: 0, errorCount: 0))
            }
            counts[place].spanCount += 1
            counts[place].errorCount += row.view.status[row.row] == 2 ? 1 : 0
        }
        return ServiceCounts.sorted(counts)
    }

    private static func service(_ row: Row) -> [UInt8] {
        let strings = row.view.strings
        return [UInt8](strings[row.view.resourceRecord(row.row).serviceName])
    }

    /// Orders the rows by start, span ID and kind, and drops the copies that lose.
    private mutating func keepWinners() {
        rows.sort { ($0.start, $0.spanID, $0.kind) < ($1.start, $1.spanID, $1.kind) }
        var scratch = ByteWriter()
        var winners: [Row] = []
        for row in rows {
            guard let last = winners.last, DuplicateRule.areCopies(last.view, last.row, row.view, row.row) else {
                winners.append(row)
                continue
            }
            if !DuplicateRule.wins(last.view, last.row, over: row.view, row.row, scratch: &scratch) {
                winners[winners.count - 1] = row
            }
        }
        rows = winners
    }

    private static func root(_ row: Row) -> SearchedTrace.Root {
        let strings = row.view.strings
        let service = service(row)
        let name = [UInt8](strings[row.view.name[row.row]])
        return SearchedTrace.Root(
            serviceName: String(decoding: service, as: UTF8.self), name: String(decoding: name, as: UTF8.self))
    }

    private static func span(_ row: Row) -> MatchedSpan {
        MatchedSpan(
            spanID: row.spanID, start: row.start, duration: spanDuration(start: row.start, end: row.end),
            name: [UInt8](row.view.strings[row.view.name[row.row]]))
    }
}
