// SPDX-License-Identifier: Apache-2.0

/// A table with aligned columns that fits into the terminal: first its long columns are cut, then those are left out
/// that it can do without.
package struct TextTable: Sendable {
    package struct Column: Sendable {
        package var title: String
        package var alignment: TextAlignment
        /// The fewest cells to which it may be cut; nil if it is shown whole or not at all.
        package var minimumWidth: Int?
        /// The column with the greatest number is left out first; 0 stays in any case.
        package var dropOrder: Int
        /// How its cells are set off where their row is not.
        package var paint: TerminalStyle.Paint?

        package init(
            _ title: String, _ alignment: TextAlignment = .left, minimumWidth: Int? = nil, dropOrder: Int = 0,
            paint: TerminalStyle.Paint? = nil
        ) {
            self.title = title
            self.alignment = alignment
            self.minimumWidth = minimumWidth
            self.dropOrder = dropOrder
            self.paint = paint
        }
    }

    package var columns: [Column]
    /// One text for each column, as others wrote it.
    package private(set) var rows: [[String]] = []
    private var paints: [TerminalStyle.Paint?] = []
    /// By row: lines below it.
    private var details: [[String]] = []

    private static let gap = 2

    package init(_ columns: [Column]) { self.columns = columns }

    /// - Parameters:
    ///   - cells: As many as there are columns.
    ///   - details: Lines below the row, cut where the terminal ends.
    package mutating func append(_ cells: [String], paint: TerminalStyle.Paint? = nil, details: [String] = []) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells.map(escapedForTerminal))
        self.details.append(details.map(escapedForTerminal))
        paints.append(paint)
    }

    /// The title line and one line for each row, each ended by a line feed.
    package func render(_ style: TerminalStyle) -> String {
        let widths = fittingWidths(style.width)
        let titles = zip(columns, widths).map { $0.0.title }
        var text = style.paint(line(titles, widths, style), .bold) + "\n"
        for (index, row) in rows.enumerated() {
            let line = line(row, widths, style, paintsColumns: paints[index] == nil)
            text += style.paint(line, paints[index]) + "\n"
            for detail in details[index] {
                let cut = style.width.map { truncated(detail, to: $0 - 4, ellipsis: style.ellipsis) } ?? detail
                text += "    " + style.paint(cut, .dim) + "\n"
            }
        }
        return text
    }

    private func line(
        _ cells: [String], _ widths: [Int?], _ style: TerminalStyle, paintsColumns: Bool = false
    ) -> String {
        let last = widths.lastIndex { $0 != nil }
        var parts: [String] = []
        for (index, cell) in cells.enumerated() {
            guard let width = widths[index] else { continue }
            let cut = truncated(cell, to: width, ellipsis: style.ellipsis)
            let column = columns[index]
            let isLast = index == last && column.alignment == .left
            parts.append(
                style.paint(isLast ? cut : padded(cut, to: width, column.alignment), paintsColumns ? column.paint : nil))
        }
        return trimmedAtEnd(parts.joined(separator: String(repeating: " ", count: Self.gap)))
    }

    /// The width of each column; nil for those that are left out.
    private func fittingWidths(_ available: Int?) -> [Int?] {
        var widths: [Int?] = columns.indices.map { index in
            rows.reduce(cellCount(columns[index].title)) { max($0, cellCount($1[index])) }
        }
        guard let available else { return widths }
        while true {
            let excess = total(widths) - available
            if excess <= 0 { return widths }
            let slack = columns.indices.reduce(0) { sum, index in
                sum + (widths[index].map { max(0, $0 - (columns[index].minimumWidth ?? $0)) } ?? 0)
            }
            let optional = columns.indices.filter { widths[$0] != nil && columns[$0].dropOrder > 0 }
            if slack < excess, let last = optional.max(by: { columns[$0].dropOrder < columns[$1].dropOrder }) {
                widths[last] = nil
            } else {
                shrink(&widths, by: min(excess, slack))
                return widths
            }
        }
    }

    /// Cuts the longest of the columns that may be cut, cell by cell.
    private func shrink(_ widths: inout [Int?], by excess: Int) {
        for _ in 0..<excess {
            var longest: (index: Int, width: Int)?
            for (index, column) in columns.enumerated() {
                guard let width = widths[index], let minimum = column.minimumWidth, width > minimum else { continue }
                if width > longest?.width ?? 0 { longest = (index, width) }
            }
            guard let longest else { return }
            widths[longest.index] = longest.width - 1
        }
    }

    private func total(_ widths: [Int?]) -> Int {
        let shown = widths.compactMap { $0 }
        return shown.reduce(0, +) + Self.gap * max(0, shown.count - 1)
    }
}
