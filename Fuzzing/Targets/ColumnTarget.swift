// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Column chunks as they lie in a block once they are decompressed.
///
/// ```
/// 0  1  form                 3  1  first row of a range, of 256 parts of the rows
/// 1  2  rows, little-endian  4  1  its end, likewise                              5  …  the chunk
/// ```
enum ColumnTarget {
    enum Form: UInt8, CaseIterable {
        case integers, integersInContext, codes, codesInContext, strings, dictionary, compressed, bloomFilter
    }

    /// Enough for 16 groups of whatever there are groups of.
    private static let rowLimit = 2_048

    static func run(_ input: [UInt8]) {
        guard input.count >= 5 else { return }
        let form = Form.allCases[Int(input[0]) % Form.allCases.count]
        let count = (Int(input[1]) | Int(input[2]) << 8) % (rowLimit + 1)
        let ends = [count * Int(input[3]) / 255, count * Int(input[4]) / 255].sorted()
        let chunk = Array(input[5...])
        let range = ends[0]..<ends[1]
        switch form {
        case .integers: integers(chunk, count, range, context: nil)
        case .integersInContext: integers(chunk, count, range, context: context(count))
        case .codes: codes(chunk, count, range, context: nil)
        case .codesInContext: codes(chunk, count, range, context: context(count))
        case .strings: strings(chunk, count, range)
        case .dictionary: dictionary(chunk)
        case .compressed: compressed(chunk)
        case .bloomFilter: bloomFilter(chunk)
        }
    }

    /// Codes of another column: a few that come back.
    static func context(_ count: Int) -> [UInt32] { (0..<count).map { UInt32($0 * $0 % 5) } }

    private static func bloomFilter(_ bytes: [UInt8]) {
        guard let filter = try? BloomFilter(bytes.rawSpan) else { return }
        for number in 0..<8 as Range<UInt64> { _ = filter.mayContain(TraceID(high: number &* .max, low: ~number)) }
        var out = ByteWriter()
        filter.write(into: &out)
        claim(out.bytes.isEqual(to: bytes.rawSpan), "a bloom filter is written as it was read")
    }

    private static func compressed(_ bytes: [UInt8]) {
        guard let body = try? Codec.lz4.decode(bytes.rawSpan, limit: 1 << 20) else { return }
        var out = ByteWriter()
        guard Codec.append(body.rawSpan, to: &out) == .lz4 else { return }
        let again = try? Codec.lz4.decode(out.bytes, limit: 1 << 20)
        claim(again == body, "what is compressed comes back")
    }
}

// MARK: - Integers and codes

extension ColumnTarget {
    private static func integers(_ chunk: [UInt8], _ count: Int, _ range: Range<Int>, context: [UInt32]?) {
        let all = integers(chunk, count, 0..<count, context)
        let part = integers(chunk, count, range, context)
        guard let all else { return }
        claim(part == Array(all[range]), "a range of integers holds what all of them hold there")
        var out = ByteWriter()
        var scratch = EncodingScratch()
        let values = buffer(all)
        if let context {
            _ = IntegerChunk.encode(values.span, context: buffer(context).span, into: &out, scratch: &scratch)
        } else {
            _ = IntegerChunk.encode(values.span, into: &out, scratch: &scratch)
        }
        claim(integers(out.array(), count, 0..<count, context) == all, "integers come back")
    }

    private static func integers(
        _ chunk: [UInt8], _ count: Int, _ range: Range<Int>, _ context: [UInt32]?
    ) -> [UInt64]? {
        var values = FlatBuffer<UInt64>()
        do throws(ByteCodingError) {
            if let context {
                let codes = buffer(Array(context[range]))
                try IntegerChunk.decode(chunk.rawSpan, count: count, range: range, context: codes.span, into: &values)
            } else {
                try IntegerChunk.decode(chunk.rawSpan, count: count, range: range, into: &values)
            }
        } catch {
            claim(values.count == 0, "a refused chunk leaves no values")
            return nil
        }
        return array(values)
    }

    private static func codes(_ chunk: [UInt8], _ count: Int, _ range: Range<Int>, context: [UInt32]?) {
        let all = codes(chunk, count, 0..<count, context)
        let part = codes(chunk, count, range, context)
        guard let all else { return }
        claim(part == Array(all[range]), "a range of codes holds what all of them hold there")
        var out = ByteWriter()
        var scratch = EncodingScratch()
        let values = buffer(all)
        if let context {
            CodeChunk.encode(values.span, context: buffer(context).span, into: &out, scratch: &scratch)
        } else {
            CodeChunk.encode(values.span, into: &out, scratch: &scratch)
        }
        claim(codes(out.array(), count, 0..<count, context) == all, "codes come back")
    }

    private static func codes(_ chunk: [UInt8], _ count: Int, _ range: Range<Int>, _ context: [UInt32]?) -> [UInt32]? {
        var values = FlatBuffer<UInt32>()
        do throws(ByteCodingError) {
            if let context {
                let codes = buffer(Array(context[range]))
                try CodeChunk.decode(chunk.rawSpan, count: count, range: range, context: codes.span, into: &values)
            } else {
                try CodeChunk.decode(chunk.rawSpan, count: count, range: range, into: &values)
            }
        } catch {
            claim(values.count == 0, "a refused chunk leaves no codes")
            return nil
        }
        return array(values)
    }
}

// MARK: - Strings

extension ColumnTarget {
    private static let stringByteLimit = 1 << 20

    private static func strings(_ chunk: [UInt8], _ count: Int, _ range: Range<Int>) {
        let all = rows(chunk, count, 0..<count)
        let part = rows(chunk, count, range)
        guard let all else { return }
        claim(part == Array(all[range]), "a range of strings holds what all of them hold there")
        guard all.reduce(0, { $0 + $1.count }) <= stringByteLimit else { return }
        claim(rows(encodedStrings(all), count, 0..<count) == all, "strings come back")
    }

    private static func rows(_ chunk: [UInt8], _ count: Int, _ range: Range<Int>) -> [[UInt8]]? {
        do throws(ByteCodingError) {
            let strings = try ByteStringChunk.decode(
                chunk.rawSpan, count: count, range: range, byteLimit: stringByteLimit)
            claim(strings.count == range.count, "there are as many strings as rows")
            return (0..<strings.count).map { [UInt8](strings[$0]) }
        } catch {
            return nil
        }
    }

    /// A whole decoding accepts less than single look-ups do; what it accepts, they find.
    private static func dictionary(_ bytes: [UInt8]) {
        guard let dictionary = try? SortedStringDictionary(bytes.rawSpan) else { return }
        var string = ByteWriter()
        for code in [0, 1, 15, 16, UInt32(truncatingIfNeeded: dictionary.count)] {
            try? dictionary.string(code, in: bytes.rawSpan, into: &string)
        }
        for wanted in ["", "GET /cart", "\u{10ffff}"] {
            _ = try? dictionary.code(of: Array(wanted.utf8).rawSpan, in: bytes.rawSpan)
        }
        var counts = FlatBuffer<UInt64>()
        do throws(ByteCodingError) {
            let all = try SortedStringDictionary.decode(bytes.rawSpan, counts: &counts, byteLimit: stringByteLimit)
            for entry in 0..<all.entryCount {
                let code = try dictionary.code(of: all.entry(entry), in: bytes.rawSpan)
                claim(code == UInt32(entry), "an entry is found under its code")
            }
        } catch {
            return
        }
    }

    static func encodedStrings(_ rows: [[UInt8]]) -> [UInt8] {
        let arena = SlabArena(pool: pool)
        var dictionary = ByteDictionary(arena: arena)
        var indices: [UInt32: UInt32] = [:]
        var distinct = FlatBuffer<UInt32>()
        var codes = FlatBuffer<UInt32>()
        for row in rows {
            let code = dictionary.code(for: row.rawSpan)
            let index = indices[code] ?? UInt32(distinct.count)
            if indices.updateValue(index, forKey: code) == nil { distinct.append(code) }
            codes.append(index)
        }
        var out = ByteWriter()
        var scratch = EncodingScratch()
        withExtendedLifetime(arena) {
            ByteStringChunk.encode(codes, distinct, dictionary.view(), into: &out, scratch: &scratch)
        }
        return out.array()
    }

    /// - Parameter strings: Ascending.
    static func encodedDictionary(_ strings: [[UInt8]]) -> [UInt8] {
        let arena = SlabArena(pool: pool)
        var dictionary = ByteDictionary(arena: arena)
        var codes = FlatBuffer<UInt32>()
        for string in strings { codes.append(dictionary.code(for: string.rawSpan)) }
        var out = ByteWriter()
        var scratch = EncodingScratch()
        let counts = buffer(strings.indices.map { UInt64($0 % 3) })
        withExtendedLifetime(arena) {
            SortedStringDictionary.encode(codes, dictionary.view(), counts: counts, into: &out, scratch: &scratch)
        }
        return out.array()
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
