// SPDX-License-Identifier: Apache-2.0

/// Traces that a search found, in the order in which the server answers them.
package struct SearchReport: Sendable {
    /// What a query found of a span, or of a spanset.
    package struct Attribute: Sendable {
        package var key: String
        package var value: String

        package init(key: String, value: String) {
            self.key = key
            self.value = value
        }

        fileprivate var text: String { "\(key)=\(value)" }
    }

    /// A span that matches.
    package struct Span: Sendable {
        /// 16 hexadecimal digits.
        package var id: String
        package var name: String
        /// Unix nanoseconds.
        package var start: UInt64
        /// Nanoseconds.
        package var duration: UInt64
        package var attributes: [Attribute]

        package init(id: String = "", name: String, start: UInt64 = 0, duration: UInt64, attributes: [Attribute]) {
            self.id = id
            self.name = name
            self.start = start
            self.duration = duration
            self.attributes = attributes
        }
    }

    /// Spans of a trace that match together.
    package struct Spanset: Sendable {
        package var matchedCount: Int
        /// What the query found of all of them.
        package var attributes: [Attribute]
        /// Some of them.
        package var spans: [Span]

        package init(matchedCount: Int, attributes: [Attribute] = [], spans: [Span] = []) {
            self.matchedCount = matchedCount
            self.attributes = attributes
            self.spans = spans
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
        /// Of the whole trace; nil if the server does not say.
        package var spanCount: Int?
        /// Of the whole trace; nil if the server does not say.
        package var errorCount: Int?
        package var spansets: [Spanset]

        /// How many of its spans match.
        package var matchedSpanCount: Int { spansets.reduce(0) { $0 &+ $1.matchedCount } }

        package init(
            traceID: String, rootServiceName: String, rootName: String, start: UInt64, durationMilliseconds: UInt64,
            spanCount: Int?, errorCount: Int?, spansets: [Spanset] = []
        ) {
            self.traceID = traceID
            self.rootServiceName = rootServiceName
            self.rootName = rootName
            self.start = start
            self.durationMilliseconds = durationMilliseconds
            self.spanCount = spanCount
            self.errorCount = errorCount
            self.spansets = spansets
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

    /// The spans that match, as far as they are known; below a line for each spanset, unless there is one without
    /// attributes.
    private func details(of row: Row) -> [String] {
        guard row.spansets.count > 1 || row.spansets.contains(where: { !$0.attributes.isEmpty }) else {
            return row.spansets.flatMap { details(of: $0) }
        }
        return row.spansets.flatMap { spanset in
            let title = spanset.attributes.map(\.text) + [NumberText.count(spanset.matchedCount, "span")]
            return [title.joined(separator: "  ")] + details(of: spanset).map { "  " + $0 }
        }
    }

    private func details(of spanset: Spanset) -> [String] {
        var lines = spanset.spans.map { span in
            ([DurationText.format(span.duration), span.name] + span.attributes.map(\.text)).joined(separator: "  ")
        }
        let missing = spanset.matchedCount - spanset.spans.count
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

    private static let traceTitles = [
        "traceID", "rootServiceName", "rootTraceName", "startTime", "durationMs", "matchedSpans", "spans", "errors",
    ]
    private static let spanTitles = [
        "spanset", "spansetMatched", "spansetAttributes", "spanID", "spanName", "spanStartTime", "spanDurationNanos",
        "spanAttributes",
    ]

    /// A line for each trace, or for each span that is shown. What a query finds is one field in logfmt, so that
    /// the columns are the same for every query.
    package var csv: CSVTable {
        var table = CSVTable(Self.traceTitles + (showsSpans ? Self.spanTitles : []))
        for row in rows {
            let fields = [
                row.traceID, row.rootServiceName, row.rootName, TimeText.formatExact(row.start),
                "\(row.durationMilliseconds)", "\(row.matchedSpanCount)", row.spanCount.map { "\($0)" } ?? "",
                row.errorCount.map { "\($0)" } ?? "",
            ]
            guard showsSpans else {
                table.append(fields)
                continue
            }
            for (index, spanset) in row.spansets.enumerated() {
                let set = ["\(index + 1)", "\(spanset.matchedCount)", Self.logfmt(spanset.attributes)]
                for span in spanset.spans {
                    let shown = [
                        span.id, span.name, TimeText.formatExact(span.start), "\(span.duration)",
                        Self.logfmt(span.attributes),
                    ]
                    table.append(fields + set + shown)
                }
            }
        }
        return table
    }

    private static func logfmt(_ attributes: [Attribute]) -> String {
        attributes.map { LogfmtText.quotedPair($0.key, $0.value) }.joined(separator: " ")
    }
}
