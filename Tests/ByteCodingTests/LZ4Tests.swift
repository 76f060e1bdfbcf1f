// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing

@Suite struct LZ4Tests {
    static func compressed(_ bytes: [UInt8], acceleration: Int32 = 1) throws -> [UInt8] {
        var out = ByteWriter()
        out.append(0xaa as UInt8)
        let count = try #require(LZ4.compress(bytes.rawSpan, into: &out, acceleration: acceleration))
        #expect(out.count == count + 1)
        return Array(out.array()[1...])
    }

    /// Bytes that compress more or less well.
    static func sample(_ count: Int, seed: UInt64) -> [UInt8] {
        var choices = Choices(seed: seed)
        var bytes: [UInt8] = []
        while bytes.count < count {
            if bytes.isEmpty || choices.below(3) == 0 {
                bytes += choices.bytes(1 + choices.below(20))
            } else {
                let start = choices.below(bytes.count)
                bytes += bytes[start..<min(bytes.count, start + choices.below(100))]
            }
        }
        return Array(bytes.prefix(count))
    }

    @Test func `bytes come back, of every small length and some great ones`() throws {
        for count in Array(0..<300) + [4095, 4096, 65_535, 65_536, 65_537, 1_000_000] {
            let bytes = Self.sample(count, seed: UInt64(count))
            for acceleration in [1, 8] as [Int32] {
                let stored = try Self.compressed(bytes, acceleration: acceleration)
                #expect(try LZ4.decompress(stored.rawSpan, byteCount: count) == bytes)
            }
        }
    }

    @Test func `zeros shrink to a 250th`() throws {
        let stored = try Self.compressed([UInt8](repeating: 0, count: 1 << 20))
        #expect(stored.count < (1 << 20) / 250)
        #expect(try LZ4.decompress(stored.rawSpan, byteCount: 1 << 20).allSatisfy { $0 == 0 })
    }

    @Test func `any other length than the right one is corrupted`() throws {
        let bytes = Self.sample(1000, seed: 5)
        let stored = try Self.compressed(bytes)
        for count in [0, 1, 999, 1001, 2000, 1 << 20, 1 << 40, .max, -1, .min] {
            #expect(throws: ByteCodingError(.corrupted, "")) {
                _ = try LZ4.decompress(stored.rawSpan, byteCount: count)
            }
        }
    }

    @Test func `every truncation is corrupted`() throws {
        let stored = try Self.compressed(Self.sample(500, seed: 6))
        for length in stored.indices {
            #expect(throws: ByteCodingError(.corrupted, "")) {
                _ = try LZ4.decompress(Array(stored[..<length]).rawSpan, byteCount: 500)
            }
        }
        let none: [UInt8] = []
        #expect(throws: ByteCodingError.self) { _ = try LZ4.decompress(none.rawSpan, byteCount: 1) }
    }

    @Test func `flipped bits give as many bytes or an error`() throws {
        let stored = try Self.compressed(Self.sample(500, seed: 7))
        for position in stored.indices {
            for bit in 0..<8 as Range<UInt8> {
                var damaged = stored
                damaged[position] ^= 1 << bit
                if let bytes = try? LZ4.decompress(damaged.rawSpan, byteCount: 500) { #expect(bytes.count == 500) }
            }
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `random bytes give as many bytes or an error`(seed: UInt64) {
        var choices = Choices(seed: seed)
        for _ in 0..<500 {
            let count = choices.below(300)
            if let bytes = try? LZ4.decompress(choices.bytes(choices.below(80)).rawSpan, byteCount: count) {
                #expect(bytes.count == count)
            }
        }
    }
}
