// SPDX-License-Identifier: Apache-2.0
internal import BlockFormat
internal import FileIO
internal import ObjectStorage
internal import Testing
internal import TraceModel
internal import TraceStorage

// What the manifest's tests share: made-up blocks and commits.

let tenants = [TenantID.single, TenantID("a"), TenantID("b")].compactMap { $0 }

extension SeededGenerator {
    mutating func block(level: UInt8 = 0) -> BlockSummary {
        let first = TraceID(high: next() >> 1, low: next())
        let last = TraceID(high: first.high + 1, low: next())
        let start = next() >> 1
        return BlockSummary(
            id: BlockID(high: next(), low: next()), tenant: tenants[next(below: tenants.count)],
            byteCount: next(below: 1 << 30), rowCount: next(below: 1 << 20), traceCount: next(below: 1 << 16),
            traceIDs: first...last, eventNanoseconds: start...start + 5,
            arrivalSeconds: 1_700_000_000...1_700_000_100, level: level, formatVersion: 1)
    }

    mutating func commit(
        adding addedCount: Int = 1, removing removed: [BlockReference] = [], covering: [JournalGenerationID] = []
    ) -> Commit {
        var commit = Commit(
            id: .random(using: &self), createdNanoseconds: next(), removed: removed, coveredGenerations: covering)
        for _ in 0..<addedCount { commit.added.append(block()) }
        return commit
    }

    mutating func generation() -> JournalGenerationID {
        JournalGenerationID(incarnation: .random(using: &self), number: next())
    }
}

extension Manifest {
    /// Commits as a caller has to: again and again while nobody knows whether it stands.
    /// - Returns: nil if it does not and never will.
    func commitStubbornly(_ commit: Commit) async throws -> UInt64? {
        while true {
            do {
                return try await self.commit(commit)
            } catch let error as ManifestError where error.code == .unknownOutcome {
                continue
            } catch let error as ManifestError where error.code == .conflict {
                return nil
            }
        }
    }
}
