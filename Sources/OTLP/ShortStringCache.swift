// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Remembers the codes of short strings that come again and again, such as attribute keys.
///
/// A direct-mapped table in front of a ``ByteDictionary``. Strings of 1 to 32 bytes are held as the words that, with
/// the length, determine them, so that a hit costs no hash over the bytes and no comparison in other memory.
struct ShortStringCache: ~Copyable {
    struct Entry: BitwiseCopyable {
        var words = SIMD4<UInt64>.zero
        /// 0 where nothing is cached.
        var byteCount: UInt32 = 0
        var code: UInt32 = 0
    }

    private static let indexBits: UInt64 = 11
    private var entries = FlatBuffer(repeating: Entry(), count: 1 << Int(indexBits))

    /// Forgets everything, because other codes hold from now on.
    mutating func removeAll() { entries.fill(with: Entry()) }

    /// The code of the bytes at `string` in `strings`, to which they are added if they were never seen.
    @inline(__always)
    mutating func code(
        for string: ByteCursor, in bytes: RawSpan, _ strings: inout ByteDictionary
    ) -> UInt32 {
        code(at: string.position, count: string.remaining, in: bytes, &strings)
    }

    /// The same for the `count` bytes from `start`.
    @inline(__always)
    mutating func code(
        at start: Int, count: Int, in bytes: RawSpan, _ strings: inout ByteDictionary
    ) -> UInt32 {
        guard count > 0 else { return 0 }
        guard let words = bytes.shortWords(at: start, count: count) else {
            return strings.code(for: bytes.extracting(start..<start &+ count))
        }
        let byteCount = UInt32(truncatingIfNeeded: count)
        let index = Self.index(words, byteCount)
        let found = entries[index]
        if found.byteCount == byteCount && found.words == words { return found.code }
        let code = strings.code(for: bytes.extracting(start..<start &+ count))
        entries[index] = Entry(words: words, byteCount: byteCount, code: code)
        return code
    }

    @inline(__always) private static func index(_ words: SIMD4<UInt64>, _ byteCount: UInt32) -> Int {
        let mixed = words[0] ^ (words[1] &* 0x9e37_79b9_7f4a_7c15) ^ words[2] ^ UInt64(byteCount)
        return Int(truncatingIfNeeded: (mixed &* 0xff51_afd7_ed55_8ccd) &>> (64 &- indexBits))
    }
}
