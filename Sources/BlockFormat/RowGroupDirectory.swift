// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Which columns a row group has, and where their chunks lie.
///
/// ```
/// chunk count │ then each, in the order of the bytes: column, gap before, stored bytes, codec, value count,
///             │ minimum, maximum − minimum (integers and codes; else 0, 0), checksum (8 bytes)
/// ```
/// Chunks follow one another from the group's first byte; a gap aligns a large uncompressed chunk.
struct RowGroupDirectory: Sendable {
    struct Chunk: Hashable, Sendable {
        var column: UInt32
        /// From the row group's first byte.
        var offset: Int
        var byteCount: Int
        var codec: UInt8
        var valueCount: Int
        var minimum: UInt64
        var maximum: UInt64
        var checksum: UInt64
    }

    /// In the order of the bytes while it is written, by rising column once it is read.
    var chunks: [Chunk] = []

    init() {}

    /// Bytes in memory, about.
    var retainedByteCount: Int { 64 + chunks.count * MemoryLayout<Chunk>.stride }

    /// The chunk of `column`; nil if every row holds the column's default.
    func chunk(_ column: UInt32) -> Chunk? { place(of: column).map { chunks[$0] } }

    /// Where the chunk of `column` stands among ``chunks``; nil if there is none.
    func place(of column: UInt32) -> Int? {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].column < column { low = middle + 1 } else { high = middle }
        }
        return low < chunks.count && chunks[low].column == column ? low : nil
    }

    func write(into out: inout ByteWriter) {
        out.append(varint: UInt64(chunks.count))
        var offset = 0
        for chunk in chunks {
            out.append(varint: UInt64(chunk.column))
            out.append(varint: UInt64(chunk.offset - offset))
            out.append(varint: UInt64(chunk.byteCount))
            out.append(chunk.codec)
            out.append(varint: UInt64(chunk.valueCount))
            out.append(varint: chunk.minimum)
            out.append(varint: chunk.maximum &- chunk.minimum)
            out.append(littleEndian: chunk.checksum)
            offset = chunk.offset + chunk.byteCount
        }
    }

    /// - Parameter chunkByteCount: Bytes of the row group before its directory.
    init(_ bytes: RawSpan, chunkByteCount: Int) throws(ByteCodingError) {
        var cursor = ByteCursor(over: bytes)
        var offset = 0
        for _ in 0..<(try cursor.count(bytes, limit: cursor.remaining)) {
            let column = UInt32(try cursor.count(bytes, limit: Int(UInt32.max)))
            offset += try cursor.count(bytes, limit: chunkByteCount - offset)
            let byteCount = try cursor.count(bytes, limit: chunkByteCount - offset)
            let codec = try cursor.byte(bytes)
            let valueCount = try cursor.count(bytes, limit: BlockLayout.valueCountLimit)
            let minimum = try cursor.varint(bytes)
            let (maximum, overflow) = minimum.addingReportingOverflow(try cursor.varint(bytes))
            guard !overflow else { throw ByteCodingError(.corrupted, "column list") }
            let checksum = try cursor.littleEndian(bytes, as: UInt64.self)
            chunks.append(
                Chunk(
                    column: column, offset: offset, byteCount: byteCount, codec: codec, valueCount: valueCount,
                    minimum: minimum, maximum: maximum, checksum: checksum))
            offset += byteCount
        }
        guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "column list") }
        chunks.sort { $0.column < $1.column }
        for index in chunks.indices.dropFirst() where chunks[index - 1].column == chunks[index].column {
            throw ByteCodingError(.corrupted, "column list")
        }
    }
}

extension BlockLayout {
    /// Values that a chunk may claim: a guard against damaged counts, far above what one request can carry.
    static let valueCountLimit = 1 << 26
}
