// SPDX-License-Identifier: Apache-2.0

// The OTLP trace schema as the tags that stand on the wire: field number << 3 | wire type
// (0 varint, 1 eight bytes, 2 length-prefixed, 5 four bytes).
//
// A known field number with another wire type is an unknown field, as in Google's parsers.
// Source: opentelemetry-proto, trace/v1/trace.proto, common/v1/common.proto, resource/v1/resource.proto.

enum RequestField {
    static let resourceSpans: UInt64 = 0x0a
}

enum ResourceSpansField {
    static let resource: UInt64 = 0x0a
    static let scopeSpans: UInt64 = 0x12
    static let schemaURL: UInt64 = 0x1a
}

enum ScopeSpansField {
    static let scope: UInt64 = 0x0a
    static let spans: UInt64 = 0x12
    static let schemaURL: UInt64 = 0x1a
}

enum SpanField {
    static let traceID: UInt64 = 0x0a
    static let spanID: UInt64 = 0x12
    static let traceState: UInt64 = 0x1a
    static let parentSpanID: UInt64 = 0x22
    static let name: UInt64 = 0x2a
    static let kind: UInt64 = 0x30
    static let start: UInt64 = 0x39
    static let end: UInt64 = 0x41
    static let attributes: UInt64 = 0x4a
    static let droppedAttributes: UInt64 = 0x50
    static let events: UInt64 = 0x5a
    static let droppedEvents: UInt64 = 0x60
    static let links: UInt64 = 0x6a
    static let droppedLinks: UInt64 = 0x70
    static let status: UInt64 = 0x7a
    static let flags: UInt64 = 0x85
}

enum StatusField {
    static let message: UInt64 = 0x12
    static let code: UInt64 = 0x18
}

enum EventField {
    static let time: UInt64 = 0x09
    static let name: UInt64 = 0x12
    static let attributes: UInt64 = 0x1a
    static let droppedAttributes: UInt64 = 0x20
}

enum LinkField {
    static let traceID: UInt64 = 0x0a
    static let spanID: UInt64 = 0x12
    static let traceState: UInt64 = 0x1a
    static let attributes: UInt64 = 0x22
    static let droppedAttributes: UInt64 = 0x28
    static let flags: UInt64 = 0x35
}

enum ResourceField {
    static let attributes: UInt64 = 0x0a
    static let droppedAttributes: UInt64 = 0x10
    static let entityRefs: UInt64 = 0x1a
}

enum EntityRefField {
    static let schemaURL: UInt64 = 0x0a
    static let type: UInt64 = 0x12
    static let idKeys: UInt64 = 0x1a
    static let descriptionKeys: UInt64 = 0x22
}

enum ScopeField {
    static let name: UInt64 = 0x0a
    static let version: UInt64 = 0x12
    static let attributes: UInt64 = 0x1a
    static let droppedAttributes: UInt64 = 0x20
}

enum KeyValueField {
    static let key: UInt64 = 0x0a
    static let value: UInt64 = 0x12
}

enum AnyValueField {
    static let string: UInt64 = 0x0a
    static let bool: UInt64 = 0x10
    static let int: UInt64 = 0x18
    static let double: UInt64 = 0x21
    static let array: UInt64 = 0x2a
    static let keyValueList: UInt64 = 0x32
    static let bytes: UInt64 = 0x3a
}

enum ListField {
    /// Of ArrayValue and of KeyValueList.
    static let values: UInt64 = 0x0a
}
