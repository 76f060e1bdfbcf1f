// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding

/// Takes a block apart as docs/FORMAT.md says, by code of its own, and repairs checksums behind changes.
///
/// Damage behind right checksums is what a faulty or hostile writer makes: a reader must survive that too.
struct BlockSurgery {
    /// Bytes under a checksum.
    struct Part {
        var name: String
        var range: Range<Int>
        var seed: UInt64
        /// Where the checksum stands: the little-endian XXH3 of the range.
        var checksumOffset: Int
        /// Column and codec, for chunks.
        var column: UInt32 = 0
        var codec: UInt8 = 0
        /// Where the footer has the section's kind.
        var kindOffset = 0
        /// Where the directory has the chunk's column.
        var columnOffset = 0
        var group: UInt64 = 0
    }

    let id: BlockID
    var bytes: [UInt8]
    private(set) var chunks: [Part] = []
    private(set) var directories: [Part] = []
    private(set) var sections: [Part] = []
    private(set) var footer: Part
    private(set) var trailer: Part

    init(_ block: WrittenBlock) throws {
        id = block.id
        bytes = block.bytes
        guard bytes.count > 64 else { throw BlockError(.corrupted, "that is no block") }
        let start = bytes.count - 32
        let footerByteCount = (0..<4).reduce(0) { $0 | Int(block.bytes[start + $1]) << (8 * $1) }
        footer = Part(
            name: "footer", range: (start - footerByteCount)..<start, seed: Self.seed(id, 1 << 31, 0),
            checksumOffset: start + 8)
        trailer = Part(
            name: "trailer", range: start..<(start + 16), seed: Self.seed(id, 1 << 31, 1), checksumOffset: start + 16)
        try readFooter()
    }

    /// Every part, the inner before the outer.
    var parts: [Part] { chunks + directories + sections + [footer, trailer] }

    static func seed(_ id: BlockID, _ group: UInt64, _ number: UInt64) -> UInt64 {
        id.high ^ (id.low &* 0x9e37_79b9_7f4a_7c15) ^ (group << 32 | number)
    }

    /// Makes a section one of another kind.
    mutating func setKind(_ kind: UInt8, ofSection index: Int) {
        bytes[sections[index].kindOffset] = kind
        let number = sections[index].seed ^ Self.seed(id, 0, 0)
        sections[index].seed = Self.seed(id, 1 << 31 | UInt64(kind), number & 0xffff_ffff)
    }

    /// Makes a chunk one of another column; both numbers take one byte.
    mutating func setColumn(_ column: UInt8, ofChunk index: Int) {
        bytes[chunks[index].columnOffset] = column
        chunks[index].column = UInt32(column)
        chunks[index].seed = Self.seed(id, chunks[index].group, UInt64(column))
    }

    /// Makes all checksums right, from the inside out, without looking at what the bytes mean now.
    mutating func reseal() {
        for part in parts {
            let checksum = XXH3.hash(Array(bytes[part.range]).rawSpan, seed: part.seed)
            for byte in 0..<8 {
                bytes[part.checksumOffset + byte] = UInt8(truncatingIfNeeded: checksum >> UInt64(8 * byte))
            }
        }
    }

    private mutating func readFooter() throws {
        let bytes = bytes
        let raw = bytes.rawSpan
        var cursor = try ByteCursor(position: footer.range.lowerBound, end: footer.range.upperBound, in: raw)
        try skipVarints(2, &cursor, raw)
        _ = try cursor.take(32)
        try skipVarints(4, &cursor, raw)
        _ = try cursor.byte(raw)
        for group in 0..<(try cursor.varint(raw)) {
            let offset = Int(try cursor.varint(raw))
            let byteCount = Int(try cursor.varint(raw))
            let directoryByteCount = Int(try cursor.varint(raw))
            try skipVarints(3, &cursor, raw)
            _ = try cursor.byte(raw)
            let end = offset + byteCount
            let part = Part(
                name: "directory \(group)", range: (end - directoryByteCount)..<end,
                seed: Self.seed(id, group, 0xffff_ffff), checksumOffset: cursor.position)
            directories.append(part)
            try readDirectory(part, group, offset, raw)
            _ = try cursor.take(8)
            try skipVarints(3, &cursor, raw)
        }
        for _ in 0..<(try cursor.varint(raw)) {
            _ = try cursor.take(16)
            try skipVarints(3, &cursor, raw)
        }
        for _ in 0..<(try cursor.varint(raw)) {
            let kindOffset = cursor.position
            let kind = try cursor.varint(raw)
            let number = try cursor.varint(raw)
            let offset = Int(try cursor.varint(raw))
            let byteCount = Int(try cursor.varint(raw))
            sections.append(
                Part(
                    name: "section \(kind).\(number)", range: offset..<(offset + byteCount),
                    seed: Self.seed(id, 1 << 31 | kind, number), checksumOffset: cursor.position))
            _ = try cursor.take(8)
            sections[sections.count - 1].codec = try cursor.byte(raw)
            sections[sections.count - 1].kindOffset = kindOffset
        }
    }

    private mutating func readDirectory(_ part: Part, _ group: UInt64, _ start: Int, _ raw: RawSpan) throws {
        var cursor = try ByteCursor(position: part.range.lowerBound, end: part.range.upperBound, in: raw)
        var offset = start
        for _ in 0..<(try cursor.varint(raw)) {
            let columnOffset = cursor.position
            let column = try cursor.varint(raw)
            offset += Int(try cursor.varint(raw))
            let byteCount = Int(try cursor.varint(raw))
            let codec = try cursor.byte(raw)
            try skipVarints(3, &cursor, raw)
            chunks.append(
                Part(
                    name: "column \(column) in row group \(group)", range: offset..<(offset + byteCount),
                    seed: Self.seed(id, group, column), checksumOffset: cursor.position, column: UInt32(column),
                    codec: codec, columnOffset: columnOffset, group: group))
            _ = try cursor.take(8)
            offset += byteCount
        }
    }

    private func skipVarints(_ count: Int, _ cursor: inout ByteCursor, _ raw: RawSpan) throws {
        for _ in 0..<count { _ = try cursor.varint(raw) }
    }
}
