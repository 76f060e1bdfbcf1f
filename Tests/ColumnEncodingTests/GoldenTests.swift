// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import Testing

/// The exact bytes of every encoding id: old blocks must be read for ever, so these never change.
@Suite struct GoldenTests {
    static let integers: [(IntegerEncoding, [UInt64], String)] = [
        (.constant, [], "0000"),
        (.constant, [300, 300], "00ac02"),
        (.packed, [10, 12, 17, 11, 13], "010a03d033"),
        (
            .packed, (0..<7).map { $0 &* 0x9e_3779_b97f % (1 << 40) },
            "01002800000000007fb979379efe72f36e3c7d2c6da6dafce5e6dd787b9f601517fa58da4cb5"
        ),
        (.varint, [1, 2, 3, 1 << 40, 4, 5], "0201000102ffffffffff1f0304"),
        (.delta, (0..<12).map { 1 << 40 + $0 * 1000 }, "0380808080802000d00f"),
        (.runs, (0..<100).map { $0 < 40 ? 1000 : 1_000_000 }, "040202e80700d8fc3c02270014"),
        (
            .dictionary, (0..<32).map { [200, 404, 1 << 40][($0 * $0 + $0 / 3) % 3] },
            "0503c801cc01ecfcffffff1f010002542a50a940a50295"
        ),
        (
            .binned, (0..<64).map { $0 % 3 == 0 ? 1 << 30 + $0 << 20 : $0 },
            "0601020006ffffffff031a4992244992244992000000000100000c03010000867100004092280000c0300d00003c0f04"
                + "000092340100405559000080611900006c1b0700009ef7010040188a000040922500009c270a0000aaba020040dbba00"
                + "0000c3310000cc330d0000b67d0300409eeb0000c0f33d0000fc"
        ),
        (.sparse, (0..<640).map { $0 % 199 == 7 ? $0 : 3 }, "07030401070800bfbfbf01030a001ce35895"),
    ]

    @Test(arguments: integers) func integerChunksKeepTheirBytes(
        encoding: IntegerEncoding, values: [UInt64], golden: String
    ) throws {
        let (bytes, result) = encoded(values)
        #expect(result.encoding == encoding)
        #expect(hexadecimal(bytes) == golden)
        let back = try decoded(bytes, count: values.count, range: 0..<values.count)
        #expect(back == values)
    }

    static let codes: [(CodeEncoding, [UInt32], String)] = [
        (.constant, [], "0000"),
        (.constant, [300, 300, 300], "00ac02"),
        (.packed, [10, 12, 17, 11, 13], "010a03d033"),
        (.runs, (0..<100).map { $0 < 40 ? 1000 : 70000 }, "020202e80700889b0402270014"),
    ]

    @Test(arguments: codes) func codeChunksKeepTheirBytes(
        encoding: CodeEncoding, codes: [UInt32], golden: String
    ) throws {
        let (bytes, result) = encodedCodes(codes)
        #expect(result.encoding == encoding)
        #expect(hexadecimal(bytes) == golden)
        let back = try decodedCodes(bytes, count: codes.count, range: 0..<codes.count)
        #expect(back == codes)
    }

    @Test func rankedChunksKeepTheirBytes() throws {
        let context = (0..<300).map { UInt32($0 * $0 % 4) * 5 + 2 }
        let codes = (0..<300).map { context[$0] * 3 + ($0 == 100 ? 1 : 0) }
        let (bytes, result) = encodedCodes(codes, context: context)
        #expect(result.encoding == .ranked)
        #expect(hexadecimal(bytes) == "03020102020801000101010604100f07000100640000")
        let back = try decodedCodes(bytes, count: 300, range: 0..<300, context: context)
        #expect(back == codes)
    }

    static let strings: [([String], String)] = [
        ([], "01000000010000000000"),
        (["b", "", "abc"], "0000040100023162616263"),
        (
            ["GET /a", "GET /b", "GET /a", "GET /a", "GET /a", "GET /a", "GET /b", "POST", "POST"],
            "010301000204900201100100032800010103c500474554202f6162504f5354"
        ),
        (["cafe-01", "cafe-2f", "cafe-00"], "00021507636166652d30316010f200"),
        (["/orders/7/x", "/orders/120/x", "/orders/0/x"], "000323082f6f72646572732f022f780200077800"),
        (["10.0.0.1", "192.168.1.200"], "000415028180805000c783a0b50b"),
    ]

    @Test(arguments: strings) func stringChunksKeepTheirBytes(strings: [String], golden: String) {
        let rows = strings.map { [UInt8]($0.utf8) }
        let bytes = encodedStrings(rows)
        #expect(hexadecimal(bytes) == golden)
        let back = decodedStrings(bytes, count: rows.count, range: 0..<rows.count, byteLimit: 1000)
        #expect(back?.rows == rows)
    }

    @Test func sortedDictionariesKeepTheirBytes() throws {
        let strings = ["", "GET /a", "GET /ab", "GET /b", "POST /b"].map { [UInt8]($0.utf8) }
        let bytes = encodedDictionary(strings, counts: [1, 2, 3, 4, 400])
        #expect(
            hexadecimal(bytes)
                == "051a080201000102038f0300000000000006474554202f610601620501620007504f5354202f62")
    }

    @Test func lz4ChunksKeepTheirForm() throws {
        // The compressor may choose other matches in another version; what must stay is that this block is read.
        let stored: [UInt8] = [40, 0x1f, 0x61, 0x01, 0x00, 0x0f, 0x50, 0x61, 0x61, 0x61, 0x61, 0x61]
        let back = try Codec.lz4.decode(stored.rawSpan, limit: 40)
        #expect(back == [UInt8](repeating: 0x61, count: 40))
    }

    @Test func statisticsKeepTheirBytes() {
        var out = ByteWriter()
        ColumnStatistics(
            valueCount: 8192, nullCount: 3, distinctCount: 200, bounds: .integers(minimum: 5, maximum: 300)
        ).write(into: &out)
        ColumnStatistics(
            valueCount: 2, bounds: .strings(lower: [0x61], upper: [0x61, 0x62], areExact: true)
        ).write(into: &out)
        #expect(hexadecimal(out.array()) == "07804003c80105a70218020161026162")
    }
}
