// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import TerminalRendering

/// `vivace load`
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Send realistic made-up traffic by OTLP, and say what was acknowledged.",
        discussion: """
            The traffic is that of a web shop: fourteen services, forty operations, errors, retries, queues, and now \
            and then a slow checkout. What the server asks to send again later is sent again later. The same --seed \
            and --start give the same traces.

            EXAMPLES
              vivace load --traces 10000
              vivace load --spans 1000000 --connections 8 --gzip
              vivace load --spans 600000 --rate 10000
              vivace load --traces 500 --seed 7 --start 2026-01-02T08:00:00Z
            """)

    @OptionGroup var address: OTLPOptions

    @Option(help: "How many traces, VIVACE_TRACES (default: 1000).")
    var traces: PositiveCount?

    @Option(help: "How many spans; the last trace is sent whole. VIVACE_SPANS.")
    var spans: PositiveCount?

    @Option(help: "How many spans a second, VIVACE_RATE (default: as fast as it goes).")
    var rate: PositiveCount?

    @Option(help: "What decides the traffic, VIVACE_SEED (default: random).")
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            "When the first trace begins, VIVACE_START (default: so that the last one begins now).",
            valueName: "moment"))
    var start: Moment?

    @Option(
        help: ArgumentHelp(
            "Over how much time the traces are spread, VIVACE_OVER (default: 15m; with --rate as they are sent).",
            valueName: "time"))
    var over: TimeLength?

    @Option(help: "How many requests are under way at a time, VIVACE_CONNECTIONS (default: 4).")
    var connections: PositiveCount?

    @Flag(help: "Compress requests, VIVACE_GZIP.")
    var gzip = false

    func validate() throws { _ = try resolvedPlan() }

    func run() async throws {
        let plan = try resolvedPlan()
        let report = try await LoadRun(plan, address.access.resolved()).run(showsProgress: Output.isWatched)
        try Output.write("seed           \(plan.seed)\n" + report.render(Output.style))
        if report.rejectedSpanCount + report.unsentSpanCount > 0 {
            throw CommandError(.partial, "the server did not store everything; see above")
        }
    }

    private func resolvedPlan() throws -> LoadPlan {
        if traces != nil, spans != nil { throw ValidationError("Give --traces or --spans, not both.") }
        let spans = traces == nil ? try Settings.value(spans, "spans") : nil
        let traces = spans == nil ? try Settings.value(traces, "traces")?.value ?? 1_000 : nil
        return LoadPlan(
            server: try address.resolvedServer(),
            amount: spans.map { .spans($0.value) } ?? .traces(traces ?? 1_000),
            spansPerSecond: try Settings.value(rate, "rate")?.value,
            seed: try Settings.value(seed, "seed") ?? UInt64.random(in: 1...999_999_999),
            start: try Settings.value(start, "start")?.unixNanoseconds,
            spreadNanoseconds: try Settings.value(over, "over")?.nanoseconds,
            connectionCount: try Settings.value(connections, "connections")?.value ?? 4,
            compresses: try Settings.flag(gzip, "gzip"))
    }
}

/// What traffic to send where, and how.
struct LoadPlan: Sendable {
    enum Amount: Sendable {
        case traces(Int)
        case spans(Int)
    }

    var server: ServerURL
    var amount: Amount
    /// Nil: as fast as it goes.
    var spansPerSecond: Int?
    var seed: UInt64
    /// When the first trace begins, Unix nanoseconds; nil: so that the last one begins now.
    var start: UInt64?
    /// Nil: fifteen minutes, or with a rate the time that sending takes.
    var spreadNanoseconds: UInt64?
    var connectionCount: Int
    var compresses: Bool

    /// How many spans a trace has on average.
    static let averageTraceSpanCount = 21
    private static let usualSpreadNanoseconds: UInt64 = 900_000_000_000

    private var traceCount: Int {
        switch amount {
        case .traces(let count): count
        case .spans(let count): max(1, count / Self.averageTraceSpanCount)
        }
    }

    /// Whether traces begin when they are sent.
    var isLive: Bool { spansPerSecond != nil && spreadNanoseconds == nil && start == nil }

    private var spread: UInt64 { spreadNanoseconds ?? Self.usualSpreadNanoseconds }

    /// How fast the model's clock goes.
    var tracesPerSecond: Double {
        if isLive, let spansPerSecond { return Double(spansPerSecond) / Double(Self.averageTraceSpanCount) }
        return Double(traceCount) * 1e9 / Double(max(1, spread))
    }

    /// When the first trace begins, Unix nanoseconds.
    func firstStart(now: UInt64) -> UInt64 { start ?? (isLive || spread > now ? now : now - spread) }
}
