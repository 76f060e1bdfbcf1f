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
    private var scratch = EncodingScratch()
    private var chunk = ByteWriter(capacity: 64 << 10)
    private var wide = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    private var codes = FlatBuffer<UInt32>(capacity: BlockLayout.rowGroupRowLimit)
    private var local: LocalStrings
    /// By column number: values written so far.
    private(set) var valueCounts: [Int]
    /// By entry of the catalog's distinct values: occurrences written so far.
    private(set) var entryCounts: FlatBuffer<UInt64>

    init(blockID: BlockID, stringCount: Int, entryCount: Int, columnCount: Int) {
        self.blockID = blockID
        local = LocalStrings(stringCount: stringCount)
        valueCounts = Array(repeating: 0, count: columnCount)
        entryCounts = FlatBuffer(repeating: 0, count: entryCount)
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

    /// Writes a column of integers; nothing if all are 0.
    mutating func write(_ column: FixedColumn, _ values: borrowing FlatBuffer<UInt64>) {
        write(column.rawValue, values, omitsZeros: true)
    }

    mutating func write(_ column: FixedColumn, _ values: borrowing FlatBuffer<UInt32>) {
        widen(values)
        writeWide(column)
    }

    /// Signed values are stored by their 32 bits: those that occur are small numbers.
    mutating func write(_ column: FixedColumn, _ values: borrowing FlatBuffer<Int32>) {
        wide.removeAll()
        for index in 0..<values.count { wide.append(UInt64(UInt32(bitPattern: values[index]))) }
        writeWide(column)
    }

    mutating func write(_ column: FixedColumn, _ values: borrowing FlatBuffer<UInt8>) {
        wide.removeAll()
        for index in 0..<values.count { wide.append(UInt64(values[index])) }
        writeWide(column)
    }

    private mutating func widen(_ values: borrowing FlatBuffer<UInt32>) {
        wide.removeAll()
        for index in 0..<values.count { wide.append(UInt64(values[index])) }
    }

    private mutating func writeWide(_ column: FixedColumn) {
        let values = exchange(&wide, with: FlatBuffer<UInt64>(capacity: 1))
        write(column.rawValue, values, omitsZeros: true)
        wide = values
    }

    /// - Parameter omitsZeros: Whether a column of nothing but 0 is left out, as fixed columns are.
    mutating func write(_ column: UInt32, _ values: borrowing FlatBuffer<UInt64>, omitsZeros: Bool) {
        chunk.removeAll()
        let encoded = IntegerChunk.encode(values.span, into: &chunk, scratch: &scratch)
        if omitsZeros && encoded.statistics.maximum == 0 { return }
        append(
            column, valueCount: values.count, encoded.statistics.minimum, encoded.statistics.maximum,
            mayCompress: encoded.encoding.mayCompress)
    }

    /// Writes a column of strings, given by their codes in the catalog's numbering.
    ///
    /// - Parameter omitsEmpty: Whether a column of nothing but empty strings is left out, as fixed columns are.
    mutating func writeStrings(
        _ column: UInt32, _ values: borrowing FlatBuffer<UInt32>, omitsEmpty: Bool, _ catalog: inout BlockCatalog
    ) {
        if omitsEmpty {
            var isEmpty = true
            for index in 0..<values.count where values[index] != 0 {
                isEmpty = false
                break
            }
            if isEmpty { return }
        }
        guard catalog.hasDictionary[Int(column)] else { return writeLocal(column, values, catalog) }
        codes.removeAll()
        for index in 0..<values.count {
            let entry = catalog.entry(column: column, string: values[index])
            entryCounts[entry] += 1
            codes.append(catalog.ranks[entry])
        }
        chunk.removeAll()
        // Whole bytes help lz4 in the names of spans only; elsewhere narrow fields are smaller.
        let prefersBytes = column == FixedColumn.name.rawValue
        let encoded = Self.encode(codes, prefersBytes, into: &chunk, scratch: &scratch)
        append(
            column, valueCount: values.count, UInt64(encoded.minimum), UInt64(encoded.maximum),
            mayCompress: encoded.encoding.mayCompress)
    }

    private mutating func writeLocal(
        _ column: UInt32, _ values: borrowing FlatBuffer<UInt32>, _ catalog: borrowing BlockCatalog
    ) {
        chunk.removeAll()
        local.encode(values, catalog.strings, into: &chunk, scratch: &scratch)
        append(column, valueCount: values.count, 0, 0, mayCompress: true)
    }

    /// Appends what stands in `chunk`, compressed where that saves a tenth.
    private mutating func append(
        _ column: UInt32, valueCount: Int, _ minimum: UInt64, _ maximum: UInt64, mayCompress: Bool
    ) {
        let offset = bytes.count
        var codec = Codec.none
        if mayCompress, chunk.count >= 64 { codec = Self.compress(chunk, into: &bytes) }
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
    private static func encode(
        _ codes: borrowing FlatBuffer<UInt32>, _ prefersBytes: Bool, into out: inout ByteWriter,
        scratch: inout EncodingScratch
    ) -> EncodedCodes {
        CodeChunk.encode(codes.span, into: &out, scratch: &scratch, prefersByteAlignment: prefersBytes)
    }

    static func compress(_ bytes: borrowing ByteWriter, into out: inout ByteWriter) -> Codec {
        Codec.append(bytes.bytes, to: &out)
    }

    private mutating func align(_ byteCount: Int) {
        guard byteCount >= BlockLayout.alignedChunkByteCount else { return }
        let past = (blockOffset + bytes.count) % BlockLayout.chunkAlignment
        if past != 0 { bytes.appendZeros(BlockLayout.chunkAlignment - past) }
    }
}

/// Strings of a row group that stand in no dictionary of the block.
struct LocalStrings: ~Copyable {
    /// By string: the last column chunk that used it, and its code there.
    private var stamps: FlatBuffer<UInt32>
    private var localCodes: FlatBuffer<UInt32>
    private var stamp: UInt32 = 0
    private var codes = FlatBuffer<UInt32>()
    private var distinct = FlatBuffer<UInt32>()

    init(stringCount: Int) {
        stamps = FlatBuffer(repeating: 0, count: stringCount)
        localCodes = FlatBuffer(repeating: 0, count: stringCount)
    }

    /// Appends a chunk of the strings `values`.
    mutating func encode(
        _ values: borrowing FlatBuffer<UInt32>, _ strings: borrowing UnifiedStrings, into out: inout ByteWriter,
        scratch: inout EncodingScratch
    ) {
        stamp += 1
        codes.removeAll()
        distinct.removeAll()
        for index in 0..<values.count {
            let string = Int(values[index])
            if stamps[string] != stamp {
                stamps[string] = stamp
                localCodes[string] = UInt32(distinct.count)
                distinct.append(values[index])
            }
            codes.append(localCodes[string])
        }
        ByteStringChunk.encode(codes, distinct, strings, into: &out, scratch: &scratch)
    }
}

/// Moves a noncopyable value out of a field.
func exchange<T: ~Copyable>(_ field: inout T, with replacement: consuming T) -> T {
    let old = consume field
    field = replacement
    return old
}
