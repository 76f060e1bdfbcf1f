// SPDX-License-Identifier: Apache-2.0

/// One block: what its footer says, and what each of its parts, columns and dictionaries takes.
package struct BlockReport: Sendable {
    /// A kind of part, as row groups, dictionaries or the bloom filter.
    package struct Part: Sendable {
        package var name: String
        /// How many there are of that kind.
        package var count: Int
        /// As stored.
        package var byteCount: Int
        /// Before compression.
        package var rawByteCount: Int

        package init(name: String, count: Int, byteCount: Int, rawByteCount: Int) {
            self.name = name
            self.count = count
            self.byteCount = byteCount
            self.rawByteCount = rawByteCount
        }
    }

    package struct Column: Sendable {
        package var name: String
        /// "string", "int", … as the format names it.
        package var type: String
        /// "dictionary", "delta", … as the format names them.
        package var encodings: String
        /// "lz4", "none", or both where chunks differ.
        package var codec: String
        /// As stored.
        package var byteCount: Int
        /// Encoded, before compression.
        package var rawByteCount: Int

        package init(
            name: String, type: String, encodings: String, codec: String, byteCount: Int, rawByteCount: Int
        ) {
            self.name = name
            self.type = type
            self.encodings = encodings
            self.codec = codec
            self.byteCount = byteCount
            self.rawByteCount = rawByteCount
        }
    }

    /// The distinct values of one column.
    package struct Dictionary: Sendable {
        package var columnName: String
        package var valueCount: Int
        /// As stored.
        package var byteCount: Int
        /// Before compression.
        package var rawByteCount: Int

        package init(columnName: String, valueCount: Int, byteCount: Int, rawByteCount: Int) {
            self.columnName = columnName
            self.valueCount = valueCount
            self.byteCount = byteCount
            self.rawByteCount = rawByteCount
        }
    }

    /// What is known of the block as a whole, in the order in which it is shown.
    package var facts: [(name: String, value: String)]
    package var spanCount: Int
    /// All of the block's bytes.
    package var byteCount: Int
    package var parts: [Part]
    package var columns: [Column]
    package var dictionaries: [Dictionary]

    package init(
        facts: [(name: String, value: String)], spanCount: Int, byteCount: Int, parts: [Part], columns: [Column],
        dictionaries: [Dictionary]
    ) {
        self.facts = facts
        self.spanCount = spanCount
        self.byteCount = byteCount
        self.parts = parts
        self.columns = columns
        self.dictionaries = dictionaries
    }

    package func render(_ style: TerminalStyle) -> String {
        [factLines(style), partTable(style), columnTable(style), dictionaryTable(style)]
            .filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private func factLines(_ style: TerminalStyle) -> String {
        let width = facts.reduce(0) { max($0, cellCount($1.name)) }
        return facts.map { fact in
            style.paint(padded(fact.name, to: width), .dim) + "  " + escapedForTerminal(fact.value) + "\n"
        }.joined()
    }

    private func partTable(_ style: TerminalStyle) -> String {
        guard !parts.isEmpty else { return "" }
        var table = TextTable(
            [TextTable.Column("PART", minimumWidth: 12), TextTable.Column("COUNT", .right, dropOrder: 2)]
                + Self.sizeColumns(before: "RAW"))
        for part in parts {
            table.append(
                [part.name, NumberText.count(part.count)] + sizes(part.byteCount, part.rawByteCount, style))
        }
        return table.render(style)
    }

    private func columnTable(_ style: TerminalStyle) -> String {
        guard !columns.isEmpty else { return "" }
        var table = TextTable(
            [
                TextTable.Column("COLUMN", minimumWidth: 16),
                TextTable.Column("TYPE", dropOrder: 5),
                TextTable.Column("ENCODINGS", minimumWidth: 10, dropOrder: 1),
                TextTable.Column("CODEC", dropOrder: 2),
            ] + Self.sizeColumns(before: "ENCODED"))
        for column in columns.sorted(by: { ($1.byteCount, $0.name) < ($0.byteCount, $1.name) }) {
            table.append(
                [column.name, column.type, column.encodings, column.codec]
                    + sizes(column.byteCount, column.rawByteCount, style))
        }
        return table.render(style)
    }

    private func dictionaryTable(_ style: TerminalStyle) -> String {
        guard !dictionaries.isEmpty else { return "" }
        var table = TextTable(
            [TextTable.Column("DICTIONARY OF", minimumWidth: 16), TextTable.Column("VALUES", .right)]
                + Self.sizeColumns(before: "RAW"))
        for dictionary in dictionaries.sorted(by: { ($1.byteCount, $0.columnName) < ($0.byteCount, $1.columnName) }) {
            table.append(
                [dictionary.columnName, NumberText.count(dictionary.valueCount)]
                    + sizes(dictionary.byteCount, dictionary.rawByteCount, style))
        }
        return table.render(style)
    }

    // MARK: - Sizes, the same in all tables

    private static let barWidth = 12

    private static func sizeColumns(before: String) -> [TextTable.Column] {
        [
            TextTable.Column(before, .right, dropOrder: 3),
            TextTable.Column("STORED", .right),
            TextTable.Column("B/SPAN", .right),
            TextTable.Column("SHARE", .right),
            TextTable.Column("", dropOrder: 4, paint: .cyan),
        ]
    }

    private func sizes(_ byteCount: Int, _ rawByteCount: Int, _ style: TerminalStyle) -> [String] {
        let share = Double(byteCount) / Double(max(1, self.byteCount))
        return [
            NumberText.bytes(rawByteCount), NumberText.bytes(byteCount),
            NumberText.hundredths(Double(byteCount) / Double(max(1, spanCount))), NumberText.percent(share),
            shareBar(share, cellCount: Self.barWidth, usesUnicode: style.usesUnicode),
        ]
    }
}
