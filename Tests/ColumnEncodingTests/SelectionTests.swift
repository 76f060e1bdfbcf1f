// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import Testing

/// Judging chunks as they are says what decoding them and judging each value says.
@Suite struct SelectionTests {
    /// Sets that begin or end at some of the values, and others.
    private func sets(for values: [UInt64], _ random: inout SeededRandom) -> [ValueSet] {
        let known = values.isEmpty ? [0] : values
        func bound() -> UInt64 {
            let value = known[Int(random.below(UInt64(known.count)))]
            return random.below(4) == 0 ? random.next() : value &+ random.below(3) &- 1
        }
        var sets: [ValueSet] = [.none, .all, .range(first: 0, extent: .max), .range(first: 7, extent: .max)]
        for _ in 0..<6 {
            let (a, b) = (bound(), bound())
            let range = min(a, b)...max(a, b)
            sets += [ValueSet(range), ValueSet(outside: range), ValueSet(a...a), ValueSet(outside: a...a)]
            sets.append(.range(first: a, extent: random.next() >> random.below(64)))
        }
        sets.append(.judged { $0 % 3 == 1 })
        sets.append(.table((0..<300).map { $0 % 5 < 2 }))
        return sets
    }

    private func check(
        _ bytes: [UInt8], _ values: [UInt64], _ random: inout SeededRandom, _ comment: String,
        hasLimit: Bool = true
    ) throws {
        for set in sets(for: values, &random) {
            let rows = try IntegerChunk.rows(bytes.rawSpan, count: values.count, set)
            #expect(rows == BitMask(count: values.count) { set.contains(values[$0]) }, "\(comment) \(set)")
        }
        guard hasLimit, let highest = values.max(), highest < .max - 1 else { return }
        let set = ValueSet(outside: 0...(highest / 2))
        let rows = try IntegerChunk.rows(bytes.rawSpan, count: values.count, set, limit: highest + 1)
        #expect(rows == BitMask(count: values.count) { values[$0] > highest / 2 }, "\(comment)")
        #expect(throws: ByteCodingError.self, "\(comment)") {
            try IntegerChunk.rows(bytes.rawSpan, count: values.count, set, limit: highest)
        }
    }

    /// Columns for which the writer takes different encodings.
    private func columns(_ count: Int, _ random: inout SeededRandom) -> [[UInt64]] {
        let offset = random.next() >> random.below(64)
        var time = offset
        return [
            [UInt64](repeating: offset, count: count),
            (0..<count).map { _ in offset &+ random.below(2) },
            (0..<count).map { _ in random.below(200) },
            (0..<count).map { $0 < count / 3 ? 4 : $0 < count / 2 ? offset : 9 },
            (0..<count).map { _ in random.below(30) == 0 ? random.next() >> 40 : 3 },
            (0..<count).map { _ in [3, 70_000, 1 << 40, offset][Int(random.below(4))] },
            (0..<count).map { _ in random.logNormal(median: 5e6, sigma: 2) },
            (0..<count).map { _ in OrderedKey.key(Double(random.logNormal(median: 5e3, sigma: 1)) / 7) },
            (0..<count).map { _ in
                time &+= random.below(50)
                return time
            },
            (0..<count).map { _ in random.next() },
        ]
    }

    @Test func rowsOfIntegersAreThoseOfTheirValues() throws {
        var random = SeededRandom(1)
        var seen: Set<IntegerEncoding> = []
        for count in [0, 1, 2, 7, 8, 9, 63, 64, 65, 100, 1000, 4097] {
            for values in columns(count, &random) {
                let (bytes, result) = encoded(values)
                seen.insert(result.encoding)
                try check(bytes, values, &random, "\(result.encoding), \(count) values")
            }
        }
        #expect(seen.isSuperset(of: [.constant, .packed, .runs, .dictionary, .binned, .sparse, .delta]))
    }

    @Test(arguments: 0...64) func packedValuesOfEveryWidthAreJudged(width: Int) throws {
        var random = SeededRandom(UInt64(width))
        let mask: UInt64 = width == 0 ? 0 : .max >> UInt64(64 - width)
        for (count, base) in [(0, 0), (1, 5), (9, 250), (64, 1 << 60), (65, 0), (131, UInt64.max - 40), (1000, 77)] {
            let fields = (0..<count).map { _ in random.next() & mask }
            var out = ByteWriter()
            out.append(IntegerEncoding.packed.rawValue)
            out.append(varint: base)
            out.append(UInt8(width))
            appendFields(fields, width, &out)
            let values = fields.map { base &+ $0 }
            // Values counted on past the greatest number to 0 occur in no column that has a limit.
            let hasLimit = base <= .max - (fields.max() ?? 0)
            try check(out.array(), values, &random, "width \(width)", hasLimit: hasLimit)
        }
    }

    private func appendFields(_ fields: [UInt64], _ width: Int, _ out: inout ByteWriter) {
        var bytes = [UInt8](repeating: 0, count: (fields.count * width + 7) / 8)
        for (index, field) in fields.enumerated() {
            for bit in 0..<width where field >> UInt64(bit) & 1 == 1 {
                bytes[(index * width + bit) / 8] |= 1 << UInt8((index * width + bit) % 8)
            }
        }
        for byte in bytes { out.append(byte) }
    }

    @Test func rowsOfCodesAreThoseOfTheirCodes() throws {
        var random = SeededRandom(3)
        for (count, limit) in [(0, 1), (1, 1), (50, 2), (64, 5), (500, 13), (1000, 200), (999, 3000), (5000, 70_000)] {
            var codes = (0..<count).map { _ in UInt32(random.below(UInt64(limit))) }
            for runs in [false, true] {
                if runs { codes.sort() }
                for isAligned in [false, true] {
                    let (bytes, _) = encodedCodes(codes, aligned: isAligned)
                    for rarity in [2, 50, UInt64(limit)] {
                        let verdicts = (0..<limit).map { _ in random.below(rarity) == 0 }
                        for verdicts in [verdicts, verdicts.sorted { !$0 && $1 }, verdicts.sorted { $0 && !$1 }] {
                            let set = ValueSet(verdicts: verdicts)
                            let rows = try CodeChunk.rows(bytes.rawSpan, count: count, set, limit: limit)
                            #expect(rows == BitMask(count: count) { verdicts[Int(codes[$0])] })
                        }
                    }
                    guard let highest = codes.max() else { continue }
                    #expect(throws: ByteCodingError.self) {
                        try CodeChunk.rows(bytes.rawSpan, count: count, .all, limit: Int(highest))
                    }
                }
            }
        }
    }

    /// Whatever can be decoded is judged as its values say; what can't traps neither.
    @Test func damagedChunksAreJudgedAsTheyAreDecodedOrRefused() {
        var random = SeededRandom(4)
        for values in columns(40, &random) {
            let sets = sets(for: values, &random)
            damaged(encoded(values).bytes) { bytes in
                let back = try? decoded(bytes, count: values.count, range: 0..<values.count)
                let set = sets[bytes.count % sets.count]
                let rows = try? IntegerChunk.rows(bytes.rawSpan, count: values.count, set)
                guard let back else { return }
                #expect(rows == BitMask(count: values.count) { set.contains(back[$0]) })
            }
            damaged(encodedCodes(values.map { UInt32($0 & 63) }).bytes) { bytes in
                var codes = FlatBuffer<UInt32>()
                let decoding: Void? = try? CodeChunk.decode(bytes.rawSpan, count: values.count, into: &codes)
                let rows = try? CodeChunk.rows(bytes.rawSpan, count: values.count, ValueSet(3...9), limit: 64)
                guard decoding != nil, array(codes).allSatisfy({ $0 < 64 }) else {
                    #expect(rows == nil)
                    return
                }
                let back = array(codes)
                #expect(rows == BitMask(count: values.count) { 3...9 ~= back[$0] })
            }
        }
    }

    @Test func verdictsThatFollowEachOtherAreARange() {
        for count in 0...6 {
            for bits in 0..<(1 << count) {
                let verdicts = (0..<count).map { bits >> $0 & 1 == 1 }
                let set = ValueSet(verdicts: verdicts)
                for (value, isWanted) in verdicts.enumerated() { #expect(set.contains(UInt64(value)) == isWanted) }
                // 01011 and the like have more than two borders.
                let borders = zip(verdicts, verdicts.dropFirst()).count { $0 != $1 }
                if case .table = set { #expect(borders > 2) } else { #expect(borders <= 2) }
            }
        }
    }
}
