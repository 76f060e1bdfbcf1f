// SPDX-License-Identifier: Apache-2.0

/// A half-open range of positions in bytes that are not trusted, read front to back.
///
/// The bytes are passed to every call and not stored, so that a cursor is two integers that nest freely. Every read
/// checks its bounds and throws ``ByteCodingError``; nothing traps whatever the bytes hold.
public struct ByteCursor: Sendable {
    public var position: Int
    public let end: Int

    /// All of `bytes`.
    @inlinable public init(over bytes: RawSpan) {
        position = 0
        end = bytes.byteCount
    }

    @inlinable public init(position: Int, end: Int, in bytes: RawSpan) throws(ByteCodingError) {
        guard position >= 0, position <= end, end <= bytes.byteCount else {
            throw ByteCodingError(.truncated, "byte range")
        }
        self.position = position
        self.end = end
    }

    /// For ranges that were checked when they were made from the same bytes.
    @inlinable @inline(__always) init(checkedPosition: Int, end: Int) {
        position = checkedPosition
        self.end = end
    }

    @inlinable @inline(__always) public var isAtEnd: Bool { position >= end }
    @inlinable @inline(__always) public var remaining: Int { end &- position }

    @inlinable @inline(__always)
    public mutating func byte(_ bytes: RawSpan) throws(ByteCodingError) -> UInt8 {
        guard position < end else { throw ByteCodingError(.truncated, "byte") }
        let value = load(bytes, as: UInt8.self)
        position &+= 1
        return value
    }

    @inlinable @inline(__always)
    public mutating func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: RawSpan, as type: T.Type
    ) throws(ByteCodingError) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw ByteCodingError(.truncated, "integer") }
        let value = load(bytes, as: T.self)
        position &+= MemoryLayout<T>.size
        return T(littleEndian: value)
    }

    @inlinable @inline(__always)
    public mutating func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: RawSpan, as type: T.Type
    ) throws(ByteCodingError) -> T {
        try littleEndian(bytes, as: T.self).byteSwapped
    }

    /// Reads a base-128 varint of at most ten bytes that fits into 64 bits.
    @inlinable @inline(__always)
    public mutating func varint(_ bytes: RawSpan) throws(ByteCodingError) -> UInt64 {
        guard position < end else { throw ByteCodingError(.truncated, "varint") }
        let first = load(bytes, as: UInt8.self)
        if first < 0x80 {
            position &+= 1
            return UInt64(first)
        }
        let (value, next) = try Self.longVarint(bytes, from: position, to: end)
        position = next
        return value
    }

    @inlinable @inline(__always)
    public mutating func zigzag(_ bytes: RawSpan) throws(ByteCodingError) -> Int64 {
        let value = try varint(bytes)
        return Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Reads a varint that counts something of which there can't be more than `limit`.
    @inlinable public mutating func count(_ bytes: RawSpan, limit: Int) throws(ByteCodingError) -> Int {
        let value = try varint(bytes)
        guard value <= UInt64(limit) else { throw ByteCodingError(.corrupted, "count") }
        return Int(value)
    }

    /// Takes the next `byteCount` bytes as a cursor of their own.
    @inlinable @inline(__always)
    public mutating func take(_ byteCount: Int) throws(ByteCodingError) -> ByteCursor {
        guard byteCount >= 0, byteCount <= remaining else { throw ByteCodingError(.truncated, "byte range") }
        let part = ByteCursor(checkedPosition: position, end: position &+ byteCount)
        position &+= byteCount
        return part
    }

    /// Takes a varint length and as many bytes as it says.
    @inlinable @inline(__always)
    public mutating func lengthPrefixed(_ bytes: RawSpan) throws(ByteCodingError) -> ByteCursor {
        let length = try varint(bytes)
        guard length <= UInt64(truncatingIfNeeded: remaining) else {
            throw ByteCodingError(.truncated, "length-prefixed bytes")
        }
        let part = ByteCursor(checkedPosition: position, end: position &+ Int(truncatingIfNeeded: length))
        position = part.end
        return part
    }

    /// The bytes between position and end.
    @inlinable @inline(__always)
    @_lifetime(copy bytes)
    public func span(of bytes: RawSpan) -> RawSpan {
        precondition(position >= 0 && position <= end && end <= bytes.byteCount)
        return bytes.extracting(position..<end)
    }

    @inlinable @inline(__always) func load<T: BitwiseCopyable>(_ bytes: RawSpan, as type: T.Type) -> T {
        // A cursor belongs to the bytes it was made from; reading others through it must still not leave them.
        precondition(position >= 0 && bytes.byteCount &- position >= MemoryLayout<T>.size)
        // Safe: the range was just checked.
        return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: T.self)
    }

    /// Reads a varint and says where it ends. By value, so that a caller's cursor may stay in registers.
    @usableFromInline @inline(never)
    static func longVarint(
        _ bytes: RawSpan, from start: Int, to end: Int
    ) throws(ByteCodingError) -> (value: UInt64, end: Int) {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        var position = start
        while position < end {
            let next = bytes[position]
            position &+= 1
            if shift == 63 && next > 1 { throw ByteCodingError(.corrupted, "varint") }
            result |= UInt64(next & 0x7f) &<< shift
            if next < 0x80 { return (result, position) }
            shift &+= 7
            if shift > 63 { throw ByteCodingError(.corrupted, "varint") }
        }
        throw ByteCodingError(.truncated, "varint")
    }
}
