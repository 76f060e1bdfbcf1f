// SPDX-License-Identifier: Apache-2.0

/// What became of the traces that were read from files.
package struct ImportReport: Sendable {
    /// Lines with something on them.
    package var lineCount = 0
    /// Lines that are no OTLP.
    package var badLineCount = 0
    /// Good lines that hold no span.
    package var emptyLineCount = 0
    package var readByteCount = 0
    /// What the server said.
    package var sent = LoadReport()

    package init() {}

    /// Whether the server stored all that was read.
    package var isWhole: Bool { badLineCount + sent.rejectedSpanCount + sent.unsentSpanCount == 0 }

    package func render(_ style: TerminalStyle) -> String {
        var rows: [(String, String, Bool)] = [
            ("read", "\(NumberText.count(lineCount, "line")), \(NumberText.bytes(readByteCount))", false),
            ("accepted", NumberText.count(sent.acknowledgedSpanCount, "span"), false),
            ("rejected", NumberText.count(sent.rejectedSpanCount, "span"), sent.rejectedSpanCount > 0),
            ("given up", NumberText.count(sent.unsentSpanCount, "span"), sent.unsentSpanCount > 0),
            ("bad lines", NumberText.count(badLineCount), badLineCount > 0),
        ]
        if emptyLineCount > 0 { rows.append(("without spans", NumberText.count(emptyLineCount, "line"), false)) }
        rows += [
            ("sent again", NumberText.count(sent.retryCount, "time"), false),
            ("time", DurationText.format(sent.elapsedNanoseconds), false),
            ("speed", "\(NumberText.count(sent.spansPerSecond)) spans/s", false),
        ]
        var text = ""
        for (name, value, isBad) in rows {
            text += style.paint(padded(name, to: 15), .dim) + style.paint(value, isBad ? .red : nil) + "\n"
        }
        if let problem = sent.firstProblem {
            text += style.paint(padded("first problem", to: 15), .dim)
            text += style.paint(escapedForTerminal(problem), .red) + "\n"
        }
        return text
    }
}
