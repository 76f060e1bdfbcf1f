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
struct FieldWidening {
    private typealias Step = (low: UInt64, high: UInt64, shift: UInt64)

    private let width: Int
    private let steps: (Step, Step, Step)

    /// Of fields of 1 to 15 bits: to bytes if they fit into them, else to two bytes each.
    init(width: Int) {
        self.width = width
        let isByte = width <= 8
        let fields = isByte ? 4 : 2
        let halves = BitPacking.mask(fields * width)
        let quarters = BitPacking.mask(fields / 2 * width) &* 0x0000_0001_0000_0001
        let bytes = BitPacking.mask(width) &* 0x0001_0001_0001_0001
        steps = (
            (halves, halves << 32, UInt64(32 - fields * width)),
            (quarters, quarters << 16, UInt64(16 - fields / 2 * width)),
            isByte ? (bytes, bytes << 8, UInt64(8 - width)) : (.max, 0, 0)
        )
    }

    @inline(__always) private func widened(_ word: UInt64) -> UInt64 {
        var word = (word & steps.0.low) | ((word &<< steps.0.shift) & steps.0.high)
        word = (word & steps.1.low) | ((word &<< steps.1.shift) & steps.1.high)
        return (word & steps.2.low) | ((word &<< steps.2.shift) & steps.2.high)
    }

    /// The first `count` fields of `packed`, in memory one behind the other; what follows them is not defined.
    func fields(_ packed: RawSpan, count: Int) -> FlatBuffer<UInt64> {
        let fieldsInWord = width <= 8 ? 8 : 4
        let wordCount = (count + fieldsInWord - 1) / fieldsInWord
        var fields = FlatBuffer<UInt64>(repeating: 0, count: wordCount)
        var target = fields.mutableSpan
        var bit = 0
        var index = 0
        while index < wordCount, bit &>> 3 &+ 8 <= packed.byteCount {
            let word = packed.littleEndianWord(at: bit &>> 3) &>> UInt64(bit & 7)
            target[index] = widened(word).littleEndian
            index &+= 1
            bit &+= fieldsInWord &* width
        }
        while index < wordCount {
            var word: UInt64 = 0
            for offset in (bit &>> 3)..<packed.byteCount {
                word |= UInt64(packed[offset]) &<< UInt64((offset &- bit &>> 3) &* 8)
            }
            target[index] = widened(word &>> UInt64(bit & 7)).littleEndian
            index &+= 1
            bit &+= fieldsInWord &* width
        }
        return fields
    }
}
