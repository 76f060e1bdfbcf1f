// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ProtobufMessages
internal import TraceModel

/// Four spans of two traces in which everything occurs that a block can hold, written out so that it never changes.
enum SmallBlock {
    static let traceA = [UInt8](repeating: 0xaa, count: 16)
    static let traceB = [UInt8](repeating: 0xbb, count: 16)

    static let traceIDs = [
        TraceID(high: 0xaaaa_aaaa_aaaa_aaaa, low: 0xaaaa_aaaa_aaaa_aaaa),
        TraceID(high: 0xbbbb_bbbb_bbbb_bbbb, low: 0xbbbb_bbbb_bbbb_bbbb),
    ]

    static let request: Request = {
        var shop = OTLPMessage.ResourceSpans()
        shop.resource = OTLPMessage.Resource()
        shop.resource?.attributes = [attribute("service.name", .string(Array("shop".utf8)))]
        shop.resource?.droppedAttributesCount = 2
        shop.schemaURL = Array("https://opentelemetry.io/schemas/1.26.0".utf8)
        var http = OTLPMessage.ScopeSpans()
        http.scope = OTLPMessage.InstrumentationScope()
        http.scope?.name = Array("net/http".utf8)
        http.schemaURL = Array("x".utf8)
        http.spans = [root, child]
        shop.scopeSpans = [http]
        var bare = OTLPMessage.ResourceSpans()
        bare.scopeSpans = [OTLPMessage.ScopeSpans()]
        bare.scopeSpans[0].spans = [orphan, strange]
        return Request(resourceSpans: [shop, bare])
    }()

    /// Every type of value, repeated keys, events, a link.
    private static let root: OTLPMessage.Span = {
        var span = Self.span(traceA, 1, parent: [], "GET /cart", 1000, 9000)
        span.kind = 2
        span.traceState = Array("ot=th:8".utf8)
        span.flags = 0x101
        span.attributes = [
            attribute("s", .string(Array("text".utf8))), attribute("b", .bool(true)), attribute("i", .int(-5)),
            attribute("d", .double(-0.0)), attribute("y", .bytes([0, 255])), attribute("s", .string([0xff])),
            attribute("a", .array([.int(1), .string([])])), attribute("k", .keyValueList([attribute("x", .empty)])),
            attribute("e", .empty), OTLPMessage.KeyValue(key: [], value: nil),
        ]
        (span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount) = (3, 4, 5)
        var event = OTLPMessage.Event()
        event.timeUnixNano = 1_700_000_000_000_002_000
        event.name = Array("exception".utf8)
        event.attributes = [attribute("i", .int(7)), attribute("s", .string(Array("boom".utf8)))]
        event.droppedAttributesCount = 1
        span.events = [event, OTLPMessage.Event()]
        var link = OTLPMessage.Link()
        link.traceID = traceB
        link.spanID = [1, 2, 3]
        link.traceState = Array("a=b".utf8)
        link.flags = 1
        link.droppedAttributesCount = 6
        link.attributes = [attribute("i", .int(8))]
        span.links = [link]
        return span
    }()

    /// A parent in the block, and a status.
    private static let child: OTLPMessage.Span = {
        var span = Self.span(traceA, 2, parent: id(1), "SELECT", 2000, 5000)
        span.status = OTLPMessage.Status()
        span.status?.code = 2
        span.status?.message = Array("deadline exceeded".utf8)
        span.attributes = [attribute("i", .int(.max)), attribute("d", .double(bitPattern: 0x7ff8_0000_dead_beef))]
        return span
    }()

    /// A parent elsewhere, an empty status, a kind that nobody knows.
    private static let orphan: OTLPMessage.Span = {
        var span = Self.span(traceB, 3, parent: id(99), "", 3000, 2000)
        span.kind = -1
        span.status = OTLPMessage.Status()
        return span
    }()

    /// A parent that is no ID.
    private static let strange = Self.span(traceB, 4, parent: [1, 2, 3], "odd", 3000, 3000)

    private static func span(
        _ trace: [UInt8], _ id: UInt8, parent: [UInt8], _ name: String, _ start: UInt64, _ end: UInt64
    ) -> OTLPMessage.Span {
        var span = OTLPMessage.Span()
        span.traceID = trace
        span.spanID = Self.id(id)
        span.parentSpanID = parent
        span.name = Array(name.utf8)
        span.startTimeUnixNano = 1_700_000_000_000_000_000 + start
        span.endTimeUnixNano = 1_700_000_000_000_000_000 + end
        return span
    }

    private static func id(_ last: UInt8) -> [UInt8] { [0, 0, 0, 0, 0, 0, 0, last] }

    private static func attribute(_ key: String, _ value: OTLPMessage.AnyValue) -> OTLPMessage.KeyValue {
        OTLPMessage.KeyValue(key: Array(key.utf8), value: value)
    }

    /// The block of the request's spans, with a derived column.
    static func written(limits: AttributeLimits = AttributeLimits()) throws -> WrittenBlock {
        write([try Source([request]).view], critical: [5000, 3000, 0, 0], limits: limits)
    }
}
