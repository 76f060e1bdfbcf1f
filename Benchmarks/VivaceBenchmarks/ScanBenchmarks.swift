// SPDX-License-Identifier: Apache-2.0

internal import Benchmark
internal import BenchmarkCorpus

/// Conditions on columns as the chunk cache holds them; figures are for a thousand values.
func scanBenchmarks() {
    for kind in ScanColumn.Kind.allCases {
        _ = Benchmark(
            kind.rawValue, configuration: .oneOf(.kilo),
            closure: { (_: Benchmark, column: ScanColumn) in
                blackHole(try column.scan(chunkCount: 1_000_000 / ScanColumn.valuesInChunk))
            },
            setup: { ScanColumn(kind) })
    }
}
