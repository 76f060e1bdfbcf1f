// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering
internal import TraceModel

/// `vivace trace`
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Show one trace as a waterfall, its critical path marked.",
        discussion: """
            Spans that the trace had to wait for are marked with a star, errors with an exclamation mark. In the bars \
            the dark part is the time in which nothing but that span kept the trace from ending.

            EXAMPLES
              vivace trace 5b8aa5a2d2c872e8321cf37308d69df2
              vivace trace 5b8aa5a2d2c872e8321cf37308d69df2 --json > trace.json
              vivace trace 5b8aa5a2d2c872e8 --hide-below 5ms --server http://traces:3200
              vivace trace 5b8aa5a2d2c872e8 --server https://traces:3200 --ca-file ca.pem --token-file token
            """)

    @Argument(help: "The trace ID, 1 to 32 hexadecimal digits.")
    var id: TraceIDArgument

    @Option(help: "Show at most so many spans, VIVACE_LIMIT_SPANS (default: all).")
    var limitSpans: PositiveCount?

    @Option(help: "Hide spans that took less, as 1ms, unless one inside did not; VIVACE_HIDE_BELOW.")
    var hideBelow: TimeLength?

    @OptionGroup var client: ClientOptions

    private func resolvedLimit() throws -> Int? { try Settings.value(limitSpans, "limit-spans")?.value }

    private func resolvedMinimum() throws -> UInt64 {
        try Settings.value(hideBelow, "hide-below")?.nanoseconds ?? 0
    }

    func validate() throws { _ = (try resolvedLimit(), try resolvedMinimum()) }

    func run() async throws {
        let id = id.id
        let limit = try resolvedLimit()
        let minimum = try resolvedMinimum()
        let wantsJSON = try client.wantsJSON()
        try await QueryClient.with(client.resolvedServer(), client.resolvedAccess()) { client in
            let answer = try await TraceAnswer(traceID: id, from: client)
            if wantsJSON {
                try Output.write(answer.otlpJSON() + [UInt8(ascii: "\n")])
            } else {
                let waterfall = answer.waterfall(traceID: id)
                try Output.write(waterfall.render(Output.style, limit: limit, minimumDuration: minimum))
            }
            if let reason = answer.partialReason {
                throw CommandError(.partial, "spans of the trace may be missing: \(escapedForTerminal(reason))")
            }
        }
    }
}
