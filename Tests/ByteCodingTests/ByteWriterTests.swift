// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing

@Suite struct ByteWriterTests {
    @Test func `integers stand in the order that their name says`() {
        var out = ByteWriter(capacity: 0)
        out.append(1 as UInt8)
        out.append(littleEndian: 0x0203 as UInt16)
        out.append(bigEndian: 0x0405_0607 as UInt32)
        out.append(littleEndian: -2 as Int64)
        #expect(out.array() == [1, 3, 2, 4, 5, 6, 7, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
    }

    @Test(arguments: boundaryNumbers)
    func `varints are the shortest that hold the value`(value: UInt64) throws {
        var out = ByteWriter(capacity: 0)
        out.append(varint: value)
        let bytes = out.array()
        #expect(bytes.count == max(1, (64 - value.leadingZeroBitCount + 6) / 7))
        #expect(bytes.dropLast().allSatisfy { $0 >= 0x80 } && bytes[bytes.count - 1] < 0x80)
        var cursor = ByteCursor(over: bytes.rawSpan)
        #expect(try cursor.varint(bytes.rawSpan) == value)
        #expect(cursor.isAtEnd)
    }

    @Test(arguments: [0, 1, -1, 2, -2, 63, -64, 64, -65, .max, .min] as [Int64])
    func `signed numbers come back from their zig-zag varints`(value: Int64) throws {
        var out = ByteWriter()
        out.append(zigzag: value)
        let bytes = out.array()
        var cursor = ByteCursor(over: bytes.rawSpan)
        #expect(try cursor.zigzag(bytes.rawSpan) == value)
        if value >= -64 && value < 64 { #expect(bytes.count == 1) }
    }

    @Test(arguments: [0, 1, 126, 127, 128, 129, 16_383, 16_384, 16_385, 2_097_151, 2_097_152, 2_097_153])
    func `a message that is closed reads as its length and its body`(length: Int) throws {
        for before in [0, 5] {
            var out = ByteWriter(capacity: 16)
            out.appendZeros(before)
            out.append(0 as UInt8)
            let start = out.count
            for index in 0..<length { out.append(UInt8(truncatingIfNeeded: index &* 31)) }
            out.closeMessage(from: start)
            out.append(0xee as UInt8)
            let bytes = out.array()
            var cursor = try ByteCursor(position: before, end: bytes.count, in: bytes.rawSpan)
            let body = try cursor.lengthPrefixed(bytes.rawSpan)
            #expect(body.remaining == length)
            #expect(zip(bytes[body.position..<body.end], 0...).allSatisfy { $0 == UInt8(truncatingIfNeeded: $1 &* 31) })
            #expect(cursor.remaining == 1)
            #expect(try cursor.byte(bytes.rawSpan) == 0xee)
            #expect(bytes[..<before].allSatisfy { $0 == 0 })
        }
    }

    @Test func `messages nest`() throws {
        var out = ByteWriter(capacity: 1)
        var starts: [Int] = []
        for level in 0..<40 {
            out.append(0 as UInt8)
            starts.append(out.count)
            out.appendZeros(level * 7)
        }
        for start in starts.reversed() { out.closeMessage(from: start) }
        let bytes = out.array()
        var cursor = ByteCursor(over: bytes.rawSpan)
        for level in 0..<40 {
            var body = try cursor.lengthPrefixed(bytes.rawSpan)
            #expect(cursor.isAtEnd)
            _ = try body.take(level * 7)
            cursor = body
        }
        #expect(cursor.isAtEnd)
    }

    @Test func `it agrees with an array whatever is done`() {
        var choices = Choices(seed: 3)
        var out = ByteWriter(capacity: 0)
        var array: [UInt8] = []
        for _ in 0..<3000 {
            let part = choices.bytes(choices.below(60))
            switch choices.below(8) {
            case 0:
                out.append(lengthPrefixed: part.rawSpan)
                array += [UInt8(part.count)] + part
            case 1:
                let count = choices.below(array.count + 1)
                out.truncate(to: count)
                array = Array(array.prefix(count))
            case 2:
                out.appendZeros(part.count)
                array += [UInt8](repeating: 0, count: part.count)
            case 3 where array.count >= 4:
                let offset = choices.below(array.count - 3)
                out.overwrite(littleEndian: 0x0403_0201, at: offset)
                array.replaceSubrange(offset..<(offset + 4), with: [1, 2, 3, 4])
            case 4:
                var other = ByteWriter()
                other.append(part.rawSpan)
                out.append(other)
                array += part
            case 5 where part.isEmpty:
                out.removeAll()
                array = []
            default:
                out.append(part.rawSpan)
                array += part
            }
            #expect(out.count == array.count)
        }
        #expect(out.array() == array)
        let middle = array.count / 2
        #expect(out.checksum(middle..<array.count, seed: 5) == XXH3.hash(Array(array[middle...]).rawSpan, seed: 5))
    }

    @Test func `bytes compare as memory does, a prefix first`() {
        let strings: [[UInt8]] = [[], [0], [0, 0], [0, 1], [1], [127], [128], [128, 0], [255]]
        for (indexA, a) in strings.enumerated() {
            for (indexB, b) in strings.enumerated() {
                let (precedes, isEqual) = (a.rawSpan.precedes(b.rawSpan), a.rawSpan.isEqual(to: b.rawSpan))
                #expect(precedes == (indexA < indexB))
                #expect(isEqual == (indexA == indexB))
            }
        }
    }
}
