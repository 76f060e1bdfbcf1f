// SPDX-License-Identifier: Apache-2.0

internal import Benchmark
internal import ByteCoding

/// What the machine itself allows for the requests' bytes: nothing that stores them can be faster.
func limitBenchmarks() {
    Benchmark.perSpan("limit: memcpy of the requests") { _, corpus in
        var out = ByteWriter(capacity: 1 << 20)
        for _ in 0..<Corpus.passCount {
            for request in corpus.requests {
                out.removeAll()
                out.append(request.rawSpan)
                blackHole(out.count)
            }
        }
    }
    for acceleration: Int32 in [1, 8] {
        Benchmark.perSpan("limit: lz4 of the requests, acceleration \(acceleration)") { _, corpus in
            var out = ByteWriter(capacity: 1 << 20)
            for _ in 0..<Corpus.passCount {
                for request in corpus.requests {
                    out.removeAll()
                    blackHole(LZ4.compress(request.rawSpan, into: &out, acceleration: acceleration))
                }
            }
        }
    }
    Benchmark.perSpan("limit: XXH3 of the requests") { _, corpus in
        for _ in 0..<Corpus.passCount {
            for request in corpus.requests { blackHole(XXH3.hash(request.rawSpan)) }
        }
    }
}
