// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering

/// `vivace search`
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find traces by TraceQL, or by their tags, their duration and their time.",
        discussion: """
            A query selects spans of traces, as in '{ resource.service.name = "cart" && duration > 1s }'. Without one a \
            trace is found if one of its spans, or its resource, has the tags. `vivace tags` lists what there is to ask for.

            Comma-separated values have a line for each trace; with a query one for each span that is shown, with what \
            by(), count() and select() found.

            EXAMPLES
              vivace search '{ status = error && resource.service.name = "checkout" }' --last 1h
              vivace search '{ name = "POST /pay" } >> { span.db.system = "postgresql" && duration > 100ms }'
              vivace search '{ status = error } | by(resource.service.name) | count() > 3' --json
              vivace search '{ span.user.id = "u-17" }' --explain
              vivace search --tag service.name=checkout --last 1h
              vivace search --tag http.method=GET --tag http.status_code=500 --min-duration 500ms
              vivace search --tags 'service.name=cart note="two words"' --start now-2h --end now-1h
              vivace search --min-duration 2s --limit 100 --csv > slow-traces.csv
              vivace search --tag error=true --json | jq -r '.traces[].traceID'
            """)

    @Argument(help: "A TraceQL query, as '{ status = error }'.")
    var query: String?

    @OptionGroup var conditions: SearchConditions

    @Option(help: "How many traces at most, VIVACE_LIMIT (default: 20).")
    var limit: PositiveCount?

    @Flag(help: "Print comma-separated values (RFC 4180).")
    var csv = false

    @Flag(
        help: """
            Say how the search was carried out: what columns were asked, and what was read. Beside --csv on standard \
            error, with --json in the document.
            """)
    var explain = false

    @OptionGroup var client: ClientOptions

    private func resolvedFormat() throws -> TableFormat { try TableFormat(json: client.json, csv: csv) }
    private func resolvedLimit() throws -> Int { try Settings.value(limit, "limit")?.value ?? 20 }

    func validate() throws {
        _ = (try conditions.questionItems(query: query), try resolvedFormat(), try resolvedLimit())
    }

    func run() async throws {
        let limit = try resolvedLimit()
        var items = try conditions.questionItems(query: query) + [("limit", "\(limit)")]
        if explain { items.append(("explain", "true")) }
        let format = try resolvedFormat()
        try await QueryClient.with(client.resolvedServer(), client.resolvedAccess()) { client in
            let body = try await client.searchBody(items)
            let answer = try decodeAnswer(SearchAnswer.self, body, from: client.server)
            let report = answer.report(limit: limit, showsSpans: query != nil)
            switch format {
            case .aligned: try Output.write(report.render(Output.style))
            case .json: try Output.write(body + [UInt8(ascii: "\n")])
            case .csv: try Output.write(report.csv)
            }
            if let explanation = answer.explain { try show(explanation.report, beside: format) }
            if let reason = answer.partialReason {
                throw CommandError(.partial, "traces may be missing: \(escapedForTerminal(reason))")
            }
        }
    }

    /// The JSON document has the explanation already.
    private func show(_ explanation: ExplanationReport, beside format: TableFormat) throws {
        switch format {
        case .aligned: try Output.write("\n" + explanation.render(Output.style))
        case .csv: Output.say(explanation.render(Output.errorStyle))
        case .json: break
        }
    }
}
