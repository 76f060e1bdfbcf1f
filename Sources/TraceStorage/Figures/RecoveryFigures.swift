// SPDX-License-Identifier: Apache-2.0

/// What the journal of earlier runs gave when the store was opened.
package struct RecoveryFigures: Sendable, Hashable {
    /// Requests that were replayed.
    package var requestCount = 0
    /// Requests that could not be, though the journal has them.
    package var failedRequestCount = 0
    /// Generations of which something was damaged; their segments are kept aside.
    package var damagedGenerationCount = 0
    /// Requests that were acknowledged and are lost, as far as the ends of segments tell.
    package var lostRequestCount = 0
    /// Requests at the end of the journal that fail although all of them is there: they were being written when the power
    /// went, or are damaged. Kept aside.
    package var suspectRequestCount = 0

    package init() {}

    mutating func add(_ other: RecoveryFigures) {
        requestCount += other.requestCount
        failedRequestCount += other.failedRequestCount
        damagedGenerationCount += other.damagedGenerationCount
        lostRequestCount += other.lostRequestCount
        suspectRequestCount += other.suspectRequestCount
    }
}
