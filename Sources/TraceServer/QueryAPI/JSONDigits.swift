// SPDX-License-Identifier: Apache-2.0

/// Eight digits at a time, in the bytes of a word: the first one in the lowest byte.
enum JSONDigits {
    /// Eight times "0".
    static let zeros: UInt64 = 0x3030_3030_3030_3030

    /// The digits of a number below 100,000,000, with leading zeros.
    ///
    /// Halves the number three times, into fields of 32, 16 and 8 bits, all of a word at once: a division by 100 is a
    /// multiplication by 10,486 / 2²⁰, which is exact below 10,000, one by 10 by 103 / 2¹⁰, which is below 100.
    static func decimal(_ value: UInt64) -> UInt64 {
        let fours = value / 10_000 | (value % 10_000) &<< 32
        let hundreds = (fours &* 10_486) &>> 20 & 0x0000_007f_0000_007f
        let twos = hundreds | (fours &- 100 &* hundreds) &<< 16
        let tens = (twos &* 103) &>> 10 & 0x000f_000f_000f_000f
        return (tens | (twos &- 10 &* tens) &<< 8) &+ zeros
    }

    /// The eight hexadecimal digits of a number, lower case.
    static func hexadecimal(_ value: UInt32) -> UInt64 {
        var digits = UInt64(value.byteSwapped)
        digits = (digits | digits &<< 16) & 0x0000_ffff_0000_ffff
        digits = (digits | digits &<< 8) & 0x00ff_00ff_00ff_00ff
        digits = (digits &>> 4 | digits &<< 8) & 0x0f0f_0f0f_0f0f_0f0f
        let isLetter = (digits &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        return digits &+ zeros &+ isLetter &* 39
    }
}
