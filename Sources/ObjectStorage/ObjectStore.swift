// SPDX-License-Identifier: Apache-2.0

// What every store promises (the suite in Tests/ObjectStorageContract proves it):
// - An object appears at once and whole, or not at all; readers meet the old or the new one.
// - What returned without an error is durable: it survives a power cut, deletions included.
// - After a write, every read and listing that begins later sees it.
// - Of concurrent `create`s of one key exactly one succeeds.
// Every function may throw `.unavailable`, `.refused` and, when writing, `.noSpace`, and
// `CancellationError` if the task was cancelled. After `.unavailable` from a write nobody knows
// whether it happened: look, or do it again.

/// Immutable objects under keys: a directory, a bucket, or memory.
package protocol ObjectStore: Sendable {
    /// Stores the chunks, one after another, as one object; replaces what was there.
    func put(_ key: ObjectKey, chunks: [[UInt8]]) async throws

    /// Stores an object unless there is one.
    /// - Throws: `.alreadyExists`. After an answer that was lost this may be one's own object:
    ///   whoever has to know puts something unique into it.
    func create(_ key: ObjectKey, chunks: [[UInt8]]) async throws

    /// Begins an object that is written part by part; what is there stays until it is complete.
    func writer(for key: ObjectKey) async throws -> any ObjectWriter

    /// The bytes in the range, all of them. An empty range gives no bytes and asks nobody.
    /// - Throws: `.notFound`; `.invalidRange` if the range reaches beyond the object's end.
    func get(_ key: ObjectKey, range: Range<Int>) async throws -> [UInt8]

    /// The whole object.
    /// - Throws: `.notFound`; `.tooLarge` if it has more than `limit` bytes.
    func get(_ key: ObjectKey, upTo limit: Int) async throws -> [UInt8]

    /// The object's size in bytes.
    /// - Throws: `.notFound`.
    func byteCount(of key: ObjectKey) async throws -> Int

    /// Some objects whose keys begin with `prefix` and come after `key`, in the order of their
    /// keys. To go on, ask again after the last one.
    /// - Parameter limit: How many at most, 1 to 1,000.
    func list(
        _ prefix: ObjectPrefix, after key: ObjectKey?, limit: Int
    ) async throws -> ObjectPage

    /// Removes the object; nothing happens if there is none.
    func delete(_ key: ObjectKey) async throws
}

/// An object as a listing shows it.
package struct ObjectEntry: Hashable, Sendable {
    package var key: ObjectKey
    package var byteCount: Int

    package init(key: ObjectKey, byteCount: Int) {
        self.key = key
        self.byteCount = byteCount
    }
}

/// A part of a listing, in the order of the keys.
package struct ObjectPage: Hashable, Sendable {
    package static let entryCountLimit = 1000

    package var entries: [ObjectEntry]
    /// Whether nothing comes after these.
    package var isLast: Bool

    package init(entries: [ObjectEntry], isLast: Bool) {
        self.entries = entries
        self.isLast = isLast
    }
}

/// An object that comes into being part by part. One task writes, one call after another, and ends
/// with `complete` or `abort`; nobody sees the object before it is complete. After an error only
/// `abort` makes sense.
package protocol ObjectWriter: Sendable {
    /// Appends a part; of any size, a few hundred kilobytes are a good one.
    func write(_ part: [UInt8]) async throws

    /// Makes the object visible and durable, replacing what was there.
    func complete() async throws

    /// Forgets what was written, even in a cancelled task; does nothing after the end.
    func abort() async
}

extension ObjectStore {
    /// Stores an object; replaces what was there.
    package func put(_ key: ObjectKey, _ bytes: [UInt8]) async throws {
        try await put(key, chunks: [bytes])
    }

    /// Stores an object unless there is one.
    /// - Throws: `.alreadyExists`.
    package func create(_ key: ObjectKey, _ bytes: [UInt8]) async throws {
        try await create(key, chunks: [bytes])
    }

    /// The whole object, if it has no more than 64 MiB: meant for small ones.
    package func get(_ key: ObjectKey) async throws -> [UInt8] {
        try await get(key, upTo: 64 << 20)
    }

    /// Whether there is such an object.
    package func contains(_ key: ObjectKey) async throws -> Bool {
        do {
            _ = try await byteCount(of: key)
            return true
        } catch let error as ObjectStoreError where error.code == .notFound {
            return false
        }
    }

    /// Writes an object part by part: it is completed if `body` returns, and forgotten if `body`
    /// throws.
    package func write<Answer>(
        _ key: ObjectKey, _ body: (any ObjectWriter) async throws -> Answer
    ) async throws -> Answer {
        let writer = try await writer(for: key)
        do {
            let answer = try await body(writer)
            try await writer.complete()
            return answer
        } catch {
            await writer.abort()
            throw error
        }
    }

    /// All objects whose keys begin with `prefix` and come after `key`, in the order of their keys,
    /// fetched page by page. Objects that come or go meanwhile may or may not appear.
    package func entries(_ prefix: ObjectPrefix, after key: ObjectKey? = nil) -> ObjectListing {
        ObjectListing(store: self, prefix: prefix, after: key)
    }
}
