// SPDX-License-Identifier: Apache-2.0

package import TraceAnalysis
package import TraceModel

/// What a waterfall shows of one span.
package struct WaterfallSpan: Sendable {
    package var id: SpanID
    /// 0 if it has none.
    package var parent: SpanID
    package var serviceName: String
    package var name: String
    /// Unix nanoseconds.
    package var start: UInt64
    /// Unix nanoseconds; may lie before the start.
    package var end: UInt64
    /// OTLP SpanKind.
    package var kind: UInt8
    package var isError: Bool

    package init(
        id: SpanID, parent: SpanID, serviceName: String, name: String, start: UInt64, end: UInt64, kind: UInt8,
        isError: Bool
    ) {
        self.id = id
        self.parent = parent
        self.serviceName = serviceName
        self.name = name
        self.start = start
        self.end = end
        self.kind = kind
        self.isError = isError
    }

    var duration: UInt64 { end > start ? end - start : 0 }
    var label: String { escapedForTerminal(serviceName.isEmpty ? name : "\(serviceName): \(name)") }
}

/// A trace as a tree of spans over a time axis, with its critical path.
package struct Waterfall: Sendable {
    package let traceID: TraceID
    package let spans: [WaterfallSpan]
    package let path: CriticalPath
    /// Every span once, parents before children.
    let lines: [WaterfallLine]

    /// - Parameter spans: In any order; a broken tree is repaired as docs/CRITICAL-PATH.md says.
    /// - Complexity: O(n log n), whatever the depth.
    package init(traceID: TraceID, spans: [WaterfallSpan]) {
        var columns = TraceColumns()
        columns.reserve(spans.count)
        for span in spans {
            columns.append(
                spanID: span.id.rawValue, parentSpanID: span.parent.rawValue, start: span.start, end: span.end,
                kind: span.kind)
        }
        var analyzer = CriticalPathAnalyzer()
        self.traceID = traceID
        self.spans = spans
        path = analyzer.analyze(columns)
        lines = analyzer.tree.waterfall(of: columns)
    }

    /// - Parameters:
    ///   - limit: The most spans to show; nil shows all.
    ///   - minimumDuration: Spans that took less, in nanoseconds, are left out unless one below them did not.
    package func render(_ style: TerminalStyle, limit: Int? = nil, minimumDuration: UInt64 = 0) -> String {
        var text = header(style)
        guard !spans.isEmpty else { return text }
        let shown = Array(lines(lasting: minimumDuration).prefix(limit ?? lines.count))
        let layout = Layout(self, shown, style)
        let waiting = Dictionary(grouping: path.segments, by: \.row)
        text += "\n" + style.paint(layout.title(style), .dim) + "\n"
        for line in shown {
            let stretches = (waiting[line.row] ?? []).map { (start: $0.start, end: $0.end) }
            text += layout.line(line, self, waiting: stretches, style) + "\n"
        }
        if shown.count < lines.count {
            text += "\(style.ellipsis) \(NumberText.count(lines.count - shown.count, "more span")) not shown\n"
        }
        return text + "\n" + style.paint(legend(style), .dim) + "\n"
    }

    /// The lines of spans that last so long or longer, and of all that these lie in.
    private func lines(lasting minimumDuration: UInt64) -> [WaterfallLine] {
        guard minimumDuration > 0 else { return lines }
        // Backwards, a span's parent is the next line that is indented by one less.
        var isParentNeeded = [Bool](repeating: false, count: lines.reduce(1) { max($0, $1.depth + 1) })
        var kept: [WaterfallLine] = []
        for line in lines.reversed() where isParentNeeded[line.depth] || spans[line.row].duration >= minimumDuration {
            isParentNeeded[line.depth] = false
            if line.depth > 0 { isParentNeeded[line.depth - 1] = true }
            kept.append(line)
        }
        return kept.reversed()
    }

    private func header(_ style: TerminalStyle) -> String {
        var text = style.paint("Trace \(traceID)", .bold) + "\n"
        guard path.rootRow >= 0 else { return text + "no spans\n" }
        let root = spans[path.rootRow]
        let errors = spans.count { $0.isError }
        let facts = [
            DurationText.format(path.durationNanoseconds), NumberText.count(spans.count, "span"),
            NumberText.count(Set(spans.map(\.serviceName)).count, "service"),
            style.paint(NumberText.count(errors, "error"), errors > 0 ? .red : nil), TimeText.format(root.start),
        ]
        text += root.label + "\n" + facts.joined(separator: style.separator) + "\n"
        for warning in warningLines { text += style.paint("warning: \(warning)", .yellow) + "\n" }
        return text
    }

    /// What was wrong with the trace, each kind with the number of spans.
    private var warningLines: [String] {
        path.warnings.names.map { name in
            let count = path.rowWarnings.count { $0.names.contains(name) }
            return WarningText.sentence(for: name, spanCount: count)
        }
    }

    private func legend(_ style: TerminalStyle) -> String {
        let (critical, running) = style.usesUnicode ? ("█", "░") : ("#", "-")
        return "* \(critical) on the critical path\(style.separator)\(running) running\(style.separator)! error"
    }
}

/// What the names of warnings mean.
enum WarningText {
    /// - Parameter spanCount: How many spans it concerns; nil if that isn't known.
    static func sentence(for name: String, spanCount: Int?) -> String {
        let meaning: String =
            switch name {
            case "missing-parent": "the parent is not in the trace"
            case "several-roots": "there are several roots"
            case "cycle": "a span is its own ancestor; it was made a root"
            case "negative-duration": "the end lies before the start; counted as no time"
            case "duplicate-span-id": "the span ID is used twice"
            case "child-clipped": "sticks out of its parent and was cut to it"
            case "child-outside-parent": "lies outside of its parent and was left out of the critical path"
            case "clock-skew": "a server's clock disagrees with its client's"
            case "skew-adjusted": "moved into its parent because of clock skew"
            default: ""
            }
        let head = spanCount.map { "\(name) (\(NumberText.count($0, "span")))" } ?? name
        return meaning.isEmpty ? escapedForTerminal(head) : "\(head): \(meaning)"
    }
}
