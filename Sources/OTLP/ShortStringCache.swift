// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Remembers the codes of short strings that come again and again, such as attribute keys.
///
/// A direct-mapped table in front of a ``ByteDictionary``. Strings of 1 to 32 bytes are held as up to four words
/// that, with the length, determine them (a string of 17 bytes as bytes 0…7, 9…16, 8…15 and 1…8), so that a hit
/// costs no hash over the bytes and no comparison in other memory.
struct ShortStringCache: ~Copyable {
    struct Entry: BitwiseCopyable {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        /// 0 where nothing is cached.
        var byteCount: UInt32 = 0
        var code: UInt32 = 0
    }

    private static let indexBits: UInt64 = 9
    private var entries = FlatBuffer(repeating: Entry(), count: 1 << 9)

    /// Forgets everything, because other codes hold from now on.
    mutating func removeAll() { entries.fill(with: Entry()) }

    /// The code of the bytes at `string` in `strings`, to which they are added if they were never seen.
    @inline(__always)
    mutating func code(
        for string: ByteCursor, in bytes: RawSpan, _ strings: inout ByteDictionary
    ) -> UInt32 {
        let count = string.remaining
        guard count > 0 else { return 0 }
        let start = string.position
        guard count <= 32, start &+ 8 <= bytes.byteCount else { return strings.code(for: string.span(of: bytes)) }
        var entry = Entry()
        entry.byteCount = UInt32(truncatingIfNeeded: count)
        entry.words.0 = bytes.littleEndianWord(at: start)
        if count < 8 {
            entry.words.0 &= (1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1
        } else {
            entry.words.1 = bytes.littleEndianWord(at: start &+ count &- 8)
            if count > 16 {
                entry.words.2 = bytes.littleEndianWord(at: start &+ 8)
                entry.words.3 = bytes.littleEndianWord(at: start &+ count &- 16)
            }
        }
        let words = entry.words.0 ^ (entry.words.1 &* 0x9e37_79b9_7f4a_7c15) ^ entry.words.2
        let mixed = (words ^ UInt64(entry.byteCount))
            &* 0xff51_afd7_ed55_8ccd
        let index = Int(truncatingIfNeeded: mixed &>> (64 &- Self.indexBits))
        let found = entries[index]
        if found.byteCount == entry.byteCount && found.words == entry.words { return found.code }
        entry.code = strings.code(for: string.span(of: bytes))
        entries[index] = entry
        return entry.code
    }
}
