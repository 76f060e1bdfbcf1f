// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Spreads packed fields of less than 8 or 16 bits to whole bytes or pairs of them, eight bytes at a time.
///
/// ```
/// width 3, eight fields   ............................hhhgggfffeeedddcccbbbaaa     (24 bits)
/// halves 32 bits apart    ....................hhhgggfffeee ....................dddcccbbbaaa
/// quarters, 16 apart      ..........hhhggg ..........fffeee ..........dddccc ..........bbbaaa
/// bytes                   .....hhh .....ggg .....fff .....eee .....ddd .....ccc .....bbb .....aaa
/// ```
enum FieldWidening {
    /// The first `count` fields of `packed`, in memory one behind the other; what follows them is not defined.
    ///
    /// - Parameter width: 1…15: up to 8 bits become a byte, more two bytes each.
    static func fields(_ packed: RawSpan, count: Int, width: Int) -> FlatBuffer<UInt64> {
        let fieldsInWord = width <= 8 ? 8 : 4
        let wordCount = (count + fieldsInWord - 1) / fieldsInWord
        var fields = FlatBuffer<UInt64>(repeating: 0, count: wordCount)
        var target = fields.mutableSpan
        let step = fieldsInWord * width
        let spread = Spread(width: width)
        // Of the last words of the fields less than eight bytes may be there.
        let wholeCount = packed.byteCount < 8 ? 0 : min(wordCount, (packed.byteCount - 8) * 8 / step + 1)
        if width <= 8 {
            for index in 0..<wholeCount {
                target[index] = spread.bytes(packed.littleEndianWord(at: index &* width)).littleEndian
            }
        } else {
            for index in 0..<wholeCount {
                let bit = index &* step
                let word = packed.littleEndianWord(at: bit &>> 3) &>> UInt64(bit & 7)
                target[index] = spread.halves(word).littleEndian
            }
        }
        for index in wholeCount..<wordCount {
            let first = index * step
            var word: UInt64 = 0
            for offset in (first >> 3)..<min(packed.byteCount, first >> 3 + 8) {
                word |= UInt64(packed[offset]) << UInt64((offset - first >> 3) * 8)
            }
            word >>= UInt64(first & 7)
            target[index] = (width <= 8 ? spread.bytes(word) : spread.halves(word)).littleEndian
        }
        return fields
    }

    /// Masks and shifts for one width.
    private struct Spread {
        typealias Step = (low: UInt64, high: UInt64, shift: UInt64)

        let toHalves: Step
        let toQuarters: Step
        /// Of fields of up to 8 bits.
        let toBytes: Step

        init(width: Int) {
            let fields = width <= 8 ? 4 : 2
            let halves = BitPacking.mask(fields * width)
            let quarters = BitPacking.mask(fields / 2 * width) & 0xffff
            let bytes = BitPacking.mask(width) & 0xff
            toHalves = (halves, halves << 32, UInt64(32 - fields * width))
            toQuarters = (
                quarters &* 0x0000_0001_0000_0001, quarters &* 0x0001_0000_0001_0000, UInt64(16 - fields / 2 * width)
            )
            toBytes = (
                bytes &* 0x0001_0001_0001_0001, bytes &* 0x0100_0100_0100_0100, UInt64(width <= 8 ? 8 - width : 0)
            )
        }

        @inline(__always) private func spread(_ word: UInt64, _ step: Step) -> UInt64 {
            (word & step.low) | ((word &<< step.shift) & step.high)
        }

        /// Four fields two bytes apart.
        @inline(__always) func halves(_ word: UInt64) -> UInt64 { spread(spread(word, toHalves), toQuarters) }

        /// Eight fields a byte apart.
        @inline(__always) func bytes(_ word: UInt64) -> UInt64 { spread(halves(word), toBytes) }
    }
}
