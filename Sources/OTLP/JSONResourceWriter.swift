// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Writes resources and scopes, which are kept as encoded bytes, as JSON objects.
enum JSONResourceWriter {
    static func writeResource(_ bytes: RawSpan, _ out: inout ByteWriter) {
        write(&out) { (out) throws(WireFault) in
            let body = ByteCursor(over: bytes)
            try writeAttributes(ResourceField.attributes, body, bytes, &out)
            try writeDropped(ResourceField.droppedAttributes, body, bytes, &out)
            try JSONValueWriter.writeRepeated(ResourceField.entityRefs, "entityRefs", body, bytes, &out) {
                (entity, out) throws(WireFault) in
                try writeEntity(entity, bytes, &out)
            }
        }
    }

    static func writeScope(_ bytes: RawSpan, _ out: inout ByteWriter) {
        write(&out) { (out) throws(WireFault) in
            let body = ByteCursor(over: bytes)
            try writeText(ScopeField.name, "name", body, bytes, &out)
            try writeText(ScopeField.version, "version", body, bytes, &out)
            try writeAttributes(ScopeField.attributes, body, bytes, &out)
            try writeDropped(ScopeField.droppedAttributes, body, bytes, &out)
        }
    }

    /// An object; an empty one if the bytes cannot be read, which they were validated to be.
    private static func write(
        _ out: inout ByteWriter, _ members: (inout ByteWriter) throws(WireFault) -> Void
    ) {
        out.append(UInt8(ascii: "{"))
        let start = out.count
        do throws(WireFault) { try members(&out) } catch { out.truncate(to: start) }
        out.append(UInt8(ascii: "}"))
    }

    private static func writeEntity(
        _ body: ByteCursor, _ bytes: RawSpan, _ out: inout ByteWriter
    ) throws(WireFault) {
        out.append(UInt8(ascii: "{"))
        try writeText(EntityRefField.schemaURL, "schemaUrl", body, bytes, &out)
        try writeText(EntityRefField.type, "type", body, bytes, &out)
        try writeTexts(EntityRefField.idKeys, "idKeys", body, bytes, &out)
        try writeTexts(EntityRefField.descriptionKeys, "descriptionKeys", body, bytes, &out)
        out.append(UInt8(ascii: "}"))
    }

    private static func writeAttributes(
        _ tag: UInt64, _ body: ByteCursor, _ bytes: RawSpan, _ out: inout ByteWriter
    ) throws(WireFault) {
        try JSONValueWriter.writeRepeated(tag, "attributes", body, bytes, &out) {
            (attribute, out) throws(WireFault) in
            try JSONValueWriter.writeKeyValue(attribute, bytes, depth: 1, &out)
        }
    }

    private static func writeTexts(
        _ tag: UInt64, _ name: StaticString, _ body: ByteCursor, _ bytes: RawSpan, _ out: inout ByteWriter
    ) throws(WireFault) {
        try JSONValueWriter.writeRepeated(tag, name, body, bytes, &out) { (text, out) throws(WireFault) in
            out.append(jsonString: text.span(of: bytes))
        }
    }

    /// The last field `tag`.
    private static func writeText(
        _ tag: UInt64, _ name: StaticString, _ body: ByteCursor, _ bytes: RawSpan, _ out: inout ByteWriter
    ) throws(WireFault) {
        var cursor = body
        var text = ByteCursor.empty
        while !cursor.isAtEnd {
            let found = try cursor.wireVarint(bytes)
            if found == tag {
                text = try cursor.body(bytes)
            } else {
                try cursor.skipValue(tag: found, bytes)
            }
        }
        JSONValueWriter.writeText(name, text, bytes, &out)
    }

    /// `droppedAttributesCount` by the last field `tag`, if it is not 0; nothing where it throws.
    static func writeDropped(
        _ tag: UInt64, _ body: ByteCursor, _ bytes: RawSpan, _ out: inout ByteWriter
    ) throws(WireFault) {
        var cursor = body
        var count: UInt32 = 0
        while !cursor.isAtEnd {
            let found = try cursor.wireVarint(bytes)
            if found == tag {
                count = try cursor.uint32(bytes)
            } else {
                try cursor.skipValue(tag: found, bytes)
            }
        }
        JSONValueWriter.writeCount("droppedAttributesCount", count, &out)
    }
}
