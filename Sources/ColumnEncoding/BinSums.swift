// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Sums of the mantissas' widths of packed bin codes, some codes at a time; none of them is kept.
struct BinSums: ~Copyable {
    private let codeWidth: Int
    /// By code; of those without a bin more than all real ones together.
    private var ofCode = InlineArray<16, UInt64>(repeating: 1 << 40)
    /// By byte: of the whole codes in it, from its first bit.
    private var ofByte = InlineArray<256, UInt64>(repeating: 0)

    init(_ bins: BinTable) {
        codeWidth = bins.codeWidth
        for code in 0..<bins.count { ofCode[code] = UInt64(bins.widths[code]) }
        // Of bytes with zeros behind their first codes: each code more makes as many times as many of them as there
        // are codes. Of codes of 3 bits a byte has two whole ones, and whatever is left of a third.
        var count = 1
        while count << codeWidth <= 256 {
            for code in (0..<(1 << codeWidth)).reversed() {
                for byte in 0..<count { ofByte[code * count + byte] = ofByte[byte] &+ ofCode[code] }
            }
            count <<= codeWidth
        }
        for byte in count..<256 { ofByte[byte] = ofByte[byte & (count - 1)] }
    }

    /// The mantissa bits of the rows. Throws `.corrupted` at a code that has no bin.
    func bitCount(of rows: Range<Int>, in codes: RawSpan) throws(ByteCodingError) -> Int {
        let ofCode = ofCode.span
        var sum: UInt64 = 0
        // Rows by which the codes come to begin at a byte again.
        let step = codeWidth == 3 ? 8 : 8 / codeWidth
        var row = rows.lowerBound
        while row < rows.upperBound, row % step != 0 {
            sum &+= ofCode[try code(ofRow: row, in: codes)]
            row &+= 1
        }
        let stepCount = (rows.upperBound &- row) / step
        if codeWidth == 3 {
            sum &+= try sumOfThrees(codes, row / 8 &* 3, stepCount)
        } else {
            sum &+= try sumOfBytes(codes, row / step, stepCount)
        }
        row &+= stepCount &* step
        while row < rows.upperBound {
            sum &+= ofCode[try code(ofRow: row, in: codes)]
            row &+= 1
        }
        guard sum < 1 << 40 else { throw ByteCodingError(.corrupted, "bin code") }
        return Int(sum)
    }

    private func sumOfBytes(_ codes: RawSpan, _ first: Int, _ count: Int) throws(ByteCodingError) -> UInt64 {
        guard first &+ count <= codes.byteCount else { throw ByteCodingError(.truncated, "bin codes") }
        let table = ofByte.span
        var sum: UInt64 = 0
        for offset in first..<(first &+ count) { sum &+= table[Int(codes[offset])] }
        return sum
    }

    /// Of codes of 3 bits, of which eight fill three bytes; two of them are looked up together.
    private func sumOfThrees(_ codes: RawSpan, _ first: Int, _ count: Int) throws(ByteCodingError) -> UInt64 {
        guard first &+ count &* 3 <= codes.byteCount else { throw ByteCodingError(.truncated, "bin codes") }
        let table = ofByte.span
        var sum: UInt64 = 0
        for index in 0..<count {
            let offset = first &+ index &* 3
            let (a, b, c) = (Int(codes[offset]), Int(codes[offset &+ 1]), Int(codes[offset &+ 2]))
            sum &+= table[a & 63] &+ table[(a &>> 6 | b &<< 2) & 63]
            sum &+= table[(b &>> 4 | c &<< 4) & 63] &+ table[c &>> 2]
        }
        return sum
    }

    /// Below 16.
    @inline(__always) func code(ofRow row: Int, in codes: RawSpan) throws(ByteCodingError) -> Int {
        let bit = row &* codeWidth
        // Codes of 3 bits may lie in two bytes.
        guard codeWidth != 3 else { return Int(try BitPacking.field(codes, at: bit, width: 3)) }
        guard bit &>> 3 < codes.byteCount else { throw ByteCodingError(.truncated, "bin codes") }
        return Int(codes[bit &>> 3] &>> UInt8(bit & 7)) & ((1 &<< codeWidth) &- 1)
    }
}
