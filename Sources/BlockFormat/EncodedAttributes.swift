// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

/// The attributes of a resource or scope, read from the OTLP message as it is stored.
///
/// ```
/// Resource { attributes = 1 }   InstrumentationScope { attributes = 3 }
/// KeyValue { key = 1, value = 2 }   AnyValue { string 1, bool 2, int 3, double 4, array 5, list 6, bytes 7 }
/// ```
package enum EncodedAttributes {
    /// Which message the bytes are: the field that its attributes have.
    package enum Message: UInt64, Sendable {
        case resource = 1
        case scope = 3
    }

    /// Calls `body` with the key, type, bits and bytes of each attribute, in order. Bits are for types that are no
    /// byte string, bytes for those that are.
    ///
    /// Messages were validated when they came; what can't be read ends the walk.
    package static func forEach(
        in bytes: RawSpan, of message: Message, _ body: (RawSpan, AttributeType, UInt64, RawSpan) -> Void
    ) {
        do throws(ByteCodingError) {
            var cursor = ByteCursor(over: bytes)
            while !cursor.isAtEnd {
                let field = try Field(&cursor, bytes)
                guard field.number == message.rawValue, field.isBytes else { continue }
                let pair = try KeyValue(field.body, bytes)
                let (key, payload) = (pair.key.span(of: bytes), pair.payload.span(of: bytes))
                body(key, pair.type, pair.bits, payload)
            }
        } catch { return }
    }

    /// Whether an attribute with that key passes the test.
    static func holds(_ test: ValueTest, key: [UInt8], in bytes: RawSpan, of message: Message) -> Bool {
        var holds = false
        forEach(in: bytes, of: message) { found, type, bits, payload in
            guard !holds, found.isEqual(to: key.rawSpan) else { return }
            holds = type.isByteString ? test.holds(bytes: payload, type) : test.holds(bits: bits, type)
        }
        return holds
    }
}

/// One field of a protobuf message.
private struct Field {
    var number: UInt64
    var isBytes = false
    /// Numbers of any wire type.
    var bits: UInt64 = 0
    var body: ByteCursor

    init(_ cursor: inout ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) {
        let tag = try cursor.varint(bytes)
        number = tag >> 3
        body = try cursor.take(0)
        switch tag & 7 {
        case 0: bits = try cursor.varint(bytes)
        case 1: bits = try cursor.littleEndian(bytes, as: UInt64.self)
        case 2:
            body = try cursor.lengthPrefixed(bytes)
            isBytes = true
        case 5: bits = UInt64(try cursor.littleEndian(bytes, as: UInt32.self))
        default: throw ByteCodingError(.corrupted, "wire type")
        }
    }
}

/// A KeyValue message; of fields that stand twice the last counts.
private struct KeyValue {
    var key: ByteCursor
    var type = AttributeType.absent
    var bits: UInt64 = 0
    var payload: ByteCursor

    init(_ message: ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) {
        var cursor = message
        key = try cursor.take(0)
        payload = key
        while !cursor.isAtEnd {
            let field = try Field(&cursor, bytes)
            guard field.isBytes else { continue }
            if field.number == 1 { key = field.body }
            if field.number == 2 { try readValue(field.body, bytes) }
        }
    }

    private mutating func readValue(_ message: ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) {
        if type == .absent { type = .empty }
        var cursor = message
        while !cursor.isAtEnd {
            let field = try Field(&cursor, bytes)
            guard let found = Self.types[field.number] else { continue }
            type = found
            bits = field.bits
            payload = field.body
        }
    }

    private static let types: [UInt64: AttributeType] = [
        1: .string, 2: .bool, 3: .int, 4: .double, 5: .array, 6: .keyValueList, 7: .bytes,
    ]
}
