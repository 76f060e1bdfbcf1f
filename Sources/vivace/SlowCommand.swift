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
            """)

    @Option(help: "Only spans of this service, VIVACE_SERVICE.")
    var service: String?

    @Option(help: "Only spans of this name, VIVACE_NAME.")
    var name: String?

    @Option(help: "Only spans that took so long or longer, as 500ms or 1.5s; VIVACE_MIN.")
    var min: TimeLength?

    @Option(help: "Only spans with this status, VIVACE_STATUS.")
    var status: StatusName?

    @Option(help: "Only spans that began within this time until now, as 15m, 1h or 7d; VIVACE_LAST.")
    var last: TimeLength?

    @Option(help: "Only spans that began then or later: RFC 3339, Unix time, now-1h; VIVACE_START.")
    var start: Moment?

    @Option(help: "Only spans that began before: RFC 3339, Unix time, now; VIVACE_END.")
    var end: Moment?

    @Option(help: "How many spans, VIVACE_LIMIT (default: 20).")
    var limit: PositiveCount?

    @OptionGroup var client: ClientOptions

    func validate() throws { _ = try questionItems() }

    func run() async throws {
        let items = try questionItems()
        let wantsJSON = try client.wantsJSON()
        try await QueryClient.with(client.resolvedServer()) { client in
            try await Self.show(items, from: client, asJSON: wantsJSON)
        }
    }

    /// Asks and prints.
    ///
    /// - Throws: `.partial` after printing if spans may be missing, and what the client throws.
    static func show(_ items: [(String, String)], from client: QueryClient, asJSON: Bool) async throws {
        let body = try await client.body(
            "/api/slow", items,
            missing: "\(client.server) does not know slow spans. Is it a Vivace server's query address?")
        let answer = try decodeAnswer(SlowSpansAnswer.self, body, from: client.server)
        if asJSON {
            Output.write(body + [UInt8(ascii: "\n")])
        } else {
            Output.write(answer.report.render(Output.style))
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
        return items + (try timeItems())
    }

    /// What is given on the command line replaces the variables that would contradict it.
    private func timeItems() throws -> [(String, String)] {
        if last != nil, start != nil || end != nil {
            throw ValidationError("--last goes without --start and --end.")
        }
        let hasRange = start != nil || end != nil
        if !hasRange, let last = try Settings.value(last, "last") {
            let now = currentUnixNanoseconds()
            return [("start", TimeText.formatSeconds(now > last.nanoseconds ? now - last.nanoseconds : 0))]
        }
        let start = try Settings.value(start, "start")?.unixNanoseconds
        let end = try Settings.value(end, "end")?.unixNanoseconds
        if let start, let end, start >= end { throw ValidationError("--end must be after --start.") }
        return [("start", start), ("end", end)].compactMap { name, moment in
            moment.map { (name, TimeText.formatSeconds($0)) }
        }
    }
}
