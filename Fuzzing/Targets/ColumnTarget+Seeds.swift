// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

extension ColumnTarget {
    /// A chunk of every encoding.
    static func seeds() -> [[UInt8]] {
        var random = SeededChoices(seed: 4)
        var seeds: [[UInt8]] = []
        for values in integerColumns(&random) {
            seeds.append(seed(.integers, values.count, encoded(values, context: nil)))
            seeds.append(seed(.integersInContext, values.count, encoded(values, context: context(values.count))))
            let codes = values.map { UInt32(truncatingIfNeeded: $0 & 0xfff) }
            seeds.append(seed(.codes, codes.count, encoded(codes, context: nil)))
            seeds.append(seed(.codesInContext, codes.count, encoded(codes, context: context(codes.count))))
        }
        for rows in stringColumns(&random) {
            let strings = rows.map { Array($0.utf8) }
            let chunk = encodedStrings(strings)
            seeds.append(seed(.strings, strings.count, chunk))
            var compressed = ByteWriter()
            if Codec.append(chunk.rawSpan, to: &compressed) == .lz4 {
                seeds.append(seed(.compressed, 0, compressed.array()))
            }
            let entries = Set(strings).sorted { $0.lexicographicallyPrecedes($1) }
            seeds.append(seed(.dictionary, 0, encodedDictionary(entries)))
        }
        var filter = BloomFilter(keyCount: 20)
        for _ in 0..<20 { filter.insert(TraceID(high: random.word(), low: random.word())) }
        var out = ByteWriter()
        filter.write(into: &out)
        seeds.append(seed(.bloomFilter, 0, out.array()))
        return Set(seeds.filter { $0.count <= 1_500 }).sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func seed(_ form: Form, _ count: Int, _ chunk: [UInt8]) -> [UInt8] {
        [form.rawValue, UInt8(count & 0xff), UInt8(count >> 8), 50, 200] + chunk
    }

    private static func integerColumns(_ random: inout SeededChoices) -> [[UInt64]] {
        var columns: [[UInt64]] = [[], [5], [UInt64](repeating: 9, count: 40)]
        columns.append((0..<70).map { _ in UInt64(random.below(200)) })
        columns.append((0..<50).map { UInt64($0) * 1_000_003 })
        columns.append((0..<60).map { _ in random.below(3) == 0 ? random.word() >> 20 : UInt64(random.below(9)) })
        columns.append((0..<90).map { UInt64($0 / 30) << 40 })
        columns.append((0..<80).map { $0 % 17 == 0 ? UInt64($0) : 0 })
        columns.append((0..<300).map { [7, 1 << 50, 3, 90_000_000_000][$0 * $0 % 5 % 4] })
        columns.append((0..<64).map { _ in random.word() >> UInt64(random.below(60)) })
        columns.append((0..<20).map { _ in random.word() })
        return columns
    }

    private static func stringColumns(_ random: inout SeededChoices) -> [[String]] {
        [
            [""], ["a", "a", "b", "a"],
            (0..<30).map { _ in "GET /cart/item-\(random.below(5_000))" },
            (0..<40).map { _ in ["SELECT", "INSERT", "GET /", ""][random.below(4)] },
            (0..<24).map { "10.0.\($0).\(random.below(256))" },
            (0..<16).map { _ in String(random.word(), radix: 16) },
            (0..<20).map { "\(1_700_000_000 + $0)" },
        ]
    }

    private static func encoded(_ values: [UInt64], context: [UInt32]?) -> [UInt8] {
        var out = ByteWriter()
        var scratch = EncodingScratch()
        let values = buffer(values)
        if let context {
            _ = IntegerChunk.encode(values.span, context: buffer(context).span, into: &out, scratch: &scratch)
        } else {
            _ = IntegerChunk.encode(values.span, into: &out, scratch: &scratch)
        }
        return out.array()
    }

    private static func encoded(_ codes: [UInt32], context: [UInt32]?) -> [UInt8] {
        var out = ByteWriter()
        var scratch = EncodingScratch()
        let codes = buffer(codes)
        if let context {
            CodeChunk.encode(codes.span, context: buffer(context).span, into: &out, scratch: &scratch)
        } else {
            CodeChunk.encode(codes.span, into: &out, scratch: &scratch)
        }
        return out.array()
    }
}
