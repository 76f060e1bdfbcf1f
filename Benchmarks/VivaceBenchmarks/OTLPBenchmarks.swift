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
        for _ in 0..<Corpus.passCount { blackHole(try Corpus.decode(corpus.source, pool: pool)) }
    }
    let encoder = OTLPEncoder()
    encodingBenchmark("OTLP: encode, protobuf, trace by trace") { rows, spans, out in
        encoder.encodeProtobuf(rows, of: spans, into: &out)
    }
    encodingBenchmark("OTLP: encode, JSON, trace by trace") { rows, spans, out in
        encoder.encodeJSON(rows, of: spans, flavor: .tempo(listName: "batches"), into: &out)
    }
}

/// Measures `encode` with the rows of one trace after the other; they lie together, as those of an answer do.
private func encodingBenchmark(
    _ name: String, _ encode: @escaping ([Int], SpanBatchView, inout ByteWriter) -> Void
) {
    _ = Benchmark(
        name, configuration: .oneOf(.mega),
        closure: { (_: Benchmark, answers: Answers) in
            var out = ByteWriter(capacity: 1 << 20)
            for _ in 0..<Corpus.passCount {
                for rows in answers.rowsByTrace {
                    out.removeAll()
                    encode(rows, answers.spans, &out)
                    blackHole(out.count)
                }
            }
        },
        setup: { try await Answers() })
}

/// The corpus as it comes out of a block.
private struct Answers {
    let spans: SpanBatchView
    let rowsByTrace: [[Int]]

    init() async throws {
        let spans = try await Corpus().block().reader().readAll(pool: SlabPool(retainedByteLimit: 0))
        let ordering = SpanOrdering([spans])
        rowsByTrace = (0..<ordering.traceCount).map { Array(ordering.traceRows($0)) }
        self.spans = spans
    }
}
