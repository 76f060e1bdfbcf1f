// SPDX-License-Identifier: Apache-2.0

internal import Testing
internal import TraceModel

@Suite struct IdentifierTests {
    @Test(arguments: [
        ("1", 0, 1), ("0", 0, 0), ("f", 0, 15), ("F", 0, 15), ("00000000000000000000000000000000", 0, 0),
        ("ffffffffffffffffffffffffffffffff", .max, .max), ("10000000000000000", 1, 0),
        ("0102030405060708090A0b0C0d0E0f10", 0x0102_0304_0506_0708, 0x090a_0b0c_0d0e_0f10),
        ("0123456789abcdef", 0, 0x0123_4567_89ab_cdef),
    ] as [(String, UInt64, UInt64)])
    func `trace IDs are read from up to 32 digits of either case`(text: String, high: UInt64, low: UInt64) {
        #expect(TraceID(hexadecimal: text) == TraceID(high: high, low: low))
        #expect(TraceID(hexadecimal: text[...]) == TraceID(high: high, low: low))
    }

    @Test(arguments: [
        "", " 1", "1 ", "0x1", "g", "-1", "+1", "1\n", "é", "１", "000000000000000000000000000000001",
        "0102030405060708-090a0b0c0d0e0f10",
    ])
    func `nothing else is a trace ID`(text: String) {
        #expect(TraceID(hexadecimal: text) == nil)
    }

    @Test(arguments: [0, 1, 0x0123_4567_89ab_cdef, 1 << 63] as [UInt64])
    func `IDs that follow a rule are spread over a hash table`(seed: UInt64) {
        // For each number an ID; of the last rule all halves of an ID have the same product with a well-known number.
        let rules: [(UInt64) -> TraceID] = [
            { TraceID(high: 0, low: $0) }, { TraceID(high: $0, low: 0) }, { TraceID(high: $0, low: $0) },
            { TraceID(high: $0 << 40, low: ~$0) }, { TraceID(high: 7, low: $0 << 44) },
            { TraceID(high: 0x55 ^ ($0 &* 0x9e37_79b9_7f4a_7c15), low: $0) },
        ]
        for rule in rules {
            var counts = [Int](repeating: 0, count: 1 << 14)
            for number in 1...UInt64(1 << 14) { counts[Int(rule(number).hash(seed: seed) & (1 << 14 - 1))] += 1 }
            // By chance eight or nine.
            #expect(counts.allSatisfy { $0 < 24 })
        }
    }

    @Test func `IDs print all their digits and are read back`() {
        for bits in 0..<128 {
            let id = bits < 64 ? TraceID(high: 0, low: 1 << UInt64(bits)) : TraceID(high: 1 << UInt64(bits - 64), low: 0)
            #expect(id.description.utf8.count == 32)
            #expect(id.description == id.description.lowercased())
            #expect(TraceID(hexadecimal: id.description) == id)
            #expect(!id.isZero)
        }
        #expect(TraceID(high: 0, low: 0).isZero)
        #expect(SpanID(0xab).description == "00000000000000ab")
        #expect(SpanID(.max).description == "ffffffffffffffff")
    }

    @Test func `trace IDs are ordered by their bytes`() {
        let sorted = [(0, 0), (0, 1), (0, .max), (1, 0), (1, 1), (1 << 63, 0), (.max, .max)] as [(UInt64, UInt64)]
        let ids = sorted.map { TraceID(high: $0.0, low: $0.1) }
        #expect(ids.reversed().sorted() == ids)
        for (a, b) in zip(ids, ids.dropFirst()) {
            #expect(a < b && !(b < a))
            #expect(a.description < b.description)
        }
    }

    @Test(arguments: ["a", "Z9", "single-tenant", "a!-_.*'()", "...", ".a", "-", String(repeating: "x", count: 150)])
    func `names that Tempo allows are tenants`(name: String) {
        #expect(TenantID(name)?.name == name)
        #expect(TenantID(name)?.description == name)
    }

    @Test(arguments: [
        "", ".", "..", "a/b", "a b", "a\\b", "ä", "a\u{0}", "a|b", "a\n", "~", "%2e", "a,b", "\u{7f}",
        String(repeating: "x", count: 151), String(repeating: "é", count: 75),
    ])
    func `other names are not`(name: String) {
        #expect(TenantID(name) == nil)
    }

    @Test func `every ASCII character is allowed or not as Tempo says`() {
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!-_.*'()".utf8)
        for byte in 0..<128 as Range<UInt8> {
            #expect((TenantID("a" + String(UnicodeScalar(byte))) != nil) == allowed.contains(byte))
        }
    }

    @Test func `tenants are ordered by their bytes, and the single one has its name`() {
        let names = ["!", "A", "Z", "_", "a", "aa", "b"]
        #expect(names.reversed().compactMap { TenantID($0) }.sorted().map(\.name) == names)
        #expect(TenantID.single.name == "single-tenant")
        #expect(TenantID.single == TenantID("single-tenant"))
    }

    @Test func `hexadecimal digits have their values, other bytes none`() {
        for byte in 0...255 as ClosedRange<UInt8> {
            let value = hexadecimalValue(byte)
            let expected = Character(UnicodeScalar(byte)).isASCII ? Character(UnicodeScalar(byte)).hexDigitValue : nil
            #expect(value.map { Int($0) } == expected)
        }
        for value in 0..<16 as Range<UInt8> { #expect(hexadecimalValue(hexadecimalDigit(value)) == value) }
    }
}
