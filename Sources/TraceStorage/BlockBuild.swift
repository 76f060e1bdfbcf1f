// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceAnalysis
internal import TraceModel

/// Makes the bytes of one block out of heads: sorts, computes the derived column, encodes part by part.
///
/// Each call is tens of milliseconds of work: it belongs on a thread of its own.
final class BlockBuild: @unchecked Sendable {
    // Safe to send: one task calls, one call after the other.
    private var writer: BlockWriter

    init(id: BlockID, heads: [SpanBatchView], pool: SlabPool) {
        let ordering = SpanOrdering(heads)
        let critical = Self.criticalNanoseconds(ordering)
        writer = BlockWriter(
            id: id, ordering: ordering, criticalNanoseconds: critical,
            criticalPathVersion: CriticalPathAnalyzer.version, pool: pool)
    }

    func nextPart() -> [UInt8]? { writer.nextPart() }

    var statistics: BlockStatistics { writer.statistics }
    var byteCount: Int { writer.byteCount }

    /// The time of every span on the critical path of its trace, in block order.
    private static func criticalNanoseconds(_ ordering: borrowing SpanOrdering) -> FlatBuffer<UInt64> {
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
