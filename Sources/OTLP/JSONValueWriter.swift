// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Writes messages that are kept as encoded bytes (values, resources, scopes) as JSON.
///
/// Recursive: what is kept was validated to be shallow. Bytes that cannot be read throw, and the caller leaves
/// them out.
enum JSONValueWriter {
    /// A value that is not kept as encoded bytes.
    static func writeScalar(_ type: AttributeType, _ bits: UInt64, _ bytes: RawSpan, _ out: inout ByteWriter) {
        switch type {
        case .string:
            out.member("stringValue")
            out.append(jsonString: bytes)
        case .bool:
            out.member("boolValue")
            out.append(literal: bits == 0 ? "false" : "true")
        case .int:
            out.member("intValue")
            out.append(UInt8(ascii: "\""))
            out.append(decimal: Int64(bitPattern: bits))
            out.append(UInt8(ascii: "\""))
        case .double:
            out.member("doubleValue")
            out.append(jsonNumber: Double(bitPattern: bits))
        case .bytes:
            out.member("bytesValue")
            out.append(base64String: bytes)
        case .absent, .empty, .array, .keyValueList: break
        }
    }

    /// The member of an AnyValue that holds the list in `body`.
    static func writeList(
        _ type: AttributeType, _ body: ByteCursor, _ bytes: RawSpan, depth: Int, _ out: inout ByteWriter
    ) throws(WireFault) {
        out.member(type == .array ? "arrayValue" : "kvlistValue")
        out.append(UInt8(ascii: "{"))
        try writeRepeated(ListField.values, "values", body, bytes, &out) {
            (element, out) throws(WireFault) in
            if type == .array {
                try writeValue(element, bytes, depth: depth + 1, &out)
            } else {
                try writeKeyValue(element, bytes, depth: depth + 1, &out)
            }
        }
        out.append(UInt8(ascii: "}"))
    }

    /// `"name":[…]` with an element for each field `tag` of `body`; nothing if there is none.
    static func writeRepeated(
        _ tag: UInt64, _ name: StaticString, _ body: ByteCursor, _ bytes: RawSpan, _ out: inout ByteWriter,
        _ write: (ByteCursor, inout ByteWriter) throws(WireFault) -> Void
    ) throws(WireFault) {
        var cursor = body
        var isOpen = false
        while !cursor.isAtEnd {
            let found = try cursor.wireVarint(bytes)
            guard found == tag else {
                try cursor.skipValue(tag: found, bytes)
                continue
            }
            if !isOpen {
                out.member(name)
                out.append(UInt8(ascii: "["))
                isOpen = true
            }
            out.separate()
            try write(try cursor.body(bytes), &out)
        }
        if isOpen { out.append(UInt8(ascii: "]")) }
    }

    static func writeKeyValue(
        _ body: ByteCursor, _ bytes: RawSpan, depth: Int, _ out: inout ByteWriter
    ) throws(WireFault) {
        let pair = try PairParts(body, bytes)
        out.append(UInt8(ascii: "{"))
        writeText("key", pair.key, bytes, &out)
        if pair.value.isPresent {
            out.member("value")
            if pair.value.joined.isEmpty {
                try writeValue(pair.value.first, bytes, depth: depth, &out)
            } else {
                let joined = pair.value.joined.rawSpan
                try writeValue(ByteCursor(over: joined), joined, depth: depth, &out)
            }
        }
        out.append(UInt8(ascii: "}"))
    }

    static func writeText(_ name: StaticString, _ text: ByteCursor, _ bytes: RawSpan, _ out: inout ByteWriter) {
        guard !text.isAtEnd else { return }
        out.member(name)
        out.append(jsonString: text.span(of: bytes))
    }

    static func writeCount(_ name: StaticString, _ count: UInt32, _ out: inout ByteWriter) {
        guard count != 0 else { return }
        out.member(name)
        out.append(decimal: UInt64(count))
    }

    private static func writeValue(
        _ body: ByteCursor, _ bytes: RawSpan, depth: Int, _ out: inout ByteWriter
    ) throws(WireFault) {
        guard depth <= OTLPDecoderLimits.maximumAnyValueDepth else { throw WireFault(.tooDeep, at: body.position) }
        let parts = try ValueParts(body, bytes)
        out.append(UInt8(ascii: "{"))
        if parts.type != .array && parts.type != .keyValueList {
            writeScalar(parts.type, parts.bits, parts.payload.first.span(of: bytes), &out)
        } else if parts.payload.joined.isEmpty {
            try writeList(parts.type, parts.payload.first, bytes, depth: depth, &out)
        } else {
            let joined = parts.payload.joined.rawSpan
            try writeList(parts.type, ByteCursor(over: joined), joined, depth: depth, &out)
        }
        out.append(UInt8(ascii: "}"))
    }
}
