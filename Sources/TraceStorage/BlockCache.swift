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

/// Open blocks, those used last, as many as the budget for caches allows.
package final class BlockCache: Sendable {
    private struct Entry {
        var reader: BlockReader
        var lastUse: UInt64
    }

    private struct State {
        var entries: [BlockID: Entry] = [:]
        var clock: UInt64 = 0
        var hits = 0
        var misses = 0
    }

    private let store: any ObjectStore
    private let byteLimit: Int
    private let state = Mutex(State())

    init(store: any ObjectStore, byteLimit: Int) {
        self.store = store
        self.byteLimit = byteLimit
    }

    /// The open block; opens it if it is not.
    ///
    /// - Throws: ``BlockError``.
    func reader(for block: BlockSummary) async throws -> BlockReader {
        if let reader = use(block.id) { return reader }
        let source = ObjectBlockSource(
            store: store, key: try BlockKey.key(of: block.id, tenant: block.tenant), byteCount: block.byteCount)
        let reader = try await BlockReader(id: block.id, source: source)
        state.withLock { state in
            state.clock += 1
            state.misses += 1
            state.entries[block.id] = Entry(reader: reader, lastUse: state.clock)
        }
        trim()
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

    /// Lets go of what was not used for longest until the rest fits.
    func trim() {
        state.withLock { state in
            var total = state.entries.values.reduce(0) { $0 + $1.reader.retainedByteCount }
            guard total > byteLimit else { return }
            for (id, entry) in state.entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
                guard total > byteLimit else { return }
                total -= entry.reader.retainedByteCount
                state.entries[id] = nil
            }
        }
    }

    /// Figures for operators.
    package var figures: (blocks: Int, byteCount: Int, hits: Int, misses: Int) {
        state.withLock { state in
            let byteCount = state.entries.values.reduce(0) { $0 + $1.reader.retainedByteCount }
            return (state.entries.count, byteCount, state.hits, state.misses)
        }
    }
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

