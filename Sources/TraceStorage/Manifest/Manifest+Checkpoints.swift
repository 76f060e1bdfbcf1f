// SPDX-License-Identifier: Apache-2.0

package import ObjectStorage
internal import Synchronization

// A checkpoint, `checkpoints/<20-digit sequence>`, holds the state of all commits below its sequence, so that a start
// reads it and the commits behind it. It is created if absent, like a commit: there is no pointer that could be torn or
// lag behind; who looks for the newest lists the few there are.
//
// Commits are deleted in their order, and only those below the newest checkpoint but one: should the newest be damaged,
// the one before it and the commits behind that say the same.
//
// That a number has no commit means two things, therefore: that it is the next, or that it is long gone. As deletions go
// in order, it is the next if the commit before it is still there, asked after it was found missing. So readers in
// steady state ask for two objects and list nothing.

/// The checkpoints that are known to be whole.
struct KnownCheckpoints {
    var newest: UInt64?
    /// The one before: commits below are not needed any more.
    var previous: UInt64?
    /// Whether there may be commits and checkpoints below `previous`.
    var mayHaveRubbish = false
    /// One was passed over because it is damaged.
    var damage: ManifestError?

    mutating func add(_ sequence: UInt64) {
        guard newest.map({ $0 < sequence }) ?? true else { return }
        previous = newest
        newest = sequence
        mayHaveRubbish = true
    }
}

extension Manifest {
    /// The object that holds a checkpoint.
    package static func checkpointKey(_ sequence: UInt64) throws(ObjectStoreError) -> ObjectKey {
        let digits = String(sequence)
        return try ObjectKey("checkpoints/" + String(repeating: "0", count: 20 - digits.count) + digits)
    }

    /// Why a checkpoint was passed over at the start; nil if all were whole. The state is right all the same.
    package var checkpointDamage: ManifestError? { checkpoints.withLock { $0.damage } }

    // MARK: - Reading

    /// Whether nothing ever stood under a number under which nothing was found.
    func isEnd(_ sequence: UInt64) async throws -> Bool {
        if sequence > 0 { return try await !isBehind(sequence) }
        return try await reading("the manifest can't be listed") { try await !Self.hasCommits(store) }
    }

    /// Whether there are commits, whatever else lies beside them.
    static func hasCommits(_ store: any ObjectStore) async throws -> Bool {
        for try await entry in store.entries(try ObjectPrefix("manifest/")) where isCommit(entry.key) { return true }
        return false
    }

    /// Whether the commit before a number was deleted.
    func isBehind(_ sequence: UInt64) async throws -> Bool {
        guard sequence > 0 else { return false }
        return try await reading("commit \(sequence - 1) can't be read") {
            try await !store.contains(Self.key(sequence - 1))
        }
    }

    /// Goes on from the newest whole checkpoint if it is ahead of what is known.
    /// - Returns: Whether it was.
    func passOver() async throws -> Bool {
        var sequences: [UInt64] = []
        try await reading("the checkpoints can't be listed") {
            for try await entry in store.entries(try ObjectPrefix("checkpoints/")) {
                if let sequence = Self.checkpointSequence(of: entry.key) { sequences.append(sequence) }
            }
        }
        let known = state.nextSequence
        for sequence in sequences.reversed() where sequence > known {
            guard let found = try await checkpoint(sequence) else { continue }
            log.withLock { $0.passOver(to: found) }
            checkpoints.withLock { checkpoints in
                checkpoints.newest = sequence
                // Those before it may be damaged: all that lies below it is kept until there is another.
                checkpoints.previous = nil
            }
            return true
        }
        return false
    }

    /// Nil if it is gone or damaged.
    private func checkpoint(_ sequence: UInt64) async throws -> ManifestState? {
        do {
            let object = try await store.get(Self.checkpointKey(sequence), upTo: Self.checkpointByteLimit)
            return try ManifestState(decodingCheckpoint: object, sequence: sequence)
        } catch let error as ManifestError where error.code == .corrupted {
            checkpoints.withLock { $0.damage = error }
            return nil
        } catch let error as ObjectStoreError where error.code == .notFound {
            return nil
        } catch let error as ObjectStoreError {
            throw ManifestError(.unreadable, "checkpoint \(sequence) can't be read", cause: error)
        }
    }

    /// Some seven million blocks.
    private static let checkpointByteLimit = 1 << 30

    private func reading<Answer>(_ message: String, _ body: () async throws -> Answer) async throws -> Answer {
        do { return try await body() } catch let error as ObjectStoreError {
            throw ManifestError(.unreadable, message, cause: error)
        }
    }

    // MARK: - Writing

    /// Writes a checkpoint if one is due, and deletes some of what an earlier one made needless.
    ///
    /// Call it after commits, from one task. A crash at any point leaves objects that are deleted later.
    /// - Throws: `ManifestError` or `ObjectStoreError`; nothing is lost, it is tried again next time.
    package func maintainCheckpoints() async throws {
        let state = state
        let newest = checkpoints.withLock { $0.newest } ?? 0
        if state.nextSequence - newest >= checkpointInterval { try await writeCheckpoint(state) }
        try await deleteRubbish()
    }

    private func writeCheckpoint(_ state: ManifestState) async throws {
        let sequence = state.nextSequence
        do {
            try await store.create(Self.checkpointKey(sequence), state.encodedCheckpoint())
        } catch let error as ObjectStoreError where error.code == .alreadyExists {
            // Another's, one's own whose answer was lost, or a damaged one, which does not count.
            guard let found = try await checkpoint(sequence), found == state else { return }
        }
        checkpoints.withLock { $0.add(sequence) }
    }

    /// Objects that are deleted at a time, so that nobody waits long for it.
    private static let deletionLimit = 64

    private func deleteRubbish() async throws {
        let (previous, mayHaveRubbish) = checkpoints.withLock { ($0.previous, $0.mayHaveRubbish) }
        guard let previous, mayHaveRubbish else { return }
        // In the order of their numbers, one durably before the next: readers rely on it.
        let hasMoreCommits = try await delete("manifest/", below: Self.key(previous)) { Self.isCommit($0) }
        let hasMoreCheckpoints = try await delete("checkpoints/", below: Self.checkpointKey(previous)) {
            Self.checkpointSequence(of: $0) != nil
        }
        guard !hasMoreCommits, !hasMoreCheckpoints else { return }
        checkpoints.withLock { if $0.previous == previous { $0.mayHaveRubbish = false } }
    }

    /// - Parameter isOurs: Whether an object is of the kind; others are left alone.
    /// - Returns: Whether there may be more.
    private func delete(
        _ prefix: String, below limit: ObjectKey, where isOurs: (ObjectKey) -> Bool
    ) async throws -> Bool {
        var count = 0
        for try await entry in store.entries(try ObjectPrefix(prefix)) where isOurs(entry.key) {
            guard entry.key.text < limit.text else { return false }
            guard count < Self.deletionLimit else { return true }
            try await store.delete(entry.key)
            count += 1
        }
        return false
    }

    /// Nil if it is no checkpoint's key.
    private static func checkpointSequence(of key: ObjectKey) -> UInt64? {
        guard let sequence = UInt64(key.text.dropFirst("checkpoints/".count)),
            (try? checkpointKey(sequence)) == key
        else { return nil }
        return sequence
    }
}
