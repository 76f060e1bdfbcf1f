// SPDX-License-Identifier: Apache-2.0

internal import Testing
internal import TraceAnalysis

@Suite("The critical path is what the naive definition says")
struct CriticalPathOracleTests {
    /// Nil if the analyzer agrees with the definition in everything that it answers.
    private func disagreement(
        _ trace: TraceColumns, _ options: CriticalPathOptions,
        _ analyzer: inout CriticalPathAnalyzer
    ) -> String? {
        let naive = NaiveCriticalPath(trace, options)
        let path = analyzer.analyze(trace, options: options)
        guard analyzer.tree.parents == naive.parents else {
            return "parents \(analyzer.tree.parents), not \(naive.parents): \(trace.literal)"
        }
        guard path.rootRow == naive.root ?? -1 else { return "root \(path.rootRow)" }
        let expected = naive.root.map { naive.segments(from: $0) } ?? []
        if path.segments != expected {
            return "\(path.segments), not \(expected): \(options), \(trace.literal)"
        }
        return untiled(path).map { "\($0): \(options), \(trace.literal)" }
    }

    /// Nil if the segments tile the path's interval, and the rows' times are their sums.
    private func untiled(_ path: CriticalPath) -> String? {
        var time = path.start
        var sums = path.criticalNanoseconds.map { _ in UInt64(0) }
        var previousRow = -1
        for segment in path.segments {
            guard segment.start == time, segment.end > time else { return "a gap at \(time)" }
            guard segment.row != previousRow else { return "an unmerged segment at \(time)" }
            sums[segment.row] += segment.durationNanoseconds
            (time, previousRow) = (segment.end, segment.row)
        }
        guard time == path.end else { return "the path ends at \(time)" }
        guard sums == path.criticalNanoseconds else { return "sums \(path.criticalNanoseconds)" }
        return sums.reduce(0, +) == path.durationNanoseconds ? nil : "the sum is not the duration"
    }

    @Test("in random broken traces, for every option", arguments: 0..<8)
    func random(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        var analyzer = CriticalPathAnalyzer()
        for _ in 0..<600 {
            let trace = TraceColumns.random(&generator)
            for options in CriticalPathOptions.all {
                if let what = disagreement(trace, options, &analyzer) {
                    Issue.record("seed \(seed): \(what)")
                    return
                }
            }
        }
    }

    @Test("in random broken traces, for the stored column", arguments: 0..<8)
    func randomColumn(seed: UInt64) {
        var generator = SeededGenerator(state: 1_000 + seed)
        var analyzer = CriticalPathAnalyzer()
        var (column, answering) = ([UInt64](), [UInt64]())
        for _ in 0..<4_000 {
            let trace = TraceColumns.random(&generator)
            let naive = NaiveCriticalPath(trace)
            var expected = [UInt64](repeating: 0, count: trace.count)
            for root in naive.fragmentRoots {
                for segment in naive.segments(from: root) {
                    expected[segment.row] += segment.durationNanoseconds
                }
            }
            analyzer.criticalNanoseconds(trace, into: &column)
            analyzer.criticalNanoseconds(trace, fragments: .answering, into: &answering)
            if column != expected || answering != analyzer.analyze(trace).criticalNanoseconds {
                Issue.record("seed \(seed): \(column), not \(expected): \(trace.literal)")
                return
            }
        }
    }

    @Test("in every trace of three spans over four points in time", arguments: 0..<16)
    func everyThree(firstInterval: Int) {
        let parentIDs: [UInt64] = [0, 1, 2, 3, 9]
        var analyzer = CriticalPathAnalyzer()
        for intervals in 0..<256 {
            for parents in 0..<125 {
                var trace = TraceColumns()
                for row in 0..<3 {
                    let interval = [firstInterval, intervals / 16, intervals % 16][row]
                    let choice = [parents / 25, parents / 5 % 5, parents % 5][row]
                    trace.append(
                        spanID: UInt64(row + 1), parentSpanID: parentIDs[choice],
                        start: UInt64(interval / 4), end: UInt64(interval % 4), kind: 1)
                }
                if let what = disagreement(trace, CriticalPathOptions(), &analyzer) {
                    Issue.record("\(what)")
                    return
                }
            }
        }
    }

    @Test(
        "in every tree of four spans over five points in time",
        arguments: [(.causal, 0), (.causal, 1), (.cover, 0), (.toLastSpan, 0)]
            as [(CriticalPathOptions.Mode, UInt64)])
    func everyFour(mode: CriticalPathOptions.Mode, tolerance: UInt64) {
        let options = CriticalPathOptions(mode: mode, toleranceNanoseconds: tolerance)
        let intervals = (0...4).flatMap { start in (start...4).map { (start, $0) } }
        var analyzer = CriticalPathAnalyzer()
        for shape in [[1, 1, 1], [1, 1, 2], [1, 1, 3], [1, 2, 2], [1, 2, 3]] {
            for code in 0..<(15 * 15 * 15) {
                var trace = TraceColumns([(1, 0, 1, 3, 1)])
                for (row, choice) in [code / 225, code / 15 % 15, code % 15].enumerated() {
                    let (start, end) = intervals[choice]
                    trace.append(
                        spanID: UInt64(row + 2), parentSpanID: UInt64(shape[row]),
                        start: UInt64(start), end: UInt64(end), kind: 1)
                }
                if let what = disagreement(trace, options, &analyzer) {
                    Issue.record("\(what)")
                    return
                }
            }
        }
    }

    @Test("whatever the order of the rows", arguments: 0..<4)
    func permuted(seed: UInt64) {
        var generator = SeededGenerator(state: 2_000 + seed)
        var analyzer = CriticalPathAnalyzer()
        for round in 0..<4_000 {
            let trace = TraceColumns.random(&generator)
            let options = CriticalPathOptions.all[round % CriticalPathOptions.all.count]
            let path = analyzer.analyze(trace, options: options)
            let shuffled = trace.reordered((0..<trace.count).shuffled(using: &generator))
            let other = analyzer.analyze(shuffled, options: options)
            let isSame =
                described(path, trace) == described(other, shuffled)
                && path.warnings == other.warnings && path.complete == other.complete
            if !isSame {
                Issue.record("seed \(seed): \(options), \(trace.literal)")
                return
            }
        }
    }

    /// The path by what the rows hold instead of where they stand.
    private func described(_ path: CriticalPath, _ trace: TraceColumns) -> [String] {
        path.segments.map {
            "\(trace.reordered([$0.row]).literal) \($0.start) \($0.end)"
        }
    }
}
