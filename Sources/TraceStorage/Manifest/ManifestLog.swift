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

    mutating func step(for commit: Commit) -> Step {
        if case .stands(let sequence) = ownCommits[commit.id] {
            end(commit.id)
            return .stands(sequence)
        }
        do throws(ManifestError) {
            try state.check(commit)
        } catch {
            return .conflict(error)
        }
        return .create(state.nextSequence)
    }
}
