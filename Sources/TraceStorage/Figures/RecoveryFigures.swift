// SPDX-License-Identifier: Apache-2.0

/// What the journal of earlier runs gave when the store was opened.
package struct RecoveryFigures: Sendable, Hashable {
    /// Requests that were replayed.
    package var requestCount = 0
    /// Requests that could not be, though the journal has them.
    package var failedRequestCount = 0
    /// Generations of which something was damaged; their segments are kept aside.
    package var damagedGenerationCount = 0

    package init() {}

    mutating func add(_ other: RecoveryFigures) {
        requestCount += other.requestCount
        failedRequestCount += other.failedRequestCount
        damagedGenerationCount += other.damagedGenerationCount
    }
}
