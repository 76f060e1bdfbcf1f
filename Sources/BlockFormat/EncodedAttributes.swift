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
        walk(bytes, message) { key, type, bits, payload in
            body(key, type, bits, payload)
            return true
        }
    }

    /// Calls `body` with the type, bits and bytes of the first attribute that has the key, if there is one. The others do
    /// not count.
    package static func first(
        _ key: [UInt8], in bytes: RawSpan, of message: Message, _ body: (AttributeType, UInt64, RawSpan) -> Void
    ) {
        walk(bytes, message) { found, type, bits, payload in
            guard found.isEqual(to: key.rawSpan) else { return true }
            body(type, bits, payload)
            return false
        }
    }

    /// - Parameter goesOn: As ``forEach(in:of:_:)``; false ends the walk.
    private static func walk(
        _ bytes: RawSpan, _ message: Message, _ goesOn: (RawSpan, AttributeType, UInt64, RawSpan) -> Bool
    ) {
        do throws(ByteCodingError) {
            var cursor = ByteCursor(over: bytes)
            while !cursor.isAtEnd {
                let field = try Field(&cursor, bytes)
                guard field.number == message.rawValue, field.isBytes else { continue }
                let pair = try KeyValue(field.body, bytes)
                let (key, payload) = (pair.key.span(of: bytes), pair.payload.span(of: bytes))
                guard goesOn(key, pair.type, pair.bits, payload) else { return }
            }
        } catch { return }
    }

    /// Calls `body` with the type, bits and bytes of each element of an OTLP ArrayValue, in order.
    package static func forEachElement(in bytes: RawSpan, _ body: (AttributeType, UInt64, RawSpan) -> Void) {
        do throws(ByteCodingError) {
            var cursor = ByteCursor(over: bytes)
            while !cursor.isAtEnd {
                let field = try Field(&cursor, bytes)
                guard field.number == 1, field.isBytes else { continue }
                let value = try EncodedValue(field.body, bytes)
                let payload = value.payload.span(of: bytes)
                body(value.type, value.bits, payload)
            }
        } catch { return }
    }

    /// Name or version of an InstrumentationScope; empty if it has none.
    package static func text(_ text: ScopeText, in bytes: RawSpan) -> [UInt8] {
        var found: [UInt8] = []
        do throws(ByteCodingError) {
            var cursor = ByteCursor(over: bytes)
            while !cursor.isAtEnd {
                let field = try Field(&cursor, bytes)
                if field.number == text.rawValue, field.isBytes { found = [UInt8](field.body.span(of: bytes)) }
            }
        } catch { return found }
        return found
    }

    /// The fields of an InstrumentationScope message that are text.
    package enum ScopeText: UInt64, Sendable {
        case name = 1
        case version = 2
    }

    /// Whether the first attribute with that key passes the test.
    static func holds(_ test: ValueTest, key: [UInt8], in bytes: RawSpan, of message: Message) -> Bool {
        var holds = false
        first(key, in: bytes, of: message) { type, bits, payload in
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
    private var value: EncodedValue

    var type: AttributeType { value.type }
    var bits: UInt64 { value.bits }
    var payload: ByteCursor { value.payload }

    init(_ message: ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) {
        var cursor = message
        key = try cursor.take(0)
        value = EncodedValue(nothing: key)
        while !cursor.isAtEnd {
            let field = try Field(&cursor, bytes)
            guard field.isBytes else { continue }
            if field.number == 1 { key = field.body }
            if field.number == 2 { try value.read(field.body, bytes) }
        }
    }
}

/// An AnyValue message; the last of its fields counts.
private struct EncodedValue {
    private(set) var type = AttributeType.absent
    private(set) var bits: UInt64 = 0
    private(set) var payload: ByteCursor

    /// - Parameter nothing: No bytes.
    init(nothing: ByteCursor) { payload = nothing }

    init(_ message: ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) {
        payload = message
        try read(message, bytes)
    }

    mutating func read(_ message: ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) {
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
