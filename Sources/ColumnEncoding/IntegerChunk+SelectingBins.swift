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
        guard bitCount < 1 << 40 else { throw ByteCodingError(.corrupted, "bin code") }
        _ = try cursor.take((bitCount + 7) / 8)
        return rows
    }
}

/// A range in a binned column.
///
/// Of most rows the bin tells whether they lie in the range, and a byte of codes tells it of all its rows at once; only
/// of bins in which the range begins or ends mantissas are read.
struct BinScan {
    private let bins: BinTable
    private let sums: BinSums
    private let first: UInt64
    private let extent: UInt64
    private let rowsInByte: Int
    /// By byte of codes, a bit for each row: in the lower half whether its bin lies in the range, in the upper one
    /// whether only the mantissa tells.
    private var verdicts = InlineArray<256, UInt16>(repeating: 0)

    /// - Parameter bins: Of which the codes do not have 3 bits.
    init(_ bins: BinTable, from first: UInt64, extent: UInt64) {
        self.bins = bins
        self.first = first
        self.extent = extent
        sums = BinSums(bins)
        rowsInByte = 8 / bins.codeWidth
        var ofCode = InlineArray<16, UInt16>(repeating: 0)
        for code in 0..<bins.count { ofCode[code] = verdict(ofCode: code) }
        for byte in 0..<256 {
            for row in 0..<rowsInByte {
                verdicts[byte] |= ofCode[byte >> (row * bins.codeWidth) & bins.codeMask] << UInt16(row)
            }
        }
    }

    private func verdict(ofCode code: Int) -> UInt16 {
        let (lower, mask) = (bins.lowers[code], bins.masks[code])
        let above = lower &- first
        if above <= extent { return mask <= extent - above ? 1 : 1 << 8 }
        // The bin begins outside; it may still have the range's first value.
        return first &- lower <= mask ? 1 << 8 : 0
    }

    /// - Returns: The rows, and the bits of all mantissas: 2⁴⁰ or more if a code has no bin.
    func rows(
        _ codes: RawSpan, count: Int, mantissas: RawSpan
    ) throws(ByteCodingError) -> (rows: BitMask, bitCount: Int) {
        let verdicts = verdicts.span
        let bitCounts = sums.ofByte.span
        var rows = BitMask.Builder(count: count)
        var bit = 0
        var row = 0
        while row &+ rowsInByte <= count {
            let byte = Int(codes[row / rowsInByte])
            var marks = UInt64(verdicts[byte] & 255)
            let doubtful = Int(verdicts[byte] &>> 8)
            if doubtful != 0 { marks |= try judge(doubtful, in: byte, mantissas, at: bit) }
            rows.append(marks, count: rowsInByte)
            bit &+= Int(truncatingIfNeeded: bitCounts[byte])
            row &+= rowsInByte
        }
        if row < count {
            let byte = Int(codes[row / rowsInByte])
            let doubtful = Int(verdicts[byte] >> 8) & ((1 << (count - row)) - 1)
            let marks = UInt64(verdicts[byte] & 255) | (try judge(doubtful, in: byte, mantissas, at: bit))
            rows.append(marks, count: count - row)
            for row in row..<count { bit &+= Int(sums.ofCode[try sums.code(ofRow: row, in: codes)]) }
        }
        return (rows.mask, bit)
    }

    /// - Parameters:
    ///   - doubtful: A bit for each row of the byte that is to be judged.
    ///   - bit: Where the mantissas of the byte's rows begin.
    private func judge(
        _ doubtful: Int, in byte: Int, _ mantissas: RawSpan, at bit: Int
    ) throws(ByteCodingError) -> UInt64 {
        var (codes, bit, rows, marks) = (byte, bit, doubtful, UInt64(0))
        var mark: UInt64 = 1
        while rows != 0 {
            let code = codes & bins.codeMask
            if rows & 1 == 1 {
                let field = try BitPacking.wideField(
                    mantissas, at: bit, mask: bins.masks[code], width: bins.widths[code])
                if bins.lowers[code] &+ field &- first <= extent { marks |= mark }
            }
            bit &+= bins.widths[code]
            codes &>>= bins.codeWidth
            rows &>>= 1
            mark &<<= 1
        }
        return marks
    }
}
