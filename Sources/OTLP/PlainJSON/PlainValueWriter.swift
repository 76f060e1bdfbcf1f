// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Writes attributes as members of JSON objects, and their values as JSON has them: strings, numbers, Booleans, lists and
/// objects. Raw bytes are texts in base64.
///
/// What readers of JSON cannot hold as a number is a text: NaN, the infinities, and integers beyond ±(2⁵³ - 1), which
/// those with nothing but doubles would round in silence (RFC 8259, section 6).
///
/// An absent value, and a list that cannot be read, are null; attributes of a resource or scope that cannot be read are
/// left out altogether. Recursive: what is kept was validated to be shallow.
enum PlainValueWriter {
    private static let safeIntegers: ClosedRange<Int64> = -(1 << 53 - 1)...(1 << 53 - 1)

    /// - Parameters:
    ///   - bits: Of a value that has no bytes.
    ///   - bytes: Of one that has: a string, raw bytes, or the encoding of a list.
    static func write(_ type: AttributeType, _ bits: UInt64, _ bytes: RawSpan, _ out: inout ByteWriter) {
        let start = out.count
        do throws(WireFault) {
            try write(type, bits, ByteCursor(over: bytes), bytes, depth: 1, &out)
        } catch {
            // Lists are validated before they are stored.
            out.truncate(to: start)
            out.append(literal: "null")
        }
    }

    /// The member `resource`, which has the attributes of a Resource message, and `droppedAttributesCount` if it is not 0.
    static func writeMembers(ofResource bytes: RawSpan, _ out: inout ByteWriter) {
        out.append(literal: ",\"resource\":{")
        writeAttributes(ResourceField.attributes, bytes, &out)
        out.append(UInt8(ascii: "}"))
        writeDropped(ResourceField.droppedAttributes, bytes, &out)
    }

    /// The members `name`, `version` and, if there are any, `attributes` and `droppedAttributesCount` of an
    /// InstrumentationScope message.
    static func writeMembers(ofScope bytes: RawSpan, _ out: inout ByteWriter) {
        for (name, tag) in [("name", ScopeField.name), ("version", ScopeField.version)] as [(StaticString, UInt64)] {
            out.member(name)
            var text = ByteCursor.empty
            // The last one counts.
            try? forEach(tag, ByteCursor(over: bytes), bytes) { (field) throws(WireFault) in text = field }
            out.append(jsonString: text.span(of: bytes))
        }
        let start = out.count
        out.append(literal: ",\"attributes\":{")
        let first = out.count
        writeAttributes(ScopeField.attributes, bytes, &out)
        out.count == first ? out.truncate(to: start) : out.append(UInt8(ascii: "}"))
        writeDropped(ScopeField.droppedAttributes, bytes, &out)
    }

    private static func writeDropped(_ tag: UInt64, _ bytes: RawSpan, _ out: inout ByteWriter) {
        try? JSONResourceWriter.writeDropped(tag, ByteCursor(over: bytes), bytes, &out)
    }

    private static func writeAttributes(_ tag: UInt64, _ bytes: RawSpan, _ out: inout ByteWriter) {
        let start = out.count
        do throws(WireFault) {
            try forEach(tag, ByteCursor(over: bytes), bytes) { (attribute) throws(WireFault) in
                try writeMember(attribute, bytes, depth: 1, &out)
            }
        } catch {
            out.truncate(to: start)
        }
    }

    /// Each field `tag` of a message.
    private static func forEach(
        _ tag: UInt64, _ body: ByteCursor, _ bytes: RawSpan, _ use: (ByteCursor) throws(WireFault) -> Void
    ) throws(WireFault) {
        var cursor = body
        while !cursor.isAtEnd {
            let found = try cursor.wireVarint(bytes)
            if found == tag {
                try use(try cursor.body(bytes))
            } else {
                try cursor.skipValue(tag: found, bytes)
            }
        }
    }

    /// A KeyValue message as a member of an object.
    private static func writeMember(
        _ body: ByteCursor, _ bytes: RawSpan, depth: Int, _ out: inout ByteWriter
    ) throws(WireFault) {
        let pair = try PairParts(body, bytes)
        out.separate()
        out.append(jsonString: pair.key.span(of: bytes))
        out.append(UInt8(ascii: ":"))
        if pair.value.joined.isEmpty {
            try writeValue(pair.value.first, bytes, depth: depth, &out)
        } else {
            let joined = pair.value.joined.rawSpan
            try writeValue(ByteCursor(over: joined), joined, depth: depth, &out)
        }
    }

    /// An AnyValue message.
    private static func writeValue(
        _ body: ByteCursor, _ bytes: RawSpan, depth: Int, _ out: inout ByteWriter
    ) throws(WireFault) {
        guard depth <= OTLPDecoderLimits.maximumAnyValueDepth else { throw WireFault(.tooDeep, at: body.position) }
        let parts = try ValueParts(body, bytes)
        if parts.payload.joined.isEmpty {
            try write(parts.type, parts.bits, parts.payload.first, bytes, depth: depth, &out)
        } else {
            let joined = parts.payload.joined.rawSpan
            try write(parts.type, parts.bits, ByteCursor(over: joined), joined, depth: depth, &out)
        }
    }

    private static func write(
        _ type: AttributeType, _ bits: UInt64, _ body: ByteCursor, _ bytes: RawSpan, depth: Int,
        _ out: inout ByteWriter
    ) throws(WireFault) {
        switch type {
        case .absent, .empty: out.append(literal: "null")
        case .string: out.append(jsonString: body.span(of: bytes))
        case .bool: out.append(literal: bits == 0 ? "false" : "true")
        case .int: write(Int64(bitPattern: bits), &out)
        case .double: out.append(jsonNumber: Double(bitPattern: bits))
        case .bytes: out.append(base64String: body.span(of: bytes))
        case .array:
            out.append(UInt8(ascii: "["))
            try forEach(ListField.values, body, bytes) { (element) throws(WireFault) in
                out.separate()
                try writeValue(element, bytes, depth: depth + 1, &out)
            }
            out.append(UInt8(ascii: "]"))
        case .keyValueList:
            out.append(UInt8(ascii: "{"))
            try forEach(ListField.values, body, bytes) { (pair) throws(WireFault) in
                try writeMember(pair, bytes, depth: depth + 1, &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ integer: Int64, _ out: inout ByteWriter) {
        let isSafe = safeIntegers.contains(integer)
        if !isSafe { out.append(UInt8(ascii: "\"")) }
        out.append(decimal: integer)
        if !isSafe { out.append(UInt8(ascii: "\"")) }
    }
}
