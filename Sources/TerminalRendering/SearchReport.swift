// SPDX-License-Identifier: Apache-2.0

/// Traces that a search found, in the order in which the server answers them.
package struct SearchReport: Sendable {
    /// A span that matches.
    package struct Span: Sendable {
        package var name: String
        /// Nanoseconds.
        package var duration: UInt64
        /// As `key=value`.
        package var attributes: [String]

        package init(name: String, duration: UInt64, attributes: [String]) {
            self.name = name
            self.duration = duration
            self.attributes = attributes
        }
    }

    package struct Row: Sendable {
        package var traceID: String
        /// Empty if the trace has no root.
        package var rootServiceName: String
        package var rootName: String
        /// Unix nanoseconds.
        package var start: UInt64
        package var durationMilliseconds: UInt64
        /// How many of its spans match.
        package var matchedSpanCount: Int
        /// Of the whole trace; nil if the server does not say.
        package var spanCount: Int?
        /// Of the whole trace; nil if the server does not say.
        package var errorCount: Int?
        /// Some of the spans that match.
        package var spans: [Span]

        package init(
            traceID: String, rootServiceName: String, rootName: String, start: UInt64, durationMilliseconds: UInt64,
            matchedSpanCount: Int, spanCount: Int?, errorCount: Int?, spans: [Span] = []
        ) {
            self.traceID = traceID
            self.rootServiceName = rootServiceName
            self.rootName = rootName
            self.start = start
            self.durationMilliseconds = durationMilliseconds
            self.matchedSpanCount = matchedSpanCount
            self.spanCount = spanCount
            self.errorCount = errorCount
            self.spans = spans
        }
    }

    package var rows: [Row]
    /// How many were asked for at most; there may be more if so many were found.
    package var limit: Int
    /// Whether the matching spans stand below their traces.
    package var showsSpans: Bool

    package init(rows: [Row], limit: Int, showsSpans: Bool = false) {
        self.rows = rows
        self.limit = limit
        self.showsSpans = showsSpans
    }

    package func render(_ style: TerminalStyle) -> String {
        guard !rows.isEmpty else { return "no trace matches\n" }
        // Not every server says what the whole trace holds.
        let hasSpanCounts = rows.contains { $0.spanCount != nil }
        let hasErrorCounts = rows.contains { $0.errorCount != nil }
        var columns = [
            TextTable.Column("START", dropOrder: 3),
            TextTable.Column("DURATION", .right),
            TextTable.Column("SERVICE", minimumWidth: 7, dropOrder: 1),
            TextTable.Column("NAME", minimumWidth: 12),
            TextTable.Column("MATCHED", .right, dropOrder: 4),
        ]
        if hasSpanCounts { columns.append(TextTable.Column("SPANS", .right, dropOrder: 5)) }
        if hasErrorCounts { columns.append(TextTable.Column("ERRORS", .right, dropOrder: 2)) }
        var table = TextTable(columns + [TextTable.Column("TRACE")])
        for row in rows {
            var cells = [
                TimeText.format(row.start), durationText(row), row.rootServiceName, row.rootName,
                NumberText.count(row.matchedSpanCount),
            ]
            if hasSpanCounts { cells.append(row.spanCount.map(NumberText.count) ?? "-") }
            if hasErrorCounts { cells.append(row.errorCount.map(NumberText.count) ?? "-") }
            table.append(
                cells + [row.traceID], paint: row.errorCount ?? 0 > 0 ? .red : nil,
                details: showsSpans ? details(of: row) : [])
        }
        return table.render(style) + "\n" + totals(style) + "\n"
    }

    /// The spans that match, as far as they are known.
    private func details(of row: Row) -> [String] {
        var lines = row.spans.map { span in
            ([DurationText.format(span.duration), span.name] + span.attributes).joined(separator: "  ")
        }
        let missing = row.matchedSpanCount - row.spans.count
        if missing > 0, !lines.isEmpty { lines.append("and \(NumberText.count(missing, "span")) more") }
        return lines
    }

    /// Milliseconds are all that the server says.
    private func durationText(_ row: Row) -> String {
        let (nanoseconds, overflow) = row.durationMilliseconds.multipliedReportingOverflow(by: 1_000_000)
        return row.durationMilliseconds == 0 ? "<1 ms" : DurationText.format(overflow ? .max : nanoseconds)
    }

    private func totals(_ style: TerminalStyle) -> String {
        let found = NumberText.count(rows.count, "trace")
        return rows.count < limit ? found : found + style.separator + "more may match: see --limit"
    }

    package var csv: CSVTable {
        var table = CSVTable([
            "traceID", "rootServiceName", "rootTraceName", "startTime", "durationMs", "matchedSpans", "spans", "errors",
        ])
        for row in rows {
            table.append([
                row.traceID, row.rootServiceName, row.rootName, TimeText.formatExact(row.start),
                "\(row.durationMilliseconds)", "\(row.matchedSpanCount)", row.spanCount.map { "\($0)" } ?? "",
                row.errorCount.map { "\($0)" } ?? "",
            ])
        }
        return table
    }
}
