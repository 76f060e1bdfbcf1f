// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel
package import TraceQL

extension FoundTrace {
    /// The trace with those spans alone that a search selects of it; metrics queries select none.
    ///
    /// - Parameter keepsAncestors: Whether the spans above each of them stay too.
    /// - Throws: As ``QueryMemory/hold(_:)``.
    package func selecting(_ query: CheckedQuery, keepsAncestors: Bool) throws(QueryError) -> FoundTrace {
        let heldByteCount = memory?.byteCount ?? 0
        try memory?.holdMore(rows.count * AssembledTrace.byteCountPerRow)
        defer { memory?.keep(heldByteCount) }
        return FoundTrace(
            id: id, spans: spans, rows: try selectedRows(query, keepsAncestors), partialReason: partialReason,
            inspectedByteCount: inspectedByteCount, memory: memory)
    }

    private func selectedRows(_ query: CheckedQuery, _ keepsAncestors: Bool) throws(QueryError) -> [Int] {
        guard let pipeline = query.search else { return [] }
        let program = SpansetProgram(query, pipeline)
        let marks = program.leaves.map { spans.mask($0.filter) }
        guard let trace = AssembledTrace(id, rows.map { .init(view: spans, row: $0, marks: marks) }) else { return [] }
        var isSelected = [Bool](repeating: false, count: trace.rows.count)
        let held = memory?.byteCount ?? 0
        let spansets = try SpansetJudge(program, QueryDeadline()).spansets(of: trace.judged(leafCount: marks.count)) {
            (byteCount) throws(QueryError) in try memory?.hold(held + byteCount)
        }
        for spanset in spansets {
            for row in spanset.rows { isSelected[Int(row)] = true }
        }
        if keepsAncestors {
            for row in isSelected.indices where isSelected[row] {
                var parent = trace.parents[row]
                while parent >= 0, !isSelected[Int(parent)] {
                    isSelected[Int(parent)] = true
                    parent = trace.parents[Int(parent)]
                }
            }
        }
        return isSelected.indices.filter { isSelected[$0] }.map { trace.rows[$0].row }
    }
}
