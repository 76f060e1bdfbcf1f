// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import Testing

@Suite struct SortedStringDictionaryTests {
    private func sample(_ count: Int, _ seed: UInt64) -> [[UInt8]] {
        var random = SeededRandom(seed)
        var strings = Set<[UInt8]>()
        while strings.count < count {
            let stem = [UInt8](["GET /api/", "POST /api/", "", "\u{0}\u{0}"][Int(random.below(4))].utf8)
            strings.insert(
                stem + (0..<random.below(6)).map { _ in UInt8(truncatingIfNeeded: random.below(256)) })
        }
        return strings.sorted { $0.lexicographicallyPrecedes($1) }
    }

    @Test(arguments: [0, 1, 2, 15, 16, 17, 31, 32, 33, 500]) func stringsAndCountsComeBack(count: Int) throws {
        let strings = sample(count, UInt64(count))
        let counts = strings.indices.map { UInt64($0 * $0) }
        let bytes = encodedDictionary(strings, counts: counts)
        var countsBack = FlatBuffer<UInt64>()
        let back = try SortedStringDictionary.decode(bytes.rawSpan, counts: &countsBack)
        #expect(array(back) == strings)
        #expect(array(countsBack) == counts)
        #expect(back.byteCount == strings.reduce(0) { $0 + $1.count })
        let dictionary = try SortedStringDictionary(bytes.rawSpan)
        #expect(dictionary.count == count)
        let countsInPlace = try dictionary.counts(bytes.rawSpan)
        #expect(array(countsInPlace) == counts)
    }

    @Test(arguments: [0, 1, 2, 15, 16, 17, 31, 32, 33, 500]) func everyStringIsFoundInPlace(count: Int) throws {
        let strings = sample(count, UInt64(count))
        let bytes = encodedDictionary(strings, counts: strings.map { _ in 1 })
        let dictionary = try SortedStringDictionary(bytes.rawSpan)
        var string = ByteWriter()
        for code in strings.indices {
            try dictionary.string(UInt32(code), in: bytes.rawSpan, into: &string)
            #expect(string.array() == strings[code])
            let wanted = strings[code]
            let found = try dictionary.code(of: wanted.rawSpan, in: bytes.rawSpan)
            #expect(found == UInt32(code))
            let behind = strings[code] + [0]
            let bound = try dictionary.lowerBound(of: behind.rawSpan, in: bytes.rawSpan)
            #expect(bound == code + 1)
            if !strings.contains(behind) {
                let missing = try dictionary.code(of: behind.rawSpan, in: bytes.rawSpan)
                #expect(missing == nil)
            }
        }
        #expect(throws: ByteCodingError.self) {
            var string = ByteWriter()
            try dictionary.string(UInt32(count), in: bytes.rawSpan, into: &string)
        }
    }

    @Test func damagedDictionariesAreRefusedOrKeepTheirBounds() {
        let wanted = [UInt8]("GET /api/7".utf8)
        for count in [0, 1, 3, 20] {
            let strings = sample(count, 7)
            damaged(encodedDictionary(strings, counts: strings.map { _ in 3 })) { bytes in
                var counts = FlatBuffer<UInt64>()
                do {
                    let back = try SortedStringDictionary.decode(
                        bytes.rawSpan, counts: &counts, byteLimit: 1000)
                    #expect(back.count == counts.count)
                    #expect(back.byteCount <= 1000)
                } catch {}
                guard let dictionary = try? SortedStringDictionary(bytes.rawSpan) else { return }
                var string = ByteWriter()
                for code in 0..<min(dictionary.count, 20) {
                    try? dictionary.string(UInt32(code), in: bytes.rawSpan, into: &string)
                }
                _ = try? dictionary.code(of: wanted.rawSpan, in: bytes.rawSpan)
            }
        }
    }

    @Test func aByteLimitIsKept() {
        let strings = sample(40, 3)
        let bytes = encodedDictionary(strings, counts: strings.map { _ in 1 })
        let total = strings.reduce(0) { $0 + $1.count }
        #expect(throws: ByteCodingError.self) {
            var counts = FlatBuffer<UInt64>()
            _ = try SortedStringDictionary.decode(bytes.rawSpan, counts: &counts, byteLimit: total - 1)
        }
    }
}
