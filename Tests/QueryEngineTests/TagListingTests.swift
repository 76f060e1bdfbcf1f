// SPDX-License-Identifier: Apache-2.0

internal import OTLPGenerator
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceQL

@Suite("Tag names and values", .timeLimit(.minutes(5))) struct TagListingTests {
    @Test("are those of every span that is stored, in order", arguments: 0..<6 as Range<UInt64>)
    func complete(seed: UInt64) async throws {
        var filled = try await FilledStore(seed: seed)
        var traffic = RandomOTLP(seed: seed, options: .init(hasBadIDs: true, traceCount: 60))
        try await filled.scatter((0..<20).map { _ in traffic.request(maximumSpans: 25) }, seed: seed)
        let all = try NaiveTags(
            filled.sent.flatMap { request in
                request.copies.indices.map { PlacedSpan(copy: request.copies[$0], spans: request.spans, row: $0) }
            })
        let winners = try NaiveTags(filled.winners().values.flatMap { $0 })
        try await compare(filled, all, winners)
        try await filled.reopen()
        try await filled.opened.flushAll()
        try await compare(filled, all, winners)
    }

    @Test("leave out what only rejected spans had") func rejected() async throws {
        var filled = try await FilledStore()
        var traffic = SmallTraffic(seed: 1)
        var request = traffic.request(spanCount: 5)
        var resource = OTLPMessage.Resource()
        resource.attributes = [.init(key: Array("kept".utf8), value: .string([0x78]))]
        request.resourceSpans[0].resource = resource
        var refused = request.resourceSpans[0]
        resource.attributes[0].key = Array("refused".utf8)
        var scope = OTLPMessage.InstrumentationScope()
        scope.attributes = resource.attributes
        (refused.resource, refused.scopeSpans[0].scope) = (resource, scope)
        for index in refused.scopeSpans[0].spans.indices { refused.scopeSpans[0].spans[index].traceID = [1] }
        request.resourceSpans.insert(refused, at: 0)
        try await filled.append(request)
        for _ in 0..<2 {
            let names = try await filled.engine.tagNames([.resource, .instrumentation], TagQuery(), tenant: .single)
            #expect(names.names == [.resource: ["kept"], .instrumentation: []])
            try await filled.opened.flushAll()
        }
        #expect(try filled.blockPaths.count == 1)
    }

    @Test("that are cut are announced, and are the first ones") func cut() async throws {
        var filled = try await FilledStore()
        var traffic = SmallTraffic(seed: 1, hasEndlessSpans: false)
        try await filled.append(traffic.request(spanCount: 100))
        var query = TagQuery()
        query.limit = 2
        let values = try await filled.engine.tagValues(.intrinsic(.name), query, tenant: .single)
        #expect(values.values.map(\.text) == ["", "read"])
        #expect(values.partialReason?.contains("of which 2 are shown") == true)
        query.limit = 4
        #expect(try await filled.engine.tagValues(.intrinsic(.name), query, tenant: .single).partialReason == nil)
        query.range = TimeRange(start: 1, end: 2)
        #expect(try await filled.engine.tagValues(.intrinsic(.name), query, tenant: .single).values.isEmpty)
    }

    private func compare(_ filled: FilledStore, _ all: NaiveTags, _ winners: NaiveTags) async throws {
        let scopes = Set(TagScope.allCases)
        let names = try await filled.engine.tagNames(scopes, TagQuery(), tenant: .single)
        #expect(names.partialReason == nil)
        for scope in TagScope.allCases {
            expect(names.names[scope, default: []], between: winners.names(scope), and: all.names(scope))
            for key in Set(all.names(scope) + ["nobody"]) {
                let values = try await filled.engine.tagValues(.attribute(key, [scope]), TagQuery(), tenant: .single)
                #expect(values.partialReason == nil)
                #expect(values.values == values.values.sorted { ($0.text, $0.kind.rawValue) < ($1.text, $1.kind.rawValue) })
                expect(values.values, between: winners.values(key, scope), and: all.values(key, scope))
            }
        }
        let spanNames = try await filled.engine.tagValues(.intrinsic(.name), TagQuery(), tenant: .single)
        expect(spanNames.values.map(\.text), between: Array(winners.spanNames), and: Array(all.spanNames))
    }

    /// Copies of spans that lost are stored until they meet the winner, and so are their tags.
    private func expect<Item: Hashable>(_ found: [Item], between least: [Item], and most: [Item]) {
        #expect(Set(found).count == found.count)
        #expect(Set(least).isSubset(of: found), "\(Set(least).subtracting(found))")
        #expect(Set(found).isSubset(of: most), "\(Set(found).subtracting(most))")
    }
}

/// The tags of some spans, found by looking at every one.
private struct NaiveTags {
    private var pairs: [TagScope: [OTLPMessage.KeyValue]] = [:]
    private(set) var spanNames: Set<String> = []

    init(_ spans: [PlacedSpan]) throws {
        for span in spans {
            let message = try OTLPMessage.ExportTraceServiceRequest(decoding: span.encoded)
            for group in message.resourceSpans { add(group) }
        }
    }

    private mutating func add(_ group: OTLPMessage.ResourceSpans) {
        pairs[.resource, default: []] += firsts(group.resource?.attributes ?? [])
        for scope in group.scopeSpans {
            pairs[.instrumentation, default: []] += firsts(scope.scope?.attributes ?? [])
            for span in scope.spans {
                spanNames.insert(String(decoding: span.name, as: UTF8.self))
                pairs[.span, default: []] += firsts(span.attributes)
                pairs[.event, default: []] += span.events.flatMap { firsts($0.attributes) }
                pairs[.link, default: []] += span.links.flatMap { firsts($0.attributes) }
            }
        }
    }

    /// Of each key the first, as that is the one that queries find.
    private func firsts(_ attributes: [OTLPMessage.KeyValue]) -> [OTLPMessage.KeyValue] {
        var keys: Set<[UInt8]> = []
        return attributes.filter { keys.insert($0.key).inserted }
    }

    func names(_ scope: TagScope) -> [String] {
        Array(Set(pairs[scope, default: []].map { String(decoding: $0.key, as: UTF8.self) }))
    }

    func values(_ key: String, _ scope: TagScope) -> [TagValue] {
        let values = pairs[scope, default: []].filter { String(decoding: $0.key, as: UTF8.self) == key }
            .filter { $0.key == Array(key.utf8) }
            .flatMap { pair in
                if case .array(let elements) = pair.value { elements } else { [pair.value] }
            }
            .compactMap { value -> TagValue? in
                switch value {
                case .string(let bytes): TagValue(kind: .string, text: String(decoding: bytes, as: UTF8.self))
                case .int(let number): TagValue(kind: .int, text: String(number))
                case .double(let bits): TagValue(kind: .float, text: Double(bitPattern: bits).description)
                case .bool(let value): TagValue(kind: .bool, text: "\(value)")
                default: nil
                }
            }
        return Set(values).sorted { ($0.text, $0.kind.rawValue) < ($1.text, $1.kind.rawValue) }
    }
}
