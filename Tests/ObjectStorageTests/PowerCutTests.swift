// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import ObjectStorage
internal import Testing

/// Cuts the power at every step of a history of writes, and looks at what is left.
@Suite("A directory store after a power cut", .timeLimit(.minutes(10)))
struct PowerCutTests {
    /// What a key may hold after the restart: nil is "no object".
    private typealias Possible = [String: Set<[UInt8]?>]

    private enum Write: CaseIterable {
        case put, create, stream, delete
    }

    /// The writes of a seed, until one fails; the last one may or may not have happened.
    private func run(
        seed: UInt64, on system: SimulatedFileSystem, _ possible: inout Possible
    ) async throws -> Bool {
        var generator = SeededGenerator(seed: seed)
        let store: DirectoryObjectStore
        do {
            store = try await directoryStore("/data/objects", on: system)
        } catch { return false }
        for round in 0..<8 as Range<UInt8> {
            let name = ["a", "f/b", "f/c", "g/h/d"][generator.next(below: 4)]
            let write = Write.allCases[generator.next(below: 4)]
            let bytes = [UInt8](repeating: round + 1, count: generator.next(below: 3000))
            let before = possible[name] ?? [nil]
            possible[name] = before.union([write == .delete ? nil : bytes])
            do {
                try await perform(write, bytes, ObjectKey(name), store)
                possible[name] = [write == .delete ? nil : bytes]
            } catch let error as ObjectStoreError where error.code == .alreadyExists {
                possible[name] = before
            } catch { return false }
        }
        return true
    }

    private func perform(
        _ write: Write, _ bytes: [UInt8], _ key: ObjectKey, _ store: DirectoryObjectStore
    ) async throws {
        switch write {
        case .put: try await store.put(key, bytes)
        case .create: try await store.create(key, bytes)
        case .delete: try await store.delete(key)
        case .stream:
            try await store.write(key) { writer in
                try await writer.write(Array(bytes.prefix(bytes.count / 2)))
                try await writer.write(Array(bytes.dropFirst(bytes.count / 2)))
            }
        }
    }

    private func check(
        _ possible: Possible, on system: SimulatedFileSystem, _ comment: Comment
    ) async throws {
        let store = try await directoryStore("/data/objects", on: system)
        var found: [String: [UInt8]] = [:]
        for try await entry in store.entries(.all) {
            found[entry.key.text] = try await store.get(entry.key)
        }
        for (name, states) in possible {
            #expect(states.contains(found[name]), "\(name): \(comment)")
        }
        #expect(Set(found.keys).isSubset(of: Set(possible.keys)), comment)
        #expect(try system.entries(of: "/data/objects/.staging").isEmpty, comment)
    }

    @Test("holds all that was acknowledged, and of the last write all or nothing",
        arguments: 0..<20 as Range<UInt64>)
    func everyStep(seed: UInt64) async throws {
        let rehearsal = SimulatedFileSystem(seed: seed)
        var possible: Possible = [:]
        #expect(try await run(seed: seed, on: rehearsal, &possible))
        rehearsal.crash()
        try await check(possible, on: rehearsal, "seed \(seed), at the end")
        for step in 0..<rehearsal.stepCount {
            let system = SimulatedFileSystem(seed: seed &* 1000 &+ UInt64(step))
            system.cutPower(atStep: step)
            var possible: Possible = [:]
            _ = try await run(seed: seed, on: system, &possible)
            system.restart()
            try await check(possible, on: system, "seed \(seed), step \(step)")
        }
    }

    @Test("has a created object that another create was refused for")
    func refusedCreate() async throws {
        for seed in 0..<50 as Range<UInt64> {
            let system = SimulatedFileSystem(seed: seed)
            let store = try await directoryStore("/data", on: system)
            // The winner's folder cannot be synchronized, so it is told that it may have failed.
            try await store.put(ObjectKey("f/other"), [0])
            system.inject(SimulatedFault(.synchronizeDirectory, .ioFailure, pathSuffix: "/f"))
            await #expect(throws: ObjectStoreError.self) {
                try await store.create(ObjectKey("f/a"), [1])
            }
            await #expect(throws: ObjectStoreError.self) {
                try await store.create(ObjectKey("f/a"), [2])
            }
            system.crash()
            let reopened = try await directoryStore("/data", on: system)
            #expect(try await reopened.get(ObjectKey("f/a")) == [1], "seed \(seed)")
        }
    }
}
