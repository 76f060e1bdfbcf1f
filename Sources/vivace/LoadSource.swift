// SPDX-License-Identifier: Apache-2.0

internal import TrafficModel

/// Makes the requests of a load, one after another, for whoever asks next.
actor LoadSource {
    /// A request, and when it may be sent: nanoseconds after the load began.
    struct Item: Sendable {
        var request: ModelRequest
        var dueNanoseconds: UInt64
    }

    private let plan: LoadPlan
    private var model: TrafficModel
    /// Last first.
    private var pending: [ModelRequest] = []
    private var issuedSpanCount = 0
    private var madeSpanCount = 0
    private(set) var madeTraceCount = 0

    /// So many traces at a time fill requests of a few hundred spans, as busy SDKs send them.
    private static let batchTraceCount = 500

    init(_ plan: LoadPlan) {
        self.plan = plan
        model = TrafficModel(
            seed: plan.seed, start: plan.firstStart(now: currentUnixNanoseconds()),
            tracesPerSecond: plan.tracesPerSecond)
    }

    /// Nil when everything was handed out.
    func next() -> Item? {
        if pending.isEmpty { refill() }
        guard let request = pending.popLast() else { return nil }
        let due = plan.spansPerSecond.map { Double(issuedSpanCount) * 1e9 / Double($0) } ?? 0
        issuedSpanCount += request.spanCount
        return Item(request: request, dueNanoseconds: UInt64(due))
    }

    private func refill() {
        let count = nextBatchTraceCount
        guard count > 0 else { return }
        if plan.isLive { model.clock = max(model.clock, currentUnixNanoseconds()) }
        var traces: [ModelTrace] = []
        while traces.count < count, !isEnough {
            traces.append(model.nextTrace())
            madeTraceCount += 1
            madeSpanCount += traces[traces.count - 1].spans.count
        }
        pending = TrafficModel.requests(for: traces).reversed()
    }

    private var isEnough: Bool {
        switch plan.amount {
        case .traces(let count): madeTraceCount >= count
        case .spans(let count): madeSpanCount >= count
        }
    }

    /// At a given rate what half a second takes, so that traces are sent soon after they begin.
    private var nextBatchTraceCount: Int {
        guard !isEnough else { return 0 }
        guard plan.isLive else { return Self.batchTraceCount }
        return min(max(Int(plan.tracesPerSecond / 2), 1), Self.batchTraceCount)
    }
}
