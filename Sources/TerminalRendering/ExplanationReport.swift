// SPDX-License-Identifier: Apache-2.0

/// How a search was carried out.
package struct ExplanationReport: Sendable {
    /// One `{ … }` of the query.
    package struct Filter: Sendable {
        var scan: String
        var trace: [String]
        var rest: String?
        var isRequired: Bool

        package init(scan: String, trace: [String], rest: String?, isRequired: Bool) {
            self.scan = scan
            self.trace = trace
            self.rest = rest
            self.isRequired = isRequired
        }
    }

    private let filters: [Filter]
    private let needsWholeTraces: Bool
    private let counts: [(name: String, text: String)]

    package init(
        filters: [Filter], needsWholeTraces: Bool, headSpanCount: Int, blockCount: Int, readBlockCount: Int,
        rowGroupCount: Int, readRowGroupCount: Int, readByteCount: Int, assembledTraceCount: Int, seconds: Double
    ) {
        self.filters = filters
        self.needsWholeTraces = needsWholeTraces
        counts = [
            ("heads", NumberText.count(headSpanCount, "span")),
            ("blocks", "\(NumberText.count(readBlockCount)) of \(NumberText.count(blockCount)) searched"),
            ("row groups", "\(NumberText.count(readRowGroupCount)) of \(NumberText.count(rowGroupCount)) searched"),
            ("read", "\(NumberText.bytes(readByteCount)) from storage, the rest from memory"),
            ("put together", NumberText.count(assembledTraceCount, "trace")),
            ("took", DurationText.format(UInt64(min(max(0, seconds), 1e9) * 1e9))),
        ]
    }

    package func render(_ style: TerminalStyle) -> String {
        var lines: [(String, String)] = []
        for (index, filter) in filters.enumerated() {
            let name = filters.count == 1 ? "filter" : "filter \(index + 1)"
            lines.append((name, "columns: " + filter.scan + (filter.isRequired ? " (every hit has it)" : "")))
            for test in filter.trace { lines.append(("", "trace index: " + test)) }
            if let rest = filter.rest { lines.append(("", "then, on values: " + rest)) }
        }
        let judged = needsWholeTraces ? "on traces put together" : "on columns, or whole where a span is there twice"
        lines.append(("judged", judged))
        lines += counts.map { ($0.name, $0.text) }
        let width = lines.map { cellCount($0.0) }.max() ?? 0
        return lines.map { name, text in
            style.paint(padded(name, to: width, .left), .bold) + "  " + escapedForTerminal(text) + "\n"
        }.joined()
    }
}
