// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding

/// Makes the checksums of a block right again after a mutator was at it, as docs/FORMAT.md says where they stand.
///
/// What can still be found is repaired, from the inside out; what comes after the first thing that makes no sense stays
/// as it is.
struct BlockRepair {
    /// Bytes under a checksum.
    private struct Part {
        var range: Range<Int>
        var seed: UInt64
        /// Where the little-endian XXH3 of the range stands.
        var checksumOffset: Int
    }

    private static let trailerByteCount = 32

    private let id: BlockID
    private var chunks: [Part] = []
    private var directories: [Part] = []
    private var sections: [Part] = []

    /// The block with right checksums; bytes that are too few for one as they are.
    static func repaired(_ block: [UInt8], id: BlockID) -> [UInt8] {
        guard block.count > 64 else { return block }
        var block = block
        let start = block.count - trailerByteCount
        block.replaceSubrange((start + 24)..., with: "VIVACEB1".utf8)
        let footerByteCount = min(start, (0..<4).reduce(0) { $0 | Int(block[start + $1]) << (8 * $1) })
        let footer = (start - footerByteCount)..<start
        var repair = BlockRepair(id: id)
        // Safe to ignore: what was found until then is repaired.
        try? repair.readFooter(footer, block.rawSpan)
        let ends = [
            Part(range: footer, seed: repair.seed(1 << 31, 0), checksumOffset: start + 8),
            Part(range: start..<(start + 16), seed: repair.seed(1 << 31, 1), checksumOffset: start + 16),
        ]
        for part in repair.chunks + repair.directories + repair.sections + ends {
            let checksum = XXH3.hash(block.rawSpan.extracting(part.range), seed: part.seed)
            for byte in 0..<8 {
                block[part.checksumOffset + byte] = UInt8(truncatingIfNeeded: checksum >> UInt64(8 * byte))
            }
        }
        return block
    }

    private init(id: BlockID) { self.id = id }

    private func seed(_ group: UInt64, _ number: UInt64) -> UInt64 {
        id.high ^ (id.low &* 0x9e37_79b9_7f4a_7c15) ^ (group << 32 | number)
    }

    private mutating func readFooter(_ range: Range<Int>, _ block: RawSpan) throws(ByteCodingError) {
        var cursor = try ByteCursor(position: range.lowerBound, end: range.upperBound, in: block)
        try skipVarints(2, &cursor, block)
        _ = try cursor.take(32)
        try skipVarints(4, &cursor, block)
        _ = try cursor.byte(block)
        for group in 0..<(try cursor.count(block, limit: cursor.remaining)) {
            try readRowGroup(UInt64(group), &cursor, block)
        }
        for _ in 0..<(try cursor.count(block, limit: cursor.remaining)) {
            _ = try cursor.take(16)
            try skipVarints(3, &cursor, block)
        }
        for _ in 0..<(try cursor.count(block, limit: cursor.remaining)) {
            let kind = try cursor.varint(block)
            let number = try cursor.varint(block)
            let offset = try cursor.count(block, limit: block.byteCount)
            let byteCount = try cursor.count(block, limit: block.byteCount - offset)
            sections.append(
                Part(
                    range: offset..<(offset + byteCount), seed: seed(1 << 31 | kind, number),
                    checksumOffset: try cursor.take(8).position))
            _ = try cursor.byte(block)
        }
    }

    private mutating func readRowGroup(
        _ group: UInt64, _ cursor: inout ByteCursor, _ block: RawSpan
    ) throws(ByteCodingError) {
        let offset = try cursor.count(block, limit: block.byteCount)
        let end = offset + (try cursor.count(block, limit: block.byteCount - offset))
        let directory = (end - (try cursor.count(block, limit: end - offset)))..<end
        try skipVarints(3, &cursor, block)
        _ = try cursor.byte(block)
        directories.append(
            Part(range: directory, seed: seed(group, 0xffff_ffff), checksumOffset: try cursor.take(8).position))
        try? readDirectory(directory, group, from: offset, block)
        try skipVarints(3, &cursor, block)
    }

    private mutating func readDirectory(
        _ range: Range<Int>, _ group: UInt64, from start: Int, _ block: RawSpan
    ) throws(ByteCodingError) {
        var cursor = try ByteCursor(position: range.lowerBound, end: range.upperBound, in: block)
        var offset = start
        for _ in 0..<(try cursor.count(block, limit: cursor.remaining)) {
            let column = try cursor.varint(block)
            offset += try cursor.count(block, limit: block.byteCount - offset)
            let byteCount = try cursor.count(block, limit: block.byteCount - offset)
            _ = try cursor.byte(block)
            try skipVarints(3, &cursor, block)
            chunks.append(
                Part(
                    range: offset..<(offset + byteCount), seed: seed(group, column),
                    checksumOffset: try cursor.take(8).position))
            offset += byteCount
        }
    }

    private func skipVarints(_ count: Int, _ cursor: inout ByteCursor, _ block: RawSpan) throws(ByteCodingError) {
        for _ in 0..<count { _ = try cursor.varint(block) }
    }
}
