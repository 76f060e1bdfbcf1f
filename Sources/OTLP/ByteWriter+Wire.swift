// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// Writing the protobuf wire format. Fields with their default value are left out, as proto3 has it.

extension ByteWriter {
    /// Begins a message in field `tag`; give what is returned to `closeMessage(from:)`.
    @inline(__always) mutating func openMessage(_ tag: UInt64) -> Int {
        append(varint: tag)
        append(0 as UInt8)
        return count
    }

    /// A field of bytes, also if it is empty.
    @inline(__always) mutating func appendField(_ tag: UInt64, _ bytes: RawSpan) {
        append(varint: tag)
        append(lengthPrefixed: bytes)
    }

    @inline(__always) mutating func appendField(_ tag: UInt64, nonzero value: UInt64) {
        guard value != 0 else { return }
        append(varint: tag)
        append(varint: value)
    }

    @inline(__always) mutating func appendField(_ tag: UInt64, nonzeroFixed value: UInt64) {
        guard value != 0 else { return }
        append(varint: tag)
        append(littleEndian: value)
    }

    @inline(__always) mutating func appendField(_ tag: UInt64, nonzeroFixed value: UInt32) {
        guard value != 0 else { return }
        append(varint: tag)
        append(littleEndian: value)
    }

    /// A field of text whose ill-formed parts are replaced.
    mutating func appendRepairedField(_ tag: UInt64, _ bytes: RawSpan) {
        if UTF8Text.isWellFormed(bytes) { return appendField(tag, bytes) }
        let body = openMessage(tag)
        UTF8Text.appendRepaired(bytes, to: &self)
        closeMessage(from: body)
    }
}
