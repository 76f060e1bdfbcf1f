// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import FileIO
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceQL
internal import TraceStorage

/// Everything that can be asked of a store about some tenants, as text.
private struct Answers {
    static let queries = [
        "{}", "{ name = `read` }", "{ resource.service.name = `a` } >> { name = `write` }", "{ status = error } | count() > 1",
        "{ duration > 20ns } | by(name)", "{ name = `read` } && { name = `write` }", "{ rootName != `` }",
    ]

    var texts: [String] = []

    init(_ filled: FilledStore, _ tenants: TenantSet) async throws {
        try await addTraces(filled.engine, tenants)
        try await addSearches(filled.engine, tenants)
        try await addTags(filled.engine, tenants)
        for limit in [1, 5, 1000] {
            var query = SlowSpanQuery()
            query.limit = limit
            let slow = try await filled.engine.slowSpans(query, tenant: tenants)
            texts.append("slow \(slow.spans) \(slow.partialReason ?? "")")
        }
    }

    private mutating func addTraces(_ engine: QueryEngine, _ tenants: TenantSet) async throws {
        for number in 0..<12 {
            let id = TraceID(high: 0x0707_0707_0707_0707, low: 0x0707_0707_0707_0700 + UInt64(number))
            let trace = try await engine.trace(id, tenant: tenants)
            texts.append("trace \(id) \(trace?.placed.map(\.encoded) ?? []) \(trace?.partialReason ?? "")")
        }
    }

    private mutating func addSearches(_ engine: QueryEngine, _ tenants: TenantSet) async throws {
        for text in Self.queries {
            for limit in [2, 1000] {
                var search = TraceSearchQuery()
                (search.traceQL, search.limit, search.spansPerSpanset) = (try CheckedQuery(text), limit, 100)
                let result = try await engine.searchTraces(search, tenant: tenants)
                texts.append("search \(text) \(result.partialReason ?? "")")
                for trace in result.traces {
                    let sets = trace.spansets.map { set in
                        "\(set.matchedCount) \(set.spans.map { "\($0.span.spanID)" }.sorted()) \(set.attributes)"
                    }
                    texts.append(
                        "\(trace.id) \(trace.startNanoseconds) \(trace.durationNanoseconds) \(sets.sorted())")
                }
            }
        }
    }

    private mutating func addTags(_ engine: QueryEngine, _ tenants: TenantSet) async throws {
        let names = try await engine.tagNames(Set(TagScope.allCases), TagQuery(), tenant: tenants)
        texts.append("names \(TagScope.allCases.map { names.names[$0] ?? [] })")
        for subject in [TagSubject.intrinsic(.name), .attribute("service.name", [.resource])] {
            texts.append("values \(try await engine.tagValues(subject, TagQuery(), tenant: tenants).values)")
        }
    }
}

@Suite("Tenants", .timeLimit(.minutes(5))) struct TenantTests {
    private static let tenants = ["a", ".b", "c"].compactMap { TenantID($0) }

    /// A store of requests of three tenants, in which they have traces and spans in common, scattered over blocks and heads.
    private func filled(_ messages: [(TenantID, OTLPMessage.ExportTraceServiceRequest)], seed: UInt64) async throws -> FilledStore {
        var filled = try await FilledStore(seed: seed)
        var generator = SeededGenerator(seed: seed)
        for (tenant, message) in messages {
            try await filled.append(message, tenant)
            switch generator.next(below: 8) {
            case 0: try filled.opened.store.cut()
            case 1: _ = try await filled.opened.store.flushOldest(filled.opened.logger)
            case 2: try await filled.opened.flushAll()
            default: break
            }
        }
        return filled
    }

    @Test(
        "alone or several at once, are answered as if theirs was all that is stored, and one's", arguments: 0..<3 as Range<UInt64>)
    func federation(seed: UInt64) async throws {
        var traffic = SmallTraffic(seed: seed)
        var generator = SeededGenerator(seed: seed &+ 90)
        let messages = (0..<30).map { _ in
            (Self.tenants[generator.next(below: 3)], traffic.request(spanCount: 10))
        }
        var store = try await filled(messages, seed: seed)
        for step in 0..<3 {
            // Then from blocks alone, then with nothing in the caches.
            if step == 1 { try await store.opened.flushAll() }
            if step == 2 { try await store.reopen() }
            for choice in 1..<8 {
                let chosen = Self.tenants.indices.filter { choice >> $0 & 1 == 1 }.map { Self.tenants[$0] }
                let set = try #require(TenantSet(chosen.map(\.name).joined(separator: "|")))
                let alone = try await filled(
                    messages.filter { chosen.contains($0.0) }.map { (.single, $0.1) }, seed: seed + UInt64(choice))
                let (found, expected) = (try await Answers(store, set), try await Answers(alone, .single))
                #expect(found.texts.count == expected.texts.count)
                for (found, expected) in zip(found.texts, expected.texts) { #expect(found == expected, "\(set)") }
            }
        }
    }

    @Test("who has sent nothing finds nothing, whoever asked before") func strangers() async throws {
        var traffic = SmallTraffic(seed: 4)
        let store = try await filled((0..<6).map { _ in (Self.tenants[0], traffic.request(spanCount: 10)) }, seed: 4)
        let empty = try await FilledStore(seed: 5)
        for _ in 0..<2 {
            _ = try await Answers(store, TenantSet(Self.tenants[0]))
            for other in [TenantSet.single, TenantSet(Self.tenants[1]), TenantSet(Self.tenants[2])] {
                #expect(try await Answers(store, other).texts == Answers(empty, .single).texts)
            }
            try await store.opened.flushAll()
        }
    }
}
