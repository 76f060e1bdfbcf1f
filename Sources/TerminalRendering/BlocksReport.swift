// SPDX-License-Identifier: Apache-2.0

/// The live blocks of a store.
package struct BlocksReport: Sendable {
    package struct Row: Sendable {
        package var id: String
        package var tenant: String
        package var spanCount: Int
        package var traceCount: Int
        package var byteCount: Int
        /// Least start of its spans, Unix nanoseconds.
        package var firstStart: UInt64
        /// Greatest start of its spans, Unix nanoseconds.
        package var lastStart: UInt64
        /// How often its spans were merged.
        package var level: Int

        package init(
            id: String, tenant: String, spanCount: Int, traceCount: Int, byteCount: Int, firstStart: UInt64,
            lastStart: UInt64, level: Int
        ) {
            self.id = id
            self.tenant = tenant
            self.spanCount = spanCount
            self.traceCount = traceCount
            self.byteCount = byteCount
            self.firstStart = firstStart
            self.lastStart = lastStart
            self.level = level
        }
    }

    package var rows: [Row]

    package init(rows: [Row]) { self.rows = rows }

    package func render(_ style: TerminalStyle) -> String {
        guard !rows.isEmpty else { return "no blocks\n" }
        var table = TextTable([
            TextTable.Column("BLOCK"),
            TextTable.Column("TENANT", minimumWidth: 6, dropOrder: 3),
            TextTable.Column("LEVEL", .right, dropOrder: 4),
            TextTable.Column("SPANS", .right),
            TextTable.Column("TRACES", .right, dropOrder: 2),
            TextTable.Column("SIZE", .right),
            TextTable.Column("B/SPAN", .right, dropOrder: 5),
            TextTable.Column("FIRST START", dropOrder: 1),
            TextTable.Column("LAST START", dropOrder: 6),
        ])
        for row in rows {
            table.append([
                row.id, row.tenant, "\(row.level)", NumberText.count(row.spanCount), NumberText.count(row.traceCount),
                NumberText.bytes(row.byteCount), row.spanCount > 0 ? "\(row.byteCount / row.spanCount)" : "-",
                TimeText.format(row.firstStart), TimeText.format(row.lastStart),
            ])
        }
        return table.render(style) + totals(style)
    }

    private func totals(_ style: TerminalStyle) -> String {
        let facts = [
            NumberText.count(rows.count, "block"),
            NumberText.count(rows.reduce(0) { $0 + $1.spanCount }, "span"),
            NumberText.bytes(rows.reduce(0) { $0 + $1.byteCount }),
        ]
        return "\n" + facts.joined(separator: style.separator) + "\n"
    }
}

/// One block: what its footer says, and what each of its columns takes.
package struct BlockReport: Sendable {
    package struct Column: Sendable {
        package var name: String
        /// "string", "int", … as the format names it.
        package var type: String
        /// "dictionary", "delta", … as the format names them.
        package var encodings: String
        /// As stored.
        package var byteCount: Int
        /// Before compression.
        package var rawByteCount: Int

        package init(name: String, type: String, encodings: String, byteCount: Int, rawByteCount: Int) {
            self.name = name
            self.type = type
            self.encodings = encodings
            self.byteCount = byteCount
            self.rawByteCount = rawByteCount
        }
    }

    /// What is known of the block as a whole, in the order in which it is shown.
    package var facts: [(name: String, value: String)]
    package var columns: [Column]

    package init(facts: [(name: String, value: String)], columns: [Column]) {
        self.facts = facts
        self.columns = columns
    }

    package func render(_ style: TerminalStyle) -> String {
        let width = facts.reduce(0) { max($0, cellCount($1.name)) }
        var text = ""
        for fact in facts {
            text += style.paint(padded(fact.name, to: width), .dim) + "  " + escapedForTerminal(fact.value) + "\n"
        }
        guard !columns.isEmpty else { return text }
        var table = TextTable([
            TextTable.Column("COLUMN", minimumWidth: 16),
            TextTable.Column("TYPE", dropOrder: 2),
            TextTable.Column("ENCODINGS", minimumWidth: 10, dropOrder: 1),
            TextTable.Column("STORED", .right),
            TextTable.Column("RAW", .right, dropOrder: 3),
            TextTable.Column("SHARE", .right),
        ])
        let total = max(1, columns.reduce(0) { $0 + $1.byteCount })
        for column in columns.sorted(by: { ($1.byteCount, $0.name) < ($0.byteCount, $1.name) }) {
            table.append([
                column.name, column.type, column.encodings, NumberText.bytes(column.byteCount),
                NumberText.bytes(column.rawByteCount),
                NumberText.percent(Double(column.byteCount) / Double(total)),
            ])
        }
        return text + "\n" + table.render(style)
    }
}

/// What a check of every byte of some blocks found.
package struct BlockVerification: Sendable {
    package struct Row: Sendable {
        package var id: String
        package var byteCount: Int
        package var chunkCount: Int
        /// One sentence for each damage, with its place; empty if the block is sound.
        package var damages: [String]

        package init(id: String, byteCount: Int, chunkCount: Int, damages: [String]) {
            self.id = id
            self.byteCount = byteCount
            self.chunkCount = chunkCount
            self.damages = damages
        }
    }

    package var rows: [Row]

    package init(rows: [Row]) { self.rows = rows }

    package var isSound: Bool { rows.allSatisfy(\.damages.isEmpty) }

    package func render(_ style: TerminalStyle) -> String {
        var text = ""
        for row in rows {
            let verdict = row.damages.isEmpty ? style.paint("ok     ", .green) : style.paint("DAMAGED", .red)
            text += "\(verdict)  \(escapedForTerminal(row.id))  \(NumberText.bytes(row.byteCount))"
            text += ", \(NumberText.count(row.chunkCount, "chunk"))\n"
            for damage in row.damages { text += "         " + escapedForTerminal(damage) + "\n" }
        }
        let bad = rows.count { !$0.damages.isEmpty }
        let verdict = bad == 0 ? "all sound" : style.paint("\(NumberText.count(bad)) damaged", .red)
        return text + "\(NumberText.count(rows.count, "block")) read: \(verdict)\n"
    }
}
