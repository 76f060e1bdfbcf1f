// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// A KeyValue while it is read; the last key and the last kind of value count.
struct KeyValueParts {
    var key = ByteCursor.empty
    var type = AttributeType.absent
    /// Of Booleans and numbers.
    var bits: UInt64 = 0
    /// Of everything else.
    var payload = ByteCursor.empty
    /// The payload came in pieces that lie joined in ``OTLPDecoder/mergedValue`` instead.
    var isPayloadMerged = false
}

/// A KeyValue in the form that nearly all have: key, then value, each once; the value text or a number; every length in
/// one byte.
/// ```
/// 0a | key length | key | 12 | value length | 0a | text length | text            a string
///                                           | 18 or 10 | varint of 1 or 2 bytes   an integer or Boolean
///                                           | 21 | 8 bytes                        a double
/// ```
struct UsualKeyValue {
    var keyStart: Int
    var keyByteCount: Int
    var type: AttributeType
    /// Of numbers.
    var bits: UInt64 = 0
    /// Of text, which goes on to the end.
    var textStart: Int

    /// Nil if it has another form, or is damaged: whoever reads that says where.
    @inline(__always) init?(_ body: ByteCursor, _ bytes: RawSpan) {
        let start = body.position
        let end = body.end
        guard end &- start >= 6, UInt64(bytes[start]) == KeyValueField.key else { return nil }
        let keyByteCount = Int(bytes[start &+ 1])
        let valueStart = start &+ keyByteCount &+ 4
        guard keyByteCount < 0x80, end &- valueStart >= 2, UInt64(bytes[valueStart &- 2]) == KeyValueField.value,
            Int(bytes[valueStart &- 1]) == end &- valueStart, end &- valueStart < 0x80
        else { return nil }
        keyStart = start &+ 2
        self.keyByteCount = keyByteCount
        textStart = valueStart &+ 2
        let first = bytes[valueStart &+ 1]
        let rest = end &- textStart
        switch UInt64(bytes[valueStart]) {
        case AnyValueField.string:
            guard Int(first) == rest else { return nil }
            type = .string
        case AnyValueField.int, AnyValueField.bool:
            guard let number = Self.number(first, rest, bytes, textStart) else { return nil }
            let isBool = UInt64(bytes[valueStart]) == AnyValueField.bool
            type = isBool ? .bool : .int
            bits = isBool ? (number == 0 ? 0 : 1) : number
        case AnyValueField.double:
            guard rest == 7 else { return nil }
            type = .double
            bits = bytes.littleEndianWord(at: valueStart &+ 1)
        default: return nil
        }
    }

    /// A varint of one or two bytes that nothing follows.
    @inline(__always)
    private static func number(_ first: UInt8, _ rest: Int, _ bytes: RawSpan, _ next: Int) -> UInt64? {
        if first < 0x80 { return rest == 0 ? UInt64(first) : nil }
        guard rest == 1, bytes[next] < 0x80 else { return nil }
        return UInt64(first & 0x7f) | UInt64(bytes[next]) &<< 7
    }
}

/// An attribute with codes of a batch.
struct CodedAttribute {
    var slot: AttributeSlot
    var value: UInt64
}

extension OTLPDecoder {
    /// Reads the KeyValue `body` and enters its key and value into the batch's strings.
    @inline(__always)
    mutating func readAttribute(
        _ body: ByteCursor, _ request: RawSpan, _ strings: inout ByteDictionary
    ) throws(WireFault) -> CodedAttribute {
        if let usual = UsualKeyValue(body, request) {
            let key = keyCache.code(at: usual.keyStart, count: usual.keyByteCount, in: request, &strings)
            guard usual.type == .string else {
                return CodedAttribute(slot: AttributeSlot(key: key, type: usual.type), value: usual.bits)
            }
            let start = usual.textStart
            let code = valueCache.code(at: start, count: body.end &- start, in: request, &strings)
            return CodedAttribute(slot: AttributeSlot(key: key, type: .string), value: UInt64(code))
        }
        return try readUnusualAttribute(body, request, &strings)
    }

    @inline(never)
    private mutating func readUnusualAttribute(
        _ body: ByteCursor, _ request: RawSpan, _ strings: inout ByteDictionary
    ) throws(WireFault) -> CodedAttribute {
        let parts = try readKeyValue(body, request)
        let key = keyCache.code(for: parts.key, in: request, &strings)
        let slot = AttributeSlot(key: key, type: parts.type)
        guard parts.type.isByteString else { return CodedAttribute(slot: slot, value: parts.bits) }
        let code =
            parts.isPayloadMerged
            ? strings.code(for: mergedValue.bytes) : valueCache.code(for: parts.payload, in: request, &strings)
        return CodedAttribute(slot: slot, value: UInt64(code))
    }

    @inline(__always)
    mutating func readKeyValue(_ body: ByteCursor, _ request: RawSpan) throws(WireFault) -> KeyValueParts {
        var cursor = body
        var parts = KeyValueParts()
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(request)
            switch tag {
            case KeyValueField.key: parts.key = try cursor.body(request)
            case KeyValueField.value: try readAnyValue(try cursor.body(request), request, &parts)
            default: try cursor.skipValue(tag: tag, request)
            }
        }
        return parts
    }

    @inline(__always)
    private mutating func readAnyValue(
        _ body: ByteCursor, _ request: RawSpan, _ parts: inout KeyValueParts
    ) throws(WireFault) {
        var cursor = body
        if parts.type == .absent { parts.type = .empty }
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(request)
            switch tag {
            case AnyValueField.string:
                parts.payload = try cursor.body(request)
                parts.isPayloadMerged = false
                parts.type = .string
            case AnyValueField.bool:
                parts.bits = try cursor.wireVarint(request) != 0 ? 1 : 0
                parts.type = .bool
            case AnyValueField.int:
                parts.bits = try cursor.wireVarint(request)
                parts.type = .int
            case AnyValueField.double:
                parts.bits = try cursor.fixed64(request)
                parts.type = .double
            case AnyValueField.bytes:
                parts.payload = try cursor.body(request)
                parts.isPayloadMerged = false
                parts.type = .bytes
            case AnyValueField.array:
                try takeList(try cursor.body(request), .array, request, &parts)
            case AnyValueField.keyValueList:
                try takeList(try cursor.body(request), .keyValueList, request, &parts)
            default:
                try cursor.skipValue(tag: tag, request)
            }
        }
    }

    /// A list that follows a list of its own kind is appended to it, as protobuf merges messages.
    @inline(never)
    private mutating func takeList(
        _ body: ByteCursor, _ type: AttributeType, _ request: RawSpan, _ parts: inout KeyValueParts
    ) throws(WireFault) {
        let shape: MessageShape = type == .array ? .arrayValue : .keyValueList
        guard try validator.validate(body, as: shape, depth: 1, in: request) else {
            // Nothing of it is kept, as the span won't be.
            spanIsTooDeep = true
            return
        }
        if parts.type == type {
            if !parts.isPayloadMerged {
                mergedValue.removeAll()
                mergedValue.append(parts.payload.span(of: request))
                parts.isPayloadMerged = true
            }
            mergedValue.append(body.span(of: request))
        } else {
            parts.payload = body
            parts.isPayloadMerged = false
            parts.type = type
        }
    }
}
