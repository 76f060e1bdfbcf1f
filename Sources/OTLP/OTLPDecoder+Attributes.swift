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
        try validator.validate(body, as: type == .array ? .arrayValue : .keyValueList, depth: 1, in: request)
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
