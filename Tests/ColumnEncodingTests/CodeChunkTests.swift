// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import Testing

@Suite struct CodeChunkTests {
    @discardableResult
    private func roundTrip(_ codes: [UInt32], aligned: Bool = false) throws -> CodeEncoding {
        let (bytes, result) = encodedCodes(codes, aligned: aligned)
        #expect(result.minimum == codes.min() ?? 0)
        #expect(result.maximum == codes.max() ?? 0)
        for range in someRanges(codes.count) {
            let back = try decodedCodes(bytes, count: codes.count, range: range)
            #expect(back == [UInt32](codes[range]))
        }
        for step in [1, 2, 7, 40] {
            let rows = Array(stride(from: 0, to: codes.count, by: step)).flatMap { [$0, $0] }
            var picked = FlatBuffer<UInt32>()
            try CodeChunk.pick(bytes.rawSpan, count: codes.count, at: rows.span, into: &picked)
            #expect((0..<picked.count).map { picked[$0] } == rows.map { codes[$0] })
        }
        let constant = try CodeChunk.constant(bytes.rawSpan)
        #expect(constant == (result.encoding == .constant ? codes.first ?? 0 : nil))
        if let last = codes.indices.last {
            let code = try CodeChunk.value(bytes.rawSpan, count: codes.count, at: last)
            #expect(code == codes[last])
        }
        return result.encoding
    }

    @Test func allShortColumnsOfFewCodesComeBack() throws {
        let alphabet: [UInt32] = [0, 1, 2, 255, 256, .max]
        try roundTrip([])
        for a in alphabet {
            try roundTrip([a])
            for b in alphabet {
                for c in alphabet {
                    try roundTrip([a, b, c])
                    try roundTrip([a, b, c, c, b, a, a], aligned: true)
                }
            }
        }
    }

    @Test(arguments: 0...32) func codesOfEveryWidthComeBack(width: Int) throws {
        var random = SeededRandom(UInt64(width))
        for count in [1, 6, 7, 8, 9, 15, 64, 1000] {
            let codes = (0..<count).map { _ in UInt32(truncatingIfNeeded: random.below(1 << UInt64(width))) }
            try roundTrip(codes)
            try roundTrip(codes, aligned: true)
        }
    }

    @Test(arguments: 0..<20) func rankedCodesComeBack(seed: UInt64) throws {
        var random = SeededRandom(seed)
        for count in [0, 1, 50, 500, 5000] {
            let contextCount = 1 + random.below(90)
            let noise = 1 + random.below(30)
            let context = (0..<count).map { _ in UInt32(random.below(contextCount) * 7) }
            let codes = context.map { $0 &* 31 % 97 + (random.below(noise) == 0 ? UInt32(random.below(5)) : 0) }
            let (bytes, result) = encodedCodes(codes, context: context)
            #expect(result.minimum == codes.min() ?? 0)
            #expect(result.maximum == codes.max() ?? 0)
            #expect(try CodeChunk.needsContext(bytes.rawSpan) == (result.encoding == .ranked))
            for range in someRanges(count) {
                let back = try decodedCodes(bytes, count: count, range: range, context: context)
                #expect(back == [UInt32](codes[range]))
            }
        }
    }

    @Test func codesThatFollowFromTheirContextTakeAFewBytes() {
        let context = (0..<8192).map { UInt32($0 * $0 % 61) }
        let (bytes, result) = encodedCodes(context.map { $0 * 7 % 64 }, context: context)
        #expect(result.encoding == .ranked)
        #expect(bytes.count < 100)
    }

    @Test func codesThatDoNotFollowFromTheirContextAreNotRanked() {
        var random = SeededRandom(9)
        let context = (0..<8192).map { _ in UInt32(random.below(100)) }
        let codes = (0..<8192).map { _ in UInt32(random.below(1000)) }
        #expect(encodedCodes(codes, context: context).result.encoding == .packed)
        let wide = (0..<8192).map { _ in UInt32(random.below(2) << 16) }
        #expect(encodedCodes(wide, context: wide).result.encoding != .ranked)
    }

    @Test func rankedChunksAreRefusedWithoutTheirContext() throws {
        let context = (0..<300).map { UInt32($0 * $0 % 61) }
        let (bytes, result) = encodedCodes(context.map { $0 + 9 }, context: context)
        try #require(result.encoding == .ranked)
        #expect(throws: ByteCodingError.self) { try decodedCodes(bytes, count: 300, range: 0..<300) }
        #expect(throws: ByteCodingError.self) {
            try decodedCodes(bytes, count: 300, range: 0..<300, context: context.map { $0 + 61 })
        }
    }

    @Test func damagedRankedChunksAreRefusedOrGiveTheRightNumberOfCodes() throws {
        let context = (0..<300).map { UInt32($0 * $0 % 31) * 3 }
        let codes = context.enumerated().map { $1 * 5 + ($0 % 37 == 0 ? UInt32($0) : 0) }
        let (bytes, result) = encodedCodes(codes, context: context)
        try #require(result.encoding == .ranked)
        damaged(bytes) { bytes in
            for range in [0..<300, 100..<150] {
                if let back = try? decodedCodes(bytes, count: 300, range: range, context: context) {
                    #expect(back.count == range.count)
                }
            }
        }
    }

    @Test func runsAreChosenWhereNeighboursAreEqual() throws {
        var random = SeededRandom(1)
        for count in [100, 8192] {
            try #expect(roundTrip((0..<count).map { UInt32($0 / 20) }) == .runs)
            try #expect(roundTrip((0..<count).map { _ in UInt32(random.below(100)) }) == .packed)
        }
    }

    @Test func alignedCodesTakeAByteEach() {
        let codes = (0..<1000).map { UInt32($0 * 7 % 40) }
        #expect(encodedCodes(codes).bytes.count == 3 + 750)
        #expect(encodedCodes(codes, aligned: true).bytes.count == 3 + 1000)
    }

    @Test func damagedChunksAreRefusedOrGiveTheRightNumberOfCodes() {
        let samples: [[UInt32]] = [
            [], [9], (0..<90).map { UInt32($0 * 7 % 40) }, (0..<90).map { UInt32($0 / 30 * 70000) },
            (0..<9).map { UInt32($0) &* 0x2000_0001 },
        ]
        for codes in samples {
            damaged(encodedCodes(codes).bytes) { bytes in
                for range in [0..<codes.count, codes.count / 3..<codes.count / 2] {
                    if let back = try? decodedCodes(bytes, count: codes.count, range: range) {
                        #expect(back.count == range.count)
                    }
                }
            }
        }
    }

    @Test(arguments: 0..<200) func randomBytesNeverTrap(seed: UInt64) {
        var random = SeededRandom(seed)
        for encoding in CodeEncoding.allCases {
            let length = Int(random.below(40))
            let bytes =
                [encoding.rawValue]
                + (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) >> random.below(8) }
            let count = Int(random.below(200))
            if let back = try? decodedCodes(bytes, count: count, range: 0..<count) {
                #expect(back.count == count)
            }
        }
    }
}
