// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import Testing

@Suite struct IntegerChunkTests {
    /// Encodes, decodes whole and in part, and checks the statistics.
    @discardableResult
    private func roundTrip(_ values: [UInt64]) throws -> IntegerEncoding {
        let (bytes, result) = encoded(values)
        #expect(result.statistics.minimum == values.min() ?? 0)
        #expect(result.statistics.maximum == values.max() ?? 0)
        if let distinct = result.statistics.distinctCount { #expect(distinct == Set(values).count) }
        let chunkEncoding = try IntegerChunk.encoding(of: bytes.rawSpan)
        #expect(chunkEncoding == result.encoding)
        for range in someRanges(values.count) {
            let back = try decoded(bytes, count: values.count, range: range)
            #expect(back == [UInt64](values[range]))
        }
        try pickAndQuicken(values, bytes, result.statistics)
        if let last = values.indices.last {
            let value = try IntegerChunk.value(bytes.rawSpan, count: values.count, at: last)
            #expect(value == values[last])
        }
        return result.encoding
    }

    /// Some rows of the chunk, and of the one that memory keeps in its stead, are what decoding gives.
    private func pickAndQuicken(_ values: [UInt64], _ bytes: [UInt8], _ statistics: IntegerStatistics) throws {
        guard !values.isEmpty else { return }
        let quick = try IntegerChunk.quickened(
            bytes.rawSpan, count: values.count, values: statistics.minimum...statistics.maximum)
        if let quick {
            #expect(statistics.maximum - statistics.minimum < 1 << 16)
            #expect(try decoded(quick, count: values.count, range: 0..<values.count) == values)
        }
        for form in [bytes, quick].compactMap({ $0 }) {
            for rows in someRows(values.count) {
                #expect(try picked(form, count: values.count, at: rows) == rows.map { values[$0] })
            }
        }
    }

    private func picked(_ bytes: [UInt8], count: Int, at rows: [Int]) throws -> [UInt64] {
        var values = FlatBuffer<UInt64>()
        try IntegerChunk.pick(bytes.rawSpan, count: count, at: rows.span, into: &values)
        return array(values)
    }

    /// Rows that are picked: none, all, few, neighbours, some twice.
    private func someRows(_ count: Int) -> [[Int]] {
        let all = Array(0..<count)
        var random = SeededRandom(UInt64(count))
        let sparse = all.filter { _ in random.below(20) == 0 }
        return [
            [], all, [count - 1], [0, 0, count - 1, count - 1], sparse, sparse.flatMap { [$0, $0] },
            all.filter { $0 % 64 < 7 }, all.filter { $0 % 3 > 0 }, Array(all.suffix(3)),
        ]
    }

    @Test func allShortColumnsOfFewValuesComeBack() throws {
        let alphabet: [UInt64] = [0, 1, 2, 127, 128, 1 << 32, .max - 1, .max]
        try roundTrip([])
        for a in alphabet {
            try roundTrip([a])
            for b in alphabet {
                try roundTrip([a, b])
                for c in alphabet {
                    try roundTrip([a, b, c])
                    for d in [0, 3, UInt64.max] { try roundTrip([a, b, c, d, a, b]) }
                }
            }
        }
    }

    @Test(arguments: 0...64) func valuesOfEveryWidthComeBack(width: Int) throws {
        var random = SeededRandom(UInt64(width))
        let mask: UInt64 = width == 0 ? 0 : .max >> UInt64(64 - width)
        for count in [1, 7, 8, 9, 63, 64, 65, 1000] {
            try roundTrip((0..<count).map { _ in random.next() & mask })
            let base = random.next()
            try roundTrip((0..<count).map { _ in base &+ random.next() & mask })
        }
    }

    @Test(arguments: 0..<12) func columnsOfManyShapesComeBack(seed: UInt64) throws {
        var random = SeededRandom(seed)
        for count in [2, 50, 500, 8192] {
            var walk = random.next() >> 8
            try roundTrip((0..<count).map { _ in random.logNormal(median: 1e6, sigma: 1.5) })
            try roundTrip(
                (0..<count).map { _ in random.below(20) == 0 ? random.next() >> random.below(64) : 0 })
            try roundTrip(
                (0..<count).map { _ in
                    walk &+= random.below(1000); return walk
                })
            try roundTrip(
                (0..<count).map { _ in
                    walk &+= random.below(1000) &- 500; return walk
                })
            try roundTrip((0..<count).map { UInt64($0) / 100 })
            try roundTrip((0..<count).map { _ in [200, 404, 500, .max][Int(random.below(4))] })
            try roundTrip((0..<count).map { _ in random.below(2) == 0 ? random.next() : random.below(3) })
            try roundTrip((0..<count).map { _ in random.next() >> random.below(64) })
        }
    }

    @Test func everyEncodingIsChosenWhereItIsSmallest() throws {
        var random = SeededRandom(3)
        try #expect(roundTrip((0..<500).map { _ in 7 }) == .constant)
        try #expect(roundTrip((0..<500).map { _ in random.below(1 << 20) }) == .packed)
        try #expect(roundTrip([1, 2, 3, 1 << 40, 4, 5]) == .varint)
        try #expect(roundTrip((0..<500).map { 1 << 60 + $0 * 1000 + random.below(500) }) == .delta)
        try #expect(roundTrip((0..<500).map { $0 / 100 * 12345 }) == .runs)
        try #expect(roundTrip((0..<500).map { _ in [200, 404, 1 << 40][Int(random.below(3))] }) == .dictionary)
        try #expect(roundTrip((0..<500).map { _ in random.logNormal(median: 1e6, sigma: 2) }) == .binned)
        try #expect(
            roundTrip((0..<500).map { _ in random.below(50) == 0 ? random.below(1 << 30) : 9 }) == .sparse)
    }

    @Test func logNormalDurationsTakeAboutTheirEntropy() {
        var random = SeededRandom(4)
        let (bytes, result) = encoded((0..<8192).map { _ in random.logNormal(median: 1e6, sigma: 1.5) })
        #expect(result.encoding == .binned)
        // The entropy of this distribution is 2.82 bytes, varints take 3.3.
        #expect(bytes.count < 8192 * 29 / 10)
    }

    @Test func anArithmeticSequenceTakesAFewBytes() {
        let (bytes, _) = encoded((0..<8192).map { 1_700_000_000_000 + $0 * 250 })
        #expect(bytes.count < 16)
    }

    @Test(arguments: 0..<10) func dictionariesUnderAContextComeBack(seed: UInt64) throws {
        var random = SeededRandom(seed)
        for count in [1, 20, 300, 5000] {
            let context = buffer((0..<count).map { _ in UInt32(random.below(50)) })
            let values = (0..<count).map { row in
                UInt64(context[row] % 9) * 1111 + (random.below(40) == 0 ? random.below(seed + 1) : 0)
            }
            let column = buffer(values)
            var out = ByteWriter()
            var scratch = EncodingScratch()
            let result = IntegerChunk.encode(
                column.span, context: context.span, into: &out, scratch: &scratch)
            let isRanked = try IntegerChunk.needsContext(out.bytes, count: count)
            if count == 5000 { #expect(isRanked && result.encoding == .dictionary) }
            for range in someRanges(count) {
                var back = FlatBuffer<UInt64>()
                try IntegerChunk.decode(
                    out.bytes, count: count, range: range, context: context.span.extracting(range), into: &back)
                #expect(array(back) == [UInt64](values[range]))
            }
        }
    }

    @Test func decodingAppendsAndLeavesTheBufferAsItWasOnFailure() throws {
        let (bytes, _) = encoded([5, 6, 9])
        var values = buffer([UInt64(1), 2])
        try IntegerChunk.decode(bytes.rawSpan, count: 3, into: &values)
        #expect(array(values) == [1, 2, 5, 6, 9])
        #expect(throws: ByteCodingError.self) {
            var values = buffer([UInt64(1), 2])
            defer { #expect(array(values) == [1, 2]) }
            try IntegerChunk.decode(bytes.rawSpan, count: 4000, into: &values)
        }
    }

    @Test func aChunkReadWithAnotherCountIsRefusedOrGivesThatManyValues() {
        var random = SeededRandom(5)
        for values in damageSamples(&random) {
            let (bytes, _) = encoded(values)
            for count in [0, 1, max(0, values.count - 1), values.count + 1, 1 << 20] {
                guard let back = try? decoded(bytes, count: count, range: 0..<count) else { continue }
                #expect(back.count == count)
            }
        }
    }

    @Test func damagedChunksAreRefusedOrGiveTheRightNumberOfValues() {
        var random = SeededRandom(6)
        for values in damageSamples(&random) {
            let count = values.count
            damaged(encoded(values).bytes) { bytes in
                if let back = try? decoded(bytes, count: count, range: 0..<count) {
                    #expect(back.count == count)
                }
                let part = count / 3..<count / 2
                if let back = try? decoded(bytes, count: count, range: part) {
                    #expect(back.count == part.count)
                }
                for rows in count == 0 ? [] : someRows(count) {
                    if let back = try? picked(bytes, count: count, at: rows) { #expect(back.count == rows.count) }
                }
                _ = try? IntegerChunk.quickened(bytes.rawSpan, count: count, values: 5...3000)
            }
        }
    }

    @Test(arguments: 0..<200) func randomBytesNeverTrap(seed: UInt64) {
        var random = SeededRandom(seed)
        for encoding in IntegerEncoding.allCases {
            let length = Int(random.below(60))
            let bytes =
                [encoding.rawValue]
                + (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) >> random.below(8) }
            let count = Int(random.below(200))
            if let back = try? decoded(bytes, count: count, range: 0..<count) { #expect(back.count == count) }
        }
    }

    private func damageSamples(_ random: inout SeededRandom) -> [[UInt64]] {
        [
            [], [3], [1, 2, 3, 1 << 40, 4, 5],
            (0..<90).map { _ in random.below(1 << 20) },
            (0..<90).map { 1 << 60 + $0 * 1000 + random.below(500) },
            (0..<90).map { $0 / 20 * 12345 },
            (0..<90).map { _ in [200, 404, 1 << 40][Int(random.below(3))] },
            (0..<200).map { _ in random.logNormal(median: 1e6, sigma: 2) },
            (0..<200).map { $0 % 67 == 5 ? $0 : 2 },
        ]
    }
}

@Suite struct OrderedKeyTests {
    @Test func keysOfSignedNumbersKeepTheirOrder() {
        let values: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
        #expect(values.map { OrderedKey.key($0) } == values.map { OrderedKey.key($0) }.sorted())
        #expect(values.map { OrderedKey.integer(OrderedKey.key($0)) } == values)
    }

    @Test func keysOfFloatingPointNumbersKeepTheirOrderAndBits() {
        let values: [Double] = [
            -.infinity, -1e300, -1, -.leastNonzeroMagnitude, -0.0, 0, 1e-300, 1, .infinity, .nan,
        ]
        #expect(values.map { OrderedKey.key($0) } == values.map { OrderedKey.key($0) }.sorted())
        let odd = values + [-Double.nan, .signalingNaN, Double(bitPattern: 0x7ff8_0000_0000_1234)]
        #expect(odd.map { OrderedKey.double(OrderedKey.key($0)).bitPattern } == odd.map(\.bitPattern))
    }
}
