// SPDX-License-Identifier: Apache-2.0

/// Protobuf bytes by hand, for what no generator writes.
enum Wire {
    static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func tag(_ field: Int, _ wireType: Int) -> [UInt8] { varint(UInt64(field << 3 | wireType)) }

    /// A message, text or bytes.
    static func field(_ field: Int, _ body: [UInt8]) -> [UInt8] {
        tag(field, 2) + varint(UInt64(body.count)) + body
    }

    static func field(_ field: Int, _ text: String) -> [UInt8] { self.field(field, Array(text.utf8)) }

    static func field(_ field: Int, varint value: UInt64) -> [UInt8] { tag(field, 0) + varint(value) }

    static func field(_ field: Int, fixed64 value: UInt64) -> [UInt8] {
        tag(field, 1) + (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }

    static func field(_ field: Int, fixed32 value: UInt32) -> [UInt8] {
        tag(field, 5) + (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32($0 * 8)) }
    }
}

/// Messages of the OTLP schema by hand.
enum Sample {
    static let traceID: [UInt8] = Array(1...16)
    static let spanID: [UInt8] = Array(21...28)
    static let ids = Wire.field(1, traceID) + Wire.field(2, spanID)

    /// A request with one resource, one scope and these spans.
    static func request(spans: [[UInt8]]) -> [UInt8] {
        Wire.field(1, Wire.field(2, spans.flatMap { Wire.field(2, $0) }))
    }

    /// A request with one good span that has these fields besides its IDs.
    static func request(spanFields: [UInt8]) -> [UInt8] { request(spans: [ids + spanFields]) }

    static func keyValue(_ key: String, _ anyValue: [UInt8]) -> [UInt8] {
        Wire.field(1, key) + Wire.field(2, anyValue)
    }

    /// An AnyValue of `depth` levels: arrays around an empty value.
    static func nested(depth: Int) -> [UInt8] {
        var value: [UInt8] = []
        for _ in 1..<depth { value = Wire.field(5, Wire.field(1, value)) }
        return value
    }
}
