// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// The eight bytes from `offset` as a little-endian number. Traps if they are not all in the span.
    @inlinable @inline(__always) public func littleEndianWord(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && byteCount &- offset >= 8)
        // Safe: the range was checked.
        return UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// The `count` bytes from `start` as four words that, with the count, determine them; nil unless there are 1 to
    /// 32 and eight bytes of the span follow `start`.
    ///
    /// Up to 16 bytes are the first word and, from 8 on, the last eight bytes; more are those, bytes 8…15 and the
    /// eight before the last eight.
    @inlinable @inline(__always) public func shortWords(at start: Int, count: Int) -> SIMD4<UInt64>? {
        guard count &- 1 >= 0, count <= 32, start >= 0, byteCount &- start >= max(count, 8) else { return nil }
        // Safe: all reads lie between `start` and the greater of `start + count` and `start + 8`, which were checked.
        var words = SIMD4<UInt64>.zero
        words[0] = unsafe uncheckedWord(start)
        if count < 8 {
            words[0] &= (1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1
            return words
        }
        words[1] = unsafe uncheckedWord(start &+ count &- 8)
        if count > 16 {
            words[2] = unsafe uncheckedWord(start &+ 8)
            words[3] = unsafe uncheckedWord(start &+ count &- 16)
        }
        return words
    }

    /// The `count` bytes from `start` as eight words that, with the count, determine them: the first and the last 32
    /// bytes; nil unless there are 33 to 64.
    @inlinable @inline(__always) public func mediumWords(at start: Int, count: Int) -> SIMD8<UInt64>? {
        guard count > 32, count <= 64, start >= 0, byteCount &- start >= count else { return nil }
        // Safe: all reads lie between `start` and `start + count`, which were checked.
        let first = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: SIMD4<UInt64>.self)
        let last = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: start &+ count &- 32, as: SIMD4<UInt64>.self)
        return SIMD8(lowHalf: first, highHalf: last)
    }

    @unsafe @inlinable @inline(__always) func uncheckedWord(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }
}
