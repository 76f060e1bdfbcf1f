// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceStorage

/// A commit or a checkpoint of the manifest, or the marker of a store, with right checksums.
///
/// The first byte is the commit's place in the manifest, 254 for a checkpoint at 9, or 255 for a marker; the object
/// follows.
enum ManifestTarget {
    static func run(_ input: [UInt8]) {
        guard let first = input.first else { return }
        let object = Array(input.dropFirst())
        switch first {
        case 255: marker(object)
        case 254: checkpoint(object)
        default: commit(object, sequence: UInt64(first))
        }
    }

    private static let checkpointSequence: UInt64 = 9

    private static func checkpoint(_ object: [UInt8]) {
        let sequence = checkpointSequence
        let object = object.count >= 8 ? sealed(object, at: object.count - 8, seed: sequence) : object
        guard let state = try? ManifestState(decodingCheckpoint: object, sequence: sequence) else { return }
        let again = state.encodedCheckpoint()
        // But for four bytes that nobody looks at.
        claim(again.count == object.count && again[24..<(again.count - 8)] == object[24..<(object.count - 8)],
            "a checkpoint is written as it was read")
        claim((try? ManifestState(decodingCheckpoint: again, sequence: sequence)) == state, "a checkpoint comes back")
        claim(state.nextSequence == sequence, "a checkpoint is where its key says")
    }

    private static func marker(_ object: [UInt8]) {
        let object = object.count >= 56 ? sealed(object, at: 48, seed: 0) : object
        guard let marker = try? StoreMarker(decoding: object) else { return }
        _ = try? marker.check(mayWrite: false)
        _ = try? marker.check(mayWrite: true)
        claim((try? StoreMarker(decoding: marker.encoded())) == marker, "a marker comes back")
    }

    private static func commit(_ object: [UInt8], sequence: UInt64) {
        let object = object.count >= 8 ? sealed(object, at: object.count - 8, seed: sequence) : object
        guard let commit = try? Commit(decoding: object, sequence: sequence) else { return }
        claim(commit.encoded(sequence: sequence) == object, "a commit is written as it was read")
        var state = ManifestState()
        do throws(ManifestError) {
            try state.apply(commit, sequence: 0)
        } catch {
            claim(state == ManifestState(), "a refused commit changes nothing")
            return
        }
        claim(commit.removed.isEmpty, "nothing is removed where nothing lives")
        claim(state.blockCount == commit.added.count, "every block that was added lives")
        claim(commit.coveredGenerations.allSatisfy { state.coveredGenerations.contains($0) }, "generations are covered")
        remove(commit, from: state)
    }

    private static func remove(_ commit: Commit, from state: ManifestState) {
        var state = state
        claim((try? state.check(commit)) == nil || commit.isEmpty, "the same can't be added twice")
        let undoing = Commit(id: commit.id, createdNanoseconds: 0, removed: commit.added.map(\.reference))
        claim((try? state.apply(undoing, sequence: 1)) != nil, "what lives can be removed")
        claim(state.blockCount == 0 && state.blocksByTenant.isEmpty, "nothing is left")
    }

    /// The bytes with the XXH3 of those before `offset` there.
    private static func sealed(_ object: [UInt8], at offset: Int, seed: UInt64) -> [UInt8] {
        var object = object
        let checksum = XXH3.hash(object.rawSpan.extracting(0..<offset), seed: seed)
        for byte in 0..<8 { object[offset + byte] = UInt8(truncatingIfNeeded: checksum >> UInt64(8 * byte)) }
        return object
    }

    static func seeds() -> [[UInt8]] {
        var random = SeededChoices(seed: 8)
        let marker = StoreMarker(storeID: StoreID(high: random.word(), low: random.word()), createdNanoseconds: 1)
        var seeds: [[UInt8]] = [[255] + marker.encoded()]
        for (added, removed, covered) in [(0, 0, 0), (1, 0, 1), (3, 0, 0), (0, 2, 0), (2, 1, 3), (0, 0, 6)] {
            let id = CommitID(high: random.word(), low: random.word())
            var commit = Commit(id: id, createdNanoseconds: random.word())
            for _ in 0..<added { commit.added.append(block(&random)) }
            for _ in 0..<removed { commit.removed.append(block(&random).reference) }
            for number in 0..<covered {
                let incarnation = IncarnationID(high: 1, low: UInt64(number / 4))
                commit.coveredGenerations.append(
                    JournalGenerationID(incarnation: incarnation, number: [2, 4, 3, 0][number % 4]))
            }
            let sequence = UInt64(seeds.count)
            seeds.append([UInt8(sequence)] + commit.encoded(sequence: sequence))
        }
        for (blocks, generations) in [(0, 0), (1, 1), (4, 5)] {
            if let seed = checkpointSeed(blocks, generations, &random) { seeds.append([254] + seed) }
        }
        return seeds
    }

    private static func checkpointSeed(
        _ blockCount: Int, _ generationCount: Int, _ random: inout SeededChoices
    ) -> [UInt8]? {
        var state = ManifestState()
        for sequence in 0..<checkpointSequence {
            var commit = Commit(id: CommitID(high: sequence, low: 1), createdNanoseconds: random.word())
            if sequence == 0 {
                for _ in 0..<blockCount { commit.added.append(block(&random)) }
                for number in 0..<generationCount {
                    let incarnation = IncarnationID(high: 1, low: UInt64(number / 3))
                    commit.coveredGenerations.append(
                        JournalGenerationID(incarnation: incarnation, number: [2, 4, 3][number % 3]))
                }
            }
            guard (try? state.apply(commit, sequence: sequence)) != nil else { return nil }
        }
        return state.encodedCheckpoint()
    }

    private static func block(_ random: inout SeededChoices) -> BlockSummary {
        let tenants = [TenantID.single, TenantID("a"), TenantID("team-b")].compactMap { $0 }
        let first = TraceID(high: random.word() >> 1, low: random.word())
        let start = random.word() >> 1
        return BlockSummary(
            id: BlockID(high: random.word(), low: random.word()), tenant: tenants[random.below(tenants.count)],
            byteCount: 1 << 20, rowCount: 5_000, traceCount: 700,
            traceIDs: first...TraceID(high: first.high + 1, low: 0), eventNanoseconds: start...(start + 5),
            arrivalSeconds: 1_700_000_000...1_700_000_100, level: 1, formatVersion: 1)
    }
}

extension Commit {
    fileprivate var isEmpty: Bool { added.isEmpty && removed.isEmpty && coveredGenerations.isEmpty }
}
