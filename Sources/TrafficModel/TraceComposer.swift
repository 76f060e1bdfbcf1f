// SPDX-License-Identifier: Apache-2.0

internal import TraceModel

/// Plays one visit to the shop and writes down its spans.
///
/// Time is a value that is passed on: a step starts where the one before it ended and says when it ends itself, so
/// that steps at the same time need no scheduler.
struct TraceComposer {
    /// How a step, a call or an operation went.
    struct Outcome {
        /// Unix nanoseconds.
        var end: UInt64
        /// Why it failed; nil if it did not.
        var failure: ShopFailure?
    }

    /// Who does a step.
    struct Doer {
        /// The index of its span.
        var span: Int
        var id: SpanID
        var process: ModelProcess
    }

    let traceID: TraceID
    let disturbance: ShopDisturbance
    /// The product or order that the visit is about, in the paths of its requests.
    let itemNumber: Int
    var random: SeededRandom
    var spans: [ModelSpan] = []
    var slowCause: SpanID?
    /// The messages that this trace sent.
    var sentMessages: [ModelLink] = []

    init(traceID: TraceID, disturbance: ShopDisturbance, random: SeededRandom) {
        self.traceID = traceID
        self.disturbance = disturbance
        self.random = random
        itemNumber = self.random.pick(10_000...14_999)
    }

    /// Carries out one operation, as it is seen by who does it.
    mutating func serve(
        _ endpoint: ShopEndpoint, parent: SpanID?, links: [ModelLink] = [], at start: UInt64
    ) -> Outcome {
        let process = ModelProcess(
            service: endpoint.service, instance: random.pick(0...endpoint.service.instanceCount - 1))
        let doer = openServing(endpoint, in: process, parent: parent, at: start)
        spans[doer.span].links = links
        var outcome: Outcome
        if let failure = endpoint.failure, random.chance(failure.probability) {
            outcome = run(Array(endpoint.steps.prefix(1)), by: doer, from: start)
            if failure.httpStatus == 504 { outcome.end += nanoseconds(2_000_000, sigma: 0.001) }
            outcome.failure = failure
            recordException(failure, in: doer, at: outcome.end)
        } else {
            outcome = run(endpoint.steps, by: doer, from: start)
        }
        outcome.end += nanoseconds(25)
        closeServing(endpoint, doer, outcome)
        return outcome
    }

    /// Does steps one after another until one fails.
    mutating func run(_ steps: [ShopStep], by doer: Doer, from start: UInt64) -> Outcome {
        var now = start
        for step in steps {
            let outcome = run(step, by: doer, from: now)
            now = outcome.end
            if outcome.failure != nil { return outcome }
        }
        return Outcome(end: now)
    }

    private mutating func run(_ step: ShopStep, by doer: Doer, from start: UInt64) -> Outcome {
        switch step {
        case .compute(let median):
            return Outcome(end: start + nanoseconds(median))
        case .call(let endpoint, let policy):
            return call(endpoint, policy, by: doer, from: start)
        case .query(let query):
            return Outcome(end: send(query, by: doer, from: start))
        case .part(let name, let steps):
            return runPart(name, steps, by: doer, from: start)
        case .together(let steps):
            return runTogether(steps, by: doer, from: start)
        case .each(let range, let steps):
            return run(Array(repeatElement(steps, count: random.pick(range)).joined()), by: doer, from: start)
        case .sometimes(let probability, let steps):
            return random.chance(probability) ? run(steps, by: doer, from: start) : Outcome(end: start)
        case .publish(let topic, let consumers):
            return Outcome(end: publish(topic, to: consumers, by: doer, from: start))
        case .chargeCard:
            return Outcome(end: chargeCard(by: doer, from: start))
        case .featureFlag(let key):
            evaluateFlag(key, by: doer, at: start)
            return Outcome(end: start)
        }
    }

    private mutating func runPart(
        _ name: String, _ steps: [ShopStep], by doer: Doer, from start: UInt64
    ) -> Outcome {
        let part = open(name, kind: 1, layer: .own, in: doer.process, parent: doer.id, at: start + nanoseconds(4))
        var outcome = run(steps, by: part, from: spans[part.span].start + nanoseconds(15))
        outcome.end += nanoseconds(8)
        close(part, at: outcome.end, error: outcome.failure?.message)
        return Outcome(end: outcome.end + nanoseconds(3), failure: outcome.failure)
    }

    private mutating func runTogether(_ steps: [ShopStep], by doer: Doer, from start: UInt64) -> Outcome {
        var begin = start
        var result = Outcome(end: start)
        for step in steps {
            let outcome = run(step, by: doer, from: begin)
            begin += nanoseconds(20)
            result.end = max(result.end, outcome.end)
            result.failure = result.failure ?? outcome.failure
        }
        return result
    }

    // MARK: Spans

    /// Begins a span; it lies in `spans` before all of its children.
    mutating func open(
        _ name: String, kind: Int32, layer: ModelLayer, in process: ModelProcess, parent: SpanID?, at start: UInt64
    ) -> Doer {
        let id = SpanID(random.nextNonZero())
        let isParentRemote = kind == 2 || kind == 5
        spans.append(
            ModelSpan(
                id: id, parent: parent, process: process, scopeName: process.service.scopeName(for: layer),
                name: name, kind: kind, start: start, end: start,
                flags: isParentRemote && parent != nil ? 0x301 : 0x101))
        return Doer(span: spans.count - 1, id: id, process: process)
    }

    /// Ends a span.
    ///
    /// - Parameter error: The status message of a span that failed.
    mutating func close(_ doer: Doer, at end: UInt64, error: String? = nil) {
        spans[doer.span].end = end
        if let error {
            spans[doer.span].status = 2
            spans[doer.span].statusMessage = error
        }
    }

    mutating func add(_ attributes: [ModelAttribute], to doer: Doer) {
        spans[doer.span].attributes += attributes
    }

    /// Nanoseconds of work with a median in microseconds; one time in a hundred it takes six times as long.
    mutating func nanoseconds(_ medianMicroseconds: Double, sigma: Double = 0.35) -> UInt64 {
        let usual = random.logNormal(median: medianMicroseconds * 1_000, sigma: sigma)
        return UInt64(sigma > 0.01 && random.chance(0.01) ? usual * 6 : usual) + 1
    }

    /// Seconds that somebody waits because of the disturbance, which `doer`'s span is to blame for.
    mutating func disturb(_ doer: Doer, at time: UInt64, event: String, _ attributes: [ModelAttribute]) -> UInt64 {
        slowCause = doer.id
        spans[doer.span].events.append(ModelEvent(time: time, name: event, attributes: attributes))
        return UInt64(1_800_000_000 + random.pick(0...2_700_000) * 1_000 + random.pick(0...999))
    }
}
