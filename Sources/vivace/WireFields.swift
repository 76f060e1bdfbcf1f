// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Hands out the varint and the length-delimited fields of a protobuf message: number, value, content.
func eachField(_ message: [UInt8], _ body: (Int, UInt64, [UInt8]) throws -> Void) throws {
    let bytes = message.rawSpan
    var cursor = ByteCursor(over: bytes)
    while !cursor.isAtEnd {
        let tag = try cursor.varint(bytes)
        let number = Int(tag >> 3 & 0x1fff_ffff)
        switch tag & 7 {
        case 0: try body(number, try cursor.varint(bytes), [])
        case 1: _ = try cursor.littleEndian(bytes, as: UInt64.self)
        case 2: try body(number, 0, [UInt8](try cursor.lengthPrefixed(bytes).span(of: bytes)))
        case 5: _ = try cursor.littleEndian(bytes, as: UInt32.self)
        default: throw ByteCodingError(.corrupted, "wire type")
        }
    }
}
