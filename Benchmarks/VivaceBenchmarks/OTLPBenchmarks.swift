// SPDX-License-Identifier: Apache-2.0

internal import Benchmark
internal import BlockFormat
internal import ByteCoding
internal import OTLP
internal import TraceModel

/// From the wire to columns, and from columns to answers.
func otlpBenchmarks() {
    let pool = SlabPool(retainedByteLimit: 256 << 20)
    Benchmark.perSpan("OTLP: decode into columns") { _, corpus in
        for _ in 0..<Corpus.passCount { blackHole(try Corpus.decode(corpus.requests, pool: pool)) }
    }
    let encoder = OTLPEncoder()
    Benchmark.perSpan("OTLP: encode, protobuf, trace by trace") { benchmark, corpus in
        encodeTraces(of: corpus, benchmark) { rows, out in
            encoder.encodeProtobuf(rows, of: corpus.spans, into: &out)
        }
    }
    Benchmark.perSpan("OTLP: encode, JSON, trace by trace") { benchmark, corpus in
        encodeTraces(of: corpus, benchmark) { rows, out in
            encoder.encodeJSON(rows, of: corpus.spans, flavor: .tempo(listName: "batches"), into: &out)
        }
    }
}

/// Measures `encode` with the rows of each trace, as answers about traces are made.
private func encodeTraces(
    of corpus: Corpus, _ benchmark: Benchmark, _ encode: ([Int], inout ByteWriter) -> Void
) {
    let ordering = SpanOrdering([corpus.spans])
    let traces = (0..<ordering.traceCount).map { trace in
        ordering.traceRows(trace).map { Int(ordering.references[$0].row) }
    }
    var out = ByteWriter(capacity: 1 << 20)
    benchmark.startMeasurement()
    for _ in 0..<Corpus.passCount {
        for rows in traces {
            out.removeAll()
            encode(rows, &out)
            blackHole(out.count)
        }
    }
    benchmark.stopMeasurement()
}
