// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering

/// `vivace import`
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Send traces from files of OTLP JSON, one document a line, by OTLP.",
        discussion: """
            Reads what `vivace export` and the OpenTelemetry Collector's file exporter write. A line that is no OTLP is \
            named with its number and left out. What the server asks to send again later is sent again later; traces \
            that it already has do not become more by being sent again.

            EXAMPLES
              vivace import traces.jsonl
              vivace import monday.jsonl tuesday.jsonl --otlp http://traces:4318
              zcat traces.jsonl.gz | vivace import -
              vivace export --last 1h --server http://old:3200 | vivace import -
            """)

    @Argument(help: ArgumentHelp("Files to read; - is standard input.", valueName: "file"), completion: .file())
    var files: [String]

    @OptionGroup var address: OTLPOptions

    @Option(help: "How many requests are under way at a time, VIVACE_CONNECTIONS (default: 4).")
    var connections: PositiveCount?

    @Flag(help: "Compress requests, VIVACE_GZIP.")
    var gzip = false

    private func resolvedRun() throws -> SendRun {
        SendRun(
            server: try address.resolvedServer(),
            connectionCount: try Settings.value(connections, "connections")?.value ?? 4,
            compresses: try Settings.flag(gzip, "gzip"))
    }

    func validate() throws { _ = try resolvedRun() }

    func run() async throws {
        let source = try ImportSource(files)
        let total = FileLines.byteCount(of: files)
        let progress: @Sendable (LoadReport, UInt64) -> ProgressText = { sent, elapsed in
            let accepted = NumberText.count(sent.acknowledgedSpanCount, "span") + " accepted"
            return ProgressText(
                source.report.readByteCount, of: total, .bytes, elapsedNanoseconds: elapsed,
                note: sent.retryNote.isEmpty ? accepted : accepted + ", " + sent.retryNote)
        }
        var sending = try resolvedRun()
        sending.access = try address.access.resolved()
        let sent = try await sending.run(progress: Output.isWatched ? progress : nil) { sender in
            while let item = try await source.next() {
                let result = try await sender.send(item.body, spanCount: item.spanCount)
                guard result.unsentSpanCount + result.rejectedSpanCount > 0 else { continue }
                let lost = NumberText.count(result.unsentSpanCount + result.rejectedSpanCount, "span")
                let reason = escapedForTerminal(result.firstProblem ?? "the server does not say why")
                Output.complain("\(item.place): \(lost) not stored: \(reason)")
            }
        }
        var report = source.report
        report.sent.elapsedNanoseconds = sent.elapsedNanoseconds
        report.sent.add(sent)
        try Output.write(report.render(Output.style))
        if !report.isWhole { throw CommandError(.partial, "not everything was stored; see above") }
    }
}
