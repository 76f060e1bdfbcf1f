// SPDX-License-Identifier: Apache-2.0

package import BlockFormat
package import ByteCoding
internal import TraceAnalysis
internal import TraceModel

/// Makes the bytes of one block out of heads: sorts, computes the derived column, encodes part by part.
///
/// Each call is tens of milliseconds of work: it belongs on a thread of its own.
package final class BlockBuild: @unchecked Sendable {
    // Safe to send: one task calls, one call after the other.
    private var writer: BlockWriter

    /// Bytes that a build holds at most, about: first what sorts the rows; then orders, codes and index, which take less
    /// for a row than its columns in the heads, and the merged strings, as much as the heads' strings. The rest is for
    /// one row group.
    static func byteCount(ofHeads heads: [HeadView]) -> Int {
        byteCount(
            ofHeadBytes: heads.reduce(0) { $0 + $1.memory.byteCount },
            rowCount: heads.reduce(0) { $0 + $1.spans.rowCount })
    }

    package static func byteCount(ofHeadBytes byteCount: Int, rowCount: Int) -> Int {
        (8 << 20) + max(byteCount, SpanOrdering.sortByteCount(rowCount: rowCount))
    }

    init(id: BlockID, heads: [SpanBatchView], pool: SlabPool) {
        let ordering = SpanOrdering(heads, pool: pool)
        let critical = Self.criticalNanoseconds(ordering)
        writer = BlockWriter(
            id: id, ordering: ordering, criticalNanoseconds: critical,
            criticalPathVersion: CriticalPathAnalyzer.version, pool: pool)
    }

    func nextPart() -> [UInt8]? { writer.nextPart() }

    var statistics: BlockStatistics { writer.statistics }
    var byteCount: Int { writer.byteCount }

    /// The time of every span on the critical path of its trace, in block order.
    package static func criticalNanoseconds(_ ordering: borrowing SpanOrdering) -> FlatBuffer<UInt64> {
        var analyzer = CriticalPathAnalyzer()
        var trace = TraceColumns()
        var times: [UInt64] = []
        var result = FlatBuffer<UInt64>(capacity: ordering.rowCount)
        for index in 0..<ordering.traceCount {
            trace.removeAll()
            for row in ordering.traceRows(index) {
                trace.append(
                    spanID: ordering.spanID[row], parentSpanID: ordering.parent[row], start: ordering.start[row],
                    end: ordering.end[row], kind: UInt8(clamping: ordering.kind[row]))
            }
            analyzer.criticalNanoseconds(trace, into: &times)
            for time in times { result.append(time) }
        }
        return result
    }
}
