// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What may hold memory, each with a share of the whole.
package enum MemoryHolder: String, Sendable, CaseIterable {
    /// Requests between the socket and the acknowledgement; inflated sizes count.
    case ingest
    /// Records that wait for the journal's disk.
    case journal
    /// Live and sealed heads, as long as anybody reads them.
    case heads
    /// Blocks on their way out: what orders their spans, their strings, and one row group.
    case building
    case query
    case compaction
    /// What is kept of open blocks.
    case cache
}

/// The one account of memory: everything that holds bytes takes from it first and gives back later.
///
/// A holder takes no more than its limit, so the sum is bounded whatever is sent or asked. Where more must be taken all
/// the same (what exists already; what is larger than its holder's whole share) the caches give way: see
/// ``cacheAllowance``.
package final class MemoryBudget: Sendable {
    private struct Waiter {
        var id: UInt64
        var byteCount: Int
        var holder: MemoryHolder
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var used: [MemoryHolder: Int] = [:]
        var refusals: [MemoryHolder: Int] = [:]
        /// In the order of their calls.
        var waiters: [Waiter] = []
        var nextWaiterID: UInt64 = 0
    }

    /// Bytes that each holder may take at most.
    package let limits: [MemoryHolder: Int]
    private let state = Mutex(State())

    package init(limits: [MemoryHolder: Int]) { self.limits = limits }

    /// The shares of `total` bytes: ingest and journal 1/16 each, heads, building and compaction 1/8 each, query 1/4,
    /// caches the rest.
    package convenience init(total: Int) {
        var limits: [MemoryHolder: Int] = [
            .ingest: total / 16, .journal: total / 16, .heads: total / 8, .building: total / 8, .query: total / 4,
            .compaction: total / 8,
        ]
        limits[.cache] = total - limits.values.reduce(0, +)
        self.init(limits: limits)
    }

    /// Takes `byteCount` bytes, or nothing if the holder's limit does not allow it.
    package func take(_ byteCount: Int, for holder: MemoryHolder) -> Bool {
        state.withLock { state in
            let now = state.used[holder, default: 0]
            guard now + byteCount <= limits[holder, default: 0] else {
                state.refusals[holder, default: 0] += 1
                return false
            }
            state.used[holder] = now + byteCount
            return true
        }
    }

    /// Takes `byteCount` bytes whether they are there or not: for what exists already and must be counted.
    ///
    /// - Parameter reserved: Bytes that were taken for the same thing before, and go back.
    package func takeAnyway(_ byteCount: Int, for holder: MemoryHolder, insteadOf reserved: Int = 0) {
        change(byteCount - reserved, holder)
    }

    /// Gives back what was taken.
    package func giveBack(_ byteCount: Int, for holder: MemoryHolder) { change(-byteCount, holder) }

    private func change(_ byteCount: Int, _ holder: MemoryHolder) {
        guard byteCount != 0 else { return }
        let admitted = state.withLock { state in
            let rest = state.used[holder, default: 0] + byteCount
            precondition(rest >= 0, "more memory given back than was taken")
            state.used[holder] = rest
            return byteCount < 0 && !state.waiters.isEmpty ? admit(&state) : []
        }
        for waiter in admitted { waiter.continuation.resume() }
    }

    /// Bytes that `holder` has taken now.
    package func usedByteCount(by holder: MemoryHolder) -> Int { state.withLock { $0.used[holder, default: 0] } }

    /// How often `holder` was not given what it asked for: it then waits for it or does without.
    package func refusalCount(of holder: MemoryHolder) -> Int { state.withLock { $0.refusals[holder, default: 0] } }

    /// What the caches may hold now: their limit, less what other holders have taken beyond theirs.
    package var cacheAllowance: Int {
        state.withLock { state in
            let excess = state.used.reduce(0) { sum, entry in
                entry.key == .cache ? sum : sum + max(0, entry.value - limits[entry.key, default: 0])
            }
            return max(0, limits[.cache, default: 0] - excess)
        }
    }
}

// MARK: - Waiting

extension MemoryBudget {
    /// Takes `byteCount` bytes as soon as the holder's limit allows it, in the order of the calls; what is larger than
    /// the limit, once the holder has nothing else.
    ///
    /// - Throws: `CancellationError`.
    package func takeWaiting(_ byteCount: Int, for holder: MemoryHolder) async throws -> MemoryReservation {
        let id = state.withLock { state in
            defer { state.nextWaiterID += 1 }
            return state.nextWaiterID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                wait(Waiter(id: id, byteCount: byteCount, holder: holder, continuation: continuation))
            }
        } onCancel: {
            let (cancelled, admitted) = state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    return (Waiter?.none, [Waiter]())
                }
                // Those behind it may have waited only for their turn.
                return (state.waiters.remove(at: index), admit(&state))
            }
            cancelled?.continuation.resume(throwing: CancellationError())
            for waiter in admitted { waiter.continuation.resume() }
        }
        return MemoryReservation(byteCount, holder, of: self)
    }

    /// Those who wait for memory now.
    package var waiterCount: Int { state.withLock { $0.waiters.count } }

    private func wait(_ waiter: Waiter) {
        let admitted: [Waiter]? = state.withLock { state in
            // A cancellation before this moment found nobody to resume.
            guard !Task.isCancelled else { return nil }
            state.waiters.append(waiter)
            return admit(&state)
        }
        guard let admitted else { return waiter.continuation.resume(throwing: CancellationError()) }
        for waiter in admitted { waiter.continuation.resume() }
    }

    /// Takes for those whose turn it is; nobody overtakes another of the same holder.
    private func admit(_ state: inout State) -> [Waiter] {
        var admitted: [Waiter] = []
        var stopped: Set<MemoryHolder> = []
        for waiter in state.waiters where !stopped.contains(waiter.holder) {
            let now = state.used[waiter.holder, default: 0]
            if now == 0 || now + waiter.byteCount <= limits[waiter.holder, default: 0] {
                state.used[waiter.holder] = now + waiter.byteCount
                admitted.append(waiter)
            } else {
                stopped.insert(waiter.holder)
            }
        }
        state.waiters.removeAll { waiter in admitted.contains { $0.id == waiter.id } }
        return admitted
    }
}

/// Memory that was taken from a budget; goes back when the last reference is gone.
package final class MemoryReservation: Sendable {
    private let budget: MemoryBudget
    private let holder: MemoryHolder
    private let counted: Mutex<Int>

    /// - Parameter byteCount: Taken already.
    package init(_ byteCount: Int = 0, _ holder: MemoryHolder, of budget: MemoryBudget) {
        self.budget = budget
        self.holder = holder
        counted = Mutex(byteCount)
    }

    deinit { budget.giveBack(counted.withLock { $0 }, for: holder) }

    package var byteCount: Int { counted.withLock { $0 } }

    /// Makes it count `byteCount` bytes from now on, whether they are there or not.
    ///
    /// - Parameter reserved: Bytes taken from the budget for the same thing, which go back.
    package func count(_ byteCount: Int, insteadOf reserved: Int = 0) {
        counted.withLock { counted in
            budget.takeAnyway(byteCount - counted, for: holder, insteadOf: reserved)
            counted = byteCount
        }
    }
}
