// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// Reading the protobuf wire format: https://protobuf.dev/programming-guides/encoding/

extension ByteCursor {
    /// No bytes.
    static var empty: ByteCursor { ByteCursor(over: RawSpan()) }

    /// The next field's tag, or any other varint.
    @inline(__always)
    mutating func wireVarint(_ bytes: RawSpan) throws(WireFault) -> UInt64 {
        do { return try varint(bytes) } catch { throw WireFault(error, at: position) }
    }

    @inline(__always)
    mutating func fixed64(_ bytes: RawSpan) throws(WireFault) -> UInt64 {
        do { return try littleEndian(bytes, as: UInt64.self) } catch { throw WireFault(.truncated, at: position) }
    }

    @inline(__always)
    mutating func fixed32(_ bytes: RawSpan) throws(WireFault) -> UInt32 {
        do { return try littleEndian(bytes, as: UInt32.self) } catch { throw WireFault(.truncated, at: position) }
    }

    /// A varint of which protobuf keeps the low 32 bits.
    @inline(__always)
    mutating func uint32(_ bytes: RawSpan) throws(WireFault) -> UInt32 {
        UInt32(truncatingIfNeeded: try wireVarint(bytes))
    }

    /// The body of a length-prefixed field.
    @inline(__always)
    mutating func body(_ bytes: RawSpan) throws(WireFault) -> ByteCursor {
        do { return try lengthPrefixed(bytes) } catch { throw WireFault(error, at: position) }
    }

    /// Takes a tag and a length, each one byte, if they come next and as many bytes follow.
    @inline(__always)
    mutating func takeHeader(_ tag: UInt64, _ byteCount: Int, _ bytes: RawSpan) -> Bool {
        guard remaining >= byteCount &+ 2, UInt64(bytes[position]) == tag, Int(bytes[position &+ 1]) == byteCount
        else { return false }
        position &+= 2
        return true
    }

    /// The next `byteCount` bytes.
    @inline(__always)
    mutating func part(_ byteCount: Int) throws(WireFault) -> ByteCursor {
        do { return try take(byteCount) } catch { throw WireFault(.truncated, at: position) }
    }

    /// Passes over the value of a field that is not known. Groups, which proto3 does not have, are refused.
    @inline(never)
    mutating func skipValue(tag: UInt64, _ bytes: RawSpan) throws(WireFault) {
        guard tag >> 3 != 0, tag <= UInt64(UInt32.max) else { throw WireFault(.fieldNumber, at: position) }
        switch tag & 7 {
        case 0: _ = try wireVarint(bytes)
        case 1: _ = try fixed64(bytes)
        case 2: _ = try body(bytes)
        case 5: _ = try fixed32(bytes)
        default: throw WireFault(.wireType, at: position)
        }
    }
}
