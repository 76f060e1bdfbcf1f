// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import TerminalRendering
internal import TraceQL

/// `vivace tags`
struct TagsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tags",
        abstract: "List the tags that stored spans have, or the values of one.",
        discussion: """
            One a line; control characters are spelled out. With a query only of the spans that one of its filters \
            selects; what follows the filters does not matter. A tag is named as in TraceQL: span.http.route, \
            resource.service.name, name, status; without a scope it is that attribute wherever it stands.

            EXAMPLES
              vivace tags
              vivace tags service.name
              vivace tags resource.service.name
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
            How many spans have each value: numbers and values apart by a tab, the most frequent first.
            """)
    var counts = false

    @OptionGroup var time: TimeRangeOptions
    @OptionGroup var client: ClientOptions

    private struct Names: Decodable {
        var tagNames: [String]?
        var message: String?
    }

    private struct Values: Codable {
        var tagValues: [Value]?
        var status: String?
        var message: String?
    }

    /// A value: a text in version 1 of the API, and as it is written here; with more about it in version 2.
    private struct Value: Codable {
        var text: String
        var spanCount: Int?

        private enum Key: String, CodingKey { case value, spanCount }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                self.text = text
                return
            }
            let fields = try decoder.container(keyedBy: Key.self)
            text = try fields.decodeIfPresent(String.self, forKey: .value) ?? ""
            spanCount = try fields.decodeIfPresent(Int.self, forKey: .spanCount)
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(text)
        }
    }

    /// What the server says: the document that is printed on request, lines, and what is wrong with them.
    private struct Answer {
        var document: [UInt8]
        var lines: [String]
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
            let answer = try await answer(items, client)
            if wantsJSON { try Output.write(answer.document + [UInt8(ascii: "\n")]) } else { try show(answer.lines) }
            if let message = answer.message {
                throw CommandError(.partial, "some may be missing: \(escapedForTerminal(message))")
            }
        }
    }

    private func answer(_ items: [(String, String)], _ client: QueryClient) async throws -> Answer {
        guard let tag else {
            let body = try await body("/api/search/tags", items, client)
            let names = try decodeAnswer(Names.self, body, from: client.server)
            return Answer(
                document: body, lines: (names.tagNames ?? []).map(escapedForTerminal), message: names.message)
        }
        guard counts || Self.hasScope(tag) else { return try await values(of: tag, "/api/search/tag/", items, client) }
        let path = "/api/v2/search/tag/"
        let found = try await values(of: tag, path, items, client)
        guard found.lines.isEmpty, found.message == nil, Self.hasScope(tag), !tag.hasPrefix(".") else { return found }
        // The whole may be an attribute's key, as `span.kind` of older libraries.
        return try await values(of: "." + tag, path, items, client)
    }

    /// Whether version 2 of the API has to be asked, which alone knows scopes.
    private static func hasScope(_ tag: String) -> Bool {
        ["", "span", "resource", "event", "link", "instrumentation"].contains { tag.hasPrefix($0 + ".") }
    }

    private func values(
        of tag: String, _ path: String, _ items: [(String, String)], _ client: QueryClient
    ) async throws -> Answer {
        let body = try await body(path + QueryClient.percentEncoded(tag) + "/values", items, client)
        let answer = try decodeAnswer(Values.self, body, from: client.server)
        var values = answer.tagValues ?? []
        if counts {
            values.sort { ($1.spanCount ?? 0, $0.text) < ($0.spanCount ?? 0, $1.text) }
            let lines = values.map { "\($0.spanCount ?? 0)\t\(escapedForTerminal($0.text))" }
            return Answer(document: body, lines: lines, message: answer.message)
        }
        // Values of different types may read the same.
        var seen: Set<String> = []
        values = values.filter { seen.insert($0.text).inserted }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let document = try encoder.encode(Values(tagValues: values, status: answer.status, message: answer.message))
        return Answer(
            document: Array(document), lines: values.map { escapedForTerminal($0.text) }, message: answer.message)
    }

    private func body(_ path: String, _ items: [(String, String)], _ client: QueryClient) async throws -> [UInt8] {
        try await client.body(
            path, items, missing: "\(client.server) does not list tags. Is it a Vivace server's query address?")
    }

    private func show(_ lines: [String]) throws {
        guard lines.isEmpty else { return try Output.write(lines.map { $0 + "\n" }.joined()) }
        // Who reads the lines shall find none.
        let whose = query == nil ? "no span" : "no such span"
        let unknown = tag.map {
            "\(whose) has a tag '\(escapedForTerminal($0))'; `vivace tags` lists the names of all tags\n"
        }
        Output.say(unknown ?? (query == nil ? "no tags are stored\n" : "no such span has tags\n"))
    }
}
