// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing

@Suite struct FlatBufferTests {
    @Test(arguments: [0, 1, 2, 15, 16, 17, 1000])
    func `elements stay while it grows`(capacity: Int) {
        var buffer = FlatBuffer<UInt64>(capacity: capacity)
        for index in 0..<3000 {
            buffer.append(UInt64(index) &* 7)
            #expect(buffer.count == index + 1)
        }
        for index in 0..<3000 { #expect(buffer[index] == UInt64(index) &* 7) }
        #expect(buffer.span.count == 3000)
        #expect(buffer.rawSpan.byteCount == 24_000)
    }

    @Test func `it shrinks, grows with a filling and is emptied like an array`() {
        var choices = Choices(seed: 1)
        var buffer = FlatBuffer<UInt32>()
        var array: [UInt32] = []
        for _ in 0..<2000 {
            let value = UInt32(truncatingIfNeeded: choices.next())
            let size = choices.below(200)
            switch choices.below(7) {
            case 0:
                buffer.resize(to: size, filling: value)
                array = size < array.count ? Array(array[..<size]) : array + Array(repeating: value, count: size - array.count)
            case 1:
                buffer.truncate(to: min(size, array.count))
                array = Array(array.prefix(size))
            case 2 where size == 0:
                buffer.removeAll()
                array = []
            case 3 where size < array.count:
                buffer[size] = value
                array[size] = value
            case 4 where size < array.count:
                buffer.sort(size..<array.count) { $0 < $1 }
                array.replaceSubrange(size..., with: array[size...].sorted())
            case 5 where size < 5:
                buffer.fill(with: value)
                array = array.map { _ in value }
            default:
                buffer.append(value)
                array.append(value)
            }
            #expect(buffer.count == array.count)
            #expect((buffer.isEmpty) == array.isEmpty)
        }
        for index in array.indices { #expect(buffer[index] == array[index]) }
    }

    @Test func `repeated elements fill it, also none`() {
        let none = FlatBuffer<UInt8>(repeating: 9, count: 0)
        #expect(none.count == 0 && none.span.isEmpty)
        let three = FlatBuffer<UInt8>(repeating: 9, count: 3)
        #expect([UInt8](three.rawSpan) == [9, 9, 9])
    }

    @Test func `what is written through the mutable span stands in the buffer`() {
        var buffer = FlatBuffer<UInt64>(repeating: 0, count: 4)
        var span = buffer.mutableSpan
        for index in span.indices { span[index] = UInt64(index) }
        for index in 0..<4 { #expect(buffer[index] == UInt64(index)) }
    }

    @Test func `an index outside traps`() async {
        await #expect(processExitsWith: .failure) {
            let buffer = FlatBuffer<UInt8>(capacity: 8)
            _ = buffer[0]
        }
        await #expect(processExitsWith: .failure) {
            var buffer = FlatBuffer<UInt8>(repeating: 0, count: 8)
            buffer[-1] = 1
        }
        await #expect(processExitsWith: .failure) {
            var buffer = FlatBuffer<UInt8>(repeating: 0, count: 8)
            buffer.truncate(to: 9)
        }
    }
}
