// SPDX-License-Identifier: Apache-2.0

/// OTLP's trace messages as plain values: a tree that holds just what the wire holds.
///
/// For tests, tools and small amounts; spans that are to be stored go from the wire to columns
/// without it. Strings are bytes, since senders put anything there. Two values are equal if their
/// encoded fields are: doubles by bit pattern, and an absent message differs from an empty one.
/// Unknown fields are dropped.
package enum OTLPMessage {
    /// How deep an ``AnyValue`` may be nested: a value that holds no other is 1 deep.
    package static let maximumDepth = 64

    /// `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest`. `TracesData` and Tempo's
    /// `Trace` are the same bytes.
    package struct ExportTraceServiceRequest: Hashable, Sendable {
        package var resourceSpans: [ResourceSpans]

        package init(resourceSpans: [ResourceSpans] = []) { self.resourceSpans = resourceSpans }
    }

    package struct ResourceSpans: Hashable, Sendable {
        package var resource: Resource?
        package var scopeSpans: [ScopeSpans] = []
        package var schemaURL: [UInt8] = []

        package init() {}
    }

    package struct Resource: Hashable, Sendable {
        package var attributes: [KeyValue] = []
        package var droppedAttributesCount: UInt32 = 0
        package var entityRefs: [EntityRef] = []

        package init() {}
    }

    package struct EntityRef: Hashable, Sendable {
        package var schemaURL: [UInt8] = []
        package var type: [UInt8] = []
        package var idKeys: [[UInt8]] = []
        package var descriptionKeys: [[UInt8]] = []

        package init() {}
    }

    package struct ScopeSpans: Hashable, Sendable {
        package var scope: InstrumentationScope?
        package var spans: [Span] = []
        package var schemaURL: [UInt8] = []

        package init() {}
    }

    package struct InstrumentationScope: Hashable, Sendable {
        package var name: [UInt8] = []
        package var version: [UInt8] = []
        package var attributes: [KeyValue] = []
        package var droppedAttributesCount: UInt32 = 0

        package init() {}
    }

    package struct Span: Hashable, Sendable {
        /// 16 bytes, not all zero, where the sender keeps to the specification.
        package var traceID: [UInt8] = []
        /// 8 bytes, not all zero, where the sender keeps to the specification.
        package var spanID: [UInt8] = []
        package var traceState: [UInt8] = []
        package var parentSpanID: [UInt8] = []
        package var name: [UInt8] = []
        /// 0 to 5; other numbers are kept.
        package var kind: Int32 = 0
        package var startTimeUnixNano: UInt64 = 0
        package var endTimeUnixNano: UInt64 = 0
        package var attributes: [KeyValue] = []
        package var droppedAttributesCount: UInt32 = 0
        package var events: [Event] = []
        package var droppedEventsCount: UInt32 = 0
        package var links: [Link] = []
        package var droppedLinksCount: UInt32 = 0
        package var status: Status?
        package var flags: UInt32 = 0

        package init() {}
    }

    package struct Event: Hashable, Sendable {
        package var timeUnixNano: UInt64 = 0
        package var name: [UInt8] = []
        package var attributes: [KeyValue] = []
        package var droppedAttributesCount: UInt32 = 0

        package init() {}
    }

    package struct Link: Hashable, Sendable {
        package var traceID: [UInt8] = []
        package var spanID: [UInt8] = []
        package var traceState: [UInt8] = []
        package var attributes: [KeyValue] = []
        package var droppedAttributesCount: UInt32 = 0
        package var flags: UInt32 = 0

        package init() {}
    }

    package struct Status: Hashable, Sendable {
        package var message: [UInt8] = []
        /// 0 unset, 1 ok, 2 error; other numbers are kept.
        package var code: Int32 = 0

        package init() {}
    }

    package struct KeyValue: Hashable, Sendable {
        package var key: [UInt8]
        /// Nil if the field is absent, which is not the same as ``AnyValue/empty``.
        package var value: AnyValue?

        package init(key: [UInt8], value: AnyValue?) {
            self.key = key
            self.value = value
        }
    }

    package indirect enum AnyValue: Hashable, Sendable {
        /// A value message in which nothing is set.
        case empty
        case string([UInt8])
        case bool(Bool)
        case int(Int64)
        case double(bitPattern: UInt64)
        case array([AnyValue])
        case keyValueList([KeyValue])
        case bytes([UInt8])

        package static func double(_ value: Double) -> AnyValue {
            .double(bitPattern: value.bitPattern)
        }
    }
}
