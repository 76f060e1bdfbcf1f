// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// A KeyValue that is kept as encoded bytes.
struct PairParts: ~Copyable {
    /// The last one.
    var key = ByteCursor.empty
    /// An AnyValue.
    var value = MessageParts()

    init(_ body: ByteCursor, _ bytes: RawSpan) throws(WireFault) {
        var cursor = body
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(bytes)
            switch tag {
            case KeyValueField.key: key = try cursor.body(bytes)
            case KeyValueField.value: value.add(try cursor.body(bytes), bytes)
            default: try cursor.skipValue(tag: tag, bytes)
            }
        }
    }
}

/// An AnyValue that is kept as encoded bytes: the last kind counts, list after list of one kind are one.
struct ValueParts: ~Copyable {
    var type = AttributeType.empty
    var bits: UInt64 = 0
    var payload = MessageParts()

    init(_ body: ByteCursor, _ bytes: RawSpan) throws(WireFault) {
        var cursor = body
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(bytes)
            switch tag {
            case AnyValueField.string: set(.string, try cursor.body(bytes), bytes)
            case AnyValueField.bytes: set(.bytes, try cursor.body(bytes), bytes)
            case AnyValueField.bool: set(.bool, try cursor.wireVarint(bytes) != 0 ? 1 : 0)
            case AnyValueField.int: set(.int, try cursor.wireVarint(bytes))
            case AnyValueField.double: set(.double, try cursor.fixed64(bytes))
            case AnyValueField.array: set(.array, try cursor.body(bytes), bytes)
            case AnyValueField.keyValueList: set(.keyValueList, try cursor.body(bytes), bytes)
            default: try cursor.skipValue(tag: tag, bytes)
            }
        }
    }

    private mutating func set(_ type: AttributeType, _ bits: UInt64) {
        self.type = type
        self.bits = bits
    }

    private mutating func set(_ type: AttributeType, _ body: ByteCursor, _ bytes: RawSpan) {
        let isContinued = self.type == type && (type == .array || type == .keyValueList)
        if !isContinued { payload = MessageParts() }
        self.type = type
        payload.add(body, bytes)
    }
}
