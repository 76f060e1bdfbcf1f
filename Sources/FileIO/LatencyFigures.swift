// SPDX-License-Identifier: Apache-2.0

/// How long operations took: how many fell into each class of duration, and their sum.
package struct LatencyFigures: Sendable, Hashable {
    /// Upper bounds of the classes in seconds, rising: from what a cache answers to what a large flush takes. A last
    /// class holds what took longer.
    package static let bounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    /// One more than there are bounds; not cumulative.
    package private(set) var counts = [Int](repeating: 0, count: Self.bounds.count + 1)
    /// Of all operations.
    package private(set) var seconds = 0.0

    package init() {}

    /// Operations in all.
    package var count: Int { counts.reduce(0, +) }

    package mutating func add(_ elapsed: Duration) {
        let parts = elapsed.components
        let elapsed = Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
        seconds += elapsed
        counts[Self.bounds.firstIndex { elapsed <= $0 } ?? Self.bounds.count] += 1
    }
}
