// SPDX-License-Identifier: Apache-2.0

internal import Testing
internal import TraceAnalysis

@Suite("Traces of any size and any time are analysed")
struct CriticalPathScaleTests {
    private func check(_ trace: TraceColumns) {
        var analyzer = CriticalPathAnalyzer()
        var column: [UInt64] = []
        for mode in CriticalPathOptions.Mode.allCases {
            for skew in CriticalPathOptions.Skew.allCases {
                let options = CriticalPathOptions(mode: mode, asynchronous: .include, skew: skew)
                let path = analyzer.analyze(trace, options: options)
                #expect(path.criticalNanoseconds.reduce(0, +) == path.durationNanoseconds)
            }
        }
        analyzer.criticalNanoseconds(trace, into: &column)
        #expect(column.count == trace.count)
        #expect(analyzer.tree.waterfall(of: trace).count == trace.count)
        #expect(analyzer.tree.selfNanoseconds(of: trace).count == trace.count)
    }

    @Test("a chain a million deep, in either order of the rows", arguments: [false, true])
    func deep(isReversed: Bool) {
        var trace = TraceColumns()
        for row in 0..<UInt64(1_000_000) {
            let depth = isReversed ? 999_999 - row : row
            trace.append(
                spanID: depth + 1, parentSpanID: depth, start: depth, end: 3_000_000 - depth,
                kind: UInt8(depth % 6))
        }
        check(trace)
    }

    @Test("a cycle of a million")
    func cycle() {
        var trace = TraceColumns()
        for row in 0..<UInt64(1_000_000) {
            let parent = (row + 1) % 1_000_000 + 1
            trace.append(spanID: row + 1, parentSpanID: parent, start: 9, end: 99, kind: 1)
        }
        check(trace)
    }

    @Test("a root with a million children")
    func wide() {
        var generator = SeededGenerator(state: 1)
        var trace = TraceColumns([(1, 0, 0, 1 << 30, 1)])
        for row in 0..<UInt64(1_000_000) {
            let start = UInt64.random(in: 0..<(1 << 30), using: &generator)
            let length = UInt64.random(in: 0..<(1 << 12), using: &generator)
            trace.append(
                spanID: row + 2, parentSpanID: 1, start: start, end: start + length, kind: 1)
        }
        check(trace)
    }

    @Test("a million spans with one span ID, and a million orphans")
    func repeated() {
        var (same, orphans) = (TraceColumns(), TraceColumns())
        for row in 0..<UInt64(1_000_000) {
            let kind = UInt8(row % 4)
            same.append(
                spanID: 7, parentSpanID: row % 2 * 7, start: row, end: row + 5, kind: kind)
            orphans.append(spanID: row + 2, parentSpanID: 1, start: row, end: row + 5, kind: 1)
        }
        check(same)
        check(orphans)
    }

    @Test("times at the ends of the range never overflow", arguments: 0..<4)
    func extremes(seed: UInt64) {
        let times: [UInt64] = [
            0, 1, 2, 1 << 62, 1 << 63, (1 << 63) + 1, .max - 2, .max - 1, .max,
        ]
        var generator = SeededGenerator(state: 6_000 + seed)
        var analyzer = CriticalPathAnalyzer()
        for _ in 0..<3_000 {
            var trace = TraceColumns()
            for row in 0..<UInt64.random(in: 1...8, using: &generator) {
                trace.append(
                    spanID: row % 7 + 1, parentSpanID: UInt64.random(in: 0...7, using: &generator),
                    start: times.randomElement(using: &generator) ?? 0,
                    end: times.randomElement(using: &generator) ?? 0,
                    kind: UInt8.random(in: 2...5, using: &generator))
            }
            for var options in CriticalPathOptions.all {
                if options.toleranceNanoseconds == 4 { options.toleranceNanoseconds = .max }
                let path = analyzer.analyze(trace, options: options)
                if path.criticalNanoseconds.reduce(0, +) != path.durationNanoseconds {
                    Issue.record("seed \(seed): \(options), \(trace.literal)")
                    return
                }
            }
            _ = analyzer.tree.selfNanoseconds(of: trace)
        }
    }
}
