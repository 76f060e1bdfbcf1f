// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
package import TraceStorage

/// What one query holds of the memory for queries, and then its answer; goes back when the last reference is gone.
package final class QueryMemory: Sendable {
    private let budget: MemoryBudget
    private let taken = Mutex(0)

    package init(budget: MemoryBudget) { self.budget = budget }

    deinit { budget.giveBack(taken.withLock { $0 }, for: .query) }

    /// Bytes that are held.
    package var byteCount: Int { taken.withLock { $0 } }

    /// Makes sure that `byteCount` bytes are taken in all.
    ///
    /// - Throws: `.tooLarge` if no query may hold as much, `.unavailable` if other queries hold the rest now.
    package func hold(_ byteCount: Int) throws(QueryError) {
        let isHeld = taken.withLock { taken in
            guard byteCount > taken else { return true }
            guard budget.take(byteCount - taken, for: .query) else { return false }
            taken = byteCount
            return true
        }
        guard !isHeld else { return }
        let limit = budget.limits[.query] ?? 0
        guard byteCount <= limit else {
            throw QueryError(
                .tooLarge,
                "the answer takes more than the \(limit >> 20) MiB that a query may hold: start the server with more --memory")
        }
        throw QueryError(.unavailable, "other queries hold the memory that this one needs: try again")
    }

    /// Takes `byteCount` bytes beside those that are held.
    ///
    /// - Throws: As `hold`.
    package func holdMore(_ byteCount: Int) throws(QueryError) { try hold(self.byteCount + byteCount) }

    /// Gives back what is held beyond `byteCount` bytes.
    package func keep(_ byteCount: Int) {
        let excess = taken.withLock { taken in
            defer { taken = min(taken, byteCount) }
            return max(0, taken - byteCount)
        }
        budget.giveBack(excess, for: .query)
    }
}
