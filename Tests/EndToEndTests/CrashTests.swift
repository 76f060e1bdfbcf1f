// SPDX-License-Identifier: Apache-2.0

import Testing

extension EndToEndTests {
    /// `kill -9` at any moment takes nothing that was acknowledged.
    @Suite struct CrashTests {
        private static let killCount = 50
        private static let limit = Duration.seconds(120)

        @Test func `after fifty kills every acknowledged span is found once, and nothing that was not sent`()
            async throws
        {
            let seed = Surroundings.seed ?? .random(in: 1 ... .max)
            let begin = ContinuousClock.now
            try await Scratch.with { scratch in
                var run = CrashRun(seed: seed, in: scratch)
                do {
                    while run.killCount < Self.killCount {
                        try await run.round()
                        guard begin.duration(to: .now) < Self.limit else {
                            throw TestFailure("there were only \(run.killCount) kills within \(Self.limit)")
                        }
                    }
                    try await run.finish()
                } catch {
                    throw TestFailure("VIVACE_E2E_SEED=\(seed), after \(run.summary): \(error)")
                }
                print("CrashTests: seed \(seed), \(begin.duration(to: .now)): \(run.summary)")
            }
        }
    }
}
