// SPDX-License-Identifier: Apache-2.0
internal import BlockFormat
internal import FileIO
internal import ObjectStorage
internal import Synchronization
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("The manifest", .timeLimit(.minutes(10))) struct ManifestTests {
    @Test("what is committed is there after a restart")
    func loading() async throws {
        var generator = SeededGenerator(seed: 1)
        let store = MemoryObjectStore()
        let manifest = try await Manifest.load(from: store)
        for expected in 0..<30 as Range<UInt64> {
            let old = tenants.flatMap { manifest.state.liveBlocks(of: $0) }.map(\.reference)
            let commit = generator.commit(
                adding: 2, removing: Array(old.prefix(generator.next(below: 3))), covering: [generator.generation()])
            #expect(try await manifest.commit(commit) == expected)
        }
        #expect(try await Manifest.load(from: store).state == manifest.state)
        #expect(try Manifest.key(7).text == "manifest/00000000000000000007")
        #expect(try Manifest.key(.max).text == "manifest/18446744073709551615")
    }

    @Test("a writer that is behind reads what came between, and takes the next number")
    func lostRace() async throws {
        var generator = SeededGenerator(seed: 2)
        let store = MemoryObjectStore()
        let one = try await Manifest.load(from: store)
        let (other, third) = (Manifest(store: store), Manifest(store: store))
        let first = generator.commit(adding: 2)
        #expect(try await one.commit(first) == 0)
        #expect(try await other.commit(generator.commit()) == 1)
        #expect(try await other.commit(generator.commit(removing: [first.added[0].reference])) == 2)
        let late = generator.commit(removing: [first.added[0].reference])
        let error = await #expect(throws: ManifestError.self) { try await one.commit(late) }
        #expect(error?.code == .conflict)
        #expect(one.state == other.state)
        // The blocks to be removed are not even known here yet.
        let removed = first.added[1].reference
        #expect(try await third.commit(generator.commit(removing: [removed])) == 3)
    }

    @Test("a commit whose answer was lost is recognised as one's own")
    func lostAnswer() async throws {
        var generator = SeededGenerator(seed: 3)
        let memory = MemoryObjectStore()
        let store = InterceptedObjectStore(memory, by: FaultInjector.scripted([
            .init(.create, ObjectFault(.afterEffect))
        ]))
        let manifest = try await Manifest.load(from: store)
        #expect(try await manifest.commit(generator.commit()) == 0)
        #expect(try await manifest.commit(generator.commit()) == 1)
        #expect(try await Manifest.load(from: memory).state == manifest.state)
    }

    @Test("while nobody knows whether a commit stands its maker is told so, and learns it by asking again",
        arguments: [ObjectFault.Moment.beforeEffect, .afterEffect])
    func unknownOutcome(_ moment: ObjectFault.Moment) async throws {
        var generator = SeededGenerator(seed: 4)
        let memory = MemoryObjectStore()
        let isDown = Atomic(true)
        let store = InterceptedObjectStore(memory, by: FaultInjector { request in
            isDown.load(ordering: .relaxed) && (request.kind == .create || moment == .afterEffect && request.kind == .get)
                ? ObjectFault(moment) : nil
        })
        let manifest: Manifest
        isDown.store(false, ordering: .relaxed)
        manifest = try await Manifest.load(from: store)
        isDown.store(true, ordering: .relaxed)
        let commit = generator.commit(covering: [generator.generation()])
        for _ in 0..<3 {
            let error = await #expect(throws: ManifestError.self) { try await manifest.commit(commit) }
            #expect(error?.code == .unknownOutcome)
        }
        isDown.store(false, ordering: .relaxed)
        // Others may learn of it first.
        let state = try await manifest.refresh()
        #expect(state.nextSequence == (moment == .afterEffect ? 1 : 0))
        #expect(try await manifest.commit(commit) == 0)
        #expect(try await Manifest.load(from: memory).state == manifest.state)
        #expect(manifest.state.nextSequence == 1)
    }

    @Test("damage is told, not passed over")
    func damage() async throws {
        var generator = SeededGenerator(seed: 5)
        let store = MemoryObjectStore()
        let manifest = try await Manifest.load(from: store)
        for _ in 0..<3 { _ = try await manifest.commit(generator.commit()) }
        var bytes = try await store.get(Manifest.key(1))
        bytes[60] ^= 4
        try await store.put(Manifest.key(1), bytes)
        let error = await #expect(throws: ManifestError.self) { try await Manifest.load(from: store) }
        #expect(error?.code == .corrupted)
    }

    @Test("a store that does not answer is not taken for an empty one")
    func unreadable() async throws {
        let store = InterceptedObjectStore(MemoryObjectStore(), by: FaultInjector { _ in ObjectFault(.beforeEffect) })
        let error = await #expect(throws: ManifestError.self) { try await Manifest.load(from: store) }
        #expect(error?.code == .unreadable)
    }
}

@Suite("Racing writers of a manifest", .timeLimit(.minutes(10))) struct ManifestRaceTests {
    private typealias Claims = [(sequence: UInt64?, commit: Commit)]

    /// Commits, removing what lives now and then; says which commits stand where, or not at all.
    private func write(_ seed: UInt64, to store: any ObjectStore) async throws -> (ManifestState, Claims) {
        var generator = SeededGenerator(seed: seed)
        var claims: Claims = []
        let manifest = Manifest(store: store)
        for _ in 0..<25 {
            let live = tenants.flatMap { manifest.state.liveBlocks(of: $0) }
            var removed: [BlockReference] = []
            if live.count > 3 { removed = [live[generator.next(below: 3)].reference] }
            let commit = generator.commit(removing: removed, covering: [generator.generation()])
            claims.append((try await manifest.commitStubbornly(commit), commit))
        }
        var isFresh = false
        while !isFresh { isFresh = (try? await manifest.refresh()) != nil }
        return (manifest.state, claims)
    }

    @Test("they agree, and everybody knows what became of each commit", arguments: 0..<60 as Range<UInt64>)
    func race(seed: UInt64) async throws {
        let memory = MemoryObjectStore()
        let yielding = InterceptedObjectStore(memory, by: FaultInjector { _ in
            await Task.yield()
            return nil
        })
        let claims = try await withThrowingTaskGroup(of: (ManifestState, Claims).self) { group in
            for writer in 0..<3 as Range<UInt64> {
                let faults = FaultInjector.seeded(
                    seed &* 8 &+ writer, beforeEffect: 0.15, afterEffect: 0.15, kinds: [.create, .get])
                let store = InterceptedObjectStore(yielding, by: faults)
                group.addTask { try await write(seed &* 8 &+ writer, to: store) }
            }
            return try await group.reduce(into: Claims()) { $0 += $1.1 }
        }
        var commits: [Commit] = []
        while let bytes = try? await memory.get(Manifest.key(UInt64(commits.count))) {
            commits.append(try Commit(decoding: bytes, sequence: UInt64(commits.count)))
        }
        #expect(claims.count == 75)
        for (sequence, commit) in claims {
            let places = commits.indices.filter { commits[$0].id == commit.id }
            #expect(places == (sequence.map { [Int($0)] } ?? []), "seed \(seed)")
        }
        #expect(commits.count == claims.count { $0.sequence != nil })
        #expect(try await Manifest.load(from: memory).state.nextSequence == UInt64(commits.count))
    }
}

@Suite("The store's marker") struct ManifestStoreMarkerTests {
    private func marker(_ id: UInt64) -> StoreMarker {
        StoreMarker(storeID: StoreID(high: 0, low: id), createdNanoseconds: id)
    }

    @Test("the first one stays, whoever comes later, and lost answers do no harm")
    func creation() async throws {
        let memory = MemoryObjectStore()
        #expect(try await StoreMarker.load(from: memory, mayWrite: true) == nil)
        #expect(try await StoreMarker.loadOrCreate(marker(1), in: memory) == marker(1))
        #expect(try await StoreMarker.loadOrCreate(marker(2), in: memory) == marker(1))
        #expect(try await StoreMarker.load(from: memory, mayWrite: false) == marker(1))
    }

    @Test("a store that needs a newer program is refused, to write or to read too")
    func versions() async throws {
        for (reader, writer) in [(1, 2), (2, 1), (2, 2)] as [(UInt32, UInt32)] {
            let memory = MemoryObjectStore()
            var newer = marker(1)
            (newer.minimumReaderVersion, newer.minimumWriterVersion) = (reader, writer)
            try await memory.put(StoreMarker.key(), newer.encoded())
            let error = await #expect(throws: ManifestError.self) {
                try await StoreMarker.loadOrCreate(marker(2), in: memory)
            }
            #expect(error?.code == .unsupported)
            let mayRead = (try? await StoreMarker.load(from: memory, mayWrite: false)) != nil
            #expect(mayRead == (reader == 1))
        }
    }

    @Test("a store with commits but no marker is not taken for a new one")
    func missing() async throws {
        var generator = SeededGenerator(seed: 1)
        let memory = MemoryObjectStore()
        _ = try await Manifest.load(from: memory).commit(generator.commit())
        let error = await #expect(throws: ManifestError.self) {
            try await StoreMarker.loadOrCreate(marker(1), in: memory)
        }
        #expect(error?.code == .corrupted)
    }
}
