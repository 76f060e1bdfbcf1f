// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

extension BlockReader {
    struct Trailer {
        var footerByteCount: Int
        var footerChecksum: UInt64
    }

    /// Reads the last bytes of the block; see ``BlockWriter`` for their layout.
    static func trailer(_ end: [UInt8], _ id: BlockID) throws -> Trailer {
        let bytes = end.rawSpan.extracting((end.count - BlockLayout.trailerByteCount)...)
        var cursor = ByteCursor(over: bytes)
        let damaged = "the trailer of block \(id) is damaged, or the file is cut off or no block"
        do {
            let footerByteCount = Int(try cursor.littleEndian(bytes, as: UInt32.self))
            let version = try cursor.littleEndian(bytes, as: UInt16.self)
            let features = try cursor.littleEndian(bytes, as: UInt16.self)
            let footerChecksum = try cursor.littleEndian(bytes, as: UInt64.self)
            let proved = bytes.extracting(0..<cursor.position)
            let trailerChecksum = try cursor.littleEndian(bytes, as: UInt64.self)
            guard try cursor.littleEndian(bytes, as: UInt64.self) == BlockLayout.magic,
                trailerChecksum == XXH3.hash(proved, seed: id.checksumSeed(BlockID.sectionSeedGroup(0), 1))
            else { throw BlockError(.corrupted, damaged) }
            guard version <= BlockLayout.version else {
                throw BlockError(
                    .unsupported,
                    "block \(id) has format version \(version); this Vivace reads up to \(BlockLayout.version): upgrade")
            }
            guard features & ~BlockLayout.understoodFeatures == 0 else {
                throw BlockError(
                    .unsupported, "block \(id) needs features \(features), which this Vivace does not all know: upgrade")
            }
            guard footerByteCount <= BlockLayout.footerByteLimit else { throw BlockError(.corrupted, damaged) }
            return Trailer(footerByteCount: footerByteCount, footerChecksum: footerChecksum)
        } catch let error as ByteCodingError {
            throw BlockError(.corrupted, damaged, cause: error)
        }
    }

    static func footer(
        _ end: [UInt8], _ trailer: Trailer, _ id: BlockID, blockByteCount: Int
    ) throws -> BlockFooter {
        let upper = end.count - BlockLayout.trailerByteCount
        let bytes = end.rawSpan.extracting((upper - trailer.footerByteCount)..<upper)
        guard XXH3.hash(bytes, seed: id.checksumSeed(BlockID.sectionSeedGroup(0), 0)) == trailer.footerChecksum else {
            throw BlockError(.corrupted, "the footer of block \(id) fails its checksum")
        }
        do {
            return try BlockFooter(bytes, blockByteCount: blockByteCount)
        } catch {
            throw BlockError(.corrupted, "the footer of block \(id) is damaged", cause: error)
        }
    }

    /// Proves the header, which nothing else reads.
    ///
    /// - Parameter bytes: The block's first bytes.
    func checkHeader(_ bytes: [UInt8]) throws(BlockError) {
        var expected = ByteWriter(capacity: BlockLayout.headerByteCount)
        BlockLayout.writeHeader(id, into: &expected)
        guard bytes.rawSpan.isEqual(to: expected.bytes) else {
            throw BlockError(.corrupted, "the header of block \(id) is damaged")
        }
    }

    static func fetch(_ source: any BlockSource, _ range: Range<Int>) async throws -> [UInt8] {
        let bytes = try await source.read(range)
        guard bytes.count == range.count else {
            throw BlockError(.unreadable, "a read of \(range.count) bytes gave \(bytes.count)")
        }
        return bytes
    }

    /// Reads a section, proves its checksum and decompresses it.
    static func section(_ entry: SectionEntry, _ id: BlockID, _ source: any BlockSource) async throws -> [UInt8] {
        let stored = try await fetch(source, entry.stored.range)
        return try section(entry, id, stored.rawSpan)
    }

    /// - Parameter end: The last bytes of the block, which were read already: of a small block they hold the section.
    static func section(
        _ entry: SectionEntry, _ id: BlockID, _ source: any BlockSource, end: [UInt8]
    ) async throws -> [UInt8] {
        let first = source.byteCount - end.count
        guard entry.stored.offset >= first, entry.stored.end <= source.byteCount else {
            return try await section(entry, id, source)
        }
        let range = (entry.stored.offset - first)..<(entry.stored.end - first)
        return try section(entry, id, end.rawSpan.extracting(range))
    }

    /// - Parameter stored: The section's bytes as they stand in the block.
    private static func section(_ entry: SectionEntry, _ id: BlockID, _ stored: RawSpan) throws(BlockError) -> [UInt8] {
        let part = "section \(entry.kind).\(entry.number) of block \(id)"
        let seed = id.checksumSeed(BlockID.sectionSeedGroup(entry.kind), UInt64(entry.number))
        guard XXH3.hash(stored, seed: seed) == entry.stored.checksum else {
            throw BlockError(.corrupted, "\(part) fails its checksum")
        }
        return try decompressed(stored, codec: entry.codec, part)
    }

    /// Reads sections as ``section(_:_:_:)`` does, those that lie near to each other by one read.
    func sections(_ entries: [SectionEntry]) async throws -> [(SectionEntry, [UInt8])] {
        let wanted = entries.sorted { $0.stored.offset < $1.stored.offset }
        var found: [(SectionEntry, [UInt8])] = []
        found.reserveCapacity(wanted.count)
        var next = 0
        while next < wanted.count {
            let first = next
            var end = wanted[first].stored.end
            next += 1
            while next < wanted.count, wanted[next].stored.offset <= end + Self.mergedGapByteCount,
                wanted[next].stored.end - wanted[first].stored.offset <= Self.mergedByteLimit
            {
                end = max(end, wanted[next].stored.end)
                next += 1
            }
            let start = wanted[first].stored.offset
            let run = try await Self.fetch(source, start..<end)
            for entry in wanted[first..<next] {
                let stored = run.rawSpan.extracting((entry.stored.offset - start)..<(entry.stored.end - start))
                found.append((entry, try Self.section(entry, id, stored)))
            }
        }
        return found
    }

    /// - Parameter stored: Bytes whose checksum was proved.
    static func decompressed(
        _ stored: RawSpan, codec: UInt8, _ part: @autoclosure () -> String
    ) throws(BlockError) -> [UInt8] {
        guard let codec = Codec(rawValue: codec) else {
            throw BlockError(.unsupported, "\(part()) is compressed by codec \(codec), which this Vivace does not know")
        }
        guard codec != .none else { return [UInt8](stored) }
        do {
            return try codec.decode(stored, limit: BlockLayout.chunkByteLimit)
        } catch {
            throw BlockError(.corrupted, "the \(part()) is damaged", cause: error)
        }
    }
}

extension BlockLayout {
    /// No chunk or section is longer after decompression: a guard against damaged lengths.
    static let chunkByteLimit = 1 << 30

    /// ```
    /// magic (8) │ version (2) │ features to understand (2) │ 0 (4) │ block ID (16, big-endian)
    /// ```
    static func writeHeader(_ id: BlockID, into out: inout ByteWriter) {
        out.append(littleEndian: magic)
        out.append(littleEndian: version)
        out.append(littleEndian: UInt16(0))
        out.append(littleEndian: UInt32(0))
        out.append(bigEndian: id.high)
        out.append(bigEndian: id.low)
    }
}
