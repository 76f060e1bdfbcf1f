// SPDX-License-Identifier: Apache-2.0

internal import TraceAnalysis

extension Waterfall {
    /// Where the parts of a line stand:
    ///
    ///     *! service: name, indented     duration  critical  bar
    ///     2 1                  label   1        9         9  2
    struct Layout {
        let labelWidth: Int
        let indentWidth: Int
        let showsCritical: Bool
        let bar: TimeBar

        private static let markWidth = 3
        private static let numberWidth = 10
        private static let gap = 2

        init(_ waterfall: Waterfall, _ lines: [WaterfallLine], _ style: TerminalStyle) {
            let width = style.drawingWidth
            showsCritical = width >= 76
            let fixed = Self.markWidth + Self.numberWidth * (showsCritical ? 2 : 1) + Self.gap
            let flexible = width - fixed
            let deepest = lines.reduce(0) { max($0, $1.depth) }
            let most = flexible * 3 / 5
            indentWidth = deepest * 2 <= most / 2 ? 2 : 1
            let unit = indentWidth
            let wanted = lines.reduce(8) { longest, line in
                max(longest, Self.indent(line.depth, unit, most).count + cellCount(waterfall.spans[line.row].label))
            }
            labelWidth = min(wanted, most)
            bar = TimeBar(
                start: waterfall.spans.reduce(.max) { min($0, $1.start) },
                end: waterfall.spans.reduce(0) { max($0, $1.end, $1.start) },
                cellCount: flexible - labelWidth, usesUnicode: style.usesUnicode)
        }

        /// Blanks for a depth; where they would take more than half of the label, a number stands for them.
        private static func indent(_ depth: Int, _ unit: Int, _ labelWidth: Int) -> String {
            if depth * unit <= labelWidth / 2 { return String(repeating: " ", count: depth * unit) }
            let number = ">\(depth) "
            return String(repeating: " ", count: max(0, labelWidth / 2 - number.count)) + number
        }

        func title(_ style: TerminalStyle) -> String {
            let label = String(repeating: " ", count: Self.markWidth + labelWidth)
            let numbers = ["duration", "critical"].prefix(showsCritical ? 2 : 1).map {
                padded($0, to: Self.numberWidth, .right)
            }
            return trimmedAtEnd(label + numbers.joined() + "  " + bar.scale())
        }

        func line(
            _ line: WaterfallLine, _ waterfall: Waterfall, waiting: [(start: UInt64, end: UInt64)],
            _ style: TerminalStyle
        ) -> String {
            let span = waterfall.spans[line.row]
            let critical = waterfall.path.criticalNanoseconds[line.row]
            let label = truncated(
                Self.indent(line.depth, indentWidth, labelWidth) + span.label, to: labelWidth,
                ellipsis: style.ellipsis)
            let paint: TerminalStyle.Paint? = span.isError ? .red : critical > 0 ? .cyan : nil
            var text = (critical > 0 ? "*" : " ") + (span.isError ? "!" : " ") + " "
            text += style.paint(padded(label, to: labelWidth), paint)
            text += padded(DurationText.format(span.duration), to: Self.numberWidth, .right)
            if showsCritical {
                text += padded(critical > 0 ? DurationText.format(critical) : "", to: Self.numberWidth, .right)
            }
            let strip = bar.draw(from: span.start, to: max(span.start, span.end), waiting: waiting)
            return text + "  " + style.paint(strip, paint)
        }
    }
}
