// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel
package import TraceQL

/// How many levels of spans stay above and below those that a search selects; `.max` for all.
package struct KeptRelatives: Sendable, Equatable {
    package var ancestorDepth = 0
    package var descendantDepth = 0

    package init() {}
}

extension FoundTrace {
    /// The trace with those spans alone that a search selects of it, and what stays with them; metrics queries select
    /// none.
    ///
    /// - Throws: As ``QueryMemory/hold(_:)``.
    /// - Complexity: What judging takes, and O(spans) for those that stay, however deep.
    package func selecting(_ query: CheckedQuery, with relatives: KeptRelatives) throws(QueryError) -> FoundTrace {
        let heldByteCount = memory?.byteCount ?? 0
        try memory?.holdMore(rows.count * AssembledTrace.byteCountPerRow)
        defer { memory?.keep(heldByteCount) }
        return FoundTrace(
            id: id, spans: spans, rows: try selectedRows(query, relatives), partialReason: partialReason,
            inspectedByteCount: inspectedByteCount, memory: memory)
    }

    private func selectedRows(_ query: CheckedQuery, _ relatives: KeptRelatives) throws(QueryError) -> [Int] {
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
        let above = Self.ancestors(of: isSelected, trace.parents, depth: relatives.ancestorDepth)
        Self.addDescendants(to: &isSelected, trace.parents, depth: relatives.descendantDepth)
        for row in above { isSelected[row] = true }
        return isSelected.indices.filter { isSelected[$0] }.map { trace.rows[$0].row }
    }

    /// The rows above those that are selected, level by level, each once.
    private static func ancestors(of isSelected: [Bool], _ parents: [Int32], depth: Int) -> [Int] {
        var isReached = isSelected
        var found: [Int] = []
        var level = isSelected.indices.filter { isSelected[$0] }
        var remaining = depth
        while remaining > 0, !level.isEmpty {
            level = level.compactMap { row -> Int? in
                let parent = Int(parents[row])
                guard parent >= 0, !isReached[parent] else { return nil }
                isReached[parent] = true
                return parent
            }
            found += level
            remaining -= 1
        }
        return found
    }

    /// Selects the rows below those that are selected, level by level.
    private static func addDescendants(to isSelected: inout [Bool], _ parents: [Int32], depth: Int) {
        guard depth > 0 else { return }
        // By row: its first child, and the next child of its parent; -1 for none.
        var firstChild = [Int32](repeating: -1, count: parents.count)
        var nextSibling = firstChild
        for (row, parent) in parents.enumerated() where parent >= 0 {
            nextSibling[row] = firstChild[Int(parent)]
            firstChild[Int(parent)] = Int32(row)
        }
        var level = isSelected.indices.filter { isSelected[$0] }
        var remaining = depth
        while remaining > 0, !level.isEmpty {
            var next: [Int] = []
            for row in level {
                var child = firstChild[row]
                while child >= 0 {
                    if !isSelected[Int(child)] {
                        isSelected[Int(child)] = true
                        next.append(Int(child))
                    }
                    child = nextSibling[Int(child)]
                }
            }
            level = next
            remaining -= 1
        }
    }
}
