// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// The eight bytes from `offset` as a little-endian number. Traps if they are not all in the span.
    @inlinable @inline(__always) public func littleEndianWord(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset &+ 8 <= byteCount)
        // Safe: the range was checked.
        return UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
