// SPDX-License-Identifier: Apache-2.0

/// Slow spans, slowest first.
package struct SlowSpansReport: Sendable {
    package struct Row: Sendable {
        package var traceID: String
        package var spanID: String
        package var serviceName: String
        package var name: String
        /// Unix nanoseconds.
        package var start: UInt64
        package var durationNanoseconds: UInt64
        package var criticalNanoseconds: UInt64
        /// Of the root's duration, 0…1.
        package var share: Double
        /// "unset", "ok" or "error".
        package var status: String

        package init(
            traceID: String, spanID: String, serviceName: String, name: String, start: UInt64,
            durationNanoseconds: UInt64, criticalNanoseconds: UInt64, share: Double, status: String
        ) {
            self.traceID = traceID
            self.spanID = spanID
            self.serviceName = serviceName
            self.name = name
            self.start = start
            self.durationNanoseconds = durationNanoseconds
            self.criticalNanoseconds = criticalNanoseconds
            self.share = share
            self.status = status
        }
    }

    package var rows: [Row]

    package init(rows: [Row]) { self.rows = rows }

    package func render(_ style: TerminalStyle) -> String {
        guard !rows.isEmpty else { return "no span matches\n" }
        var table = TextTable([
            TextTable.Column("DURATION", .right),
            TextTable.Column("ON PATH", .right),
            TextTable.Column("CRITICAL", .right, dropOrder: 2),
            TextTable.Column("SERVICE", minimumWidth: 7, dropOrder: 1),
            TextTable.Column("NAME", minimumWidth: 12),
            TextTable.Column("STATUS", dropOrder: 3),
            TextTable.Column("START", dropOrder: 4),
            TextTable.Column("TRACE"),
        ])
        for row in rows {
            table.append(
                [
                    DurationText.format(row.durationNanoseconds), NumberText.percent(row.share),
                    DurationText.format(row.criticalNanoseconds), row.serviceName, row.name, row.status,
                    TimeText.format(row.start), row.traceID,
                ], paint: row.status == "error" ? .red : nil)
        }
        return table.render(style)
    }

    /// The same for other programs, with all digits.
    package var csv: CSVTable {
        var table = CSVTable([
            "traceID", "spanID", "serviceName", "name", "status", "startTime", "durationNanos", "criticalNanos", "share",
        ])
        for row in rows {
            table.append([
                row.traceID, row.spanID, row.serviceName, row.name, row.status, TimeText.formatExact(row.start),
                "\(row.durationNanoseconds)", "\(row.criticalNanoseconds)", "\(row.share)",
            ])
        }
        return table
    }
}
