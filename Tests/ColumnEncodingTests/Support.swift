// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import Glibc
internal import Testing

/// SplitMix64: the same sequence for the same seed everywhere.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: UInt64) -> UInt64 { next() % limit }

    mutating func logNormal(median: Double, sigma: Double) -> UInt64 {
        let u = Double(next() >> 11) / 9_007_199_254_740_992 + 1e-18
        let v = Double(next() >> 11) / 9_007_199_254_740_992
        return UInt64(median * exp(sigma * (-2 * log(u)).squareRoot() * cos(6.283185307179586 * v)))
    }
}

func buffer<Element: BitwiseCopyable>(_ values: [Element]) -> FlatBuffer<Element> {
    var buffer = FlatBuffer<Element>(capacity: values.count)
    for value in values { buffer.append(value) }
    return buffer
}

func array<Element: BitwiseCopyable>(_ buffer: borrowing FlatBuffer<Element>) -> [Element] {
    (0..<buffer.count).map { buffer[$0] }
}

func array(_ strings: borrowing DecodedStrings) -> [[UInt8]] {
    (0..<strings.count).map { [UInt8](strings[$0]) }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count < 2 ? "0" + digits : digits
    }.joined()
}

/// The row ranges that partial decoding is tried with.
func someRanges(_ count: Int) -> [Range<Int>] {
    if count <= 6 { return (0...count).flatMap { low in (low...count).map { low..<$0 } } }
    let marks = [0, 1, count / 3, count / 2, count - 1, count]
    return marks.flatMap { low in marks.filter { $0 >= low }.map { low..<$0 } }
}

/// Every truncation and every single-bit flip of `bytes`, and `bytes` with a byte too many.
func damaged(_ bytes: [UInt8], _ body: ([UInt8]) -> Void) {
    for length in 0..<bytes.count { body([UInt8](bytes[..<length])) }
    body(bytes + [0])
    for bit in 0..<bytes.count * 8 {
        var flipped = bytes
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        body(flipped)
    }
}

func encoded(_ values: [UInt64]) -> (bytes: [UInt8], result: EncodedIntegers) {
    var out = ByteWriter()
    var scratch = EncodingScratch()
    let values = buffer(values)
    let result = IntegerChunk.encode(values.span, into: &out, scratch: &scratch)
    return (out.array(), result)
}

func decoded(_ bytes: [UInt8], count: Int, range: Range<Int>) throws(ByteCodingError) -> [UInt64] {
    var values = FlatBuffer<UInt64>()
    try IntegerChunk.decode(bytes.rawSpan, count: count, range: range, into: &values)
    return array(values)
}

func encodedCodes(_ codes: [UInt32], aligned: Bool = false) -> (bytes: [UInt8], result: EncodedCodes) {
    var out = ByteWriter()
    var scratch = EncodingScratch()
    let codes = buffer(codes)
    let result = CodeChunk.encode(codes.span, into: &out, scratch: &scratch, prefersByteAlignment: aligned)
    return (out.array(), result)
}

func encodedCodes(_ codes: [UInt32], context: [UInt32]) -> (bytes: [UInt8], result: EncodedCodes) {
    var out = ByteWriter()
    var scratch = EncodingScratch()
    let codes = buffer(codes)
    let context = buffer(context)
    let result = CodeChunk.encode(codes.span, context: context.span, into: &out, scratch: &scratch)
    return (out.array(), result)
}

/// - Parameter context: For all rows of the chunk.
func decodedCodes(
    _ bytes: [UInt8], count: Int, range: Range<Int>, context: [UInt32]
) throws(ByteCodingError) -> [UInt32] {
    var codes = FlatBuffer<UInt32>()
    let context = buffer([UInt32](context[range]))
    try CodeChunk.decode(bytes.rawSpan, count: count, range: range, context: context.span, into: &codes)
    return array(codes)
}

func decodedCodes(_ bytes: [UInt8], count: Int, range: Range<Int>) throws(ByteCodingError) -> [UInt32] {
    var codes = FlatBuffer<UInt32>()
    try CodeChunk.decode(bytes.rawSpan, count: count, range: range, into: &codes)
    return array(codes)
}

func encodedStrings(_ rows: [[UInt8]]) -> [UInt8] {
    let arena = SlabArena(pool: SlabPool(retainedByteLimit: 0))
    var dictionary = ByteDictionary(arena: arena)
    var indexOf: [UInt32: UInt32] = [:]
    var distinct = FlatBuffer<UInt32>()
    var codes = FlatBuffer<UInt32>()
    for row in rows {
        let code = dictionary.code(for: row.rawSpan)
        if indexOf[code] == nil {
            indexOf[code] = UInt32(distinct.count)
            distinct.append(code)
        }
        codes.append(indexOf[code] ?? 0)
    }
    var out = ByteWriter()
    var scratch = EncodingScratch()
    withExtendedLifetime(arena) {
        ByteStringChunk.encode(codes, distinct, dictionary.view(), into: &out, scratch: &scratch)
    }
    return out.array()
}

/// The rows `range` and the bytes of all entries; nil if the chunk is refused.
func decodedStrings(
    _ bytes: [UInt8], count: Int, range: Range<Int>, byteLimit: Int
) -> (rows: [[UInt8]], byteCount: Int)? {
    do throws(ByteCodingError) {
        let strings = try ByteStringChunk.decode(
            bytes.rawSpan, count: count, range: range, byteLimit: byteLimit)
        return (array(strings), strings.byteCount)
    } catch {
        return nil
    }
}

/// A dictionary of `strings`, which ascend.
func encodedDictionary(_ strings: [[UInt8]], counts: [UInt64]) -> [UInt8] {
    var out = ByteWriter()
    var scratch = EncodingScratch()
    let arena = SlabArena(pool: SlabPool(retainedByteLimit: 0))
    var dictionary = ByteDictionary(arena: arena)
    var codes = FlatBuffer<UInt32>()
    for string in strings { codes.append(dictionary.code(for: string.rawSpan)) }
    withExtendedLifetime(arena) {
        SortedStringDictionary.encode(
            codes, dictionary.view(), counts: buffer(counts), into: &out, scratch: &scratch)
    }
    return out.array()
}
