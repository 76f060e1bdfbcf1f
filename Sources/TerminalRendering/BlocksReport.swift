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
        /// Greatest start or end of its spans, Unix nanoseconds.
        package var lastEnd: UInt64
        /// How often its spans were merged.
        package var level: Int
        /// Unix seconds.
        package var firstArrival: UInt64
        /// Unix seconds: it decides in which window the block is merged and when it is dropped.
        package var lastArrival: UInt64

        package init(
            id: String, tenant: String, spanCount: Int, traceCount: Int, byteCount: Int, firstStart: UInt64,
            lastEnd: UInt64, level: Int, firstArrival: UInt64 = 0, lastArrival: UInt64 = 0
        ) {
            self.firstArrival = firstArrival
            self.lastArrival = lastArrival
            self.id = id
            self.tenant = tenant
            self.spanCount = spanCount
            self.traceCount = traceCount
            self.byteCount = byteCount
            self.firstStart = firstStart
            self.lastEnd = lastEnd
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
            TextTable.Column("LAST END", dropOrder: 6),
            TextTable.Column("LAST ARRIVAL", dropOrder: 7),
        ])
        for row in rows {
            table.append([
                row.id, row.tenant, "\(row.level)", NumberText.count(row.spanCount), NumberText.count(row.traceCount),
                NumberText.bytes(row.byteCount), row.spanCount > 0 ? "\(row.byteCount / row.spanCount)" : "-",
                TimeText.format(row.firstStart), TimeText.format(row.lastEnd),
                TimeText.format(row.lastArrival * 1_000_000_000),
            ])
        }
        return table.render(style) + totals(style)
    }

    /// The same for other programs.
    package var csv: CSVTable {
        var table = CSVTable([
            "block", "tenant", "level", "spans", "traces", "bytes", "firstStartTime", "lastEndTime",
            "firstArrivalTime", "lastArrivalTime",
        ])
        for row in rows {
            table.append([
                row.id, row.tenant, "\(row.level)", "\(row.spanCount)", "\(row.traceCount)", "\(row.byteCount)",
                TimeText.formatExact(row.firstStart), TimeText.formatExact(row.lastEnd),
                TimeText.formatExact(row.firstArrival * 1_000_000_000),
                TimeText.formatExact(row.lastArrival * 1_000_000_000),
            ])
        }
        return table
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
