// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceQL

extension SpansetJudge {
    /// The one spanset of a trace: how many rows it has, and its first ones.
    struct Selection {
        var matchedCount = 0
        var rows: [Int32] = []
    }

    /// What a program selects that is one stage of leaves, joined by `&&` and `||`, of which columns say all: most are.
    /// Nil of other programs.
    ///
    /// - Parameter shownCount: Rows that are wanted.
    func selection(of trace: JudgedTrace, shownCount: Int) -> Selection? {
        guard let node = quickNode else { return nil }
        var selection = Selection()
        let leaves = selectingLeaves(node, trace)
        guard leaves != 0 else { return selection }
        if leaves & (leaves &- 1) == 0 {
            let mask = trace.marks[leaves.trailingZeroBitCount]
            selection.matchedCount = mask.count(in: trace.rows)
            selection.rows = mask.rows(in: trace.rows, atMost: shownCount)
            return selection
        }
        var row = trace.rows.lowerBound
        while let next = firstRow(from: row, of: leaves, trace) {
            selection.matchedCount += 1
            if selection.rows.count < shownCount { selection.rows.append(Int32(truncatingIfNeeded: next)) }
            row = next + 1
        }
        return selection
    }

    private func firstRow(from row: Int, of leaves: UInt64, _ trace: JudgedTrace) -> Int? {
        var first = trace.rows.upperBound
        var rest = leaves
        while rest != 0 {
            if let next = trace.marks[rest.trailingZeroBitCount].first(from: row) { first = min(first, next) }
            rest &= rest &- 1
        }
        return first < trace.rows.upperBound ? first : nil
    }

    /// A bit for each leaf whose rows are selected; none if nothing is.
    private func selectingLeaves(_ node: SpansetProgram.Node, _ trace: JudgedTrace) -> UInt64 {
        switch node {
        case .leaf(let index):
            guard trace.marks[index].holds(in: trace.rows) else { return 0 }
            return program.leaves[index].trace.allSatisfy { $0.holds(trace.facts) } ? 1 &<< UInt64(index) : 0
        case .chain(let first, let steps):
            return steps.reduce(selectingLeaves(first, trace)) { a, step in
                let b = selectingLeaves(step.node, trace)
                return step.operation == .and && (a == 0 || b == 0) ? 0 : a | b
            }
        case .pipeline: return 0
        }
    }

    /// The node of a program for which ``selection(of:shownCount:)`` suffices.
    static func quickNode(of program: SpansetProgram) -> SpansetProgram.Node? {
        guard program.stages.count == 1, case .spansets(let node) = program.stages[0], program.leaves.count <= 64,
            program.leaves.allSatisfy({ $0.rest == nil }), isQuick(node)
        else { return nil }
        return node
    }

    private static func isQuick(_ node: SpansetProgram.Node) -> Bool {
        switch node {
        case .leaf: true
        case .chain(let first, let steps):
            isQuick(first) && steps.allSatisfy { ($0.operation == .and || $0.operation == .or) && isQuick($0.node) }
        case .pipeline: false
        }
    }
}
