// SPDX-License-Identifier: Apache-2.0

internal import Benchmark
internal import TraceAnalysis

/// One trace's critical path with its segments and warnings, as answers have it; figures are per span.
func criticalPathBenchmarks() {
    for spanCount in [30, 1_000, 1_000_000] {
        _ = Benchmark(
            "critical path: traces of \(spanCount) spans", configuration: .oneOf(.mega),
            closure: { (benchmark: Benchmark, trace: TraceColumns) in
                var analyzer = CriticalPathAnalyzer()
                for _ in 0..<(benchmark.scaledIterations.count / spanCount) {
                    blackHole(analyzer.analyze(trace).segments.count)
                }
            },
            setup: { madeUpTrace(spanCount: spanCount) })
    }
}

/// A trace in which every span calls four others, one after the other: all spans are on the path.
///
/// Parents stand before their children; span IDs have no order.
private func madeUpTrace(spanCount: Int) -> TraceColumns {
    var trace = TraceColumns()
    trace.reserve(spanCount)
    trace.append(spanID: spanID(0), parentSpanID: 0, start: 0, end: 1 << 50, kind: 2)
    for row in 1..<spanCount {
        let (parent, place) = (row - 1).quotientAndRemainder(dividingBy: 4)
        let quarter = (trace.ends[parent] - trace.starts[parent]) / 4
        let start = trace.starts[parent] + UInt64(place) * quarter
        trace.append(
            spanID: spanID(row), parentSpanID: spanID(parent), start: start, end: start + quarter - quarter / 8,
            kind: 3)
    }
    return trace
}

private func spanID(_ row: Int) -> UInt64 { UInt64(row + 1) &* 0x9e37_79b9_7f4a_7c15 }
