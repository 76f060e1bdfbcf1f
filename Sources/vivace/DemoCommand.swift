// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import TerminalRendering
internal import TraceModel
internal import UnixSignals

/// `vivace demo`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Start a store in a temporary directory, send traffic, and show what can be asked.",
        discussion: """
            On a terminal the store stays until Ctrl-C, so that you can ask it yourself; then everything is removed.

            EXAMPLES
              vivace demo
              vivace demo --traces 5000 --once
            """)

    @Option(help: "How many traces to send, VIVACE_TRACES (default: 400).")
    var traces: PositiveCount?

    @Option(help: "What decides the traffic, VIVACE_SEED (default: 7).")
    var seed: UInt64?

    @Flag(help: "End after the show, also on a terminal. VIVACE_ONCE.")
    var once = false

    private func resolvedTraceCount() throws -> Int { try Settings.value(traces, "traces")?.value ?? 400 }
    private func resolvedSeed() throws -> UInt64 { try Settings.value(seed, "seed") ?? 7 }
    private func resolvedStay() throws -> Bool { try !Settings.flag(once, "once") && Output.isInteractive }

    func validate() throws { _ = (try resolvedTraceCount(), try resolvedSeed(), try resolvedStay()) }

    func run() async throws {
        let demo = try await DemoServer()
        let show = try DemoShow(
            demo: demo, traceCount: resolvedTraceCount(), seed: resolvedSeed(), stays: resolvedStay())
        do {
            try await demo.launch()
        } catch {
            await demo.end()
            throw error
        }
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let result = await withTaskGroup(of: Result<Void, any Error>.self) { group in
            group.addTask { await show.run() }
            group.addTask {
                for await _ in signals { break }
                return .success(())
            }
            let first = await group.next() ?? .success(())
            group.cancelAll()
            return first
        }
        await demo.end()
        try result.get()
        try Output.write("\nThe server has ended and \(demo.directory.path) is removed.\n")
    }
}

/// What the demo does with its server.
private struct DemoShow: Sendable {
    let demo: DemoServer
    let traceCount: Int
    let seed: UInt64
    /// Whether the server is kept until the task is cancelled.
    let stays: Bool

    private static let longestStay = Duration.seconds(30 * 86_400)

    func run() async -> Result<Void, any Error> {
        do {
            try await show()
            guard stays else { return .success(()) }
            try Output.write("\nThe store is kept until you press Ctrl-C.\n")
            // Being cancelled is how the stay ends.
            try? await Task.sleep(for: Self.longestStay)
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func show() async throws {
        try await demo.waitUntilReady()
        try Output.write("A store runs in \(demo.directory.path).\n\n")
        try heading("vivace load --server-otlp \(demo.serverOTLP) --traces \(traceCount) --seed \(seed)")
        let plan = LoadPlan(
            server: demo.serverOTLP, amount: .traces(traceCount), seed: seed, connectionCount: 4, compresses: true)
        try Output.write(try await LoadRun(plan).run(showsProgress: Output.isWatched).render(Output.style))
        try await QueryClient.with(demo.server) { client in try await ask(client) }
        try Output.write(
            """

            Ask it yourself:
              export VIVACE_SERVER=\(demo.server)
              vivace slow --service payment --min 1s
              vivace slow --status error --last 5m
              vivace load --server-otlp \(demo.serverOTLP) --spans 100000
            Send your own traces by OTLP to \(demo.serverOTLP) (HTTP) or \(demo.otlpGRPC) (gRPC).

            """)
    }

    private func ask(_ client: QueryClient) async throws {
        try heading("vivace slow --limit 8")
        try await SlowCommand.show([("limit", "8")], from: client, as: .aligned)
        let body = try await client.body("/api/slow", [("limit", "1")], missing: "no slow spans")
        let answer = try decodeAnswer(SlowSpansAnswer.self, body, from: client.server)
        guard let slowest = answer.spans.first, let id = TraceID(hexadecimal: slowest.traceID) else { return }
        try heading("vivace trace \(id) --hide-below 2ms")
        let trace = try await TraceAnswer(traceID: id, from: client)
        try Output.write(trace.waterfall(traceID: id).render(Output.style, minimumDuration: 2_000_000))
        try heading("vivace critical-path \(id) --limit 8")
        try await CriticalPathCommand.show(id, from: client, limit: 8)
    }

    private func heading(_ command: String) throws {
        try Output.write("\n" + Output.style.paint("$ \(command)", .bold) + "\n")
    }
}
