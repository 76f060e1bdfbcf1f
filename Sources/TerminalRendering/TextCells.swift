// SPDX-License-Identifier: Apache-2.0

/// Makes text that others wrote harmless for a terminal: what would move the cursor, change colours or turn the
/// direction of writing is spelled out.
package func escapedForTerminal(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnsafeToShow) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case "\u{1b}": result += "\\e"
        case _ where isUnsafeToShow(scalar): result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// Controls, line separators, and the marks that override the direction of writing.
private func isUnsafeToShow(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x200e...0x200f, 0x2066...0x2069, 0xfeff: true
    default: false
    }
}

/// How many cells a terminal needs for the text; wide characters take two.
func cellCount(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.reduce(0) { $0 + cellCount($1) }
}

private func cellCount(_ character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf,
        0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff,
        0x20000...0x3fffd:
        return 2
    default:
        return scalar.properties.generalCategory == .nonspacingMark ? 0 : 1
    }
}

/// The text in at most `width` cells, with an ellipsis where something was cut.
func truncated(_ text: String, to width: Int, ellipsis: String) -> String {
    if cellCount(text) <= width { return text }
    guard width > 0 else { return "" }
    var result = ""
    var used = 0
    for character in text {
        used += cellCount(character)
        if used > width - 1 { break }
        result.append(character)
    }
    return result + ellipsis
}

/// At which side of its column a text stands.
package enum TextAlignment: Sendable {
    case left, right
}

/// The text in exactly `width` cells, unless it is longer.
func padded(_ text: String, to width: Int, _ alignment: TextAlignment = .left) -> String {
    let blanks = String(repeating: " ", count: max(0, width - cellCount(text)))
    return alignment == .left ? text + blanks : blanks + text
}

/// The line without blanks at its end.
func trimmedAtEnd(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
}
