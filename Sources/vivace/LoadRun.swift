// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import Synchronization
internal import TerminalRendering

/// Sends a load over several connections and counts what becomes of it.
struct LoadRun {
    let plan: LoadPlan

    init(_ plan: LoadPlan) { self.plan = plan }

    /// - Throws: `.unreachable` if the server can't be reached at all.
    func run(showsProgress: Bool) async throws -> LoadReport {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = plan.connectionCount
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let source = LoadSource(plan)
        let tally = LoadTally()
        let begin = ContinuousClock.now
        do {
            try await sendAll(from: source, over: http, tally, begin, showsProgress: showsProgress)
            try await http.shutdown()
        } catch {
            try await http.shutdown()
            throw error
        }
        var report = tally.report
        report.elapsedNanoseconds = begin.duration(to: .now).nanoseconds
        report.traceCount = await source.madeTraceCount
        return report
    }

    private func sendAll(
        from source: LoadSource, over http: HTTPClient, _ tally: LoadTally, _ begin: ContinuousClock.Instant,
        showsProgress: Bool
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<plan.connectionCount {
                group.addTask {
                    let sender = LoadSender(plan: plan, http: http, tally: tally)
                    while let item = await source.next() {
                        try await Task.sleep(until: begin + .nanoseconds(item.dueNanoseconds), clock: .continuous)
                        try await sender.send(item.request)
                    }
                    return true
                }
            }
            if showsProgress {
                group.addTask {
                    try await tally.showProgress(since: begin)
                    return false
                }
            }
            var finishedSenders = 0
            while finishedSenders < plan.connectionCount, let isSender = try await group.next() {
                if isSender { finishedSenders += 1 }
            }
            group.cancelAll()
            // Who shows the progress ends by being cancelled.
            while let _ = await group.nextResult() {}
        }
        if showsProgress { Output.say("\r\u{1b}[K") }
    }
}

/// What all senders of a load together have seen.
final class LoadTally: Sendable {
    private let state = Mutex(LoadReport())

    var report: LoadReport { state.withLock { $0 } }

    func add(_ part: LoadReport) { state.withLock { $0.add(part) } }

    /// Whether the server has answered at all.
    var hasAnswer: Bool { state.withLock { $0.requestCount + $0.retryCount + $0.rejectedSpanCount } > 0 }

    /// Rewrites one line on standard error until the task is cancelled.
    func showProgress(since begin: ContinuousClock.Instant) async throws {
        while true {
            try await Task.sleep(for: .milliseconds(200))
            let (spans, retries) = state.withLock { ($0.acknowledgedSpanCount, $0.retryCount) }
            let seconds = Double(begin.duration(to: .now).nanoseconds) / 1e9
            let speed = NumberText.count(Int(Double(spans) / max(seconds, 0.001)))
            let waits = retries > 0 ? ", sent again \(NumberText.count(retries, "time"))" : ""
            Output.say("\r\u{1b}[K\(NumberText.count(spans)) spans acknowledged, \(speed) spans/s\(waits)")
        }
    }
}
