// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Writes one row group after the other: gathers a column, encodes it, appends the chunk.
struct RowGroupWriter: ~Copyable {
    let blockID: BlockID
    private(set) var bytes = ByteWriter(capacity: 1 << 20)
    private var directory = RowGroupDirectory()
    private var group = 0
    /// Where the group begins in the block, for the alignment of large chunks.
    private var blockOffset = 0
    var scratch = EncodingScratch()
    var chunk = ByteWriter(capacity: 64 << 10)
    /// How hard chunks are compressed.
    var effort = CompressionEffort.fast
    var codes = FlatBuffer<UInt32>(capacity: BlockLayout.rowGroupRowLimit)
    private var local: LocalStrings
    /// By column number: values written so far.
    private(set) var valueCounts: [Int]
    /// By place in the catalog's dictionaries: occurrences written so far.
    var stringCounts: FlatBuffer<UInt64>

    init(blockID: BlockID, _ catalog: borrowing BlockCatalog) {
        self.blockID = blockID
        local = LocalStrings(stringCount: catalog.strings.count)
        valueCounts = Array(repeating: 0, count: catalog.columnCount)
        stringCounts = FlatBuffer(repeating: 0, count: catalog.dictionaries.reduce(0) { $0 + $1.entries.count })
    }

    /// For strings that are given as they are to be stored: see ``writeCodes(_:_:_:firstPlace:)``.
    init(blockID: BlockID, columnCount: Int, dictionaryEntryCount: Int, effort: CompressionEffort) {
        self.blockID = blockID
        self.effort = effort
        local = LocalStrings(stringCount: 0)
        valueCounts = Array(repeating: 0, count: columnCount)
        stringCounts = FlatBuffer(repeating: 0, count: dictionaryEntryCount)
    }

    mutating func begin(group: Int, blockOffset: Int) {
        self.group = group
        self.blockOffset = blockOffset
        bytes.removeAll()
        directory = RowGroupDirectory()
    }

    /// Appends the column directory; the group's bytes are in `bytes`.
    mutating func finish() -> (directoryByteCount: Int, directoryChecksum: UInt64) {
        chunk.removeAll()
        directory.write(into: &chunk)
        let checksum = chunk.checksum(
            0..<chunk.count, seed: blockID.checksumSeed(UInt64(group), UInt64(UInt32.max)))
        bytes.append(chunk)
        return (chunk.count, checksum)
    }

    // MARK: - Columns

    /// Writes a fixed column of integers; nothing if all are 0.
    mutating func write(_ column: FixedColumn, _ values: borrowing FlatBuffer<UInt64>) {
        write(column.rawValue, values, 0..<values.count, omitsZeros: true)
    }

    /// Writes a fixed column that every group has.
    mutating func writeAlways(_ column: FixedColumn, _ values: borrowing FlatBuffer<UInt64>) {
        write(column.rawValue, values, 0..<values.count, omitsZeros: false)
    }

    /// Writes a column of the integers `range` of `values`.
    ///
    /// - Parameter omitsZeros: Whether a column of nothing but 0 is left out, as fixed columns are.
    mutating func write(
        _ column: UInt32, _ values: borrowing FlatBuffer<UInt64>, _ range: Range<Int>, omitsZeros: Bool
    ) {
        chunk.removeAll()
        let encoded = IntegerChunk.encode(values.span.extracting(range), into: &chunk, scratch: &scratch)
        if omitsZeros && encoded.statistics.maximum == 0 { return }
        append(
            column, valueCount: range.count, encoded.statistics.minimum, encoded.statistics.maximum,
            mayCompress: encoded.encoding.mayCompress)
    }

    /// Writes a column of the strings `range` of `values`, given by their codes in the catalog's numbering.
    ///
    /// - Parameter omitsEmpty: Whether a column of nothing but empty strings is left out, as fixed columns are.
    mutating func writeStrings(
        _ column: UInt32, _ values: borrowing FlatBuffer<UInt64>, _ range: Range<Int>, omitsEmpty: Bool,
        _ catalog: inout BlockCatalog
    ) {
        let strings = values.span.extracting(range)
        if omitsEmpty && Self.isZero(strings) { return }
        guard catalog.hasDictionary[Int(column)] else { return writeLocal(column, strings, catalog) }
        let first = catalog.firstPlaces[Int(column)]
        codes.removeAll()
        for index in strings.indices {
            let entry = catalog.distinct.entry(column: column, string: UInt32(truncatingIfNeeded: strings[index]))
            let place = catalog.places[entry]
            stringCounts[Int(place)] &+= 1
            codes.append(place &- first)
        }
        chunk.removeAll()
        // Whole bytes help lz4 in the names of spans only; elsewhere narrow fields are smaller.
        let prefersBytes = column == FixedColumn.name.rawValue
        let encoded = Self.encode(codes, prefersBytes, into: &chunk, scratch: &scratch)
        append(
            column, valueCount: strings.count, UInt64(encoded.minimum), UInt64(encoded.maximum),
            mayCompress: encoded.encoding.mayCompress)
    }

    /// Writes a column of the strings `range` of `values`, given as ``StoredStrings`` has them.
    mutating func writeStored(
        _ column: UInt32, _ values: borrowing FlatBuffer<UInt64>, _ range: Range<Int>, _ catalog: borrowing BlockCatalog
    ) {
        if catalog.hasDictionary[Int(column)] {
            writeCodes(column, values, range, firstPlace: Int(catalog.firstPlaces[Int(column)]))
        } else {
            writeLocal(column, values.span.extracting(range), catalog)
        }
    }

    private static func isZero(_ values: Span<UInt64>) -> Bool {
        for index in values.indices where values[index] != 0 { return false }
        return true
    }

    private mutating func writeLocal(_ column: UInt32, _ values: Span<UInt64>, _ catalog: borrowing BlockCatalog) {
        chunk.removeAll()
        local.encode(values, catalog.strings, into: &chunk, scratch: &scratch)
        append(column, valueCount: values.count, 0, 0, mayCompress: true)
    }

    /// Appends what stands in `chunk`, compressed where that saves a tenth.
    mutating func append(
        _ column: UInt32, valueCount: Int, _ minimum: UInt64, _ maximum: UInt64, mayCompress: Bool
    ) {
        let offset = bytes.count
        var codec = Codec.none
        if mayCompress, chunk.count >= 64 { codec = Self.compress(chunk, into: &bytes, effort) }
        if codec == .none {
            bytes.truncate(to: offset)
            align(chunk.count)
            bytes.append(chunk)
        }
        let start = codec == .none ? bytes.count - chunk.count : offset
        let seed = blockID.checksumSeed(UInt64(group), UInt64(column))
        directory.chunks.append(
            RowGroupDirectory.Chunk(
                column: column, offset: start, byteCount: bytes.count - start, codec: codec.rawValue,
                valueCount: valueCount, minimum: minimum, maximum: maximum,
                checksum: bytes.checksum(start..<bytes.count, seed: seed)))
        valueCounts[Int(column)] += valueCount
    }

    // Fields are passed one by one because a span of one would hold up the others too.
    static func encode(
        _ codes: borrowing FlatBuffer<UInt32>, _ prefersBytes: Bool, into out: inout ByteWriter,
        scratch: inout EncodingScratch
    ) -> EncodedCodes {
        CodeChunk.encode(codes.span, into: &out, scratch: &scratch, prefersByteAlignment: prefersBytes)
    }

    private static func compress(
        _ bytes: borrowing ByteWriter, into out: inout ByteWriter, _ effort: CompressionEffort
    ) -> Codec {
        Codec.append(bytes.bytes, to: &out, effort: effort)
    }

    private mutating func align(_ byteCount: Int) {
        guard byteCount >= BlockLayout.alignedChunkByteCount else { return }
        let past = (blockOffset + bytes.count) % BlockLayout.chunkAlignment
        if past != 0 { bytes.appendZeros(BlockLayout.chunkAlignment - past) }
    }
}
