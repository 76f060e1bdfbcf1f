// SPDX-License-Identifier: Apache-2.0

internal import TerminalRendering
internal import TrafficModel

/// Sends a load over several connections and counts what becomes of it.
struct LoadRun {
    let plan: LoadPlan
    let access: ServerAccess

    init(_ plan: LoadPlan, _ access: ServerAccess = ServerAccess()) {
        self.plan = plan
        self.access = access
    }

    /// - Throws: `.unreachable` if the server can't be reached at all, `.usage` if it wants another token.
    func run(showsProgress: Bool) async throws -> LoadReport {
        let source = LoadSource(plan)
        let sending = SendRun(
            server: plan.server, access: access, connectionCount: plan.connectionCount, compresses: plan.compresses)
        let progress = Self.progress(of: plan.amount)
        let begin = ContinuousClock.now
        var report = try await sending.run(progress: showsProgress ? progress : nil) { sender in
            while let item = await source.next() {
                try await Task.sleep(until: begin + .nanoseconds(item.dueNanoseconds), clock: .continuous)
                try await sender.send(item.request.body, spanCount: item.request.spanCount)
            }
        }
        report.traceCount = await source.madeTraceCount
        return report
    }

    /// How many spans the traces will have is not known beforehand.
    private static func progress(of amount: LoadPlan.Amount) -> @Sendable (LoadReport, UInt64) -> ProgressText {
        let total: Int? = if case .spans(let count) = amount { count } else { nil }
        return { sent, elapsed in
            ProgressText(
                sent.acknowledgedSpanCount, of: total, .things("span"), elapsedNanoseconds: elapsed,
                note: sent.retryNote)
        }
    }
}

extension LoadReport {
    /// That requests had to be sent again; empty if none was.
    var retryNote: String { retryCount > 0 ? "sent again \(NumberText.count(retryCount, "time"))" : "" }
}
