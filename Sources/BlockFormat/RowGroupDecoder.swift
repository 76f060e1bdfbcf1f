// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// One row group's bytes, from which columns are decoded: whole, or a range of their values.
struct RowGroupDecoder: ~Copyable {
    let entry: RowGroupEntry
    let index: Int
    let id: BlockID
    /// Where the directory's chunks lie, unless they are in ``bodies``.
    let bytes: [UInt8]
    /// The directory's chunks, proved and decompressed, in its order; none if they are in ``bytes``.
    let bodies: [[UInt8]]
    let directory: RowGroupDirectory
    /// Bytes that were read from storage for it.
    let readByteCount: Int

    /// - Parameter bytes: All of the row group.
    init(_ bytes: [UInt8], index: Int, entry: RowGroupEntry, id: BlockID) throws(BlockError) {
        self.bytes = bytes
        self.index = index
        self.entry = entry
        self.id = id
        bodies = []
        readByteCount = bytes.count
        let chunkByteCount = bytes.count - entry.directoryByteCount
        let span = bytes.rawSpan.extracting(chunkByteCount...)
        guard XXH3.hash(span, seed: id.checksumSeed(UInt64(index), UInt64(UInt32.max))) == entry.directoryChecksum
        else { throw BlockError(.corrupted, "the column list of row group \(index) of block \(id) fails its checksum") }
        do {
            directory = try RowGroupDirectory(span, chunkByteCount: chunkByteCount)
        } catch {
            throw BlockError(
                .corrupted, "the column list of row group \(index) of block \(id) is damaged", cause: error)
        }
    }

    var columns: [RowGroupDirectory.Chunk] { directory.chunks }

    /// Values that the chunk of `column` holds; 0 if there is none.
    func valueCount(_ column: UInt32) -> Int { directory.chunk(column)?.valueCount ?? 0 }

    func chunk(_ column: UInt32) -> RowGroupDirectory.Chunk? { directory.chunk(column) }

    /// Appends values `range` of an integer column that has `count` values in the group; 0s if it has no chunk.
    ///
    /// - Throws: `.corrupted` naming the chunk, also if it has another number of values.
    func integers(
        _ column: UInt32, count: Int, _ range: Range<Int>, into values: inout FlatBuffer<UInt64>
    ) throws(BlockError) {
        try append(column, count, range, wantedCount: range.count, to: &values) {
            (body, values) throws(ByteCodingError) in
            try IntegerChunk.decode(body, count: count, range: range, into: &values)
        }
    }

    /// Appends some values of an integer column that has `count` values in the group; 0s if it has no chunk.
    ///
    /// - Parameter places: Rising or equal, in 0..<count.
    func integers(
        _ column: UInt32, count: Int, at places: Span<Int>, into values: inout FlatBuffer<UInt64>
    ) throws(BlockError) {
        try append(column, count, 0..<count, wantedCount: places.count, to: &values) {
            (body, values) throws(ByteCodingError) in
            try IntegerChunk.pick(body, count: count, at: places, into: &values)
        }
    }

    /// Appends codes `range` of a column with a block dictionary; 0s if it has no chunk.
    func codes(
        _ column: UInt32, count: Int, _ range: Range<Int>, into codes: inout FlatBuffer<UInt32>
    ) throws(BlockError) {
        try append(column, count, range, wantedCount: range.count, to: &codes) {
            (body, codes) throws(ByteCodingError) in
            try CodeChunk.decode(body, count: count, range: range, into: &codes)
        }
    }

    /// Appends some codes of a column with a block dictionary that has `count` of them; 0s if it has no chunk.
    ///
    /// - Parameter places: Rising or equal, in 0..<count.
    func codes(
        _ column: UInt32, count: Int, at places: Span<Int>, into codes: inout FlatBuffer<UInt32>
    ) throws(BlockError) {
        try append(column, count, 0..<count, wantedCount: places.count, to: &codes) {
            (body, codes) throws(ByteCodingError) in
            try CodeChunk.pick(body, count: count, at: places, into: &codes)
        }
    }

    /// Appends what `decode` takes out of a column's chunk; 0s if it has none.
    private func append<Value: FixedWidthInteger & BitwiseCopyable>(
        _ column: UInt32, _ count: Int, _ range: Range<Int>, wantedCount: Int, to values: inout FlatBuffer<Value>,
        _ decode: (RawSpan, inout FlatBuffer<Value>) throws(ByteCodingError) -> Void
    ) throws(BlockError) {
        guard let chunk = directory.chunk(column) else {
            values.resize(to: values.count + wantedCount, filling: 0)
            return
        }
        try check(chunk, count: count, range)
        try self.decode(chunk) { (body) throws(ByteCodingError) in try decode(body, &values) }
    }

    /// The rows of an integer column with `count` values in the group whose value is wanted; without a chunk all are 0.
    ///
    /// - Parameter limit: What all values must lie below; `.max` for any.
    func rows(
        integers column: UInt32, count: Int, _ wanted: ValueSet, limit: UInt64 = .max
    ) throws(BlockError) -> BitMask {
        try rows(column, count, wanted) { (body) throws(ByteCodingError) in
            try IntegerChunk.rows(body, count: count, wanted, limit: limit)
        }
    }

    /// The rows of a column with a block dictionary of `limit` entries whose code is wanted.
    func rows(
        codes column: UInt32, count: Int, _ wanted: ValueSet, limit: Int
    ) throws(BlockError) -> BitMask {
        try rows(column, count, wanted) { (body) throws(ByteCodingError) in
            try CodeChunk.rows(body, count: count, wanted, limit: limit)
        }
    }

    private func rows(
        _ column: UInt32, _ count: Int, _ wanted: ValueSet, _ rows: (RawSpan) throws(ByteCodingError) -> BitMask
    ) throws(BlockError) -> BitMask {
        guard let chunk = directory.chunk(column) else { return BitMask(repeating: wanted.contains(0), count: count) }
        try check(chunk, count: count, 0..<count)
        return try decode(chunk, rows)
    }

    /// The strings of a column without a block dictionary, for values `range`; nil if it has no chunk.
    func localStrings(_ column: UInt32, count: Int, _ range: Range<Int>) throws(BlockError) -> DecodedStrings? {
        guard let chunk = directory.chunk(column) else { return nil }
        try check(chunk, count: count, range)
        return try decode(chunk) { (body) throws(ByteCodingError) in
            try ByteStringChunk.decode(body, count: count, range: range)
        }
    }

    /// Proves the checksums of all chunks, and that nothing lies between them but zeros.
    ///
    /// - Returns: How many chunks there are.
    func verify() throws(BlockError) -> Int {
        var end = 0
        for chunk in directory.chunks.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
            for byte in bytes[end..<chunk.offset] where byte != 0 {
                throw BlockError(.corrupted, "the padding in row group \(index) of block \(id) is damaged")
            }
            _ = try body(of: chunk)
            end = chunk.offset + chunk.byteCount
        }
        guard end == bytes.count - entry.directoryByteCount else {
            throw BlockError(.corrupted, "row group \(index) of block \(id) has bytes of no column")
        }
        return directory.chunks.count
    }

    private func check(_ chunk: RowGroupDirectory.Chunk, count: Int, _ range: Range<Int>) throws(BlockError) {
        guard chunk.valueCount == count, range.lowerBound >= 0, range.upperBound <= count else {
            throw BlockError(
                .corrupted,
                "column \(chunk.column) in row group \(index) of block \(id) has \(chunk.valueCount) values, not \(count)")
        }
    }

    /// Gives a chunk's bytes to `decode`, proved and decompressed; those that are stored as they are without a copy.
    private func decode<Values: ~Copyable>(
        _ chunk: RowGroupDirectory.Chunk, _ decode: (RawSpan) throws(ByteCodingError) -> Values
    ) throws(BlockError) -> Values {
        if let place = place(ofBody: chunk) {
            let body = bodies[place]
            do { return try decode(body.rawSpan) } catch { throw damaged(chunk.column, error) }
        }
        if chunk.codec == Codec.none.rawValue {
            let body = try stored(chunk)
            do { return try decode(body) } catch { throw damaged(chunk.column, error) }
        }
        let body = try body(of: chunk)
        do { return try decode(body.rawSpan) } catch { throw damaged(chunk.column, error) }
    }

    private func place(ofBody chunk: RowGroupDirectory.Chunk) -> Int? {
        bodies.isEmpty ? nil : directory.place(of: chunk.column)
    }

    /// A chunk's bytes as they are stored, proved.
    @_lifetime(borrow self)
    private func stored(_ chunk: RowGroupDirectory.Chunk) throws(BlockError) -> RawSpan {
        let stored = bytes.rawSpan.extracting(chunk.offset..<(chunk.offset + chunk.byteCount))
        try Self.check(chunk, stored, index, id)
        return stored
    }

    /// A chunk's bytes, proved and decompressed.
    func body(of chunk: RowGroupDirectory.Chunk) throws(BlockError) -> [UInt8] {
        if let place = place(ofBody: chunk) { return bodies[place] }
        let stored = bytes.rawSpan.extracting(chunk.offset..<(chunk.offset + chunk.byteCount))
        return try Self.body(of: chunk, stored, index, id)
    }

    /// - Parameter stored: The chunk's bytes as they lie in the block.
    static func body(
        of chunk: RowGroupDirectory.Chunk, _ stored: RawSpan, _ group: Int, _ id: BlockID
    ) throws(BlockError) -> [UInt8] {
        try check(chunk, stored, group, id)
        return try BlockReader.decompressed(
            stored, codec: chunk.codec, "column \(chunk.column) in row group \(group) of block \(id)")
    }

    private static func check(
        _ chunk: RowGroupDirectory.Chunk, _ stored: RawSpan, _ group: Int, _ id: BlockID
    ) throws(BlockError) {
        let seed = id.checksumSeed(UInt64(group), UInt64(chunk.column))
        guard XXH3.hash(stored, seed: seed) == chunk.checksum else {
            throw BlockError(
                .corrupted, "column \(chunk.column) in row group \(group) of block \(id) fails its checksum")
        }
    }

    private func damaged(_ column: UInt32, _ error: ByteCodingError) -> BlockError {
        BlockError(.corrupted, "column \(column) in row group \(index) of block \(id) is damaged", cause: error)
    }
}
