// SPDX-License-Identifier: Apache-2.0

package import FileIO

/// Why live heads were cut.
package enum CutCause: String, Sendable, CaseIterable {
    /// They held as much as they should.
    case size
    /// They had held spans for as long as they should.
    case age
    /// The store closes.
    case shutdown
    /// Somebody else wrote in the store: the journal is no safe place any more.
    case intrusion
    /// Somebody asked for it.
    case request
}

/// The way from heads into blocks, since the store was opened.
package struct FlushFigures: Sendable, Hashable {
    package var cutCounts: [CutCause: Int] = [:]
    /// Generations whose blocks were committed, and how long that took: in one attempt, the one that succeeded.
    package var latency = LatencyFigures()
    /// Attempts that failed.
    package var failureCount = 0
    /// What was committed.
    package var blockCount = 0
    package var spanCount = 0
    package var byteCount = 0

    package init() {}
}
