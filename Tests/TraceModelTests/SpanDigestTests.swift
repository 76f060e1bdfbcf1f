// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import OTLP
internal import ProtobufMessages
internal import Testing
internal import TraceModel

@Suite struct SpanDigestTests {
    typealias Change = @Sendable (inout OTLPMessage.ResourceSpans, inout OTLPMessage.Span) -> Void

    /// Each makes another span of one that has nothing but its IDs.
    static let changes: [Change] = [
        { group, _ in group.resource = OTLPMessage.Resource() },
        { group, _ in group.resource = resource("a") },
        { group, _ in group.resource = resource("b") },
        { group, _ in group.schemaURL = [1] },
        { group, _ in group.scopeSpans[0].scope = OTLPMessage.InstrumentationScope() },
        { group, _ in group.scopeSpans[0].schemaURL = [1] },
        { _, span in span.name = [1] },
        { _, span in span.traceState = [1] },
        { _, span in span.status = OTLPMessage.Status() },
        { _, span in span.status = status(1, []) },
        { _, span in span.status = status(1, [1]) },
        { _, span in span.flags = 1 },
        { _, span in span.parentSpanID = [1] },
        { _, span in span.parentSpanID = [0, 0, 0, 0, 0, 0, 0, 1] },
        { _, span in span.parentSpanID = [0, 0, 0, 0, 0, 0, 0, 0] },
        { _, span in span.droppedAttributesCount = 1 },
        { _, span in span.droppedEventsCount = 1 },
        { _, span in span.droppedLinksCount = 1 },
        { _, span in span.attributes = [.init(key: [1], value: nil)] },
        { _, span in span.attributes = [.init(key: [1], value: .empty)] },
        { _, span in span.attributes = [.init(key: [1], value: .string([]))] },
        { _, span in span.attributes = [.init(key: [1], value: .bytes([]))] },
        { _, span in span.attributes = [.init(key: [1], value: .bool(false))] },
        { _, span in span.attributes = [.init(key: [1], value: .int(0))] },
        { _, span in span.attributes = [.init(key: [1], value: .double(0))] },
        { _, span in span.attributes = [.init(key: [1], value: .double(-0.0))] },
        { _, span in span.attributes = [.init(key: [1], value: .array([]))] },
        { _, span in span.attributes = [.init(key: [1], value: .keyValueList([]))] },
        { _, span in span.attributes = [.init(key: [1], value: .int(0)), .init(key: [2], value: .int(0))] },
        { _, span in span.attributes = [.init(key: [2], value: .int(0)), .init(key: [1], value: .int(0))] },
        { _, span in span.events = [OTLPMessage.Event()] },
        { _, span in span.events = [OTLPMessage.Event(), OTLPMessage.Event()] },
        { _, span in span.events = [event([1])] },
        { _, span in span.links = [OTLPMessage.Link()] },
        { _, span in span.links = [OTLPMessage.Link(), OTLPMessage.Link()] },
        { _, span in span.links = [link([1])] },
    ]

    static func view(_ change: Change) throws -> SpanBatchView {
        var group = OTLPMessage.ResourceSpans()
        group.scopeSpans = [OTLPMessage.ScopeSpans()]
        var span = OTLPMessage.Span()
        span.traceID = [UInt8](repeating: 1, count: 16)
        span.spanID = [UInt8](repeating: 1, count: 8)
        change(&group, &span)
        group.scopeSpans[0].spans = [span]
        let bytes = try OTLPMessage.ExportTraceServiceRequest(resourceSpans: [group]).encoded()
        var batch = emptyBatch()
        var decoder = OTLPDecoder()
        _ = try decoder.decode(bytes.rawSpan, arrivalSeconds: 0, into: &batch)
        return batch.view()
    }

    @Test func `every part of a span counts`() throws {
        let views = try ([{ _, _ in }] + Self.changes).map { try Self.view($0) }
        for (index, a) in views.enumerated() {
            for b in views[..<index] { #expect(digest(a, 0) != digest(b, 0)) }
        }
    }

    @Test func `of two copies the same one wins, whichever is asked about first`() throws {
        let views = try ([{ _, _ in }] + Self.changes).map { try Self.view($0) }
        var scratch = ByteWriter()
        for (index, a) in views.enumerated() {
            for b in views[..<index] {
                #expect(DuplicateRule.areCopies(a, 0, b, 0))
                let aWins = DuplicateRule.wins(a, 0, over: b, 0, scratch: &scratch)
                let bWins = DuplicateRule.wins(b, 0, over: a, 0, scratch: &scratch)
                #expect(aWins != bWins)
            }
        }
    }

    @Test func `winning is transitive`() throws {
        let views = try ([{ _, _ in }] + Self.changes).map { try Self.view($0) }
        var scratch = ByteWriter()
        var order = views
        order.sort { DuplicateRule.wins($0, 0, over: $1, 0, scratch: &scratch) }
        for (index, worse) in order.enumerated() {
            for better in order[..<index] {
                let wins = DuplicateRule.wins(better, 0, over: worse, 0, scratch: &scratch)
                #expect(wins)
            }
        }
    }

    @Test func `the greatest end wins before everything else, then a status`() throws {
        let plain = try Self.view { _, span in span.attributes = [.init(key: [1], value: .string([1, 2, 3]))] }
        let later = try Self.view { _, span in span.endTimeUnixNano = 1 }
        let failed = try Self.view { _, span in span.status = Self.status(2, []) }
        var scratch = ByteWriter()
        let laterWins = DuplicateRule.wins(later, 0, over: failed, 0, scratch: &scratch)
        let failedWins = DuplicateRule.wins(failed, 0, over: plain, 0, scratch: &scratch)
        let plainWins = DuplicateRule.wins(plain, 0, over: failed, 0, scratch: &scratch)
        #expect(laterWins && failedWins && !plainWins)
    }

    @Test func `other IDs, kinds or starts make other spans`() throws {
        let plain = try Self.view { _, _ in }
        let others: [Change] = [
            { _, span in span.traceID[0] = 9 }, { _, span in span.traceID[15] = 9 }, { _, span in span.spanID[7] = 9 },
            { _, span in span.kind = 1 }, { _, span in span.startTimeUnixNano = 1 },
        ]
        for other in others { #expect(try !DuplicateRule.areCopies(plain, 0, Self.view(other), 0)) }
    }

    private static func resource(_ service: String) -> OTLPMessage.Resource {
        var resource = OTLPMessage.Resource()
        resource.attributes = [.init(key: Array("service.name".utf8), value: .string(Array(service.utf8)))]
        return resource
    }

    private static func status(_ code: Int32, _ message: [UInt8]) -> OTLPMessage.Status {
        var status = OTLPMessage.Status()
        (status.code, status.message) = (code, message)
        return status
    }

    private static func event(_ name: [UInt8]) -> OTLPMessage.Event {
        var event = OTLPMessage.Event()
        event.name = name
        return event
    }

    private static func link(_ traceID: [UInt8]) -> OTLPMessage.Link {
        var link = OTLPMessage.Link()
        link.traceID = traceID
        return link
    }
}
