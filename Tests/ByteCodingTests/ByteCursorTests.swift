// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing

@Suite struct ByteCursorTests {
    /// Every kind of read in turn; false where the last byte is not reached.
    static func readAll(_ bytes: [UInt8]) throws(ByteCodingError) {
        let span = bytes.rawSpan
        var cursor = ByteCursor(over: span)
        _ = try cursor.byte(span)
        _ = try cursor.littleEndian(span, as: UInt16.self)
        _ = try cursor.bigEndian(span, as: UInt32.self)
        _ = try cursor.littleEndian(span, as: UInt64.self)
        _ = try cursor.varint(span)
        _ = try cursor.zigzag(span)
        _ = try cursor.count(span, limit: 1000)
        _ = try cursor.lengthPrefixed(span)
        _ = try cursor.take(5)
        guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "test") }
    }

    static let whole: [UInt8] = {
        var out = ByteWriter()
        out.append(1 as UInt8)
        out.append(littleEndian: 2 as UInt16)
        out.append(bigEndian: 3 as UInt32)
        out.append(littleEndian: 4 as UInt64)
        out.append(varint: .max)
        out.append(zigzag: .min)
        out.append(varint: 1000)
        out.append(lengthPrefixed: [UInt8](repeating: 7, count: 200).rawSpan)
        out.appendZeros(5)
        return out.array()
    }()

    @Test func `every truncation is an error, and nothing is read beyond the end`() throws {
        try Self.readAll(Self.whole)
        for length in Self.whole.indices {
            #expect(throws: ByteCodingError(.truncated, "")) { try Self.readAll(Array(Self.whole[..<length])) }
        }
        #expect(throws: ByteCodingError.self) { try Self.readAll(Self.whole + [0]) }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `random bytes give values or errors`(seed: UInt64) {
        var choices = Choices(seed: seed)
        for _ in 0..<500 { _ = try? Self.readAll(choices.bytes(choices.below(60))) }
    }

    @Test(arguments: [
        // Eleven bytes; a tenth byte that does not fit; no end.
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], [255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
        [255, 255, 255, 255, 255, 255, 255, 255, 255, 0x81, 0], [255, 255, 255, 255, 255, 255, 255, 255, 255, 0x7f],
    ] as [[UInt8]])
    func `varints of more than 64 bits are corrupted`(bytes: [UInt8]) {
        #expect(throws: ByteCodingError(.corrupted, "")) {
            var cursor = ByteCursor(over: bytes.rawSpan)
            _ = try cursor.varint(bytes.rawSpan)
        }
    }

    @Test func `varints may be longer than they need be, up to ten bytes`() throws {
        for length in 1...10 {
            let bytes = [UInt8](repeating: 0x80, count: length - 1) + [0]
            var cursor = ByteCursor(over: bytes.rawSpan)
            #expect(try cursor.varint(bytes.rawSpan) == 0)
            #expect(cursor.position == length)
        }
        let most: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
        var cursor = ByteCursor(over: most.rawSpan)
        #expect(try cursor.varint(most.rawSpan) == .max)
    }

    @Test func `counts above their limit are corrupted`() throws {
        for (value, limit) in [(0, 0), (5, 5), (5, 6), (Int.max, Int.max)] {
            var out = ByteWriter()
            out.append(varint: UInt64(value))
            let bytes = out.array()
            var cursor = ByteCursor(over: bytes.rawSpan)
            #expect(try cursor.count(bytes.rawSpan, limit: limit) == value)
        }
        for (value, limit) in [(1, 0), (6, 5), (UInt64.max, Int.max), (1 << 63, Int.max)] as [(UInt64, Int)] {
            var out = ByteWriter()
            out.append(varint: value)
            let bytes = out.array()
            #expect(throws: ByteCodingError(.corrupted, "")) {
                var cursor = ByteCursor(over: bytes.rawSpan)
                _ = try cursor.count(bytes.rawSpan, limit: limit)
            }
        }
    }

    @Test func `lengths that lie are truncations, however great`() {
        for length in [1, 127, 1 << 40, 1 << 63 - 1, 1 << 63, .max] as [UInt64] {
            var out = ByteWriter()
            out.append(varint: length)
            let bytes = out.array()
            #expect(throws: ByteCodingError(.truncated, "")) {
                var cursor = ByteCursor(over: bytes.rawSpan)
                _ = try cursor.lengthPrefixed(bytes.rawSpan)
            }
        }
        for count in [-1, 4, .max, .min] {
            #expect(throws: ByteCodingError(.truncated, "")) {
                let bytes: [UInt8] = [1, 2, 3]
                var cursor = ByteCursor(over: bytes.rawSpan)
                _ = try cursor.take(count)
            }
        }
    }

    @Test func `ranges that are not in the bytes are refused`() throws {
        let bytes: [UInt8] = [1, 2, 3]
        for (position, end) in [(-1, 2), (2, 1), (0, 4), (4, 4), (.min, .max)] {
            #expect(throws: ByteCodingError(.truncated, "")) {
                _ = try ByteCursor(position: position, end: end, in: bytes.rawSpan)
            }
        }
        let empty = try ByteCursor(position: 3, end: 3, in: bytes.rawSpan)
        #expect(empty.isAtEnd && empty.remaining == 0)
    }

    @Test func `a part knows nothing of what lies behind it`() throws {
        let bytes: [UInt8] = [2, 10, 11, 12]
        let span = bytes.rawSpan
        var cursor = ByteCursor(over: span)
        var part = try cursor.lengthPrefixed(span)
        #expect([UInt8](part.span(of: span)) == [10, 11])
        _ = try part.byte(span)
        _ = try part.byte(span)
        #expect(throws: ByteCodingError(.truncated, "")) { _ = try part.byte(bytes.rawSpan) }
        #expect(throws: ByteCodingError(.truncated, "")) { _ = try part.varint(bytes.rawSpan) }
        #expect(try cursor.byte(span) == 12)
    }

    @Test func `an error says what was read`() {
        #expect(ByteCodingError(.truncated, "varint").description == "varint is truncated")
    }
}
