// SPDX-License-Identifier: Apache-2.0

internal import Benchmark

// The stages that a span goes through, each alone. docs/BENCHMARKS.md says how to run and read them.

/// Registers all benchmarks. The name is the library's, and it takes no function.
let benchmarks: @Sendable () -> Void = {
    limitBenchmarks()
    inflateBenchmarks()
    otlpBenchmarks()
    journalBenchmarks()
    blockBenchmarks()
    scanBenchmarks()
    traceByIDBenchmarks()
    criticalPathBenchmarks()
}

extension Benchmark.Configuration {
    /// A benchmark does a million things at a time, or a thousand; its figures are for one.
    static func oneOf(_ count: BenchmarkScalingFactor) -> Self {
        Self(
            metrics: [.wallClock, .cpuTotal, .throughput], timeUnits: .nanoseconds, warmupIterations: 1,
            scalingFactor: count, maxDuration: .seconds(5), maxIterations: 10)
    }
}

extension Benchmark {
    /// Registers a benchmark whose figures are for one span: `body` goes through the spans of the corpus
    /// ``Corpus/passCount`` times, a million in all.
    static func perSpan(_ name: String, _ body: @escaping (Benchmark, Corpus) throws -> Void) {
        _ = Benchmark(name, configuration: .oneOf(.mega), closure: body, setup: { try Corpus() })
    }
}
