// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering
internal import TraceModel

/// `vivace export`
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write whole traces as OTLP JSON, one trace a line.",
        discussion: """
            Each line is a TracesData document, as the OpenTelemetry Collector's file receiver and `vivace import` read \
            them. Traces are named by their IDs, or found as `vivace search` finds them.

            EXAMPLES
              vivace export 5b8aa5a2d2c872e8321cf37308d69df2
              vivace export --tag service.name=checkout --last 1h -o checkout.jsonl
              vivace export --min-duration 2s --start now-2h --end now-1h | gzip > slow.jsonl.gz
              vivace export --all --server http://old:3200 | vivace import - --otlp http://new:4318
            """)

    @Argument(help: ArgumentHelp("Trace IDs, each 1 to 32 hexadecimal digits.", valueName: "id"))
    var ids: [TraceIDArgument] = []

    @Flag(help: "Every trace that is stored. VIVACE_ALL.")
    var all = false

    @OptionGroup var conditions: SearchConditions

    @Option(help: "How many traces at most, VIVACE_LIMIT (default: 262144, the most that a search answers).")
    var limit: PositiveCount?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write, VIVACE_OUTPUT (default: standard output).", valueName: "file"),
        completion: .file())
    var output: String?

    @OptionGroup var address: ServerOptions

    private static let greatestLimit = 262_144

    /// Nil if nobody names one.
    private func resolvedLimit() throws -> Int? {
        let limit = try Settings.value(limit, "limit")?.value
        guard limit ?? 0 <= Self.greatestLimit else {
            throw ValidationError("--limit is at most \(Self.greatestLimit); export a long time piece by piece.")
        }
        return limit
    }

    private func resolvedPath() throws -> String? { try Settings.value(output, "output") }

    func validate() throws {
        _ = (try resolvedLimit(), try resolvedPath())
        if !ids.isEmpty, all || conditions.isOnCommandLine {
            throw ValidationError("Name traces by their IDs, or say how to find them, not both.")
        }
        if ids.isEmpty, try !Settings.flag(all, "all"), try conditions.questionItems().isEmpty {
            throw ValidationError("Say which traces: their IDs, --tag, --last or the like, or --all.")
        }
    }

    func run() async throws {
        let access = try address.access.resolved()
        let file = try ExportFile(resolvedPath())
        let report = try await QueryClient.with(address.resolvedServer(), access) { client in
            let found = try await found(on: client)
            var report = try await ExportRun(client: client, file: file, areNamed: !ids.isEmpty).run(found.ids)
            if let reason = found.partialReason { report.problems.append("traces may be missing: \(reason)") }
            return report
        }
        try file.close()
        if Output.isWatched || file.path != nil { Output.say(report.summary + "\n") }
        for problem in report.problems { Output.complain(escapedForTerminal(problem)) }
        if !report.problems.isEmpty { throw CommandError(.partial, "not everything was exported; see above") }
        guard let missing = report.missing.first else { return }
        let others = NumberText.count(report.missing.count - 1, "other")
        throw CommandError(
            .notFound, "trace \(missing)" + (report.missing.count > 1 ? " and \(others) do" : " does") + " not exist")
    }

    private struct FoundTraces {
        var ids: [TraceID]
        var partialReason: String?
    }

    private func found(on client: QueryClient) async throws -> FoundTraces {
        guard ids.isEmpty else { return FoundTraces(ids: ids.map(\.id)) }
        let limit = try resolvedLimit()
        // Of the spans that match only their trace matters.
        let items = [("limit", "\(limit ?? Self.greatestLimit)"), ("spss", "1")]
        let body = try await client.searchBody(conditions.questionItems() + items)
        let answer = try decodeAnswer(SearchAnswer.self, body, from: client.server)
        let ids = (answer.traces ?? []).compactMap { TraceID(hexadecimal: $0.traceID) }
        // Who names a limit knows that there may be more.
        let isCut = limit == nil && ids.count >= Self.greatestLimit
        let cut = "a search answers \(NumberText.count(Self.greatestLimit)) traces at most; export piece by piece"
        return FoundTraces(ids: ids, partialReason: answer.partialReason ?? (isCut ? cut : nil))
    }
}
