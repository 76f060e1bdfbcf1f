// SPDX-License-Identifier: Apache-2.0

/// How much merges left out of late because of its age: each job is small, and many of them would take a store apart.
///
/// By a clock that nobody sets: a wall clock that jumped would let everything be forgotten at once.
package struct LeftOutLedger: Sendable {
    private var entries: [Entry] = []

    private struct Entry: Sendable {
        var instant: ContinuousClock.Instant
        var byteCount: Int
    }

    /// For how long it counts: time to see that a retention was mistyped.
    package static let rememberedTime = Duration.seconds(86_400)

    package init() {}

    /// Counts what a job takes.
    package mutating func add(_ byteCount: Int, at now: ContinuousClock.Instant) {
        entries.removeAll { $0.instant + Self.rememberedTime <= now }
        if byteCount > 0 { entries.append(Entry(instant: now, byteCount: byteCount)) }
    }

    /// Bytes that are counted still.
    package func byteCount(at now: ContinuousClock.Instant) -> Int {
        entries.reduce(0) { $1.instant + Self.rememberedTime <= now ? $0 : $0 + $1.byteCount }
    }
}
