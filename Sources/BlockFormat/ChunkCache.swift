// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Column chunks that queries read, proved and decompressed: those used last, of all blocks, as many as there is room.
///
/// Which one goes is found by the clock algorithm: a hand passes over the chunks, spares those that were used since it
/// came by last, and takes the first that was not.
package final class ChunkCache: Sendable {
    struct Key: Hashable {
        var block: BlockID
        var group: UInt32
        var column: UInt32
    }

    fileprivate struct Entry {
        var key: Key
        var body: [UInt8]
        var isUsed: Bool
    }

    fileprivate struct State {
        var places: [Key: Int] = [:]
        var entries: [Entry] = []
        var hand = 0
        var byteCount = 0
        var hits = 0
        var misses = 0
    }

    /// What an entry takes besides its bytes, about.
    fileprivate static let entryByteCount = 160

    private let state = Mutex(State())
    private let room: @Sendable () -> Int
    private let onChange: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - room: Bytes that it may grow by now; negative if it has to shrink.
    ///   - onChange: Is told by how many bytes it grew, or shrank.
    package init(room: @escaping @Sendable () -> Int, onChange: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.room = room
        self.onChange = onChange
    }

    deinit { onChange(-state.withLock { $0.byteCount }) }

    func body(_ key: Key) -> [UInt8]? {
        state.withLock { state in
            guard let place = state.places[key] else {
                state.misses += 1
                return nil
            }
            state.hits += 1
            state.entries[place].isUsed = true
            return state.entries[place].body
        }
    }

    /// Whether there is room for a chunk of so many bytes, if others go for it.
    func mayKeep(_ byteCount: Int) -> Bool {
        state.withLock { room() + $0.byteCount >= byteCount + Self.entryByteCount }
    }

    func insert(_ body: [UInt8], _ key: Key) {
        let change = state.withLock { state in
            guard state.places[key] == nil else { return 0 }
            let added = body.count + Self.entryByteCount
            let before = state.byteCount
            state.shrink(by: added - room())
            // What does not fit even alone is not kept.
            guard room() + before - state.byteCount >= added else { return state.byteCount - before }
            state.places[key] = state.entries.count
            state.entries.append(Entry(key: key, body: body, isUsed: false))
            state.byteCount += added
            return state.byteCount - before
        }
        if change != 0 { onChange(change) }
    }

    /// Lets go of chunks until at least so many bytes are free, or none is left.
    package func shrink(by byteCount: Int) {
        let change = state.withLock { state in
            let before = state.byteCount
            state.shrink(by: byteCount)
            return state.byteCount - before
        }
        if change != 0 { onChange(change) }
    }

    /// Figures for operators.
    package var figures: (chunks: Int, byteCount: Int, hits: Int, misses: Int) {
        state.withLock { ($0.entries.count, $0.byteCount, $0.hits, $0.misses) }
    }
}

extension ChunkCache.State {
    fileprivate mutating func shrink(by byteCount: Int) {
        let wanted = self.byteCount - byteCount
        while self.byteCount > wanted, !entries.isEmpty {
            if hand >= entries.count { hand = 0 }
            if entries[hand].isUsed {
                entries[hand].isUsed = false
                hand += 1
                continue
            }
            remove(hand)
        }
    }

    /// The last entry takes the place of one that goes.
    private mutating func remove(_ place: Int) {
        let gone = entries[place]
        byteCount -= gone.body.count + ChunkCache.entryByteCount
        places[gone.key] = nil
        let last = entries.removeLast()
        guard place < entries.count else { return }
        entries[place] = last
        places[last.key] = place
    }
}
