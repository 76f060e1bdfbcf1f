// SPDX-License-Identifier: Apache-2.0

internal import TraceModel

/// The newest traces that a search has found so far.
struct NewestTraces {
    /// A trace whose spans may still have to be looked up.
    struct Entry {
        var trace: SearchedTrace
        /// Where what is shown of it besides has to be looked up.
        var pending: Pending?
    }

    /// A trace that lies in one block.
    struct Pending {
        var block: Int
        /// In the block's trace index.
        var position: Int
        /// By spanset: the rows that are shown.
        var rows: [[Int]]
    }

    private let limit: Int
    /// At most twice the limit, so that sorting is rare; unordered.
    private var entries: [Entry] = []
    /// No trace that starts before can get in any more; 0 while there is room.
    private(set) var threshold: UInt64 = 0

    init(limit: Int) { self.limit = limit }

    /// What the traces take in memory, about.
    private(set) var byteCount = 0
    /// Whether there is room no more: then ``threshold`` holds.
    private(set) var isFull = false

    mutating func insert(_ entry: Entry) {
        guard !isFull || entry.trace.startNanoseconds >= threshold else { return }
        entries.append(entry)
        byteCount += entry.byteCount
        if entries.count >= 2 * limit { cut() }
    }

    /// The newest, in order.
    mutating func sorted() -> [Entry] {
        cut()
        return entries
    }

    private mutating func cut() {
        entries.sort { SearchedTrace.precedes($0.trace, $1.trace) }
        guard entries.count >= limit, let last = entries.prefix(limit).last else { return }
        for entry in entries[limit...] { byteCount -= entry.byteCount }
        entries.removeLast(entries.count - limit)
        isFull = true
        threshold = last.trace.startNanoseconds
    }
}

extension NewestTraces.Entry {
    /// Bytes in memory, about, also once the spans are looked up.
    fileprivate var byteCount: Int {
        let pendingCount = pending?.rows.reduce(0) { $0 + $1.count } ?? 0
        return 256 + trace.byteCount + pendingCount * 256
    }
}
