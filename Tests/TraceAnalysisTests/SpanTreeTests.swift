// SPDX-License-Identifier: Apache-2.0

internal import Testing
internal import TraceAnalysis

@Suite("The span tree")
struct SpanTreeTests {
    private func tree(_ trace: TraceColumns) -> SpanTree {
        var tree = SpanTree()
        tree.rebuild(from: trace)
        return tree
    }

    @Test("lists parents, children and fragments by row")
    func layout() {
        let tree = tree(
            TraceColumns([
                (1, 0, 0, 9, 1), (2, 1, 0, 9, 1), (3, 1, 0, 9, 1), (4, 2, 0, 9, 1), (5, 8, 0, 9, 1),
            ]))
        #expect(tree.parents == [-1, 0, 0, 1, -2])
        #expect(tree.childOffsets == [0, 2, 3, 3, 3, 3])
        #expect(tree.childRows == [1, 2, 3])
        #expect(tree.fragmentRoots == [0, 4])
        #expect(tree.rootRow == 0)
        #expect(!tree.isComplete)
        var roots: [Int32] = []
        tree.copyFragmentRoots(into: &roots)
        #expect(roots == [0, 0, 0, 0, 4])
    }

    @Test("of an empty trace is empty")
    func empty() {
        let tree = tree(TraceColumns())
        #expect(tree.rootRow == -1)
        #expect(!tree.isComplete)
        #expect(tree.waterfall(of: TraceColumns()) == [])
        #expect(tree.selfNanoseconds(of: TraceColumns()) == [])
        var analyzer = CriticalPathAnalyzer()
        #expect(analyzer.analyze(TraceColumns()).segments == [])
        var column: [UInt64] = [1, 2]
        analyzer.criticalNanoseconds(TraceColumns(), into: &column)
        #expect(column == [])
    }

    @Test("is a forest whatever refers to whatever, and scratch leaves no trace", arguments: 0..<4)
    func forest(seed: UInt64) {
        var generator = SeededGenerator(state: 3_000 + seed)
        var reused = SpanTree()
        for _ in 0..<5_000 {
            let trace = TraceColumns.random(&generator)
            reused.rebuild(from: trace)
            let fresh = tree(trace)
            let isSame =
                reused.parents == fresh.parents && reused.childRows == fresh.childRows
                && reused.childOffsets == fresh.childOffsets && reused.rootRow == fresh.rootRow
                && reused.fragmentRoots == fresh.fragmentRoots
                && reused.duplicateRows == fresh.duplicateRows
            let lines = reused.waterfall(of: trace)
            let isForest = lines.map(\.row).sorted() == Array(0..<trace.count)
            if !isSame || !isForest {
                Issue.record("seed \(seed): \(trace.literal)")
                return
            }
        }
    }

    @Test("is displayed depth first, children by start", arguments: 0..<4)
    func waterfall(seed: UInt64) {
        var generator = SeededGenerator(state: 4_000 + seed)
        for _ in 0..<3_000 {
            let trace = TraceColumns.random(&generator)
            let tree = tree(trace)
            let naive = NaiveCriticalPath(trace)
            let lines = tree.waterfall(of: trace)
            let fragments = lines.filter { $0.depth == 0 }.map(\.row)
            var expected: [Int] = []
            for root in fragments { expected += naive.preorder(root) }
            let depths = Dictionary(uniqueKeysWithValues: lines.map { ($0.row, $0.depth) })
            let depthsHold = lines.allSatisfy {
                $0.depth == (depths[Int(tree.parents[$0.row])] ?? -1) + 1
            }
            let fragmentsHold =
                fragments.first == naive.root && Set(fragments) == Set(naive.fragmentRoots)
                && zip(fragments.dropFirst(), fragments.dropFirst(2)).allSatisfy {
                    trace.starts[$0] <= trace.starts[$1]
                }
            if lines.map(\.row) != expected || !depthsHold || !fragmentsHold {
                Issue.record("seed \(seed): \(lines), not \(expected): \(trace.literal)")
                return
            }
        }
    }

    @Test("gives each span the time in which no child runs", arguments: 0..<4)
    func selfTime(seed: UInt64) {
        var generator = SeededGenerator(state: 5_000 + seed)
        for _ in 0..<3_000 {
            let trace = TraceColumns.random(&generator)
            let tree = tree(trace)
            let expected = (0..<trace.count).map { row in
                let times = trace.starts[row]..<max(trace.starts[row], trace.ends[row])
                return UInt64(
                    times.filter { time in
                        !(0..<trace.count).contains {
                            tree.parents[$0] == Int32(row) && trace.starts[$0] <= time
                                && time < trace.ends[$0]
                        }
                    }.count)
            }
            if tree.selfNanoseconds(of: trace) != expected {
                Issue.record("seed \(seed): \(expected): \(trace.literal)")
                return
            }
        }
    }

    @Test("is the same by the table and, where IDs collide in it, by sorting")
    func crowded() {
        // Multiples of the inverse of the table's factor: all high bits of the products are zero.
        var inverse: UInt64 = 1
        for _ in 0..<6 { inverse &*= 2 &- 0x9E37_79B9_7F4A_7C15 &* inverse }
        var (plain, colliding) = (TraceColumns(), TraceColumns())
        for row in 0..<UInt64(20_000) {
            let parent = row / 3
            let end = 100_000 - row
            plain.append(spanID: row + 1, parentSpanID: parent, start: row, end: end, kind: 1)
            colliding.append(
                spanID: (row + 1) &* inverse, parentSpanID: parent &* inverse, start: row, end: end,
                kind: 1)
        }
        let (a, b) = (tree(plain), tree(colliding))
        #expect(a.parents == b.parents)
        #expect(b.duplicateRows == [])
    }

    @Test("takes the sides of a call that share an ID apart, and names other repetitions")
    func sharedIDs() {
        // The SERVER twice: as Zipkin sends it, and as its own child. Then an unrelated INTERNAL.
        let trace = TraceColumns([
            (1, 0, 0, 90, 1), (7, 1, 10, 80, 3), (7, 1, 5, 70, 2), (8, 7, 30, 40, 1),
            (7, 7, 25, 60, 2), (7, 1, 1, 2, 1),
        ])
        let tree = tree(trace)
        #expect(tree.parents == [-1, 0, 1, 2, 1, 0])
        #expect(Set(tree.duplicateRows) == [4, 5])
    }
}
