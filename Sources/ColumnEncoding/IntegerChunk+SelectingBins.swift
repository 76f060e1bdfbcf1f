// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

extension IntegerChunk {
    /// The rows of a binned chunk whose value lies at most `extent` above `first`; nil if its codes have 3 bits.
    ///
    /// The cursor stands behind the encoding, and then behind the chunk.
    static func rowsOfBins(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, from first: UInt64, extent: UInt64
    ) throws(ByteCodingError) -> BitMask? {
        let base = try cursor.varint(bytes)
        let bins = try BinTable(bytes, &cursor, base: base)
        guard bins.codeWidth != 3 else { return nil }
        let codes = try takeBits(&cursor, count, bins.codeWidth).span(of: bytes)
        let scan = BinScan(bins, from: first, extent: extent)
        let (rows, bitCount) = try scan.rows(codes, count: count, mantissas: cursor.span(of: bytes))
        _ = try cursor.take((bitCount + 7) / 8)
        return rows
    }
}

/// A range in a binned column.
///
/// Of most rows the bin tells whether they lie in the range, and a byte of codes tells it of all its rows at once; only
/// of bins in which the range begins or ends mantissas are read.
struct BinScan {
    /// What is known of the rows of some codes, a bit for each row, from the lowest on: in bits 0…7 whether the bin
    /// lies in the range, in 8…15 whether only the mantissa tells; from bit 16 on how many bits their mantissas have.
    private typealias Verdict = UInt64

    /// A bin as it is looked up.
    private struct Bin {
        var lower: UInt64 = 0
        var mask: UInt64 = 0
        var width = 0
        // A code without a bin has more bits than all real ones together.
        var verdict: Verdict = 1 << 56
    }

    private let first: UInt64
    private let extent: UInt64
    private let codeWidth: Int
    private let rowsInByte: Int
    // Arrays, because of an inline array the compiler makes copies where it is looked up.
    /// By code, sixteen.
    private var bins: [Bin]
    /// By byte of codes.
    private var verdicts: [Verdict]

    private var codeMask: Int { (1 &<< codeWidth) &- 1 }

    /// - Parameter table: Of which the codes do not have 3 bits.
    init(_ table: BinTable, from first: UInt64, extent: UInt64) {
        self.first = first
        self.extent = extent
        codeWidth = table.codeWidth
        rowsInByte = 8 / codeWidth
        bins = [Bin](repeating: Bin(), count: 16)
        verdicts = []
        for code in 0..<table.count {
            var bin = Bin(lower: table.lowers[code], mask: table.masks[code], width: table.widths[code])
            bin.verdict = verdict(of: bin) | UInt64(bin.width) << 16
            bins[code] = bin
        }
        verdicts = verdictsOfBytes()
    }

    private func verdictsOfBytes() -> [Verdict] {
        var verdicts = [Verdict](repeating: 0, count: 256)
        let bins = bins.span
        let rowCount = UInt64(rowsInByte)
        for byte in 0..<256 {
            var verdict: Verdict = 0
            var rest = byte
            for row in 0..<rowCount {
                let code = bins[rest & codeMask & 15].verdict
                verdict = (verdict | (code & 0xffff) &<< row) &+ (code & ~0xffff)
                rest &>>= codeWidth
            }
            verdicts[byte] = verdict
        }
        return verdicts
    }

    private func verdict(of bin: Bin) -> Verdict {
        let above = bin.lower &- first
        if above <= extent { return bin.mask <= extent - above ? 1 : 1 << 8 }
        // The bin begins outside; it may still have the range's first value.
        return first &- bin.lower <= bin.mask ? 1 << 8 : 0
    }

    /// - Returns: The rows, and the bits of all mantissas.
    /// - Throws: `.corrupted` if a code has no bin, or mantissas are missing.
    func rows(
        _ codes: RawSpan, count: Int, mantissas: RawSpan
    ) throws(ByteCodingError) -> (rows: BitMask, bitCount: Int) {
        let bytesInWord = 64 / rowsInByte
        var words = [UInt64](repeating: 0, count: (count + 63) / 64)
        // Of each byte of a word's codes: where the mantissas of its rows begin.
        var starts = [Int](repeating: 0, count: 64)
        var bit = 0
        for index in words.indices {
            let first = index &* bytesInWord
            let rowCount = min(64, count &- index &* 64)
            let part = codes.extracting(first..<(first &+ (rowCount &+ rowsInByte &- 1) / rowsInByte))
            var (word, doubtful) = self.word(part, &bit, &starts)
            if rowCount < 64 {
                // The last byte may have codes of no row.
                for row in rowCount..<(part.byteCount &* rowsInByte) {
                    bit &-= Int(truncatingIfNeeded: bins[code(row, in: part)].verdict >> 16)
                }
                doubtful &= (1 &<< UInt64(rowCount)) &- 1
            }
            // Asked for each word, since the sum of very many could wrap around.
            guard bit < 1 << 40 else { throw ByteCodingError(.corrupted, "bin code") }
            if doubtful != 0 { word |= try judge(doubtful, part, starts.span, mantissas) }
            words[index] = word
        }
        return (BitMask(words: words, count: count), bit)
    }

    /// What is known of the rows of up to 64 codes, whose mantissas begin at `bit`, which is then behind them.
    @inline(__always)
    private func word(_ codes: RawSpan, _ bit: inout Int, _ starts: inout [Int]) -> (marks: UInt64, doubtful: UInt64) {
        let verdicts = verdicts.span
        var starts = starts.mutableSpan
        var (marks, doubtful) = (UInt64(0), UInt64(0))
        var row: UInt64 = 0
        var next = bit
        for offset in 0..<min(codes.byteCount, starts.count) {
            let verdict = verdicts[Int(codes[offset])]
            starts[offset] = next
            marks |= (verdict & 255) &<< row
            doubtful |= (verdict &>> 8 & 255) &<< row
            next &+= Int(truncatingIfNeeded: verdict &>> 16)
            row &+= UInt64(truncatingIfNeeded: rowsInByte)
        }
        bit = next
        return (marks, doubtful)
    }

    @inline(__always) private func code(_ row: Int, in codes: RawSpan) -> Int {
        let bit = row &* codeWidth
        return Int(codes[bit &>> 3]) &>> (bit & 7) & codeMask
    }

    /// Judges the rows of a word whose bit is set by their mantissas.
    @inline(never) private func judge(
        _ doubtful: UInt64, _ codes: RawSpan, _ starts: Span<Int>, _ mantissas: RawSpan
    ) throws(ByteCodingError) -> UInt64 {
        let bins = bins.span
        let verdicts = verdicts.span
        var rest = doubtful
        var marks: UInt64 = 0
        while rest != 0 {
            let row = rest.trailingZeroBitCount
            rest &= rest &- 1
            let offset = (row &* codeWidth) &>> 3
            // The rows before it in its byte: as of a byte that has code 0 in their stead from this row on.
            let position = row &- offset &* rowsInByte
            let before = Int(codes[offset]) & ((1 &<< (position &* codeWidth)) &- 1)
            let bit =
                starts[offset] &+ Int(truncatingIfNeeded: verdicts[before] &>> 16)
                &- (rowsInByte &- position) &* bins[0].width
            let bin = bins[code(row, in: codes)]
            let field = try BitPacking.wideField(mantissas, at: bit, mask: bin.mask, width: bin.width)
            if bin.lower &+ field &- first <= extent { marks |= 1 &<< UInt64(truncatingIfNeeded: row) }
        }
        return marks
    }
}
