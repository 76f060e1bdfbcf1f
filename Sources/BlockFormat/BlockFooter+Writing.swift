// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

extension BlockFooter {
    /// Appends a section to `out`, compressed where that saves a tenth, and lists it.
    ///
    /// - Parameters:
    ///   - effort: Nil: it is not compressed.
    ///   - offset: Where `out` begins in the block.
    mutating func append(
        _ section: borrowing ByteWriter, _ kind: SectionKind, _ number: UInt32, of id: BlockID,
        effort: CompressionEffort?, at offset: Int, into out: inout ByteWriter
    ) {
        let start = out.count
        var codec = Codec.none
        if let effort { codec = Codec.append(section.bytes, to: &out, effort: effort) }
        if codec == .none {
            out.truncate(to: start)
            out.append(section)
        }
        let checksum = out.checksum(
            start..<out.count, seed: id.checksumSeed(BlockID.sectionSeedGroup(kind.rawValue), UInt64(number)))
        sections.append(
            SectionEntry(
                kind: kind.rawValue, number: number,
                stored: StoredRange(offset: offset + start, byteCount: out.count - start, checksum: checksum),
                codec: codec.rawValue))
    }

    /// Appends the footer and what follows on it.
    ///
    /// ```
    /// footer │ trailer: footer bytes (4) │ version (2) │ features to understand (2) │ footer checksum (8)
    ///        │ trailer checksum (8) │ magic (8)
    /// ```
    func close(_ id: BlockID, into out: inout ByteWriter) {
        let start = out.count
        write(into: &out)
        let checksum = out.checksum(start..<out.count, seed: id.checksumSeed(BlockID.sectionSeedGroup(0), 0))
        let trailer = out.count
        out.append(littleEndian: UInt32(trailer - start))
        out.append(littleEndian: BlockLayout.version)
        out.append(littleEndian: UInt16(0))
        out.append(littleEndian: checksum)
        let trailerChecksum = out.checksum(trailer..<out.count, seed: id.checksumSeed(BlockID.sectionSeedGroup(0), 1))
        out.append(littleEndian: trailerChecksum)
        out.append(littleEndian: BlockLayout.magic)
    }
}
