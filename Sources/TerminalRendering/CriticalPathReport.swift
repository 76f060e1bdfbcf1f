// SPDX-License-Identifier: Apache-2.0

/// Where the time of one trace went, as the server answers it.
package struct CriticalPathReport: Sendable {
    /// A stretch of time that one span held up.
    package struct Segment: Sendable {
        package var serviceName: String
        package var name: String
        /// Unix nanoseconds.
        package var start: UInt64
        package var durationNanoseconds: UInt64

        package init(serviceName: String, name: String, start: UInt64, durationNanoseconds: UInt64) {
            self.serviceName = serviceName
            self.name = name
            self.start = start
            self.durationNanoseconds = durationNanoseconds
        }
    }

    /// The time of one span or one service on the path.
    package struct Part: Sendable {
        package var label: String
        package var criticalNanoseconds: UInt64
        /// Of the root's duration, 0…1.
        package var share: Double

        package init(label: String, criticalNanoseconds: UInt64, share: Double) {
            self.label = label
            self.criticalNanoseconds = criticalNanoseconds
            self.share = share
        }
    }

    package var traceID = ""
    package var rootServiceName = ""
    package var rootName = ""
    /// Unix nanoseconds.
    package var start: UInt64 = 0
    package var durationNanoseconds: UInt64 = 0
    /// Whether the trace is one whole tree.
    package var isComplete = true
    /// Names of what was wrong with the trace.
    package var warnings: [String] = []
    /// In time order.
    package var segments: [Segment] = []
    /// Largest first.
    package var spans: [Part] = []
    /// Largest first.
    package var services: [Part] = []

    package init() {}

    /// The spans on the path, each with all of its time there, and the services.
    ///
    /// - Parameter limit: The most spans to show; nil shows all.
    package func renderSpans(_ style: TerminalStyle, limit: Int? = nil) -> String {
        let shown = spans.prefix(limit ?? spans.count)
        let labels = (shown + services).map { escapedForTerminal($0.label) }
        let layout = PartLayout(labels, style)
        var text = header(style) + "\n" + style.paint(layout.title("span"), .dim) + "\n"
        for part in shown { text += layout.line(part, style) + "\n" }
        if shown.count < spans.count {
            text += "\(style.ellipsis) \(NumberText.count(spans.count - shown.count, "more span")) not shown\n"
        }
        text += "\n" + style.paint(layout.title("service"), .dim) + "\n"
        for part in services { text += layout.line(part, style) + "\n" }
        return text
    }

    /// The path in time order.
    package func renderSegments(_ style: TerminalStyle, limit: Int? = nil) -> String {
        let shown = segments.prefix(limit ?? segments.count)
        let labels = shown.map { escapedForTerminal("\($0.serviceName): \($0.name)") }
        let layout = SegmentLayout(labels, start: start, end: start &+ durationNanoseconds, style)
        var text = header(style) + "\n" + style.paint(layout.title, .dim) + "\n"
        for (segment, label) in zip(shown, labels) { text += layout.line(segment, label, style) + "\n" }
        if shown.count < segments.count {
            text += "\(style.ellipsis) \(NumberText.count(segments.count - shown.count, "more segment")) not shown\n"
        }
        return text
    }

    private func header(_ style: TerminalStyle) -> String {
        let facts = [
            DurationText.format(durationNanoseconds), "\(NumberText.count(spans.count, "span")) on the critical path",
            NumberText.count(services.count, "service"), TimeText.format(start),
        ]
        var text = style.paint("Trace \(escapedForTerminal(traceID))", .bold) + "\n"
        text += escapedForTerminal("\(rootServiceName): \(rootName)") + "\n"
        text += facts.joined(separator: style.separator) + "\n"
        if !isComplete {
            let warning = "warning: the trace is not whole; this is the path of its first fragment"
            text += style.paint(warning, .yellow) + "\n"
        }
        for warning in warnings {
            text += style.paint("warning: " + WarningText.sentence(for: warning, spanCount: nil), .yellow) + "\n"
        }
        return text
    }
}

/// `share time label bar`
private struct PartLayout {
    let labelWidth: Int
    let barWidth: Int

    init(_ labels: [String], _ style: TerminalStyle) {
        let flexible = style.drawingWidth - 8 - 2 - 11 - 2
        labelWidth = min(labels.reduce(8) { max($0, cellCount($1)) }, flexible * 3 / 5)
        barWidth = flexible - labelWidth
    }

    func title(_ noun: String) -> String {
        padded("share", to: 8, .right) + padded("time", to: 11, .right) + "  " + noun
    }

    func line(_ part: CriticalPathReport.Part, _ style: TerminalStyle) -> String {
        let label = truncated(escapedForTerminal(part.label), to: labelWidth, ellipsis: style.ellipsis)
        let bar = shareBar(part.share, cellCount: barWidth, usesUnicode: style.usesUnicode)
        let numbers =
            padded(NumberText.percent(part.share), to: 8, .right)
            + padded(DurationText.format(part.criticalNanoseconds), to: 11, .right)
        return trimmedAtEnd("\(numbers)  \(padded(label, to: labelWidth))  \(style.paint(bar, .cyan))")
    }
}

/// `at time label bar on the time axis`
private struct SegmentLayout {
    let labelWidth: Int
    let bar: TimeBar

    init(_ labels: [String], start: UInt64, end: UInt64, _ style: TerminalStyle) {
        let flexible = style.drawingWidth - 11 - 11 - 2 - 2
        labelWidth = min(labels.reduce(8) { max($0, cellCount($1)) }, flexible * 3 / 5)
        bar = TimeBar(
            start: start, end: max(start, end), cellCount: flexible - labelWidth, usesUnicode: style.usesUnicode)
    }

    var title: String {
        padded("at", to: 11, .right) + padded("time", to: 11, .right) + "  " + padded("span", to: labelWidth) + "  "
            + bar.scale()
    }

    func line(_ segment: CriticalPathReport.Segment, _ label: String, _ style: TerminalStyle) -> String {
        let end = segment.start &+ segment.durationNanoseconds
        let strip = bar.draw(from: segment.start, to: end, waiting: [(segment.start, end)])
        let offset = segment.start > bar.start ? segment.start - bar.start : 0
        return padded(DurationText.format(offset), to: 11, .right)
            + padded(DurationText.format(segment.durationNanoseconds), to: 11, .right) + "  "
            + padded(truncated(label, to: labelWidth, ellipsis: style.ellipsis), to: labelWidth) + "  "
            + style.paint(strip, .cyan)
    }
}
