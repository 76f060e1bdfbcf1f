// SPDX-License-Identifier: Apache-2.0

package import ProtobufMessages

/// Made-up export requests that reach every corner of the OTLP schema.
///
/// Usual content is the rule (few services, keys and traces, so that dictionaries have something to
/// do), every oddity that a store must give back is frequent: every value type, nested up to five
/// deep; empty beside absent; repeated keys; invalid UTF-8 and NUL in strings; NaN, −0 and
/// infinities; zero and odd-length parent and link IDs; end before start; times at both ends of
/// UInt64; unknown enum numbers; spans sent twice. The same seed gives the same requests on every
/// machine.
package struct RandomOTLP: Sendable {
    package struct Options: Sendable {
        /// One in eight spans has a trace or span ID that is absent, all zero or of the wrong
        /// length.
        package var hasBadIDs = false
        /// Traces to choose from; spans of one trace are scattered over the requests.
        package var traceCount = 20

        package init(hasBadIDs: Bool = false, traceCount: Int = 20) {
            self.hasBadIDs = hasBadIDs
            self.traceCount = traceCount
        }
    }

    private let options: Options
    var random: SplitMix64
    private let traceIDs: [[UInt8]]
    private var recentSpanIDs: [[UInt8]] = [[1, 2, 3, 4, 5, 6, 7, 8]]
    private var lastSpan: OTLPMessage.Span?
    private let epoch: UInt64 = 1_700_000_000_000_000_000

    package init(seed: UInt64, options: Options = Options()) {
        self.options = options
        var random = SplitMix64(seed: seed)
        traceIDs = (0..<max(1, options.traceCount)).map { _ in random.bytes(15) + [1] }
        self.random = random
    }

    /// A request with at most `maximumSpans` spans, sometimes none; resources, scopes and spans
    /// come in every grouping.
    package mutating func request(maximumSpans: Int) -> OTLPMessage.ExportTraceServiceRequest {
        var left = random.oneIn(4) ? maximumSpans : random.below(maximumSpans + 1)
        var request = OTLPMessage.ExportTraceServiceRequest()
        while left > 0 || random.oneIn(4) { request.resourceSpans.append(resourceSpans(&left)) }
        return request
    }

    private mutating func resourceSpans(_ left: inout Int) -> OTLPMessage.ResourceSpans {
        var group = OTLPMessage.ResourceSpans()
        if !random.oneIn(10) { group.resource = resource() }
        if random.oneIn(3) { group.schemaURL = random.pick(schemaURLs) }
        repeat { group.scopeSpans.append(scopeSpans(&left)) } while left > 0 && random.oneIn(2)
        if random.oneIn(20) && left > 0 { group.scopeSpans = [] }
        return group
    }

    private mutating func resource() -> OTLPMessage.Resource {
        var resource = OTLPMessage.Resource()
        if random.oneIn(10) { return resource }
        if !random.oneIn(8) {
            resource.attributes.append(
                .init(key: Array("service.name".utf8), value: .string(random.pick(serviceNames))))
        }
        resource.attributes += attributes(atMost: 4)
        resource.droppedAttributesCount = count()
        if random.oneIn(4) {
            var entity = OTLPMessage.EntityRef()
            entity.schemaURL = random.pick(schemaURLs)
            entity.type = Array("service".utf8)
            entity.idKeys = (0..<random.below(3)).map { _ in key() }
            entity.descriptionKeys = (0..<random.below(3)).map { _ in key() }
            resource.entityRefs = Array(repeating: entity, count: 1 + random.below(2))
        }
        return resource
    }

    private mutating func scopeSpans(_ left: inout Int) -> OTLPMessage.ScopeSpans {
        var group = OTLPMessage.ScopeSpans()
        if !random.oneIn(5) {
            var scope = OTLPMessage.InstrumentationScope()
            if !random.oneIn(8) {
                scope.name = random.pick(scopeNames)
                scope.version = random.oneIn(2) ? [] : Array("1.\(random.below(3))".utf8)
                if random.oneIn(3) { scope.attributes = attributes(atMost: 3) }
                scope.droppedAttributesCount = count()
            }
            group.scope = scope
        }
        if random.oneIn(4) { group.schemaURL = random.pick(schemaURLs) }
        let spanCount = min(left, random.oneIn(3) ? left : 1 + random.below(8))
        group.spans = (0..<spanCount).map { _ in span() }
        left -= spanCount
        return group
    }

    private mutating func span() -> OTLPMessage.Span {
        if let lastSpan, random.oneIn(40) { return lastSpan }
        var span = OTLPMessage.Span()
        span.traceID = random.pick(traceIDs)
        span.spanID = random.bytes(7) + [1]
        span.parentSpanID = parentSpanID()
        span.traceState = traceState()
        span.name = random.oneIn(15) ? oddString() : random.pick(spanNames)
        span.kind =
            random.oneIn(20) ? random.pick([6, 99, -1, .max, .min]) : Int32(random.below(6))
        (span.startTimeUnixNano, span.endTimeUnixNano) = times()
        span.attributes = attributes(atMost: random.oneIn(20) ? 40 : 8)
        span.droppedAttributesCount = count()
        if random.oneIn(4) {
            span.events = (0..<(1 + random.below(4))).map { _ in event(near: span.startTimeUnixNano)
            }
        }
        span.droppedEventsCount = count()
        if random.oneIn(5) { span.links = (0..<(1 + random.below(3))).map { _ in link() } }
        span.droppedLinksCount = count()
        span.status = status()
        span.flags = flags()
        if options.hasBadIDs && random.oneIn(8) { spoilIDs(&span) }
        remember(span)
        return span
    }

    private mutating func remember(_ span: OTLPMessage.Span) {
        lastSpan = span
        recentSpanIDs.append(span.spanID)
        if recentSpanIDs.count > 50 { recentSpanIDs.removeFirst() }
    }

    private mutating func spoilIDs(_ span: inout OTLPMessage.Span) {
        let isTraceID = random.oneIn(2)
        let bad = random.pick([
            [], [UInt8](repeating: 0, count: isTraceID ? 16 : 8), [7],
            random.bytes(isTraceID ? 15 : 9),
        ])
        if isTraceID { span.traceID = bad } else { span.spanID = bad }
    }

    private mutating func parentSpanID() -> [UInt8] {
        switch random.below(20) {
        case 0...2: []
        case 3: [UInt8](repeating: 0, count: 8)
        case 4: random.bytes(random.pick([1, 4, 7, 9, 16, 40]))
        case 5: random.bytes(8)
        default: random.pick(recentSpanIDs)
        }
    }

    /// Start and end.
    private mutating func times() -> (UInt64, UInt64) {
        let start = epoch &+ random.next() % 3_600_000_000_000
        return switch random.below(25) {
        case 0: (0, 0)
        case 1: (.max, .max)
        case 2: (0, .max)
        case 3: (.max, 0)
        case 4: (start, start &- random.next() % 1_000_000)
        case 5: (random.next(), random.next())
        case 6: (start, start)
        case 7: (start, 0)
        default: (start, start &+ random.next() % (1 << UInt64(10 + random.below(25))))
        }
    }

    private mutating func event(near time: UInt64) -> OTLPMessage.Event {
        var event = OTLPMessage.Event()
        if random.oneIn(10) { return event }
        event.timeUnixNano =
            random.oneIn(10)
            ? random.pick([0, .max, random.next()]) : time &+ random.next() % 1_000_000
        event.name =
            random.oneIn(10)
            ? oddString() : random.pick(["exception", "message", ""].map { Array($0.utf8) })
        event.attributes = attributes(atMost: 3)
        event.droppedAttributesCount = count()
        return event
    }

    private mutating func link() -> OTLPMessage.Link {
        var link = OTLPMessage.Link()
        if random.oneIn(10) { return link }
        link.traceID =
            random.oneIn(5) ? random.bytes(random.pick([0, 1, 15, 17, 33])) : random.pick(traceIDs)
        if random.oneIn(10) { link.traceID = [UInt8](repeating: 0, count: 16) }
        link.spanID =
            random.oneIn(5) ? random.bytes(random.pick([0, 3, 9])) : random.pick(recentSpanIDs)
        link.traceState = traceState()
        link.attributes = attributes(atMost: 2)
        link.droppedAttributesCount = count()
        link.flags = flags()
        return link
    }

    private mutating func status() -> OTLPMessage.Status? {
        if random.oneIn(3) { return nil }
        var status = OTLPMessage.Status()
        status.code = random.oneIn(20) ? random.pick([3, 77, -1]) : Int32(random.below(3))
        if random.oneIn(3) {
            status.message = random.oneIn(4) ? oddString() : Array("deadline exceeded".utf8)
        }
        return status
    }

    private mutating func traceState() -> [UInt8] {
        random.oneIn(6)
            ? random.pick(
                ["ot=th:8", "vendor=a,ot=th:c;rv:9b8233f7e3a151", "a=b\u{0}c"].map {
                    Array($0.utf8)
                }) : []
    }

    private mutating func flags() -> UInt32 {
        random.pick([0, 1, 0x101, 0x301, 0x300, random.oneIn(10) ? .max : 0])
    }

    /// A dropped count: mostly 0.
    private mutating func count() -> UInt32 {
        random.oneIn(10) ? random.pick([1, 127, 128, 70_000, .max]) : 0
    }
}

private let schemaURLs = [
    "https://opentelemetry.io/schemas/1.26.0", "https://opentelemetry.io/schemas/1.4.0", "x",
].map { Array($0.utf8) }
private let serviceNames = ["shop", "cart", "checkout", "payment", "кошик", ""].map {
    Array($0.utf8)
}
private let scopeNames = ["io.opentelemetry.http", "net/http", "redis", ""].map { Array($0.utf8) }
private let spanNames = [
    "GET /", "GET /cart/{id}", "POST /checkout", "SELECT orders", "publish", "",
].map { Array($0.utf8) }
