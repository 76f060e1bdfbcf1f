// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing

@Suite struct ByteDictionaryTests {
    static func empty(seed: UInt64 = 0) -> ByteDictionary {
        ByteDictionary(arena: SlabArena(pool: SlabPool(retainedByteLimit: 0)), seed: seed)
    }

    @Test func `code 0 is the empty string`() {
        var dictionary = Self.empty()
        #expect(dictionary.count == 1)
        #expect(dictionary.code(for: RawSpan()) == 0)
        let none: [UInt8] = []
        #expect(dictionary.code(for: none.rawSpan) == 0)
        #expect(dictionary[0].byteCount == 0)
        #expect(dictionary.view()[0].byteCount == 0)
        #expect(dictionary.byteCount == 0)
    }

    @Test(arguments: [0, 1, 0xdead_beef] as [UInt64])
    func `codes are dense, in order of first appearance, and stay`(seed: UInt64) {
        var choices = Choices(seed: 2)
        var dictionary = Self.empty(seed: seed)
        var known: [[UInt8]: UInt32] = [[]: 0]
        var order: [[UInt8]] = [[]]
        // Short strings, so that many come again; enough of them to grow the table ten times.
        for _ in 0..<100_000 {
            let string = choices.bytes(choices.below(4))
            let expected = known[string] ?? UInt32(order.count)
            #expect(dictionary.existingCode(for: string.rawSpan) == known[string])
            let code = dictionary.code(for: string.rawSpan)
            #expect(code == expected)
            if known[string] == nil {
                known[string] = code
                order.append(string)
            }
        }
        #expect(dictionary.count == order.count)
        #expect(dictionary.byteCount == order.reduce(0) { $0 + $1.count })
        let view = dictionary.view()
        var wrong = 0
        for (code, string) in order.enumerated()
        where [UInt8](dictionary[UInt32(code)]) != string || [UInt8](view[UInt32(code)]) != string {
            wrong += 1
        }
        #expect(wrong == 0)
        #expect(dictionary.tableByteCount >= dictionary.count * 8)
    }

    @Test func `strings of every length have codes of their own`() {
        var dictionary = Self.empty()
        let slab = SlabPool.slabByteCount
        let lengths = Array(0..<300) + [slab / 8 - 1, slab / 8, slab / 8 + 1, slab - 1, slab, slab + 1, 1 << 20]
        var codes: [UInt32] = []
        for length in lengths { codes.append(dictionary.code(for: [UInt8](repeating: 0, count: length).rawSpan)) }
        #expect(codes == Array(0..<UInt32(lengths.count)))
        for (code, length) in lengths.enumerated() {
            let bytes = [UInt8](repeating: 0, count: length)
            #expect(dictionary.code(for: bytes.rawSpan) == UInt32(code))
            let isEqual = dictionary[UInt32(code)].isEqual(to: bytes.rawSpan)
            #expect(isEqual)
        }
    }

    @Test func `strings that share a slot of the table are told apart`() {
        // 64 slots at first: of these many must begin at the same one.
        var dictionary = Self.empty()
        var strings: [[UInt8]] = []
        var candidate: UInt32 = 0
        while strings.count < 40 {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: candidate >> UInt32(8 * $0)) }
            if XXH3.hash(bytes.rawSpan) & 63 == 63 { strings.append(bytes) }
            candidate += 1
        }
        for (index, string) in strings.enumerated() {
            #expect(dictionary.existingCode(for: string.rawSpan) == nil)
            #expect(dictionary.code(for: string.rawSpan) == UInt32(index + 1))
        }
        for (index, string) in strings.enumerated() {
            #expect(dictionary.existingCode(for: string.rawSpan) == UInt32(index + 1))
        }
    }

    @Test func `strings whose hashes share their upper half are told apart`() {
        // Among so many random strings some pairs do; a slot remembers no more of a hash.
        var dictionary = Self.empty()
        var choices = Choices(seed: 5)
        var tags: [UInt32: UInt64] = [:]
        var pairs: [(UInt64, UInt64)] = []
        func bytes(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
        for _ in 0..<300_000 {
            let value = choices.next()
            let tag = UInt32(truncatingIfNeeded: XXH3.hash(bytes(value).rawSpan) >> 32)
            if let other = tags[tag] { pairs.append((value, other)) }
            tags[tag] = value
        }
        #expect(!pairs.isEmpty)
        for (a, b) in pairs {
            let codeA = dictionary.code(for: bytes(a).rawSpan)
            let codeB = dictionary.code(for: bytes(b).rawSpan)
            #expect(codeA != codeB)
            #expect(dictionary.code(for: bytes(a).rawSpan) == codeA)
        }
    }

    @Test func `a view reads on while the dictionary grows`() {
        var dictionary = Self.empty()
        for value in 0..<1000 { _ = dictionary.code(for: Array("\(value)".utf8).rawSpan) }
        let view = dictionary.view()
        for value in 1000..<100_000 { _ = dictionary.code(for: Array("\(value)".utf8).rawSpan) }
        #expect(view.count == 1001)
        for value in 0..<1000 { #expect([UInt8](view[UInt32(value + 1)]) == Array("\(value)".utf8)) }
    }

    @Test func `records come back, and the empty string reads as the fallback`() {
        var dictionary = Self.empty()
        let records = (0..<100).map { SIMD4<UInt32>(repeating: $0) }
        let codes = records.map { dictionary.code(forRecord: $0) }
        let view = dictionary.view()
        for (code, record) in zip(codes, records) { #expect(view.record(code, or: .zero) == record) }
        #expect(view.record(0, or: SIMD4<UInt32>(repeating: 9)) == SIMD4(repeating: 9))
        // A string of another length is no record.
        let bytes: [UInt8] = [1, 2, 3]
        let text = dictionary.code(for: bytes.rawSpan)
        #expect(dictionary.view().record(text, or: SIMD4<UInt32>(repeating: 9)) == SIMD4(repeating: 9))
    }

    @Test func `a code that was not given out traps`() async {
        await #expect(processExitsWith: .failure) {
            let dictionary = ByteDictionary(arena: SlabArena(pool: SlabPool(retainedByteLimit: 0)))
            _ = dictionary[1].byteCount
        }
    }
}
