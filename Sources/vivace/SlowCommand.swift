// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering

/// `vivace slow`
struct SlowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slow",
        abstract: "List slow spans, slowest first, with their share of the critical path.",
        discussion: """
            ON PATH says which part of its trace's time went into the span itself: a span may take long and yet not be \
            what the trace waits for.

            EXAMPLES
              vivace slow --last 1h
              vivace slow --service checkout --min 500ms --status error
              vivace slow --name 'SELECT stock' --start 2026-01-02T08:00:00Z --limit 5
              vivace slow --start now-2h --end now-1h --json
              vivace slow --last 1d --limit 1000 --csv > slow.csv
            """)

    @Option(help: "Only spans of this service, VIVACE_SERVICE.")
    var service: String?

    @Option(help: "Only spans of this name, VIVACE_NAME.")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Only spans that took so long or longer, as 500ms or 1.5s; VIVACE_MIN.",
            valueName: "time"))
    var min: TimeLength?

    @Option(help: "Only spans with this status, VIVACE_STATUS.")
    var status: StatusName?

    @Option(help: "How many spans, VIVACE_LIMIT (default: 20).")
    var limit: PositiveCount?

    @Flag(help: "Print comma-separated values (RFC 4180) with all digits.")
    var csv = false

    @OptionGroup var time: TimeRangeOptions
    @OptionGroup var client: ClientOptions

    private func resolvedFormat() throws -> TableFormat { try TableFormat(json: client.json, csv: csv) }
    func validate() throws { _ = (try questionItems(), try resolvedFormat()) }

    func run() async throws {
        let items = try questionItems()
        let format = try resolvedFormat()
        try await QueryClient.with(client.resolvedServer(), client.resolvedAccess()) { client in
            try await Self.show(items, from: client, as: format)
        }
    }

    /// Asks and prints.
    ///
    /// - Throws: `.partial` after printing if spans may be missing, and what the client throws.
    static func show(_ items: [(String, String)], from client: QueryClient, as format: TableFormat) async throws {
        let body = try await client.body(
            "/api/slow", items,
            missing: "\(client.server) does not know slow spans. Is it a Vivace server's query address?")
        let answer = try decodeAnswer(SlowSpansAnswer.self, body, from: client.server)
        switch format {
        case .aligned: try Output.write(answer.report.render(Output.style))
        case .json: try Output.write(body + [UInt8(ascii: "\n")])
        case .csv: try Output.write(answer.report.csv)
        }
        if let reason = answer.partialReason {
            throw CommandError(.partial, "spans may be missing: \(escapedForTerminal(reason))")
        }
    }

    private func questionItems() throws -> [(String, String)] {
        var items: [(String, String)] = []
        if let service = try Settings.value(service, "service") { items.append(("service", service)) }
        if let name = try Settings.value(name, "name") { items.append(("name", name)) }
        if let min = try Settings.value(min, "min") { items.append(("minDuration", "\(min.nanoseconds)ns")) }
        if let status = try Settings.value(status, "status") { items.append(("status", status.rawValue)) }
        items.append(("limit", "\(try Settings.value(limit, "limit")?.value ?? 20)"))
        return items + (try time.questionItems())
    }
}
