// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import ObjectStorage

/// Says that a directory or bucket is a store of ours, which one, and who may use it: the object
/// `vivace-store`.
///
/// Little-endian but for the ID. These 56 bytes never change, whatever the version; more may
/// follow them.
/// ```
///  0   8  "VIVACES1"
///  8   4  least version of a program that may read the store
/// 12   4  least version of a program that may write to it
/// 16  16  store ID
/// 32   8  created, Unix nanoseconds
/// 40   8  zero
/// 48   8  XXH3 of the 48 bytes before, seed 0
/// ```
/// - SeeAlso: docs/FORMAT-JOURNAL.md, "Store marker".
package struct StoreMarker: Hashable, Sendable {
    /// The version of the store's formats that this program knows.
    package static let knownVersion: UInt32 = 1
    static let byteCount = 56
    private static let magic: UInt64 = 0x3153_4543_4156_4956

    package var minimumReaderVersion: UInt32
    package var minimumWriterVersion: UInt32
    package var storeID: StoreID
    package var createdNanoseconds: UInt64

    package init(
        storeID: StoreID, createdNanoseconds: UInt64,
        minimumReaderVersion: UInt32 = knownVersion, minimumWriterVersion: UInt32 = knownVersion
    ) {
        self.storeID = storeID
        self.createdNanoseconds = createdNanoseconds
        self.minimumReaderVersion = minimumReaderVersion
        self.minimumWriterVersion = minimumWriterVersion
    }

    /// The object that holds the marker.
    package static func key() throws(ObjectStoreError) -> ObjectKey {
        try ObjectKey("vivace-store")
    }

    /// The object's bytes.
    package func encoded() -> [UInt8] {
        var out = ByteWriter(capacity: Self.byteCount)
        out.append(littleEndian: Self.magic)
        out.append(littleEndian: minimumReaderVersion)
        out.append(littleEndian: minimumWriterVersion)
        out.append(bigEndian: storeID.high)
        out.append(bigEndian: storeID.low)
        out.append(littleEndian: createdNanoseconds)
        out.append(littleEndian: UInt64(0))
        out.append(littleEndian: XXH3.hash(out.bytes))
        return out.array()
    }

    /// Reads an object's bytes.
    /// - Throws: `.corrupted`.
    package init(decoding object: [UInt8]) throws(ManifestError) {
        let bytes = object.rawSpan
        guard bytes.byteCount >= Self.byteCount, bytes.littleEndianWord(at: 0) == Self.magic,
            XXH3.hash(bytes.extracting(0..<48)) == bytes.littleEndianWord(at: 48)
        else {
            throw ManifestError(
                .corrupted, "the object 'vivace-store' is damaged or not ours: check that this is "
                    + "the right directory or bucket")
        }
        let versions = bytes.littleEndianWord(at: 8)
        self.init(
            storeID: StoreID(
                high: bytes.littleEndianWord(at: 16).byteSwapped,
                low: bytes.littleEndianWord(at: 24).byteSwapped),
            createdNanoseconds: bytes.littleEndianWord(at: 32),
            minimumReaderVersion: UInt32(truncatingIfNeeded: versions),
            minimumWriterVersion: UInt32(truncatingIfNeeded: versions >> 32))
    }

    /// - Throws: `.unsupported` if this program is too old for the store.
    package func check(mayWrite: Bool) throws(ManifestError) {
        var needed = minimumReaderVersion
        if mayWrite { needed = max(needed, minimumWriterVersion) }
        guard needed <= Self.knownVersion else {
            throw ManifestError(
                .unsupported, "the store needs a program that knows store version \(needed), and "
                    + "this one knows \(Self.knownVersion): start a newer program")
        }
    }
}

extension StoreMarker {
    /// The marker of an existing store.
    /// - Returns: nil if there is none.
    /// - Throws: `ManifestError` `.unreadable`, `.corrupted`; `.unsupported` if this program may
    ///   not read (or, with `mayWrite`, not write) the store.
    package static func load(
        from store: any ObjectStore, mayWrite: Bool
    ) async throws -> StoreMarker? {
        do {
            let marker = try StoreMarker(decoding: try await store.get(key()))
            try marker.check(mayWrite: mayWrite)
            return marker
        } catch let error as ObjectStoreError {
            if error.code == .notFound { return nil }
            throw ManifestError(.unreadable, "the store's marker can't be read", cause: error)
        }
    }

    /// The marker of the store, which is made of `marker` if it has none; of several who do this at
    /// once all get the same one.
    /// - Throws: as ``load(from:mayWrite:)``; `.corrupted` if there are commits but no marker.
    package static func loadOrCreate(
        _ marker: StoreMarker, in store: any ObjectStore
    ) async throws -> StoreMarker {
        // Asked first: whoever commits has made the marker before.
        let hasCommits = try await hasCommits(store)
        if let found = try await load(from: store, mayWrite: true) { return found }
        guard !hasCommits else {
            throw ManifestError(
                .corrupted, "the store has commits but its object 'vivace-store' is missing: restore it from a copy")
        }
        do {
            try await store.create(key(), marker.encoded())
        } catch let error as ObjectStoreError where error.code == .alreadyExists {
            // Another was faster; what stands counts.
        } catch {
            throw ManifestError(.unreadable, "the store's marker can't be made", cause: error)
        }
        guard let found = try await load(from: store, mayWrite: true) else {
            throw ManifestError(.unreadable, "the store does not show the marker it was given")
        }
        return found
    }

    private static func hasCommits(_ store: any ObjectStore) async throws -> Bool {
        do {
            return try await Manifest.hasCommits(store)
        } catch {
            throw ManifestError(.unreadable, "the store can't be read", cause: error)
        }
    }
}
