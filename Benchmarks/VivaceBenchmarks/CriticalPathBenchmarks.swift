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

/// A trace in which every span calls up to four others, two at a time and then the next two.
///
/// Rows stand in the order in which traces are walked breadth first; span IDs have no order.
private func madeUpTrace(spanCount: Int) -> TraceColumns {
    var trace = TraceColumns()
    trace.reserve(spanCount)
    trace.append(spanID: spanID(0), parentSpanID: 0, start: 0, end: 1 << 50, kind: 2)
    for row in 1..<spanCount {
        let parent = (row - 1) / 4
        let place = UInt64((row - 1) % 4)
        let half = (trace.ends[parent] - trace.starts[parent]) / 2
        let start = trace.starts[parent] + place / 2 * half + place
        trace.append(
            spanID: spanID(row), parentSpanID: spanID(parent), start: start, end: start + half - half / 16 * (place + 1),
            kind: 3)
    }
    return trace
}

private func spanID(_ row: Int) -> UInt64 { UInt64(row + 1) &* 0x9e37_79b9_7f4a_7c15 }
