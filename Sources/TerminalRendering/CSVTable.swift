// SPDX-License-Identifier: Apache-2.0

/// A table for other programs: comma-separated values with a title line.
///
/// - SeeAlso: RFC 4180: lines end in CR LF; a field with a comma, a quote or a line break stands in quotes, in which
///   a quote is written twice.
package struct CSVTable: Sendable {
    private let columnCount: Int
    private var lines: [[String]]

    /// - Parameter titles: One for each column.
    package init(_ titles: [String]) {
        columnCount = titles.count
        lines = [titles]
    }

    /// - Parameter fields: As many as there are columns.
    package mutating func append(_ fields: [String]) {
        precondition(fields.count == columnCount, "a line has a field for each column")
        lines.append(fields)
    }

    /// - Parameter isForTerminal: Whether somebody looks at it: then what would move the cursor is spelled out.
    package func text(isForTerminal: Bool) -> String {
        var text = ""
        for line in lines {
            text += line.map { quoted(isForTerminal ? escapedForTerminal($0) : $0) }.joined(separator: ",") + "\r\n"
        }
        return text
    }

    private func quoted(_ field: String) -> String {
        // Bytes, because CR LF is one character.
        let needsQuotes = field.utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), 0x0a, 0x0d].contains($0) }
        return needsQuotes ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }
}
