// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// The messages of OTLP's trace schema with the names that their fields have in JSON.
///
/// - SeeAlso: the OTLP specification, "JSON Protobuf Encoding".
enum JSONMessage {
    case request, resourceSpans, scopeSpans, span, status, event, link
    case resource, entityRef, scope, keyValue, anyValue, arrayValue, keyValueList

    /// How a field's value is written in JSON, and what it becomes.
    enum Kind {
        case message(JSONMessage)
        /// A list with a field for each element.
        case messages(JSONMessage)
        case text, texts
        /// Hexadecimal digits.
        case identifier
        /// Base64.
        case bytes
        case bool, double
        case int64, uint32, fixed32, fixed64
        /// A number; the names, which count up from 0, are understood as well.
        case enumeration([StaticString])
    }

    struct Field {
        var name: StaticString
        /// As it stands on the wire.
        var tag: UInt64
        var kind: Kind

        init(_ name: StaticString, _ tag: UInt64, _ kind: Kind) {
            self.name = name
            self.tag = tag
            self.kind = kind
        }

        /// Whether `key` is the field's name, in lower camel case or, as in the schema, with underscores.
        func isNamed(_ key: RawSpan) -> Bool {
            let name = name.rawSpan
            guard key.byteCount >= name.byteCount else { return false }
            var at = 0
            for place in 0..<name.byteCount {
                guard at < key.byteCount else { return false }
                let letter = name[place]
                if key[at] == UInt8(ascii: "_"), letter &- UInt8(ascii: "A") < 26 {
                    guard at + 1 < key.byteCount, key[at + 1] == letter | 0x20 else { return false }
                    at += 2
                } else {
                    guard key[at] == letter else { return false }
                    at += 1
                }
            }
            return at == key.byteCount
        }
    }

    /// The field called `key`; nil if the schema has none.
    func field(_ key: RawSpan) -> Field? {
        for field in fields where field.isNamed(key) { return field }
        return nil
    }

    private var fields: [Field] {
        switch self {
        case .request: Self.requestFields
        case .resourceSpans: Self.resourceSpansFields
        case .scopeSpans: Self.scopeSpansFields
        case .span: Self.spanFields
        case .status: Self.statusFields
        case .event: Self.eventFields
        case .link: Self.linkFields
        case .resource: Self.resourceFields
        case .entityRef: Self.entityRefFields
        case .scope: Self.scopeFields
        case .keyValue: Self.keyValueFields
        case .anyValue: Self.anyValueFields
        case .arrayValue: Self.arrayValueFields
        case .keyValueList: Self.keyValueListFields
        }
    }
}

extension JSONMessage {
    private static let requestFields = [
        Field("resourceSpans", RequestField.resourceSpans, .messages(.resourceSpans))
    ]
    private static let resourceSpansFields = [
        Field("resource", ResourceSpansField.resource, .message(.resource)),
        Field("scopeSpans", ResourceSpansField.scopeSpans, .messages(.scopeSpans)),
        Field("schemaUrl", ResourceSpansField.schemaURL, .text),
    ]
    private static let scopeSpansFields = [
        Field("scope", ScopeSpansField.scope, .message(.scope)),
        Field("spans", ScopeSpansField.spans, .messages(.span)),
        Field("schemaUrl", ScopeSpansField.schemaURL, .text),
    ]
    private static let spanFields = [
        Field("traceId", SpanField.traceID, .identifier),
        Field("spanId", SpanField.spanID, .identifier),
        Field("traceState", SpanField.traceState, .text),
        Field("parentSpanId", SpanField.parentSpanID, .identifier),
        Field("name", SpanField.name, .text),
        Field("kind", SpanField.kind, .enumeration(kinds)),
        Field("startTimeUnixNano", SpanField.start, .fixed64),
        Field("endTimeUnixNano", SpanField.end, .fixed64),
        Field("attributes", SpanField.attributes, .messages(.keyValue)),
        Field("droppedAttributesCount", SpanField.droppedAttributes, .uint32),
        Field("events", SpanField.events, .messages(.event)),
        Field("droppedEventsCount", SpanField.droppedEvents, .uint32),
        Field("links", SpanField.links, .messages(.link)),
        Field("droppedLinksCount", SpanField.droppedLinks, .uint32),
        Field("status", SpanField.status, .message(.status)),
        Field("flags", SpanField.flags, .fixed32),
    ]
    private static let kinds: [StaticString] = [
        "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER",
        "SPAN_KIND_CONSUMER",
    ]
    private static let statusFields = [
        Field("message", StatusField.message, .text),
        Field("code", StatusField.code, .enumeration(["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"])),
    ]
    private static let eventFields = [
        Field("timeUnixNano", EventField.time, .fixed64),
        Field("name", EventField.name, .text),
        Field("attributes", EventField.attributes, .messages(.keyValue)),
        Field("droppedAttributesCount", EventField.droppedAttributes, .uint32),
    ]
    private static let linkFields = [
        Field("traceId", LinkField.traceID, .identifier),
        Field("spanId", LinkField.spanID, .identifier),
        Field("traceState", LinkField.traceState, .text),
        Field("attributes", LinkField.attributes, .messages(.keyValue)),
        Field("droppedAttributesCount", LinkField.droppedAttributes, .uint32),
        Field("flags", LinkField.flags, .fixed32),
    ]
    private static let resourceFields = [
        Field("attributes", ResourceField.attributes, .messages(.keyValue)),
        Field("droppedAttributesCount", ResourceField.droppedAttributes, .uint32),
        Field("entityRefs", ResourceField.entityRefs, .messages(.entityRef)),
    ]
    private static let entityRefFields = [
        Field("schemaUrl", EntityRefField.schemaURL, .text),
        Field("type", EntityRefField.type, .text),
        Field("idKeys", EntityRefField.idKeys, .texts),
        Field("descriptionKeys", EntityRefField.descriptionKeys, .texts),
    ]
    private static let scopeFields = [
        Field("name", ScopeField.name, .text),
        Field("version", ScopeField.version, .text),
        Field("attributes", ScopeField.attributes, .messages(.keyValue)),
        Field("droppedAttributesCount", ScopeField.droppedAttributes, .uint32),
    ]
    private static let keyValueFields = [
        Field("key", KeyValueField.key, .text),
        Field("value", KeyValueField.value, .message(.anyValue)),
    ]
    private static let anyValueFields = [
        Field("stringValue", AnyValueField.string, .text),
        Field("boolValue", AnyValueField.bool, .bool),
        Field("intValue", AnyValueField.int, .int64),
        Field("doubleValue", AnyValueField.double, .double),
        Field("arrayValue", AnyValueField.array, .message(.arrayValue)),
        Field("kvlistValue", AnyValueField.keyValueList, .message(.keyValueList)),
        Field("bytesValue", AnyValueField.bytes, .bytes),
    ]
    private static let arrayValueFields = [Field("values", ListField.values, .messages(.anyValue))]
    private static let keyValueListFields = [Field("values", ListField.values, .messages(.keyValue))]
}
