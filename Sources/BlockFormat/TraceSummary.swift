// SPDX-License-Identifier: Apache-2.0

package import TraceModel

/// What a search result shows of a trace without touching its spans; of the part that lies in one block.
package struct TraceSummary: Sendable, Equatable {
    package var id: TraceID
    package var firstRow: Int
    package var spanCount: Int
    /// The first start, Unix nanoseconds.
    package var start: UInt64
    /// From the first start to the last end; 0 if no span ends later.
    package var duration: UInt64
    package var errorCount: Int
    /// Service and name of the span without parent that starts first; nil if none is in this block.
    package var root: (service: [UInt8], name: [UInt8])?

    package static func == (a: Self, b: Self) -> Bool {
        a.id == b.id && a.firstRow == b.firstRow && a.spanCount == b.spanCount && a.start == b.start
            && a.duration == b.duration && a.errorCount == b.errorCount && a.root?.service == b.root?.service
            && a.root?.name == b.root?.name
    }
}
