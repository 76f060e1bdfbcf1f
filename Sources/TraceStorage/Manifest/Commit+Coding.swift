// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel

// A commit object, little-endian but for IDs, which are written as they read:
//
//  0   8  "VIVACEC1"
//  8   4  version, 1
// 12   4  a, count of blocks added
// 16   4  r, count of blocks removed
// 20   4  g, count of generations covered
// 24  16  commit ID
// 40   8  created, Unix nanoseconds
// 48      a blocks added, r blocks removed, g generations
//  …   8  XXH3 of all before, seeded with the commit's sequence; the object ends here
//
// Block added:       0  16  block ID                 80   8  greatest start or end
//                   16  16  least trace ID           88   8  first arrival, Unix seconds
//                   32  16  greatest trace ID        96   8  last arrival
//                   48   8  object's byte count     104   1  level
//                   56   8  rows                    105   1  t, byte count of the tenant's name
//                   64   8  traces                  106   2  version of the block format
//                   72   8  least start, Unix ns    108   t  tenant's name
// Block removed:     0  16  block ID                 16   1  t       17  t  tenant's name
// Generation:        0  16  incarnation              16   8  number
//
// docs/FORMAT-JOURNAL.md, "Commit".
private enum CommitLayout {
    static let magic: UInt64 = 0x3143_4543_4156_4956
    static let version: UInt32 = 1
    static let headerByteCount = 48
    static let addedByteCount = 108 + 1
    static let removedByteCount = 17 + 1
    static let generationByteCount = 24
    static let checksumByteCount = 8
}

extension Commit {
    /// The object's bytes, for this place in the manifest.
    package func encoded(sequence: UInt64) -> [UInt8] {
        var out = ByteWriter(capacity: 256 + added.count * 160 + removed.count * 48)
        out.append(littleEndian: CommitLayout.magic)
        out.append(littleEndian: CommitLayout.version)
        out.append(littleEndian: UInt32(added.count))
        out.append(littleEndian: UInt32(removed.count))
        out.append(littleEndian: UInt32(coveredGenerations.count))
        out.append(id: id.high, id.low)
        out.append(littleEndian: createdNanoseconds)
        for block in added { out.append(block) }
        for block in removed {
            out.append(id: block.id.high, block.id.low)
            let name = Array(block.tenant.name.utf8)
            out.append(UInt8(name.count))
            out.append(name.rawSpan)
        }
        for generation in coveredGenerations {
            out.append(id: generation.incarnation.high, generation.incarnation.low)
            out.append(littleEndian: generation.number)
        }
        out.append(littleEndian: XXH3.hash(out.bytes, seed: sequence))
        return out.array()
    }

    /// Reads an object's bytes.
    /// - Parameter sequence: The place in the manifest that they came from.
    /// - Throws: `.corrupted`; `.unsupported` if a newer program wrote it.
    package init(decoding object: [UInt8], sequence: UInt64) throws(ManifestError) {
        do throws(ByteCodingError) {
            self = try Self.decoded(object.rawSpan, sequence: sequence)
        } catch {
            // Only a whole object can say that it is of another version.
            if let version = Self.version(of: object.rawSpan), version > CommitLayout.version {
                throw ManifestError(
                    .unsupported, "commit \(sequence) has version \(version), and this program "
                        + "reads up to \(CommitLayout.version): start a newer program")
            }
            throw ManifestError(
                .corrupted, "commit \(sequence) of the store's manifest is damaged: restore it from a copy",
                cause: error)
        }
    }

    private static func version(of bytes: RawSpan) -> UInt32? {
        var cursor = ByteCursor(over: bytes)
        guard let magic = try? cursor.littleEndian(bytes, as: UInt64.self),
            magic == CommitLayout.magic
        else { return nil }
        return try? cursor.littleEndian(bytes, as: UInt32.self)
    }

    private static func decoded(
        _ bytes: RawSpan, sequence: UInt64
    ) throws(ByteCodingError) -> Commit {
        let end = bytes.byteCount - CommitLayout.checksumByteCount
        var trailer = try ByteCursor(position: end, end: bytes.byteCount, in: bytes)
        let checksum = try trailer.littleEndian(bytes, as: UInt64.self)
        guard XXH3.hash(bytes.extracting(0..<end), seed: sequence) == checksum else {
            throw ByteCodingError(.corrupted, "commit checksum")
        }
        return try decodedBody(bytes.extracting(0..<end))
    }

    private static func decodedBody(_ bytes: RawSpan) throws(ByteCodingError) -> Commit {
        var cursor = ByteCursor(over: bytes)
        guard try cursor.littleEndian(bytes, as: UInt64.self) == CommitLayout.magic,
            try cursor.littleEndian(bytes, as: UInt32.self) == CommitLayout.version
        else { throw ByteCodingError(.corrupted, "commit header") }
        let addedCount = Int(try cursor.littleEndian(bytes, as: UInt32.self))
        let removedCount = Int(try cursor.littleEndian(bytes, as: UInt32.self))
        let generationCount = Int(try cursor.littleEndian(bytes, as: UInt32.self))
        // Before anything is allocated: the counts have to fit into what is there.
        let leastByteCount =
            CommitLayout.headerByteCount + addedCount * CommitLayout.addedByteCount
            + removedCount * CommitLayout.removedByteCount
            + generationCount * CommitLayout.generationByteCount
        guard leastByteCount <= bytes.byteCount else {
            throw ByteCodingError(.corrupted, "commit counts")
        }
        var commit = Commit(
            id: try cursor.randomID(bytes),
            createdNanoseconds: try cursor.littleEndian(bytes, as: UInt64.self))
        commit.added.reserveCapacity(addedCount)
        commit.removed.reserveCapacity(removedCount)
        for _ in 0..<addedCount { commit.added.append(try BlockSummary(&cursor, bytes)) }
        for _ in 0..<removedCount { commit.removed.append(try BlockReference(&cursor, bytes)) }
        for _ in 0..<generationCount {
            commit.coveredGenerations.append(try JournalGenerationID(&cursor, bytes))
        }
        guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "commit length") }
        return commit
    }
}

extension ByteWriter {
    mutating func append(id high: UInt64, _ low: UInt64) {
        append(bigEndian: high)
        append(bigEndian: low)
    }

    mutating func append(_ block: BlockSummary) {
        append(id: block.id.high, block.id.low)
        append(id: block.traceIDs.lowerBound.high, block.traceIDs.lowerBound.low)
        append(id: block.traceIDs.upperBound.high, block.traceIDs.upperBound.low)
        append(littleEndian: UInt64(block.byteCount))
        append(littleEndian: UInt64(block.rowCount))
        append(littleEndian: UInt64(block.traceCount))
        append(littleEndian: block.eventNanoseconds.lowerBound)
        append(littleEndian: block.eventNanoseconds.upperBound)
        append(littleEndian: block.arrivalSeconds.lowerBound)
        append(littleEndian: block.arrivalSeconds.upperBound)
        append(block.level)
        let name = Array(block.tenant.name.utf8)
        append(UInt8(name.count))
        append(littleEndian: block.formatVersion)
        append(name.rawSpan)
    }
}

extension ByteCursor {
    mutating func id(
        _ bytes: RawSpan
    ) throws(ByteCodingError) -> (high: UInt64, low: UInt64) {
        let high = try bigEndian(bytes, as: UInt64.self)
        return (high, try bigEndian(bytes, as: UInt64.self))
    }

    mutating func randomID<Kind>(
        _ bytes: RawSpan
    ) throws(ByteCodingError) -> RandomID<Kind> {
        let (high, low) = try id(bytes)
        return RandomID(high: high, low: low)
    }

    mutating func traceID(_ bytes: RawSpan) throws(ByteCodingError) -> TraceID {
        let (high, low) = try id(bytes)
        return TraceID(high: high, low: low)
    }

    mutating func blockID(_ bytes: RawSpan) throws(ByteCodingError) -> BlockID {
        let (high, low) = try id(bytes)
        return BlockID(high: high, low: low)
    }

    /// A number that an `Int` holds.
    mutating func quantity(_ bytes: RawSpan) throws(ByteCodingError) -> Int {
        let value = try littleEndian(bytes, as: UInt64.self)
        guard let quantity = Int(exactly: value) else {
            throw ByteCodingError(.corrupted, "quantity")
        }
        return quantity
    }

    mutating func integers(
        _ bytes: RawSpan
    ) throws(ByteCodingError) -> ClosedRange<UInt64> {
        let least = try littleEndian(bytes, as: UInt64.self)
        let greatest = try littleEndian(bytes, as: UInt64.self)
        guard least <= greatest else { throw ByteCodingError(.corrupted, "range") }
        return least...greatest
    }

    mutating func tenant(
        _ bytes: RawSpan, nameByteCount: UInt8
    ) throws(ByteCodingError) -> TenantID {
        let name = [UInt8](try take(Int(nameByteCount)).span(of: bytes))
        guard let tenant = TenantID(String(decoding: name, as: UTF8.self)) else {
            throw ByteCodingError(.corrupted, "tenant's name")
        }
        return tenant
    }
}

extension BlockSummary {
    init(_ cursor: inout ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) {
        let id = try cursor.blockID(bytes)
        let (least, greatest) = (try cursor.traceID(bytes), try cursor.traceID(bytes))
        guard least <= greatest else { throw ByteCodingError(.corrupted, "trace ID range") }
        let byteCount = try cursor.quantity(bytes)
        let rowCount = try cursor.quantity(bytes)
        let traceCount = try cursor.quantity(bytes)
        let eventNanoseconds = try cursor.integers(bytes)
        let arrivalSeconds = try cursor.integers(bytes)
        let level = try cursor.byte(bytes)
        let nameByteCount = try cursor.byte(bytes)
        let formatVersion = try cursor.littleEndian(bytes, as: UInt16.self)
        self.init(
            id: id, tenant: try cursor.tenant(bytes, nameByteCount: nameByteCount),
            byteCount: byteCount, rowCount: rowCount, traceCount: traceCount,
            traceIDs: least...greatest, eventNanoseconds: eventNanoseconds,
            arrivalSeconds: arrivalSeconds, level: level, formatVersion: formatVersion)
    }
}

extension BlockReference {
    init(_ cursor: inout ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) {
        let id = try cursor.blockID(bytes)
        let nameByteCount = try cursor.byte(bytes)
        self.init(tenant: try cursor.tenant(bytes, nameByteCount: nameByteCount), id: id)
    }
}

extension JournalGenerationID {
    init(_ cursor: inout ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) {
        self.init(
            incarnation: try cursor.randomID(bytes),
            number: try cursor.littleEndian(bytes, as: UInt64.self))
    }
}
