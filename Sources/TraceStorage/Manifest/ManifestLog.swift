// SPDX-License-Identifier: Apache-2.0

/// What is known of the manifest, and what became of one's own commits: the manifest without its
/// store.
struct ManifestLog {
    /// What to do for a commit.
    enum Step {
        /// Nothing: it stands under this number.
        case stands(UInt64)
        /// Create it under this number.
        case create(UInt64)
        /// Nothing: it can't follow on what is known.
        case conflict(ManifestError)
    }

    private enum Fate {
        case open
        case stands(UInt64)
        /// Commits were passed over of which it may be one.
        case passedOver
    }

    private(set) var state = ManifestState()
    /// Commits begun here whose maker has not heard yet what became of them. Without this a maker
    /// that asks again after a lost answer would take its own commit for a conflict.
    private var ownCommits: [CommitID: Fate] = [:]

    mutating func begin(_ id: CommitID) {
        if ownCommits[id] == nil { ownCommits[id] = .open }
    }

    /// The maker has heard what became of the commit.
    mutating func end(_ id: CommitID) { ownCommits[id] = nil }

    /// Adds what stands under a number, unless it is known already.
    /// - Throws: `.corrupted` if it can't stand there.
    mutating func add(_ commit: Commit, at sequence: UInt64) throws(ManifestError) {
        guard sequence >= state.nextSequence else { return }
        do throws(ManifestError) {
            try state.apply(commit, sequence: sequence)
        } catch {
            throw ManifestError(
                .corrupted, "commit \(sequence) contradicts those before it", cause: error)
        }
        if ownCommits[commit.id] != nil { ownCommits[commit.id] = .stands(sequence) }
    }

    /// Goes on from a checkpoint, unless as much is known already.
    mutating func passOver(to checkpoint: ManifestState) {
        guard checkpoint.nextSequence > state.nextSequence else { return }
        state = checkpoint
        for (id, fate) in ownCommits {
            if case .open = fate { ownCommits[id] = .passedOver }
        }
    }

    mutating func step(for commit: Commit) -> Step {
        if case .stands(let sequence) = ownCommits[commit.id] {
            end(commit.id)
            return .stands(sequence)
        }
        if case .passedOver = ownCommits[commit.id], hasHappened(commit) {
            end(commit.id)
            return .stands(state.nextSequence - 1)
        }
        do throws(ManifestError) {
            try state.check(commit)
        } catch {
            return .conflict(error)
        }
        return .create(state.nextSequence)
    }

    /// Whether one's own commit is known to stand.
    func stands(_ id: CommitID) -> Bool {
        if case .stands = ownCommits[id] { true } else { false }
    }

    /// Whether the state shows what the commit does. Block IDs and generations are nobody else's. A generation stays
    /// covered; blocks alone may have been removed again since, and then it looks as if nothing had happened: to drop
    /// them is right too.
    private func hasHappened(_ commit: Commit) -> Bool {
        if !commit.coveredGenerations.isEmpty {
            return commit.coveredGenerations.allSatisfy { state.coveredGenerations.contains($0) }
        }
        return !commit.added.isEmpty && commit.added.allSatisfy { state.block($0.reference) != nil }
    }
}
