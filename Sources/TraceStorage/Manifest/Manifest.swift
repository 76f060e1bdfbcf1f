// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
package import ObjectStorage
internal import Synchronization

/// The log of commits in an object store: which blocks live, as everybody agrees.
///
/// Each commit is an object `manifest/<20-digit sequence>`, created if absent: of several writers
/// one wins each number, and the others read what it wrote before they try the next. Reading asks
/// for one number after another until there is none: no listing, no clock, no half-seen state.
/// Only a start, and who has fallen far behind, looks for a checkpoint: see `Manifest+Checkpoints`.
///
/// May be used from many tasks at once.
package final class Manifest: Sendable {
    /// How often a creation is tried while the store fails, before the outcome is called unknown.
    /// Waiting between attempts is the business of the store's retry decorator.
    private static let attemptLimit = 3

    /// Commits between two checkpoints, unless told otherwise: so many are read at a start at most, some 10 ms.
    package static let defaultCheckpointInterval: UInt64 = 128

    let store: any ObjectStore
    let checkpointInterval: UInt64
    let log = Mutex(ManifestLog())
    let checkpoints = Mutex(KnownCheckpoints())

    /// Reads the newest checkpoint and all commits behind it.
    /// - Throws: `ManifestError` `.unreadable`, `.corrupted` or `.unsupported`.
    package static func load(
        from store: any ObjectStore, checkpointInterval: UInt64 = defaultCheckpointInterval
    ) async throws -> Manifest {
        let manifest = Manifest(store: store, checkpointInterval: checkpointInterval)
        _ = try await manifest.passOver()
        try await manifest.refresh()
        return manifest
    }

    /// A manifest that knows nothing yet: ``refresh()`` reads on where an error stopped it.
    package init(store: any ObjectStore, checkpointInterval: UInt64 = defaultCheckpointInterval) {
        precondition(checkpointInterval > 0)
        self.store = store
        self.checkpointInterval = checkpointInterval
    }

    /// What is known; ``refresh()`` may know more.
    package var state: ManifestState { log.withLock { $0.state } }

    /// Reads what others committed since.
    /// - Returns: What is known then.
    /// - Throws: `ManifestError` `.unreadable`, `.corrupted` or `.unsupported`; what was read
    ///   before the error counts.
    @discardableResult
    package func refresh() async throws -> ManifestState {
        while true {
            let sequence = log.withLock { $0.state.nextSequence }
            if let commit = try await read(sequence) {
                try add(commit, at: sequence)
            } else if try await isEnd(sequence) {
                return state
            } else if try await passOver() {
                continue
            } else if let commit = try await read(sequence) {
                // It came between two looks.
                try add(commit, at: sequence)
            } else {
                throw ManifestError(
                    .corrupted,
                    "commit \(sequence) is missing although later ones are there, and no checkpoint has it: restore it")
            }
        }
    }

    private func add(_ commit: Commit, at sequence: UInt64) throws(ManifestError) {
        try log.withLock { (log) throws(ManifestError) in try log.add(commit, at: sequence) }
    }

    private func read(_ sequence: UInt64) async throws -> Commit? {
        let object: [UInt8]
        do {
            object = try await store.get(Self.key(sequence))
        } catch let error as ObjectStoreError where error.code == .notFound {
            return nil
        } catch {
            throw ManifestError(.unreadable, "commit \(sequence) can't be read", cause: error)
        }
        return try Commit(decoding: object, sequence: sequence)
    }

    /// The object that holds a commit.
    package static func key(_ sequence: UInt64) throws(ObjectStoreError) -> ObjectKey {
        let digits = String(sequence)
        return try ObjectKey(
            "manifest/" + String(repeating: "0", count: 20 - digits.count) + digits)
    }

    /// Whether an object of that key is a commit, or pretends to be one.
    package static func isCommit(_ key: ObjectKey) -> Bool {
        let name = key.text.utf8.dropFirst("manifest/".utf8.count)
        return key.text.hasPrefix("manifest/") && name.count == 20 && name.allSatisfy { (48...57).contains($0) }
    }
}

// MARK: Committing

extension Manifest {
    /// Makes the commit the next step of the manifest, however many others come first.
    ///
    /// - Returns: The commit's number; it is durable then, and part of ``state``.
    /// - Throws: `ManifestError` `.conflict`: it does not stand and never will.
    ///   `.unknownOutcome`: it may stand, now or later. Keep the blocks that it adds, and call this
    ///   again with the same commit until it returns or throws `.conflict`.
    package func commit(_ commit: Commit) async throws -> UInt64 {
        log.withLock { $0.begin(commit.id) }
        var failureCount = 0
        while true {
            switch try await nextStep(for: commit) {
            case .stands(let sequence): return sequence
            case .conflict(let error): throw error
            case .create(let sequence):
                do {
                    try await store.create(Self.key(sequence), commit.encoded(sequence: sequence))
                    try await take(commit, at: sequence)
                } catch let error as ObjectStoreError where error.code == .alreadyExists {
                    // Another's, or one's own whose answer was lost.
                    try await read(for: commit)
                    failureCount = 0
                } catch {
                    failureCount += 1
                    if failureCount == Self.attemptLimit { throw unknownOutcome(commit, error) }
                }
            }
        }
    }

    /// Adds one's own commit, whose object was created just now.
    private func take(_ commit: Commit, at sequence: UInt64) async throws {
        // A number may be free because its commit was deleted long ago. It was not if the one before is still there.
        guard try await isBehind(sequence) else { return try add(commit, at: sequence) }
        guard try await passOver() else {
            throw ManifestError(.corrupted, "commit \(sequence - 1) is missing, and no checkpoint has it")
        }
        // Else somebody who is as far behind would take it for the end of the manifest.
        try await store.delete(Self.key(sequence))
    }

    private func nextStep(for commit: Commit) async throws -> ManifestLog.Step {
        let step = log.withLock { $0.step(for: commit) }
        guard case .conflict = step else { return step }
        // Perhaps only what is known is too old.
        try await read(for: commit)
        return log.withLock { log in
            let step = log.step(for: commit)
            if case .conflict = step { log.end(commit.id) }
            return step
        }
    }

    private func read(for commit: Commit) async throws {
        do { try await refresh() } catch {
            // What could be read may say it all the same. Its maker has to hear it before others see its blocks.
            guard log.withLock({ $0.stands(commit.id) }) else { throw unknownOutcome(commit, error) }
        }
    }

    private func unknownOutcome(_ commit: Commit, _ cause: any Error) -> ManifestError {
        ManifestError(
            .unknownOutcome, "nobody knows whether commit \(commit.id) stands; commit it again",
            cause: cause)
    }
}
