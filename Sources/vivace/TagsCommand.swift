// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering
internal import TraceQL

/// `vivace tags`
struct TagsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tags",
        abstract: "List the tags that stored spans have, or the values of one.",
        discussion: """
            One a line; control characters are spelled out. With a query only of the spans that one of its filters \
            selects; what follows the filters does not matter.

            EXAMPLES
              vivace tags
              vivace tags service.name
              vivace tags http.route --last 1h | sort
              vivace tags --query '{ resource.service.name = "checkout" }'
              vivace tags span.http.route --query '{ status = error }' --counts
              vivace tags name --query '{ kind = server && duration > 1s }' --last 1h
              vivace tags --json | jq -r '.tagNames[]'
            """)

    @Argument(help: "The tag whose values are wanted (default: the names of all tags).")
    var tag: String?

    @Option(help: ArgumentHelp("Only of spans that this selects, as '{ status = error }'.", valueName: "traceql"))
    var query: String?

    @Flag(
        help: """
            How many spans have each value: numbers and values apart by a tab, the most frequent first. The tag is named \
            as in TraceQL: span.http.route, resource.service.name, name, status.
            """)
    var counts = false

    @OptionGroup var time: TimeRangeOptions
    @OptionGroup var client: ClientOptions

    private struct Names: Decodable {
        var tagNames: [String]?
        var message: String?
    }

    private struct Values: Decodable {
        var tagValues: [String]?
        var message: String?
    }

    private struct CountedValues: Decodable {
        struct Value: Decodable {
            var value: String
            var spanCount: Int?
        }

        var tagValues: [Value]?
        var message: String?
    }

    func validate() throws {
        if tag == "" { throw ValidationError("A tag's name is not empty; `vivace tags` lists them.") }
        if counts, tag == nil { throw ValidationError("Only values are counted: name a tag.") }
        guard let query else { return }
        do {
            _ = try CheckedQuery(query)
        } catch {
            throw ValidationError("--query is no TraceQL: \(error)")
        }
    }

    func run() async throws {
        var items = try time.questionItems()
        if let query { items.append(("q", query)) }
        if counts { items.append(("counts", "true")) }
        let wantsJSON = try client.wantsJSON()
        try await QueryClient.with(client.resolvedServer(), client.resolvedAccess()) { [items] client in
            let body = try await client.body(
                path, items, missing: "\(client.server) does not list tags. Is it a Vivace server's query address?")
            let (lines, message) = try answer(body, client)
            if wantsJSON { Output.write(body + [UInt8(ascii: "\n")]) } else { show(lines) }
            if let message { throw CommandError(.partial, "some may be missing: \(escapedForTerminal(message))") }
        }
    }

    private var path: String {
        guard let tag else { return "/api/search/tags" }
        return (counts ? "/api/v2/search/tag/" : "/api/search/tag/") + QueryClient.percentEncoded(tag) + "/values"
    }

    /// The lines that are shown, and what is wrong with them.
    private func answer(_ body: [UInt8], _ client: QueryClient) throws -> ([String], String?) {
        if tag == nil {
            let names = try decodeAnswer(Names.self, body, from: client.server)
            return ((names.tagNames ?? []).map(escapedForTerminal), names.message)
        }
        guard counts else {
            let values = try decodeAnswer(Values.self, body, from: client.server)
            return ((values.tagValues ?? []).map(escapedForTerminal), values.message)
        }
        let values = try decodeAnswer(CountedValues.self, body, from: client.server)
        let ordered = (values.tagValues ?? []).sorted { ($1.spanCount ?? 0, $0.value) < ($0.spanCount ?? 0, $1.value) }
        return (ordered.map { "\($0.spanCount ?? 0)\t\(escapedForTerminal($0.value))" }, values.message)
    }

    private func show(_ lines: [String]) {
        guard lines.isEmpty else { return Output.write(lines.map { $0 + "\n" }.joined()) }
        // Who reads the lines shall find none.
        let whose = query == nil ? "no span" : "no such span"
        let unknown = tag.map {
            "\(whose) has a tag '\(escapedForTerminal($0))'; `vivace tags` lists the names of all tags\n"
        }
        Output.say(unknown ?? (query == nil ? "no tags are stored\n" : "no such span has tags\n"))
    }
}
