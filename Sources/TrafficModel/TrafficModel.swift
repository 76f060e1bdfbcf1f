// SPDX-License-Identifier: Apache-2.0

// A web shop that does not exist: fourteen services, forty operations, customers who browse, search and buy. Most of
// what makes real traces awkward is in it: retries, exceptions, steps at the same time, queues whose consumers end
// after the root, batches that are linked to other traces, long traces, and now and then a checkout that takes
// seconds because of one span, which the truth names.

internal import TraceModel

/// Endless made-up traffic whose truth is known; the same for the same seed, on every machine.
package struct TrafficModel: Sendable {
    /// How many spans an SDK exports at a time unless told otherwise.
    package static let usualRequestSpanCount = 512

    /// When the next trace starts, in Unix nanoseconds. May be set, forward and back.
    package var clock: UInt64
    private let averageGapNanoseconds: Double
    private var random: SeededRandom
    /// Messages of earlier traces, for the consumers of batches to link to.
    private var recentMessages: [ModelLink] = []

    private static let keptMessageCount = 64
    private static let disturbanceProbability = 0.05

    /// - Parameters:
    ///   - seed: Decides everything else.
    ///   - start: When the first trace starts, in Unix nanoseconds.
    ///   - tracesPerSecond: How fast the clock goes; the gaps vary around the average.
    package init(seed: UInt64, start: UInt64, tracesPerSecond: Double = 50) {
        precondition(tracesPerSecond > 0, "a rate is positive")
        random = SeededRandom(seed: seed)
        clock = start
        averageGapNanoseconds = 1e9 / tracesPerSecond
    }

    /// The next trace: 3 to 200 spans that start at the clock or after it. Advances the clock.
    package mutating func nextTrace() -> ModelTrace {
        let visit = pickVisit()
        let isDisturbed = !visit.disturbances.isEmpty && random.chance(Self.disturbanceProbability)
        var composer = TraceComposer(
            traceID: TraceID(high: random.nextNonZero(), low: random.nextNonZero()),
            disturbance: isDisturbed ? random.pick(visit.disturbances) : .none,
            random: SeededRandom(seed: random.next()))
        _ = composer.serve(visit.endpoint, parent: nil, links: links(for: visit.endpoint), at: clock)
        clock += UInt64(averageGapNanoseconds * (0.2 + 1.6 * random.unit()))
        recentMessages.append(contentsOf: composer.sentMessages)
        recentMessages.removeFirst(max(0, recentMessages.count - Self.keptMessageCount))
        let truth = TraceTruth(composer.traceID, composer.spans, slowCause: composer.slowCause)
        return ModelTrace(id: composer.traceID, spans: composer.spans, truth: truth)
    }

    private mutating func pickVisit() -> ShopVisit {
        var rest = random.pick(0...999)
        for visit in ShopVisit.all {
            rest -= visit.weight
            if rest < 0 { return visit }
        }
        return ShopVisit.all[0]
    }

    private mutating func links(for endpoint: ShopEndpoint) -> [ModelLink] {
        guard case .consumeBatch = endpoint.transport else { return [] }
        return Array(recentMessages.shuffled(using: &random).prefix(random.pick(3...10)))
    }
}
