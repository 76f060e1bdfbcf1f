// SPDX-License-Identifier: Apache-2.0

/// Where the time of one trace went: which span held up the answer, at every moment.
///
/// The segments tile `start ..< end` without gap or overlap, so their lengths sum to
/// `durationNanoseconds` exactly, and so does `criticalNanoseconds`.
package struct CriticalPath: Sendable, Equatable {
    /// A stretch of time that one span spent on the path itself, not in its children.
    package struct Segment: Sendable, Equatable {
        /// The span's row.
        package var row: Int
        /// Unix nanoseconds.
        package var start: UInt64
        /// Unix nanoseconds; greater than `start`.
        package var end: UInt64

        package init(row: Int, start: UInt64, end: UInt64) {
            self.row = row
            self.start = start
            self.end = end
        }

        package var durationNanoseconds: UInt64 { end - start }
    }

    /// The root of the analysed fragment; -1 in an empty trace.
    package internal(set) var rootRow = -1
    /// Where the path begins: the root's start, in Unix nanoseconds.
    package internal(set) var start: UInt64 = 0
    /// Where it ends: the root's end, or in the mode `toLastSpan` the last end if that is later.
    package internal(set) var end: UInt64 = 0
    /// The path in time order; no two neighbours belong to one span.
    package internal(set) var segments: [Segment] = []
    /// For each row its time on the path; 0 off the path and in other fragments.
    package internal(set) var criticalNanoseconds: [UInt64] = []
    /// Whether the trace is one tree whose root says that it has no parent.
    package internal(set) var complete = false
    /// All warnings of all rows.
    package internal(set) var warnings: CriticalPathWarnings = []
    /// For each row what was wrong with it. What concerns the tree and the spans' own times is
    /// reported in the whole trace, how children lie in their parents in the analysed fragment.
    package internal(set) var rowWarnings: [CriticalPathWarnings] = []

    package var durationNanoseconds: UInt64 { end - start }
}
