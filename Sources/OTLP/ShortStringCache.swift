// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Remembers the codes of short strings that come again and again, such as attribute keys.
///
/// Direct-mapped tables in front of a ``ByteDictionary``. Strings of up to 64 bytes are held as the words that, with the
/// length, determine them, so that a hit costs no hash over the bytes and no comparison in other memory.
struct ShortStringCache: ~Copyable {
    /// Of 1 to 32 bytes.
    struct Entry: BitwiseCopyable {
        var words = SIMD4<UInt64>.zero
        /// 0 where nothing is cached.
        var byteCount: UInt32 = 0
        var code: UInt32 = 0
    }

    /// Of 33 to 64 bytes.
    struct MediumEntry: BitwiseCopyable {
        var words = SIMD8<UInt64>.zero
        /// 0 where nothing is cached.
        var byteCount: UInt32 = 0
        var code: UInt32 = 0
    }

    private static let mediumIndexBits: UInt64 = 9
    private let indexBits: UInt64
    private var entries: FlatBuffer<Entry>
    private var mediumEntries = FlatBuffer(repeating: MediumEntry(), count: 1 << Int(mediumIndexBits))

    /// - Parameter indexBits: Of the number of short strings that are held at most, 48 bytes each.
    init(indexBits: Int) {
        self.indexBits = UInt64(indexBits)
        entries = FlatBuffer(repeating: Entry(), count: 1 << indexBits)
    }

    /// Forgets everything, because other codes hold from now on.
    mutating func removeAll() {
        entries.fill(with: Entry())
        mediumEntries.fill(with: MediumEntry())
    }

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
            return mediumCode(at: start, count: count, in: bytes, &strings)
        }
        let byteCount = UInt32(truncatingIfNeeded: count)
        let index = index(words, byteCount)
        let found = entries[index]
        if found.byteCount == byteCount && found.words == words { return found.code }
        let code = strings.code(for: bytes.extracting(start..<start &+ count))
        entries[index] = Entry(words: words, byteCount: byteCount, code: code)
        return code
    }

    @inline(never)
    private mutating func mediumCode(
        at start: Int, count: Int, in bytes: RawSpan, _ strings: inout ByteDictionary
    ) -> UInt32 {
        guard let words = bytes.mediumWords(at: start, count: count) else {
            return strings.code(for: bytes.extracting(start..<start &+ count))
        }
        let byteCount = UInt32(truncatingIfNeeded: count)
        let index = Self.index(words, byteCount)
        let found = mediumEntries[index]
        if found.byteCount == byteCount && found.words == words { return found.code }
        let code = strings.code(for: bytes.extracting(start..<start &+ count))
        mediumEntries[index] = MediumEntry(words: words, byteCount: byteCount, code: code)
        return code
    }

    /// From every word, since the names of what one service does begin and end alike.
    @inline(__always) private static func index(_ words: SIMD8<UInt64>, _ byteCount: UInt32) -> Int {
        var mixed = UInt64(byteCount)
        for index in 0..<8 { mixed = (mixed ^ words[index]) &* 0xff51_afd7_ed55_8ccd }
        return Int(truncatingIfNeeded: mixed &>> (64 &- mediumIndexBits))
    }

    @inline(__always) private func index(_ words: SIMD4<UInt64>, _ byteCount: UInt32) -> Int {
        let mixed = words[0] ^ (words[1] &* 0x9e37_79b9_7f4a_7c15) ^ words[2] ^ UInt64(byteCount)
        return Int(truncatingIfNeeded: (mixed &* 0xff51_afd7_ed55_8ccd) &>> (64 &- indexBits))
    }
}
