// SPDX-License-Identifier: Apache-2.0

/// What the reader's terminal can show.
package struct TerminalStyle: Sendable {
    /// Cells in a line; nil where the output goes to no terminal, so that nothing need be cut.
    package var width: Int?
    package var usesColor: Bool
    /// Whether blocks, dots and ellipses may be used; ASCII otherwise.
    package var usesUnicode: Bool

    package init(width: Int?, usesColor: Bool = false, usesUnicode: Bool = true) {
        self.width = width
        self.usesColor = usesColor
        self.usesUnicode = usesUnicode
    }

    /// What drawings are made to fit where no terminal says how wide it is.
    package static let drawingWidthElsewhere = 120

    /// The width for what is drawn to scale and so needs one; 40 at least.
    var drawingWidth: Int { max(40, width ?? Self.drawingWidthElsewhere) }

    var ellipsis: String { usesUnicode ? "…" : "~" }
    var separator: String { usesUnicode ? " · " : ", " }

    /// A way to set text off.
    package enum Paint: String, Sendable {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    /// The text in that colour, if colours are wanted. It takes no more cells than before.
    package func paint(_ text: String, _ paint: Paint?) -> String {
        guard usesColor, let paint, !text.isEmpty else { return text }
        return "\u{1b}[\(paint.rawValue)m\(text)\u{1b}[0m"
    }
}
