// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

extension IntegerChunk {
    /// Appends the rows `range` of a flat chunk of `count` values that starts at the cursor.
    ///
    /// The cursor is then behind the chunk.
    static func decodeFlat(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>,
        _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        guard let encoding = IntegerEncoding(rawValue: try cursor.byte(bytes)) else {
            throw ByteCodingError(.corrupted, "integer encoding")
        }
        try decodeFlat(encoding, bytes, &cursor, count, range, &values)
    }

    static func decodeFlat(
        _ encoding: IntegerEncoding, _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int,
        _ range: Range<Int>, _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        let base = try cursor.varint(bytes)
        switch encoding {
        case .constant:
            values.resize(to: values.count + range.count, filling: base)
        case .packed:
            let width = Int(try cursor.byte(bytes))
            guard width <= 64 else { throw ByteCodingError(.corrupted, "bit width") }
            let packed = try takeBits(&cursor, count, width)
            try BitPacking.unpack(
                packed.span(of: bytes), range: range, width: width, adding: base, into: &values)
        case .varint:
            guard count <= cursor.remaining else { throw ByteCodingError(.truncated, "varints") }
            for row in 0..<count {
                let value = try cursor.varint(bytes)
                if range.contains(row) { values.append(base &+ value) }
            }
        case .binned:
            try decodeBinned(bytes, &cursor, count, range, base, &values)
        case .sparse:
            try decodeSparse(bytes, &cursor, count, range, base, &values)
        case .delta, .runs, .dictionary:
            throw ByteCodingError(.corrupted, "nested integer encoding")
        }
    }

    private static func decodeSparse(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>, _ common: UInt64,
        _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        var gaps = FlatBuffer<UInt64>()
        var others = FlatBuffer<UInt64>()
        let exceptionCount = try decodeExceptions(bytes, &cursor, count, gaps: &gaps, others: &others)
        let start = values.count
        values.resize(to: start + range.count, filling: common)
        var target = values.mutableSpan
        var next = 0
        for index in 0..<exceptionCount {
            guard gaps[index] < UInt64(count &- next) else { throw ByteCodingError(.corrupted, "exception") }
            let row = next &+ Int(gaps[index])
            if range.contains(row) { target[start &+ row &- range.lowerBound] = common &+ others[index] &+ 1 }
            next = row &+ 1
        }
    }

    /// Appends what a sparse chunk says of its exceptions: how far each is from the one before, and its value.
    ///
    /// - Returns: How many there are.
    static func decodeExceptions(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, gaps: inout FlatBuffer<UInt64>,
        others: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) -> Int {
        let exceptionCount = try cursor.count(bytes, limit: count)
        try decodePlain(bytes, &cursor, exceptionCount, &gaps)
        try decodePlain(bytes, &cursor, exceptionCount, &others)
        return exceptionCount
    }

    /// A flat chunk that holds no other, so that hostile bytes can't nest without end.
    private static func decodePlain(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        guard let encoding = IntegerEncoding(rawValue: try cursor.byte(bytes)), encoding != .sparse else {
            throw ByteCodingError(.corrupted, "nested integer encoding")
        }
        try decodeFlat(encoding, bytes, &cursor, count, 0..<count, &values)
    }

    static func takeBits(
        _ cursor: inout ByteCursor, _ count: Int, _ width: Int
    ) throws(ByteCodingError) -> ByteCursor {
        guard let byteCount = BitPacking.byteCount(count, width: width) else {
            throw ByteCodingError(.truncated, "bit-packed values")
        }
        return try cursor.take(byteCount)
    }

    private static func decodeBinned(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>, _ base: UInt64,
        _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        let bins = try BinTable(bytes, &cursor, base: base)
        let codeBytes = try takeBits(&cursor, count, bins.codeWidth).span(of: bytes)
        let firstBit = try range.lowerBound == 0 ? 0 : BinSums(bins).bitCount(of: 0..<range.lowerBound, in: codeBytes)
        var codes = FlatBuffer<UInt32>(capacity: range.count)
        try BitPacking.unpack(codeBytes, range: range, width: bins.codeWidth, adding: 0, into: &codes)
        let rangeBitCount = try bins.bitCount(of: codes.span)
        // What is read in part stands at the end of the bytes, so the rest of them is its own.
        let byteCount = range.upperBound == count ? (firstBit &+ rangeBitCount &+ 7) / 8 : cursor.remaining
        let mantissas = try cursor.take(byteCount).span(of: bytes)
        let start = values.count
        values.resize(to: start + range.count, filling: 0)
        var target = values.mutableSpan
        var bit = firstBit
        let lowers = bins.lowers.span
        let masks = bins.masks.span
        let widths = bins.widths.span
        let rows = codes.span
        for row in rows.indices {
            let code = Int(rows[row] & 15)
            let field = try BitPacking.wideField(mantissas, at: bit, mask: masks[code], width: widths[code])
            target[start &+ row] = lowers[code] &+ field
            bit &+= widths[code]
        }
    }
}

/// The bins of a binned chunk, ready to be looked up by code.
struct BinTable {
    let count: Int
    var lowers = InlineArray<16, UInt64>(repeating: 0)
    var masks = InlineArray<16, UInt64>(repeating: 0)
    var widths = InlineArray<16, Int>(repeating: 0)

    var codeWidth: Int { BitPacking.width(of: UInt64(count &- 1)) }
    var codeMask: Int { (1 &<< codeWidth) &- 1 }

    init(_ bytes: RawSpan, _ cursor: inout ByteCursor, base: UInt64) throws(ByteCodingError) {
        count = Int(try cursor.byte(bytes))
        guard count >= 2, count <= 16 else { throw ByteCodingError(.corrupted, "bin count") }
        for code in 0..<count {
            lowers[code] = base &+ (try cursor.varint(bytes))
            widths[code] = Int(try cursor.byte(bytes))
            guard widths[code] <= 64 else { throw ByteCodingError(.corrupted, "bin width") }
            masks[code] = BitPacking.mask(widths[code])
        }
    }

    /// The mantissa bits of all `codes`. Throws `.corrupted` at a code that has no bin.
    func bitCount(of codes: Span<UInt32>) throws(ByteCodingError) -> Int {
        let widths = widths.span
        var bitCount = 0
        var highest: UInt32 = 0
        for row in codes.indices {
            highest = max(highest, codes[row])
            bitCount &+= widths[Int(codes[row] & 15)]
        }
        guard codes.count == 0 || highest < count else { throw ByteCodingError(.corrupted, "bin code") }
        return bitCount
    }
}
