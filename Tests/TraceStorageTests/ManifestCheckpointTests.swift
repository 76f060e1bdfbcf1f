// SPDX-License-Identifier: Apache-2.0
internal import ByteCoding
internal import FileIO
internal import ObjectStorage
internal import Synchronization
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("Checkpoints as bytes") struct ManifestCheckpointCodingTests {
    /// A state of some tenants, incarnations and removed blocks.
    static func state(seed: UInt64, commitCount: Int = 12) throws -> ManifestState {
        var generator = SeededGenerator(seed: seed)
        var state = ManifestState()
        let incarnations: [IncarnationID] = (0..<3).map { _ in .random(using: &generator) }
        var next: [UInt64] = [0, 5, .max - 40]
        for sequence in 0..<UInt64(commitCount) {
            let live = tenants.flatMap { state.liveBlocks(of: $0) }.map(\.reference)
            let which = generator.next(below: 3)
            next[which] += UInt64(1 + generator.next(below: 2))
            let commit = generator.commit(
                adding: generator.next(below: 4), removing: Array(live.prefix(generator.next(below: 2))),
                covering: [JournalGenerationID(incarnation: incarnations[which], number: next[which])])
            try state.apply(commit, sequence: sequence)
        }
        return state
    }

    @Test("every state comes back equal, and the same state is the same bytes", arguments: 0..<40 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        let state = try Self.state(seed: seed, commitCount: Int(seed))
        let bytes = state.encodedCheckpoint()
        let read = try ManifestState(decodingCheckpoint: bytes, sequence: state.nextSequence)
        #expect(read == state)
        #expect(read.encodedCheckpoint() == bytes)
    }

    @Test("every truncation, every flipped bit and another's number are noticed")
    func damage() throws {
        let state = try Self.state(seed: 3)
        let bytes = state.encodedCheckpoint()
        for offset in bytes.indices {
            #expect(throws: ManifestError.self) {
                try ManifestState(decodingCheckpoint: Array(bytes[..<offset]), sequence: state.nextSequence)
            }
            for bit in 0..<8 {
                var damaged = bytes
                damaged[offset] ^= 1 << UInt8(bit)
                #expect(throws: ManifestError.self) {
                    try ManifestState(decodingCheckpoint: damaged, sequence: state.nextSequence)
                }
            }
        }
        #expect(throws: ManifestError.self) { try ManifestState(decodingCheckpoint: bytes, sequence: 0) }
        #expect(throws: ManifestError.self) {
            try ManifestState(decodingCheckpoint: bytes + [0], sequence: state.nextSequence)
        }
    }

    @Test("impossible contents behind a right checksum are refused, or are a state")
    func hostileContents() throws {
        let state = try Self.state(seed: 4)
        let bytes = Array(state.encodedCheckpoint().dropLast(8))
        var generator = SeededGenerator(seed: 1)
        var refusedCount = 0
        for round in 0..<10_000 {
            var damaged = bytes
            damaged[round < bytes.count ? round : generator.next(below: bytes.count)] =
                round % 2 == 0 ? 0xff : UInt8(generator.next(below: 256))
            let checksum = XXH3.hash(damaged.rawSpan, seed: state.nextSequence)
            damaged += (0..<8).map { UInt8(truncatingIfNeeded: checksum >> UInt64(8 * $0)) }
            do throws(ManifestError) {
                let read = try ManifestState(decodingCheckpoint: damaged, sequence: state.nextSequence)
                let again = try ManifestState(
                    decodingCheckpoint: read.encodedCheckpoint(), sequence: read.nextSequence)
                #expect(again == read)
            } catch {
                refusedCount += 1
                #expect(error.code == .corrupted || error.code == .unsupported)
            }
        }
        #expect(refusedCount > 100)
    }
}

@Suite("Checkpoints of a manifest", .timeLimit(.minutes(10))) struct ManifestCheckpointTests {
    private func commits(in store: any ObjectStore) async throws -> [String] { try await keys("manifest/", store) }
    private func checkpoints(in store: any ObjectStore) async throws -> [String] { try await keys("checkpoints/", store) }

    private func keys(_ prefix: String, _ store: any ObjectStore) async throws -> [String] {
        try await store.list(try ObjectPrefix(prefix), after: nil, limit: 1000).entries.map(\.key.lastSegment)
    }

    /// Commits so often, and looks after checkpoints each time.
    private func commit(
        _ count: Int, to manifest: Manifest, _ generator: inout SeededGenerator
    ) async throws {
        for _ in 0..<count {
            let live = tenants.flatMap { manifest.state.liveBlocks(of: $0) }.map(\.reference)
            _ = try await manifest.commit(
                generator.commit(removing: live.count > 5 ? [live[0]] : [], covering: [generator.generation()]))
            try await manifest.maintainCheckpoints()
        }
    }

    @Test("a start reads the newest checkpoint and what follows, and old commits are gone")
    func start() async throws {
        var generator = SeededGenerator(seed: 1)
        let memory = MemoryObjectStore()
        let manifest = try await Manifest.load(from: memory, checkpointInterval: 10)
        for count in 1...47 {
            try await commit(1, to: manifest, &generator)
            #expect(try await Manifest.load(from: memory, checkpointInterval: 10).state == manifest.state, "\(count)")
        }
        #expect(try await checkpoints(in: memory).map { Int($0) } == [30, 40])
        #expect(try await commits(in: memory).map { Int($0) } == Array(30..<47))
        let meter = RequestCounter()
        let counted = InterceptedObjectStore(memory, by: FaultInjector { request in
            meter.count(request.kind)
            return nil
        })
        _ = try await Manifest.load(from: counted)
        // One checkpoint, seven commits, and the number behind the last.
        #expect(meter.count(of: .get) == 9)
        #expect(meter.count(of: .list) == 1)
    }

    @Test("who follows steadily lists nothing")
    func follower() async throws {
        var generator = SeededGenerator(seed: 2)
        let memory = MemoryObjectStore()
        let manifest = try await Manifest.load(from: memory, checkpointInterval: 5)
        try await commit(3, to: manifest, &generator)
        let meter = RequestCounter()
        let counted = InterceptedObjectStore(memory, by: FaultInjector { request in
            meter.count(request.kind)
            return nil
        })
        let follower = try await Manifest.load(from: counted)
        let listings = meter.count(of: .list)
        for _ in 0..<60 {
            try await commit(1, to: manifest, &generator)
            #expect(try await follower.refresh() == manifest.state)
        }
        #expect(meter.count(of: .list) == listings)
    }

    @Test("who has fallen far behind goes on from a checkpoint, and may commit then")
    func straggler() async throws {
        var generator = SeededGenerator(seed: 3)
        let memory = MemoryObjectStore()
        let manifest = try await Manifest.load(from: memory, checkpointInterval: 4)
        let straggler = try await Manifest.load(from: memory)
        try await commit(2, to: manifest, &generator)
        let second = try await Manifest.load(from: memory)
        try await commit(30, to: manifest, &generator)
        #expect(try await straggler.refresh() == manifest.state)
        let late = generator.commit(covering: [generator.generation()])
        #expect(try await second.commit(late) == 32)
        #expect(try await manifest.refresh() == second.state)
        #expect(try await commits(in: memory).compactMap { Int($0) }.min() == 28)
    }

    @Test("a commit whose answer was lost is recognised though its object is gone")
    func lostAnswer() async throws {
        var generator = SeededGenerator(seed: 4)
        let memory = MemoryObjectStore()
        let manifest = try await Manifest.load(from: memory, checkpointInterval: 4)
        try await commit(3, to: manifest, &generator)
        let isDown = Atomic(false)
        let store = InterceptedObjectStore(memory, by: FaultInjector { request in
            isDown.load(ordering: .relaxed) && [.create, .get].contains(request.kind) ? ObjectFault(.afterEffect) : nil
        })
        let other = try await Manifest.load(from: store)
        isDown.store(true, ordering: .relaxed)
        let mine = generator.commit(covering: [generator.generation()])
        let error = await #expect(throws: ManifestError.self) { try await other.commit(mine) }
        #expect(error?.code == .unknownOutcome)
        isDown.store(false, ordering: .relaxed)
        try await manifest.refresh()
        try await commit(30, to: manifest, &generator)
        #expect(try await other.commit(mine) < manifest.state.nextSequence)
        #expect(try await other.refresh() == manifest.state)
        // Nothing is left where the number was free.
        #expect(try await !memory.contains(Manifest.key(3)))
        // What never stood is committed at the end.
        let fresh = generator.commit(covering: [generator.generation()])
        #expect(try await other.commit(fresh) == manifest.state.nextSequence)
    }

    @Test("a damaged newest checkpoint is told, and the one before it says the same")
    func damagedCheckpoint() async throws {
        var generator = SeededGenerator(seed: 5)
        let memory = MemoryObjectStore()
        let manifest = try await Manifest.load(from: memory, checkpointInterval: 10)
        try await commit(35, to: manifest, &generator)
        let key = try Manifest.checkpointKey(30)
        var bytes = try await memory.get(key)
        bytes[50] ^= 1
        try await memory.put(key, bytes)
        let loaded = try await Manifest.load(from: memory, checkpointInterval: 10)
        #expect(loaded.state == manifest.state)
        #expect(loaded.checkpointDamage?.code == .corrupted)
        // From here on it is done without the damaged one.
        try await commit(40, to: loaded, &generator)
        #expect(try await Manifest.load(from: memory).state == loaded.state)
        for sequence in [20, 30] as [UInt64] { #expect(try await !memory.contains(Manifest.checkpointKey(sequence))) }
    }

    @Test("strangers beside commits and checkpoints are left alone")
    func strangers() async throws {
        var generator = SeededGenerator(seed: 8)
        let memory = MemoryObjectStore()
        let strangers = ["manifest/0-notes", "manifest/folder/7.journal", "checkpoints/0-notes", "checkpoints/z/1"]
        for name in strangers { try await memory.put(try ObjectKey(name), [1]) }
        let manifest = try await Manifest.load(from: memory, checkpointInterval: 4)
        #expect(manifest.state == ManifestState())
        try await commit(20, to: manifest, &generator)
        #expect(try await Manifest.load(from: memory).state == manifest.state)
        for name in strangers { #expect(try await memory.contains(try ObjectKey(name))) }
        #expect(try await !memory.contains(Manifest.key(11)))
    }

    @Test("commits that are missing are told, with a checkpoint or without one")
    func missing() async throws {
        var generator = SeededGenerator(seed: 6)
        for interval in [10, 1000] as [UInt64] {
            let memory = MemoryObjectStore()
            let manifest = try await Manifest.load(from: memory, checkpointInterval: interval)
            try await commit(35, to: manifest, &generator)
            for entry in try await checkpoints(in: memory) {
                try await memory.delete(try ObjectKey("checkpoints/" + entry))
            }
            if interval == 1000 { try await memory.delete(Manifest.key(0)) }
            let error = await #expect(throws: ManifestError.self) { try await Manifest.load(from: memory) }
            #expect(error?.code == .corrupted)
        }
    }

    @Test("wherever a step fails, the manifest says the same before and after", arguments: 0..<120)
    func everyStepFails(step: Int) async throws {
        var generator = SeededGenerator(seed: 7)
        let memory = MemoryObjectStore()
        let meter = RequestCounter()
        // From that request on nothing goes through: as a crash leaves it. Half of them happen all the same.
        let store = InterceptedObjectStore(memory, by: FaultInjector { request in
            meter.count(request.kind)
            if meter.total <= step { return nil }
            return ObjectFault(meter.total == step + 1 && step % 2 == 0 ? .afterEffect : .beforeEffect)
        })
        var expected = ManifestState()
        do {
            let manifest = try await Manifest.load(from: store, checkpointInterval: 3)
            for _ in 0..<14 {
                _ = try await manifest.commit(generator.commit(covering: [generator.generation()]))
                expected = manifest.state
                try await manifest.maintainCheckpoints()
            }
        } catch {}
        let loaded = try await Manifest.load(from: memory, checkpointInterval: 3)
        // A commit that was not answered may stand.
        #expect(loaded.state.nextSequence == expected.nextSequence || loaded.state.nextSequence == expected.nextSequence + 1)
        if loaded.state.nextSequence == expected.nextSequence { #expect(loaded.state == expected) }
        try await commit(12, to: loaded, &generator)
        #expect(try await Manifest.load(from: memory).state == loaded.state)
        let sequence = loaded.state.nextSequence
        let kept = try await checkpoints(in: memory).compactMap { UInt64($0) }
        #expect(kept.count == 2 && sequence - (kept.last ?? 0) < 3)
        #expect(try await commits(in: memory).compactMap { UInt64($0) } == Array((kept.first ?? 0)..<sequence))
    }
}

/// Requests that a store was asked for.
private final class RequestCounter: Sendable {
    private let counts = Mutex([ObjectRequest.Kind: Int]())

    func count(_ kind: ObjectRequest.Kind) { counts.withLock { $0[kind, default: 0] += 1 } }
    func count(of kind: ObjectRequest.Kind) -> Int { counts.withLock { $0[kind] ?? 0 } }
    var total: Int { counts.withLock { $0.values.reduce(0, +) } }
}
