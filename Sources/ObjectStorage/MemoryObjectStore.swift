// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Objects in memory, for tests; gone with the store.
package final class MemoryObjectStore: ObjectStore {
    private let objects = Mutex<[ObjectKey: [UInt8]]>([:])

    package init() {}

    package func put(_ key: ObjectKey, chunks: [[UInt8]]) async throws {
        let bytes = Array(chunks.joined())
        objects.withLock { $0[key] = bytes }
    }

    package func create(_ key: ObjectKey, chunks: [[UInt8]]) async throws {
        let bytes = Array(chunks.joined())
        let isNew = objects.withLock { objects in
            guard objects[key] == nil else { return false }
            objects[key] = bytes
            return true
        }
        if !isNew { throw ObjectStoreError.alreadyExists(key) }
    }

    package func writer(for key: ObjectKey) async throws -> any ObjectWriter {
        MemoryObjectWriter(store: self, key: key)
    }

    package func get(_ key: ObjectKey, range: Range<Int>) async throws -> [UInt8] {
        if range.isEmpty { return [] }
        let bytes = try object(key)
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else {
            throw ObjectStoreError.invalidRange(range, of: key, byteCount: bytes.count)
        }
        return Array(bytes[range])
    }

    package func get(_ key: ObjectKey, upTo limit: Int) async throws -> [UInt8] {
        let bytes = try object(key)
        guard bytes.count <= limit else {
            throw ObjectStoreError.tooLarge(key, byteCount: bytes.count, limit: limit)
        }
        return bytes
    }

    package func byteCount(of key: ObjectKey) async throws -> Int {
        try object(key).count
    }

    private func object(_ key: ObjectKey) throws(ObjectStoreError) -> [UInt8] {
        guard let bytes = objects.withLock({ $0[key] }) else { throw .notFound(key) }
        return bytes
    }

    package func list(
        _ prefix: ObjectPrefix, after start: ObjectKey?, limit: Int
    ) async throws -> ObjectPage {
        precondition((1...ObjectPage.entryCountLimit).contains(limit))
        let matching = objects.withLock { objects in
            objects
                .filter { key, _ in prefix.contains(key) && start.map { $0 < key } ?? true }
                .map { ObjectEntry(key: $0.key, byteCount: $0.value.count) }
        }
        let entries = matching.sorted { $0.key < $1.key }.prefix(limit)
        return ObjectPage(entries: Array(entries), isLast: entries.count == matching.count)
    }

    package func delete(_ key: ObjectKey) async throws {
        _ = objects.withLock { $0.removeValue(forKey: key) }
    }
}

private final class MemoryObjectWriter: ObjectWriter {
    private let store: MemoryObjectStore
    private let key: ObjectKey
    /// nil after the end.
    private let parts = Mutex<[[UInt8]]?>([])

    init(store: MemoryObjectStore, key: ObjectKey) {
        self.store = store
        self.key = key
    }

    func write(_ part: [UInt8]) async throws {
        let isOpen = parts.withLock { parts in
            parts?.append(part)
            return parts != nil
        }
        precondition(isOpen, "written to an object writer after its end")
    }

    func complete() async throws {
        guard let chunks = parts.withLock({ $0.take() }) else {
            preconditionFailure("an object writer completed after its end")
        }
        try await store.put(key, chunks: chunks)
    }

    func abort() async {
        parts.withLock { $0 = nil }
    }
}
