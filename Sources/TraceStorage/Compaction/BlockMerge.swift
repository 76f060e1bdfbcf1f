// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ColumnEncoding
internal import TraceAnalysis
internal import TraceModel

/// Makes the bytes of one block out of parts of others: a ``BlockMerger`` with the critical path.
///
/// Each call is some milliseconds of work: it belongs on a thread of its own.
final class BlockMerge: @unchecked Sendable {
    // Safe to send: one task calls, one call after the other.
    private var merger: BlockMerger

    /// What ``BlockMerger/Step`` asked for.
    enum Supply: Sendable {
        case part(MergePart, input: Int)
        case rows(SpanBatchView, input: Int, group: Int)
    }

    /// A trace that is larger than this, all inputs together, is not held in memory for its critical path: the block
    /// then has no derived column.
    static let derivedSpanLimit = 1 << 18

    init(id: BlockID, _ catalog: MergeCatalog, _ inputs: [MergeInput], derives: Bool, effort: CompressionEffort) {
        let path = DerivedPath()
        merger = BlockMerger(
            id: id, catalog, inputs, criticalPathVersion: derives ? CriticalPathAnalyzer.version : 0, effort: effort
        ) { path.derive($0, into: &$1) }
    }

    /// Takes what was asked for, and says what comes next.
    ///
    /// - Throws: ``BlockError`` `.corrupted`.
    func next(_ supply: Supply?) throws -> BlockMerger.Step {
        switch supply {
        case .part(let part, let input): try merger.add(part, of: input)
        case .rows(let rows, let input, let group): merger.add(rows: rows, input: input, group: group)
        case nil: break
        }
        return try merger.next()
    }

    var statistics: BlockStatistics { merger.statistics }
    var byteCount: Int { merger.byteCount }
    /// Spans that were left out because of their age.
    var expiredCount: Int { merger.expiredCount }
}

/// Computes critical paths and keeps its memory.
private final class DerivedPath {
    private var analyzer = CriticalPathAnalyzer()
    private var trace = TraceColumns()
    private var times: [UInt64] = []

    func derive(_ rows: borrowing MergedTrace, into result: inout FlatBuffer<UInt64>) {
        trace.removeAll()
        for row in 0..<rows.rowCount {
            trace.append(
                spanID: rows.spanID[row], parentSpanID: rows.parent[row], start: rows.start[row],
                end: rows.end[row], kind: UInt8(clamping: rows.kind[row]))
        }
        analyzer.criticalNanoseconds(trace, into: &times)
        for time in times { result.append(time) }
    }
}
