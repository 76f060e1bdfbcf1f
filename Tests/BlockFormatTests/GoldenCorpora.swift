// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ProtobufMessages

/// Small spans of the kinds that the format has to do well on, made so that they never change.
enum GoldenCorpora: String, CaseIterable {
    /// Long traces, with events and links.
    case longTraces = "block-v1-32-spans-a-trace"
    /// Short traces, in two row groups' worth of index.
    case shortTraces = "block-v1-3-spans-a-trace"
    /// More keys than columns.
    case manyKeys = "block-v1-many-keys"

    var request: Request {
        switch self {
        case .longTraces: request(traceCount: 8, spansPerTrace: 32, seed: 32)
        case .shortTraces: request(traceCount: 60, spansPerTrace: 3, seed: 3)
        case .manyKeys: request(traceCount: 3, spansPerTrace: 8, seed: 10_000)
        }
    }

    func written() throws -> WrittenBlock {
        let view = try Source([request], arrivalSeconds: { _ in 1_700_000_100 }).view
        return write([view], critical: RoundTripTests.criticalTimes([view]))
    }

    private func request(traceCount: Int, spansPerTrace: Int, seed: UInt64) -> Request {
        var choices = Choices(seed: seed)
        var request = Request()
        for service in 0..<3 {
            var group = OTLPMessage.ResourceSpans()
            group.resource = OTLPMessage.Resource()
            group.resource?.attributes = [
                Self.attribute("service.name", .string(Array("service-\(service)".utf8))),
                Self.attribute("host.name", .string(Array("node-\(service).example".utf8))),
            ]
            var scope = OTLPMessage.ScopeSpans()
            scope.scope = OTLPMessage.InstrumentationScope()
            scope.scope?.name = Array("http".utf8)
            scope.spans = []
            group.scopeSpans = [scope]
            request.resourceSpans.append(group)
        }
        for trace in 0..<traceCount {
            for span in 0..<spansPerTrace {
                let made = self.span(trace, span, &choices)
                request.resourceSpans[span % 3].scopeSpans[0].spans.append(made)
            }
        }
        return request
    }

    private func span(_ trace: Int, _ index: Int, _ choices: inout Choices) -> OTLPMessage.Span {
        var span = OTLPMessage.Span()
        span.traceID = (0..<16).map { UInt8(truncatingIfNeeded: (trace + 1) &* (37 + $0 * 11)) }
        span.spanID = [1, 2, 3, 4, 5, 6, UInt8(truncatingIfNeeded: trace), UInt8(index + 1)]
        if index > 0 { span.parentSpanID = Array(span.spanID.dropLast()) + [UInt8(choices.below(index) + 1)] }
        span.name = Array(choices.pick(["GET /cart", "POST /order", "SELECT items", "publish"]).utf8)
        span.kind = Int32(index % 5) + 1
        span.startTimeUnixNano = 1_700_000_000_000_000_000 + UInt64(trace * 1_000_000 + index * 20_000)
        span.endTimeUnixNano = span.startTimeUnixNano + UInt64(1_000_000 - index * 25_000) + choices.next() % 5_000
        span.attributes = [
            Self.attribute("http.response.status_code", .int(choices.oneIn(9) ? 500 : 200)),
            Self.attribute("url.path", .string(Array("/item/\(choices.below(1_000))".utf8))),
            Self.attribute("retry", .bool(choices.oneIn(4))),
        ]
        if choices.oneIn(12) {
            span.status = OTLPMessage.Status()
            span.status?.code = 2
            span.status?.message = Array("deadline exceeded".utf8)
        }
        if self == .longTraces, choices.oneIn(6) {
            var event = OTLPMessage.Event()
            event.timeUnixNano = span.startTimeUnixNano + 500
            event.name = Array("exception".utf8)
            event.attributes = [Self.attribute("exception.type", .string(Array("Timeout".utf8)))]
            span.events = [event]
        }
        if self == .manyKeys { span.attributes += manyKeys(trace * 8 + index, &choices) }
        return span
    }

    /// Keys that no other span has, of several types, and between them some that all have.
    private func manyKeys(_ span: Int, _ choices: inout Choices) -> [OTLPMessage.KeyValue] {
        (0..<70).map { index in
            let key = "feature.\(span * 70 + index)"
            switch index % 5 {
            case 0: return Self.attribute(key, .int(Int64(choices.below(1_000)) - 500))
            case 1: return Self.attribute(key, .string(Array("on-\(choices.below(20))".utf8)))
            case 2: return Self.attribute(key, .bool(choices.oneIn(2)))
            case 3: return Self.attribute(key, .double(Double(choices.below(100)) / 4))
            default: return Self.attribute("common.\(index)", .string(Array("x".utf8)))
            }
        }
    }

    private static func attribute(_ key: String, _ value: OTLPMessage.AnyValue) -> OTLPMessage.KeyValue {
        OTLPMessage.KeyValue(key: Array(key.utf8), value: value)
    }
}
