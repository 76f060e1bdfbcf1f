// SPDX-License-Identifier: Apache-2.0

internal import Benchmark
internal import Inflate

/// What compressed requests cost before they can be decoded.
func inflateBenchmarks() {
    _ = Benchmark(
        "inflate: gzip bodies", configuration: .oneOf(.mega),
        closure: { (_: Benchmark, bodies: CompressedBodies) in
            for _ in 0..<Corpus.passCount {
                for body in bodies.bodies { blackHole(try inflate(body, limit: 64 << 20)) }
            }
        },
        setup: { try CompressedBodies() })
}

/// The corpus's requests as exporters compress them.
private struct CompressedBodies {
    let bodies: [[UInt8]]

    init() throws { bodies = try Corpus().requests.map { try gzip($0) } }
}
