// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import Testing

@Suite struct ByteStringChunkTests {
    private func roundTrip(_ rows: [[UInt8]]) throws {
        let bytes = encodedStrings(rows)
        for range in someRanges(rows.count) {
            let strings = try ByteStringChunk.decode(bytes.rawSpan, count: rows.count, range: range)
            #expect(array(strings) == [[UInt8]](rows[range]))
            if strings.isDictionary {
                let entries = (0..<strings.entryCount).map { [UInt8](strings.entry($0)) }
                #expect(entries == Set(rows).sorted { $0.lexicographicallyPrecedes($1) })
            }
        }
    }

    private func text(_ strings: [String]) -> [[UInt8]] { strings.map { [UInt8]($0.utf8) } }

    @Test func allShortColumnsOfFewStringsComeBack() throws {
        let alphabet = text(["", "a", "b", "aa", "0", "00", "7", "10", "a0", "\u{0}", "ab\u{0}"])
        try roundTrip([])
        for a in alphabet {
            try roundTrip([a])
            for b in alphabet {
                try roundTrip([a, b])
                for c in alphabet {
                    try roundTrip([a, b, c])
                    try roundTrip([a, b, c, a, b, c, c, a, a, b, b, a])
                }
            }
        }
    }

    @Test(arguments: 0..<6) func columnsOfManyShapesComeBack(seed: UInt64) throws {
        var random = SeededRandom(seed)
        for count in [2, 20, 700] {
            func rows(_ make: () -> String) throws { try roundTrip(text((0..<count).map { _ in make() })) }
            try rows { "/api/orders/\(random.below(1000))/items" }
            try rows { "user-\(100_000 + random.below(100_000))" }
            try rows { "user-000\(100 + random.below(900))" }
            try rows { String(random.next() | 1 << 63, radix: 16) }
            try rows { "SELECT * FROM t WHERE id = \(random.next()) AND x = '\(random.below(9))'" }
            try rows { String(repeating: "x", count: Int(random.below(300))) }
            try rows { "\(random.next())" }
            try rows { "10.\(random.below(256)).\(random.below(9)).\(random.below(256))" }
            try rows { "10.\(random.below(257)).0\(random.below(9)).\(random.below(256))" }
            try roundTrip(
                (0..<count).map { _ in
                    (0..<random.below(9)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                })
        }
    }

    @Test func aLongStringThatComesBackIsStoredOnceAlsoAmongManyOthers() throws {
        // Four fifths of the rows differ, which alone would speak for storing row by row.
        let long = [UInt8](repeating: 0x61, count: 100_000)
        let rows = (0..<100).map { $0 % 5 == 0 ? long : [UInt8]("text \($0)".utf8) }
        #expect(encodedStrings(rows).count < 110_000)
        try roundTrip(rows)
    }

    @Test func stringsThatHardlyComeBackAreStoredRowByRow() throws {
        let rows = text((0..<100).map { "text \($0 == 99 ? 0 : $0)" })
        #expect(encodedStrings(rows).first == 0)
        try roundTrip(rows)
    }

    @Test func uuidsTakeHalfAByteForEachDigitThatVaries() throws {
        var random = SeededRandom(2)
        let rows = text(
            (0..<1000).map { _ in
                let a = String(random.next() | 1 << 63, radix: 16)
                let b = String(random.next() | 1 << 63, radix: 16)
                return
                    "\(a.prefix(8))-\(a.dropFirst(8).prefix(4))-4\(a.suffix(3))-\(b.prefix(4))-\(b.suffix(12))"
            })
        try roundTrip(rows)
        #expect(encodedStrings(rows).count < 1000 * 16)
    }

    @Test func numberedPathsTakeNoMoreThanTheirNumbers() throws {
        var random = SeededRandom(2)
        let rows = text((0..<1000).map { _ in "/api/orders/\(random.below(1 << 40))/items" })
        try roundTrip(rows)
        #expect(encodedStrings(rows).count < 1000 * 5 + 100)
    }

    @Test func stringsThatRepeatStandOnce() {
        let rows = text((0..<1000).map { "statement number \($0 % 10) of a long kind" })
        #expect(encodedStrings(rows).count < 600)
    }

    @Test func aByteLimitIsKept() throws {
        let rows = text((0..<100).map { "abc\($0 % 10 == 0 ? "x" : "y")\($0)" })
        let bytes = encodedStrings(rows)
        let total = rows.reduce(0) { $0 + $1.count }
        _ = try ByteStringChunk.decode(bytes.rawSpan, count: 100, byteLimit: total)
        #expect(throws: ByteCodingError.self) {
            _ = try ByteStringChunk.decode(bytes.rawSpan, count: 100, byteLimit: total - 1)
        }
    }

    @Test func sharedPrefixesCannotBlowUp() {
        // A dictionary whose entries share a prefix of 200 bytes many times over, although it claims 300 bytes in all.
        var out = ByteWriter()
        out.append(UInt8(1))
        out.append(varint: 1000)
        for byte: UInt8 in [0, 0, 1] { out.append(byte) }
        out.append(varint: 300)
        for byte: UInt8 in [0, 200, 1, 0, 0] { out.append(byte) }
        out.appendZeros(200_000)
        #expect(throws: ByteCodingError.self) { _ = try ByteStringChunk.decode(out.bytes, count: 1000) }
    }

    @Test func damagedChunksAreRefusedOrGiveTheRightNumberOfRows() {
        let samples = [
            text([]), text(["a"]), text((0..<12).map { "/orders/\($0 * 37)" }),
            text((0..<20).map { "cafe0\($0 % 10)" }),
            text((0..<30).map { "SELECT \($0 % 3) FROM t" }),
            text((0..<12).map { String(repeating: "ab", count: $0) }),
            text(["10.0.0.1", "1.22.255.0", "8.8.8.8"]),
        ]
        for rows in samples {
            let limit = 10_000
            damaged(encodedStrings(rows)) { bytes in
                for range in [0..<rows.count, rows.count / 3..<rows.count / 2] {
                    let back = decodedStrings(bytes, count: rows.count, range: range, byteLimit: limit)
                    guard let back else { continue }
                    #expect(back.rows.count == range.count)
                    #expect(back.byteCount <= limit)
                }
            }
        }
    }

    @Test(arguments: 0..<200) func randomBytesNeverTrap(seed: UInt64) {
        var random = SeededRandom(seed)
        for layout: UInt8 in 0..<2 {
            for form: UInt8 in 0..<5 {
                let length = Int(random.below(60))
                let head: [UInt8] = layout == 0 ? [0, form] : [1, UInt8(random.below(5)), 0, 0, form]
                let tail = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) >> random.below(8) }
                let count = Int(random.below(50))
                let back = decodedStrings(head + tail, count: count, range: 0..<count, byteLimit: 10_000)
                if let back { #expect(back.rows.count == count) }
            }
        }
    }
}
