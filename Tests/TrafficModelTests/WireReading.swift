// SPDX-License-Identifier: Apache-2.0

import ByteCoding

/// One field of a protobuf message; the number of a varint or fixed field, or the bytes of the others.
struct WireField {
    var number: Int
    var value: UInt64 = 0
    var bytes: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// The fields of a message, in order.
func wireFields(_ message: [UInt8]) throws -> [WireField] {
    let bytes = message.rawSpan
    var cursor = ByteCursor(over: bytes)
    var fields: [WireField] = []
    while !cursor.isAtEnd {
        let tag = try cursor.varint(bytes)
        var field = WireField(number: Int(tag >> 3))
        switch tag & 7 {
        case 0: field.value = try cursor.varint(bytes)
        case 1: field.value = try cursor.littleEndian(bytes, as: UInt64.self)
        case 2: field.bytes = [UInt8](try cursor.lengthPrefixed(bytes).span(of: bytes))
        case 5: field.value = UInt64(try cursor.littleEndian(bytes, as: UInt32.self))
        default: throw ByteCodingError(.corrupted, "wire type")
        }
        fields.append(field)
    }
    return fields
}

extension [WireField] {
    subscript(field number: Int) -> [WireField] { filter { $0.number == number } }
}
