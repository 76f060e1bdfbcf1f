// SPDX-License-Identifier: Apache-2.0

package import BlockFormat
package import ObjectStorage
internal import Synchronization
package import TraceModel

/// A block's bytes in an object store.
struct ObjectBlockSource: BlockSource {
    let store: any ObjectStore
    let key: ObjectKey
    let byteCount: Int

    func read(_ range: Range<Int>) async throws -> [UInt8] {
        do {
            return try await store.get(key, range: range)
        } catch let error as ObjectStoreError {
            throw BlockError(.unreadable, "block object '\(key.text)' can't be read", cause: error)
        }
    }
}

/// The bytes of an open block, and the budget's count of what its reader keeps of them: given back when the reader is
/// gone, wherever it is still used after the cache has let go of it.
private final class CountedBlockSource: BlockSource {
    private let base: ObjectBlockSource
    let memory: MemoryReservation

    init(_ base: ObjectBlockSource, _ budget: MemoryBudget) {
        self.base = base
        memory = MemoryReservation(0, .cache, of: budget)
    }

    var byteCount: Int { base.byteCount }

    func read(_ range: Range<Int>) async throws -> [UInt8] { try await base.read(range) }
}

/// Open blocks, those used last, as many as the budget leaves to the caches.
package final class BlockCache: Sendable {
    private struct Entry {
        var reader: BlockReader
        var memory: MemoryReservation
        var lastUse: UInt64
    }

    private struct State {
        var entries: [BlockID: Entry] = [:]
        var clock: UInt64 = 0
        /// The clock when the entries were counted last.
        var lastTrim: UInt64 = 0
        var hits = 0
        var misses = 0
        var evictions = 0
    }

    private let store: any ObjectStore
    private let budget: MemoryBudget
    /// What scans read of the blocks: it grows as long as an eighth of the caches' memory is left to open blocks.
    private let chunks: ChunkCache
    private let state = Mutex(State())

    init(store: any ObjectStore, budget: MemoryBudget) {
        self.store = store
        self.budget = budget
        chunks = ChunkCache {
            let allowance = budget.cacheAllowance
            return allowance - allowance / 8 - budget.usedByteCount(by: .cache)
        } onChange: {
            budget.takeAnyway($0, for: .cache)
        }
    }

    /// The open block; opens it if it is not.
    ///
    /// - Throws: ``BlockError``.
    func reader(for block: BlockSummary) async throws -> BlockReader {
        if let reader = use(block.id) { return reader }
        let source = CountedBlockSource(
            ObjectBlockSource(
                store: store, key: try BlockKey.key(of: block.id, tenant: block.tenant), byteCount: block.byteCount),
            budget)
        let reader = try await BlockReader(id: block.id, source: source, chunks: chunks)
        source.memory.count(reader.retainedByteCount)
        state.withLock { state in
            state.clock += 1
            state.misses += 1
            state.entries[block.id] = Entry(reader: reader, memory: source.memory, lastUse: state.clock)
        }
        evict()
        return reader
    }

    private func use(_ id: BlockID) -> BlockReader? {
        state.withLock { state in
            guard let entry = state.entries[id] else { return nil }
            state.clock += 1
            state.hits += 1
            state.entries[id]?.lastUse = state.clock
            return entry.reader
        }
    }

    /// Counts what the blocks used since the last call have come to keep, and lets go of some if it is too much.
    ///
    /// The store calls it four times a second: what a query keeps of a block is a small part of it.
    func trim() {
        let used = state.withLock { state in
            defer { state.lastTrim = state.clock }
            return state.entries.values.filter { $0.lastUse > state.lastTrim }
        }
        for entry in used { entry.memory.count(entry.reader.retainedByteCount) }
        evict()
    }

    /// Lets go of blocks that live no longer.
    func remove(_ ids: [BlockID]) {
        let removed = state.withLock { state in ids.map { state.entries.removeValue(forKey: $0) } }
        // Their memory goes back outside of the lock.
        withExtendedLifetime(removed) {}
    }

    /// Lets go of chunks, and if they are not enough of the blocks that were not used for longest, until the rest takes
    /// a little less than it may.
    private func evict() {
        let allowance = budget.cacheAllowance
        var used = budget.usedByteCount(by: .cache)
        guard used > allowance else { return }
        chunks.shrink(by: used - allowance + allowance / 16)
        used = budget.usedByteCount(by: .cache)
        let entries = state.withLock { $0.entries }
        for (id, entry) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
            guard used > allowance - allowance / 16 else { return }
            used -= entry.memory.byteCount
            // What somebody still uses goes back when that is done.
            state.withLock { state in
                guard state.entries[id]?.reader === entry.reader else { return }
                state.entries[id] = nil
                state.evictions += 1
            }
        }
    }

    /// Figures for operators.
    package var figures: BlockCacheFigures {
        var figures = state.withLock { state in
            BlockCacheFigures(
                blocks: state.entries.count, byteCount: state.entries.values.reduce(0) { $0 + $1.memory.byteCount },
                hits: state.hits, misses: state.misses, evictions: state.evictions)
        }
        let chunks = chunks.figures
        (figures.chunks, figures.chunkByteCount) = (chunks.chunks, chunks.byteCount)
        (figures.chunkHits, figures.chunkMisses) = (chunks.hits, chunks.misses)
        return figures
    }
}

/// What a cache of open blocks holds, and has done.
package struct BlockCacheFigures: Sendable, Hashable {
    /// Open now, and what is kept of them.
    package var blocks = 0
    package var byteCount = 0
    /// How often a block was found open, how often not.
    package var hits = 0
    package var misses = 0
    package var evictions = 0
    /// Chunks of columns that scans read and that are kept, what they take, and how often one was there or not.
    package var chunks = 0
    package var chunkByteCount = 0
    package var chunkHits = 0
    package var chunkMisses = 0
}

/// Where blocks lie in an object store: `tenants/<tenant>/blocks/<id>.vblock`.
package enum BlockKey {
    package static func key(of id: BlockID, tenant: TenantID) throws -> ObjectKey {
        try ObjectKey("tenants/\(segment(for: tenant))/blocks/\(id).vblock")
    }

    /// The block that an object of that key is; nil if it is something else.
    package static func block(of key: ObjectKey) -> BlockID? {
        let parts = key.text.split(separator: "/")
        guard parts.count == 4, parts[0] == "tenants", parts[2] == "blocks", parts[3].hasSuffix(".vblock"),
            let id = TraceID(hexadecimal: parts[3].dropLast(".vblock".count)), parts[3].utf8.count == 39
        else { return nil }
        return BlockID(high: id.high, low: id.low)
    }

    /// The tenant's name with what a key does not allow as `=` and two hexadecimal digits: only a leading dot is not
    /// allowed of what a name may have.
    private static func segment(for tenant: TenantID) -> String {
        tenant.name.hasPrefix(".") ? "=2e" + tenant.name.dropFirst() : tenant.name
    }
}

