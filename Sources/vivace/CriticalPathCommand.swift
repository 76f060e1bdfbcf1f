// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering
internal import TraceModel

/// `vivace critical-path`
struct CriticalPathCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "critical-path",
        abstract: "Show where the time of one trace went.",
        discussion: """
            At every moment exactly one span keeps the trace from ending. The times of all spans sum up to the time of \
            the trace.

            EXAMPLES
              vivace critical-path 5b8aa5a2d2c872e8321cf37308d69df2
              vivace critical-path 5b8aa5a2d2c872e8321cf37308d69df2 --segments
              vivace critical-path 5b8aa5a2d2c872e8 --json | jq '.services'
            """)

    @Argument(help: "The trace ID, 1 to 32 hexadecimal digits.")
    var id: TraceIDArgument

    @Flag(help: "Show the path in time order instead of summed up by span.")
    var segments = false

    @Option(help: "Show at most so many spans or segments, VIVACE_LIMIT (default: all).")
    var limit: PositiveCount?

    @OptionGroup var client: ClientOptions

    private func resolvedLimit() throws -> Int? { try Settings.value(limit, "limit")?.value }
    private func wantsSegments() throws -> Bool { try Settings.flag(segments, "segments") }

    func validate() throws { _ = (try resolvedLimit(), try wantsSegments()) }

    func run() async throws {
        let wantsJSON = try client.wantsJSON()
        let segments = try wantsSegments()
        let limit = try resolvedLimit()
        try await QueryClient.with(client.resolvedServer(), client.resolvedAccess()) { client in
            try await Self.show(id.id, from: client, asJSON: wantsJSON, segments: segments, limit: limit)
        }
    }

    /// Asks and prints.
    ///
    /// - Throws: `.partial` after printing if spans may be missing, and what the client throws.
    static func show(
        _ id: TraceID, from client: QueryClient, asJSON: Bool = false, segments: Bool = false, limit: Int? = nil
    ) async throws {
        let body = try await client.body(
            "/api/traces/\(id)/critical-path", missing: "trace \(id) does not exist on \(client.server)")
        let answer = try decodeAnswer(CriticalPathAnswer.self, body, from: client.server)
        if asJSON {
            try Output.write(body + [UInt8(ascii: "\n")])
        } else {
            let report = answer.report
            let style = Output.style
            try Output.write(
                segments ? report.renderSegments(style, limit: limit) : report.renderSpans(style, limit: limit))
        }
        if let reason = answer.partialReason {
            throw CommandError(.partial, "spans of the trace may be missing: \(escapedForTerminal(reason))")
        }
    }
}
