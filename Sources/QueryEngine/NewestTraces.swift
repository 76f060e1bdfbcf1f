// SPDX-License-Identifier: Apache-2.0

internal import TraceModel

/// The newest traces that a search has found so far.
struct NewestTraces {
    struct Entry: BitwiseCopyable {
        var id: TraceID
        var start: UInt64
        var duration: UInt64
        /// Where its spans and services are looked up in the end: a block, or -1 of heads and of what ``parts`` name;
        /// nil if ``NewestTraces/found`` has them.
        var block: Int32?
        /// In the block's trace index, or in ``NewestTraces/found``.
        var position: Int32 = 0
        var matchedCount: Int32 = 0
        /// In ``NewestTraces/rows``: the spans that are shown.
        var rows = SearchedTraces.Part.none
        /// In ``NewestTraces/parts``: what blocks have of a trace that lies in several row groups, blocks or heads.
        var parts = SearchedTraces.Part.none
        /// The root of such a trace, as ``BlockRow``: the part that has it, or a row of heads; -1 if there is none.
        var root = -1
        /// In ``NewestTraces/found``: references to the attributes of the spanset.
        var references = SearchedTraces.Part.none
    }

    private let limit: Int
    /// What was kept when others were last dropped took so much.
    private var keptByteCount = 0
    /// Whether something is there that no entry refers to.
    private var hasOthers = false
    /// At most twice the limit, so that sorting is rare; unordered.
    private var entries: [Entry] = []
    /// Rows of blocks and heads, as ``BlockRow`` where an entry is of several places.
    private(set) var rows: [Int] = []
    /// Blocks with positions in their trace indexes, as ``BlockRow``.
    private(set) var parts: [Int] = []
    /// Traces that were put together, in no order, some of which are wanted no more.
    private(set) var found = SearchedTraces()
    /// No trace that starts before can get in any more; 0 while there is room.
    private(set) var threshold: UInt64 = 0
    /// Whether there is room no more: then ``threshold`` holds.
    private(set) var isFull = false

    init(limit: Int) { self.limit = limit }

    /// What the traces take in memory, about, also once those that lie in one block are looked up.
    var byteCount: Int { entries.count * 512 + rows.count * 128 + parts.count * 256 + found.byteCount }

    func mayHold(_ start: UInt64) -> Bool { !isFull || start >= threshold }

    /// Adds a trace that lies in blocks or heads.
    ///
    /// - Parameters:
    ///   - shown: Rows of the block, or of the parts' blocks and heads.
    ///   - attributes: Of the spanset.
    mutating func insert(
        _ entry: Entry, rows shown: some Sequence<Int>, attributes: [SearchedAttribute] = [], parts added: [Int] = []
    ) {
        guard mayHold(entry.start) else { return }
        var entry = entry
        let first = rows.count
        rows.append(contentsOf: shown)
        entry.rows = .init(first: first, count: rows.count - first)
        entry.parts = .init(first: parts.count, count: added.count)
        parts += added
        if !attributes.isEmpty { entry.references = found.add(attributes) }
        append(entry)
    }

    /// Adds a trace that was put together.
    mutating func insert(_ trace: SearchedTrace) {
        guard mayHold(trace.startNanoseconds) else { return }
        found.append(trace)
        append(
            Entry(
                id: trace.id, start: trace.startNanoseconds, duration: trace.durationNanoseconds, block: nil,
                position: Int32(truncatingIfNeeded: found.traces.count - 1)))
    }

    /// The newest, in order. What is in ``found`` beside them goes with the others.
    mutating func sorted() -> [Entry] {
        cut()
        if hasOthers { dropOthers() }
        return entries
    }

    /// Hands ``found`` over.
    mutating func takeFound() -> SearchedTraces {
        defer { found = SearchedTraces() }
        return found
    }

    private mutating func append(_ entry: Entry) {
        entries.append(entry)
        if entries.count >= 2 * limit { cut() }
    }

    private mutating func cut() {
        sort()
        guard entries.count >= limit, let last = entries.prefix(limit).last else { return }
        if entries.count > limit {
            entries.removeLast(entries.count - limit)
            hasOthers = true
            // Not each time: what is kept is copied.
            if byteCount > keptByteCount + keptByteCount / 2 { dropOthers() }
        }
        isFull = true
        threshold = last.start
    }

    /// What is compared stands side by side, for entries are long and few start at once.
    private mutating func sort() {
        let unsorted = entries
        let order = unsorted.indices.map { (start: unsorted[$0].start, index: $0) }.sorted { a, b in
            a.start == b.start ? unsorted[a.index].id < unsorted[b.index].id : a.start > b.start
        }
        entries = order.map { unsorted[$0.index] }
    }

    /// Keeps only what the entries refer to.
    private mutating func dropOthers() {
        let (oldRows, oldParts, others) = (rows, parts, found)
        (rows, parts, found) = ([], [], SearchedTraces())
        for index in entries.indices {
            let entry = entries[index]
            entries[index].rows = .init(first: rows.count, count: Int(entry.rows.count))
            rows += oldRows[entry.rows.indices]
            entries[index].parts = .init(first: parts.count, count: Int(entry.parts.count))
            parts += oldParts[entry.parts.indices]
            if entry.references.count > 0 {
                entries[index].references = found.add(others.attributes(entry.references))
            }
            guard entry.block == nil else { continue }
            entries[index].position = Int32(truncatingIfNeeded: found.traces.count)
            found.append(others[Int(entry.position)])
        }
        keptByteCount = byteCount
        hasOthers = false
    }
}
