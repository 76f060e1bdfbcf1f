// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What may hold memory, each with a share of the whole.
package enum MemoryHolder: String, Sendable, CaseIterable {
    /// Requests between the socket and the acknowledgement; inflated sizes count.
    case ingest
    /// Live and sealed heads.
    case heads
    case query
    case compaction
    case cache
}

/// The one account of memory: everything that holds bytes takes from it first and gives back later.
///
/// A holder never takes more than its limit, so the sum is bounded whatever is sent or asked.
package final class MemoryBudget: Sendable {
    /// Bytes that each holder may take at most.
    package let limits: [MemoryHolder: Int]
    private let used = Mutex<[MemoryHolder: Int]>([:])

    package init(limits: [MemoryHolder: Int]) { self.limits = limits }

    /// The shares of `total` bytes: ingest 1/16, heads 1/8, query 1/4, compaction 1/8, caches the rest.
    package convenience init(total: Int) {
        self.init(limits: [
            .ingest: total / 16, .heads: total / 8, .query: total / 4, .compaction: total / 8,
            .cache: total - total / 16 - total / 8 - total / 4 - total / 8,
        ])
    }

    /// Takes `byteCount` bytes, or nothing if the holder's limit does not allow it.
    package func take(_ byteCount: Int, for holder: MemoryHolder) -> Bool {
        used.withLock { used in
            let now = used[holder, default: 0]
            guard now + byteCount <= limits[holder, default: 0] else { return false }
            used[holder] = now + byteCount
            return true
        }
    }

    /// Takes `byteCount` bytes whether they are there or not: for what exists already and must be counted.
    package func takeAnyway(_ byteCount: Int, for holder: MemoryHolder) {
        used.withLock { $0[holder, default: 0] += byteCount }
    }

    /// Gives back what was taken.
    package func giveBack(_ byteCount: Int, for holder: MemoryHolder) {
        used.withLock { used in
            let rest = used[holder, default: 0] - byteCount
            precondition(rest >= 0, "more memory given back than was taken")
            used[holder] = rest
        }
    }

    /// Bytes that `holder` has taken now.
    package func usedByteCount(by holder: MemoryHolder) -> Int { used.withLock { $0[holder, default: 0] } }
}
