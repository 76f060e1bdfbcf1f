// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering

/// `vivace tags`
struct TagsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tags",
        abstract: "List the tags that stored spans have, or the values of one.",
        discussion: """
            One a line; control characters are spelled out.

            EXAMPLES
              vivace tags
              vivace tags service.name
              vivace tags http.route --last 1h | sort
              vivace tags --json | jq -r '.tagNames[]'
            """)

    @Argument(help: "The tag whose values are wanted (default: the names of all tags).")
    var tag: String?

    @OptionGroup var time: TimeRangeOptions
    @OptionGroup var client: ClientOptions

    private struct Names: Decodable {
        var tagNames: [String]?
    }

    private struct Values: Decodable {
        var tagValues: [String]?
    }

    func validate() throws {
        if tag == "" { throw ValidationError("A tag's name is not empty; `vivace tags` lists them.") }
    }

    func run() async throws {
        let items = try time.questionItems()
        let wantsJSON = try client.wantsJSON()
        try await QueryClient.with(client.resolvedServer(), client.resolvedAccess()) { client in
            let path = tag.map { "/api/search/tag/\(QueryClient.percentEncoded($0))/values" } ?? "/api/search/tags"
            let body = try await client.body(
                path, items, missing: "\(client.server) does not list tags. Is it a Vivace server's query address?")
            let lines =
                tag == nil
                ? try decodeAnswer(Names.self, body, from: client.server).tagNames
                : try decodeAnswer(Values.self, body, from: client.server).tagValues
            if wantsJSON {
                Output.write(body + [UInt8(ascii: "\n")])
            } else if let lines, !lines.isEmpty {
                Output.write(lines.map { escapedForTerminal($0) + "\n" }.joined())
            } else {
                // Who reads the lines shall find none.
                let unknown = tag.map {
                    "no span has a tag '\(escapedForTerminal($0))'; `vivace tags` lists the names of all tags\n"
                }
                Output.say(unknown ?? "no tags are stored\n")
            }
        }
    }
}
