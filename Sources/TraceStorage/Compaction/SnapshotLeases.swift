// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Knows which snapshots are still in use, so that no block is deleted under a query's hands.
///
/// Leases are numbered as they begin. Who takes a block out of the manifest asks for a ``barrier()`` afterwards: once
/// all leases below it have ended, nobody holds a snapshot with that block.
final class SnapshotLeases: Sendable {
    private struct State {
        var next: UInt64 = 0
        var live: Set<UInt64> = []
    }

    private let state = Mutex(State())

    init() {}

    /// Begins a lease; take the snapshot after that.
    func begin() -> SnapshotLease {
        SnapshotLease(
            number: state.withLock { state in
                defer { state.next += 1 }
                state.live.insert(state.next)
                return state.next
            }, leases: self)
    }

    /// What all leases that begin from now on are not below.
    func barrier() -> UInt64 { state.withLock { $0.next } }

    /// Whether a lease from before the barrier is in use.
    func isHeld(below barrier: UInt64) -> Bool { state.withLock { $0.live.contains { $0 < barrier } } }

    fileprivate func end(_ number: UInt64) { state.withLock { _ = $0.live.remove(number) } }
}

/// Keeps the blocks of a snapshot from being deleted for as long as somebody holds it.
final class SnapshotLease: Sendable {
    private let number: UInt64
    private let leases: SnapshotLeases

    fileprivate init(number: UInt64, leases: SnapshotLeases) {
        self.number = number
        self.leases = leases
    }

    deinit { leases.end(number) }
}
