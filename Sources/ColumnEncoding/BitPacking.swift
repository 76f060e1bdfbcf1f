// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// Bits are laid down least significant first: bit b of a run lies in byte b / 8 at position b % 8. Eight values of
// w bits fill exactly w bytes.
//
//     w = 3   byte 0            byte 1            byte 2
//             c c b b b a a a   f e e e d d d c   h h h g g g f f

/// Gathers values of any width into 64-bit words of a ``ByteWriter``.
struct BitWriter {
    private var pending: UInt64 = 0
    private var used: UInt64 = 0

    /// Appends the low `width` (0…64) bits of `value`, whose other bits must be zero.
    @inline(__always)
    mutating func append(_ value: UInt64, width: UInt64, into out: inout ByteWriter) {
        pending |= value &<< used
        let sum = used &+ width
        if sum < 64 {
            used = sum
        } else {
            out.append(littleEndian: pending)
            // In two steps, because a shift by 64 would be a shift by 0.
            pending = (value &>> 1) &>> (63 &- used)
            used = sum &- 64
        }
    }

    /// Writes what is left, filled up with zero bits to a whole byte.
    mutating func finish(into out: inout ByteWriter) {
        while used > 0 {
            out.append(UInt8(truncatingIfNeeded: pending))
            pending &>>= 8
            used = used > 8 ? used &- 8 : 0
        }
    }
}

/// Values of one width, and single bit fields, read from bytes that are not trusted.
enum BitPacking {
    /// Bits needed for `value`: 0 for 0.
    @inline(__always) static func width(of value: UInt64) -> Int { 64 &- value.leadingZeroBitCount }

    /// The lowest `width` (0…64) bits set.
    @inline(__always) static func mask(_ width: Int) -> UInt64 { width == 0 ? 0 : ~0 &>> UInt64(64 &- width) }

    /// Bytes that `count` values of `width` bits take, or nil if that is no number of bytes at all.
    static func byteCount(_ count: Int, width: Int) -> Int? {
        let (bits, overflow) = count.multipliedReportingOverflow(by: width)
        return overflow ? nil : bits / 8 + (bits % 8 == 0 ? 0 : 1)
    }

    /// The 64 bits from byte `offset`. Throws `.truncated` if they are not all there.
    @inline(__always) static func word(_ bytes: RawSpan, at offset: Int) throws(ByteCodingError) -> UInt64 {
        guard offset >= 0, offset &+ 8 <= bytes.byteCount else { throw ByteCodingError(.truncated, "bits") }
        return bytes.littleEndianWord(at: offset)
    }

    /// The field of `width` (0…64) bits that starts at `bit`. Throws `.truncated` if it leaves the bytes.
    static func field(_ bytes: RawSpan, at bit: Int, width: Int) throws(ByteCodingError) -> UInt64 {
        let end = bit &+ width
        guard bit >= 0, end >= bit, end <= bytes.byteCount &* 8 else {
            throw ByteCodingError(.truncated, "bit field")
        }
        var result: UInt64 = 0
        var at = bit
        while at < end {
            let taken = min(8 &- (at & 7), end &- at)
            let part = (UInt64(bytes[at &>> 3]) &>> UInt64(at & 7)) & mask(taken)
            result |= part &<< UInt64(at &- bit)
            at &+= taken
        }
        return result
    }

    /// As ``field(_:at:width:)``, quick where whole words can be loaded.
    @inline(__always)
    static func wideField(
        _ bytes: RawSpan, at bit: Int, mask: UInt64, width: Int
    ) throws(ByteCodingError) -> UInt64 {
        let offset = bit &>> 3
        guard offset &+ 9 <= bytes.byteCount else { return try field(bytes, at: bit, width: width) }
        let shift = UInt64(bit & 7)
        let low = try word(bytes, at: offset) &>> shift
        // A field of up to 57 bits lies in one word wherever it starts.
        guard width > 57 else { return low & mask }
        return (low | (UInt64(bytes[offset &+ 8]) &<< 1) &<< (63 &- shift)) & mask
    }

    /// The values `range` of a run of `width` bits each, with `base` added.
    ///
    /// Appended to `out`; only if all lie inside `bytes`, otherwise throws `.truncated`.
    static func unpack(
        _ bytes: RawSpan, range: Range<Int>, width: Int, adding base: UInt64, into out: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        try checkFit(bytes, range.upperBound, width)
        let start = out.count
        out.resize(to: start + range.count, filling: base)
        guard width > 0 else { return }
        var target = out.mutableSpan
        if width == 8 { return unpackBytes(bytes.extracting(range), base, into: &target, from: start) }
        let mask = mask(width)
        var bit = range.lowerBound &* width
        var at = start
        // So many fields lie whole in the nine bytes from the one that they begin in, which are all there.
        let fastCount = bytes.byteCount < 9 ? 0 : ((bytes.byteCount &- 9) &* 8) / width &+ 1
        let fastEnd = start &+ max(0, min(range.upperBound, fastCount) &- range.lowerBound)
        if width <= 57 {
            while at < fastEnd {
                target[at] = base &+ (bytes.littleEndianWord(at: bit &>> 3) &>> UInt64(bit & 7)) & mask
                at &+= 1
                bit &+= width
            }
        }
        while at < target.count {
            target[at] = base &+ (try wideField(bytes, at: bit, mask: mask, width: width))
            at &+= 1
            bit &+= width
        }
    }

    private static func unpackBytes(
        _ bytes: RawSpan, _ base: UInt64, into target: inout MutableSpan<UInt64>, from start: Int
    ) {
        for index in 0..<bytes.byteCount { target[start &+ index] = base &+ UInt64(bytes[index]) }
    }

    /// As above for values of at most 32 bits.
    static func unpack(
        _ bytes: RawSpan, range: Range<Int>, width: Int, adding base: UInt32, into out: inout FlatBuffer<UInt32>
    ) throws(ByteCodingError) {
        try checkFit(bytes, range.upperBound, width)
        let start = out.count
        out.resize(to: start + range.count, filling: base)
        guard width > 0 else { return }
        var target = out.mutableSpan
        let mask = mask(width)
        let fastEnd = max(range.lowerBound, min(range.upperBound, wholeWordCount(bytes, width)))
        var at = start
        var bit = range.lowerBound &* width
        var row = range.lowerBound
        // Seven values of eight bits lie in one word wherever they start.
        while width <= 8, row &+ 7 <= fastEnd {
            var values = try word(bytes, at: bit &>> 3) &>> UInt64(bit & 7)
            for step in 0..<7 {
                target[at &+ step] = base &+ UInt32(truncatingIfNeeded: values & mask)
                values &>>= UInt64(width)
            }
            at &+= 7
            row &+= 7
            bit &+= 7 &* width
        }
        while row < fastEnd {
            let value = try word(bytes, at: bit &>> 3) &>> UInt64(bit & 7)
            target[at] = base &+ UInt32(truncatingIfNeeded: value & mask)
            at &+= 1
            row &+= 1
            bit &+= width
        }
        while at < target.count {
            target[at] = base &+ UInt32(truncatingIfNeeded: try field(bytes, at: bit, width: width))
            at &+= 1
            bit &+= width
        }
    }

    /// How many values from the front can each be read by loading a whole word.
    private static func wholeWordCount(_ bytes: RawSpan, _ width: Int) -> Int {
        bytes.byteCount < 8 ? 0 : ((bytes.byteCount &- 8) &* 8) / width &+ 1
    }

    private static func checkFit(_ bytes: RawSpan, _ count: Int, _ width: Int) throws(ByteCodingError) {
        guard let needed = byteCount(count, width: width), needed <= bytes.byteCount else {
            throw ByteCodingError(.truncated, "bit-packed values")
        }
    }
}
