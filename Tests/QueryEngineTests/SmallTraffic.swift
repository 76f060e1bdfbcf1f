// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import ProtobufMessages

/// Requests out of a small world: few traces, names, services, times, so that spans are often equal in all that orders
/// them, and often sent again with something changed.
struct SmallTraffic {
    static let names = ["", "read", "write", "read/all"]
    static let services = ["", "a", "b", "c"]
    static let start: UInt64 = 1_700_000_000_000_000_000

    private var generator: SeededGenerator
    private let traceCount: Int
    private let hasEndlessSpans: Bool

    /// - Parameter hasEndlessSpans: Whether some last from 1970 to the end of time, so that they are in every range.
    init(seed: UInt64, traceCount: Int = 12, hasEndlessSpans: Bool = true) {
        generator = SeededGenerator(seed: seed)
        self.traceCount = traceCount
        self.hasEndlessSpans = hasEndlessSpans
    }

    mutating func request(spanCount: Int) -> OTLPMessage.ExportTraceServiceRequest {
        var group = OTLPMessage.ResourceSpans()
        let service = Self.services[generator.next(below: Self.services.count)]
        if !service.isEmpty {
            var resource = OTLPMessage.Resource()
            resource.attributes = [.init(key: Array("service.name".utf8), value: .string(Array(service.utf8)))]
            group.resource = resource
        }
        var scope = OTLPMessage.ScopeSpans()
        scope.spans = (0..<spanCount).map { _ in span() }
        group.scopeSpans = [scope]
        return .init(resourceSpans: [group])
    }

    private mutating func span() -> OTLPMessage.Span {
        var span = OTLPMessage.Span()
        span.traceID = [UInt8](repeating: 7, count: 15) + [UInt8(generator.next(below: traceCount))]
        let number = 1 + generator.next(below: 12)
        span.spanID = [0, 0, 0, 0, 0, 0, 0, UInt8(number)]
        let parent = generator.next(below: number + 1)
        if parent > 0 { span.parentSpanID = [0, 0, 0, 0, 0, 0, 0, UInt8(parent)] }
        span.name = Array(Self.names[generator.next(below: Self.names.count)].utf8)
        span.kind = Int32(generator.next(below: 3))
        span.startTimeUnixNano = Self.start + UInt64(generator.next(below: 3)) * 10
        span.endTimeUnixNano = span.startTimeUnixNano - 10 + UInt64(generator.next(below: 6)) * 10
        if generator.next(below: 2) == 0 {
            var status = OTLPMessage.Status()
            status.code = Int32(generator.next(below: 3))
            span.status = status
        }
        if generator.next(below: 40) == 0, hasEndlessSpans {
            (span.startTimeUnixNano, span.endTimeUnixNano) = generator.next(below: 2) == 0 ? (0, .max) : (.max, 0)
        }
        return span
    }
}
