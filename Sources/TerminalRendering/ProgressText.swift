// SPDX-License-Identifier: Apache-2.0

/// How far long work has come, in one line that is rewritten again and again.
package struct ProgressText: Sendable {
    /// In what the work is counted.
    package enum Unit: Sendable {
        case bytes
        /// A noun in the singular.
        case things(String)
    }

    package var doneCount: Int
    /// Nil if nobody knows how much there is to do.
    package var totalCount: Int?
    package var unit: Unit
    package var elapsedNanoseconds: UInt64
    /// What else is to be said; empty for nothing.
    package var note: String

    package init(
        _ doneCount: Int, of totalCount: Int? = nil, _ unit: Unit, elapsedNanoseconds: UInt64, note: String = ""
    ) {
        self.doneCount = doneCount
        self.totalCount = totalCount
        self.unit = unit
        self.elapsedNanoseconds = elapsedNanoseconds
        self.note = note
    }

    private static let barWidth = 20

    /// The line without a line feed, shorter than the terminal is wide, so that it never wraps.
    package func render(_ style: TerminalStyle) -> String {
        var parts: [String] = []
        if let share {
            let bar = shareBar(share, cellCount: Self.barWidth, usesUnicode: style.usesUnicode)
            parts.append(padded(bar, to: Self.barWidth) + padded(NumberText.percent(share), to: 8, .right))
        }
        parts += [amount, speed, remaining, escapedForTerminal(note)].filter { !$0.isEmpty }
        return truncated(parts.joined(separator: "  "), to: style.drawingWidth - 1, ellipsis: style.ellipsis)
    }

    private var share: Double? {
        guard let totalCount, totalCount > 0 else { return nil }
        return min(1, Double(doneCount) / Double(totalCount))
    }

    private var amount: String {
        switch unit {
        case .bytes:
            NumberText.bytes(doneCount) + (totalCount.map { " of " + NumberText.bytes($0) } ?? "")
        case .things(let noun):
            totalCount.map { NumberText.count(doneCount) + " of " + NumberText.count($0, noun) }
                ?? NumberText.count(doneCount, noun)
        }
    }

    private var speed: String {
        guard elapsedNanoseconds > 0 else { return "" }
        let perSecond = Double(doneCount) * 1e9 / Double(elapsedNanoseconds)
        switch unit {
        case .bytes: return NumberText.bytes(Int(perSecond)) + "/s"
        case .things: return NumberText.count(Int(perSecond)) + "/s"
        }
    }

    /// Said only once there is something to reckon from.
    private var remaining: String {
        guard let share, share > 0.02, share < 1, elapsedNanoseconds > 1_000_000_000 else { return "" }
        let seconds = min(Double(elapsedNanoseconds) / 1e9 * (1 - share) / share, 1e9).rounded()
        return seconds < 1 ? "" : DurationText.format(UInt64(seconds) * 1_000_000_000) + " left"
    }
}
