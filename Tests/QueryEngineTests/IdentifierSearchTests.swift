// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import OTLPGenerator
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceQL

@Suite struct IdentifierSearchTests {
    /// Two spans of one trace: 0a1 links to span 0b2 of trace 0c3 and has a list of pairs, 0d4 is its child.
    private func store(inBlocks: Bool) async throws -> FilledStore {
        var filled = try await FilledStore(seed: 1)
        var (span, child) = (OTLPMessage.Span(), OTLPMessage.Span())
        span.traceID = [UInt8](repeating: 0, count: 14) + [0x0e, 0x5f]
        span.spanID = [0, 0, 0, 0, 0, 0, 0, 0xa1]
        span.name = Array("parent".utf8)
        (span.startTimeUnixNano, span.endTimeUnixNano) = (1_700_000_000_000_000_000, 1_700_000_000_000_000_009)
        child = span
        child.spanID = [0, 0, 0, 0, 0, 0, 0x0f, 0xd4]
        child.parentSpanID = span.spanID
        child.name = Array("child".utf8)
        var link = OTLPMessage.Link()
        link.traceID = [UInt8](repeating: 0, count: 15) + [0xc3]
        link.spanID = [0, 0, 0, 0, 0, 0, 0, 0xb2]
        span.links = [link]
        span.attributes = [OTLPMessage.KeyValue(key: Array("pairs".utf8), value: .keyValueList([]))]
        var scopes = OTLPMessage.ScopeSpans()
        scopes.spans = [span, child]
        var resource = OTLPMessage.ResourceSpans()
        resource.scopeSpans = [scopes]
        var request = OTLPMessage.ExportTraceServiceRequest()
        request.resourceSpans = [resource]
        try await filled.append(request)
        if inBlocks { try await filled.opened.flushAll() }
        return filled
    }

    private func names(_ text: String, in filled: FilledStore) async throws -> [String] {
        var search = TraceSearchQuery()
        search.traceQL = try CheckedQuery(text)
        let result = try await filled.engine.searchTraces(search, tenant: .single)
        return result.traces.flatMap { $0.spansets.flatMap(\.spans) }.map { String(decoding: $0.span.name, as: UTF8.self) }
    }

    @Test("IDs are found by their digits without leading zeros, of either case", arguments: [false, true])
    func digits(inBlocks: Bool) async throws {
        let filled = try await store(inBlocks: inBlocks)
        for (query, found) in [
            (#"{ span:id = "a1" }"#, ["parent"]), (#"{ span:id = "0A1" }"#, ["parent"]),
            (#"{ "fd4" = span:id }"#, ["child"]), (#"{ span:id != "a1" }"#, ["child"]),
            (#"{ span:parentID = "00A1" }"#, ["child"]), (#"{ link:spanID = "b2" }"#, ["parent"]),
            (#"{ link:traceID = "C3" }"#, ["parent"]), (#"{ trace:id = "e5f" && name = "child" }"#, ["child"]),
            (#"{ span:id = "a1" || span:id = "fd4" }"#, ["parent", "child"]), (#"{ !(span:id = "a1") }"#, ["child"]),
            (#"{ span:id = "a" }"#, []), (#"{ span:id = "x1" }"#, []), (#"{ link:spanID = "0000000000000000b2" }"#, []),
        ] {
            #expect(try await names(query, in: filled).sorted() == found.sorted(), "\(query)")
        }
    }

    @Test("a list of pairs is there, though nothing can be asked of it", arguments: [false, true])
    func opaque(inBlocks: Bool) async throws {
        let filled = try await store(inBlocks: inBlocks)
        for (query, found) in [
            ("{ span.pairs != nil }", ["parent"]), ("{ span.pairs != nil || .n - 1 > 0 }", ["parent"]),
            ("{ .pairs = nil || .n - 1 > 0 }", ["child"]), (#"{ .pairs != "a" }"#, []), ("{ .pairs = .pairs }", []),
            ("{ .pairs - 1 > 0 }", []), ("{ !.pairs }", []),
        ] {
            #expect(try await names(query, in: filled).sorted() == found.sorted(), "\(query)")
        }
    }
}
