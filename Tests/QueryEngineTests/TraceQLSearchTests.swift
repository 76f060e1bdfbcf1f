// SPDX-License-Identifier: Apache-2.0

internal import OTLPGenerator
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceQL
internal import TraceQLReference

@Suite("A TraceQL search", .timeLimit(.minutes(15))) struct TraceQLSearchTests {
    @Test("finds what whole traces say, wherever their spans lie", arguments: 0..<8 as Range<UInt64>)
    func random(seed: UInt64) async throws {
        var random = RandomSearches(seed: seed)
        var store = try await ReferenceStore(traceCount: 25, spanCount: 12, &random, seed: seed)
        try await store.inEveryState { (store, state) in
            for _ in 0..<(state == .filled ? 120 : 60) {
                let query = random.search()
                let (found, expected) = (try await store.found(query), try store.expected(query))
                #expect(found == expected, "\(query.query)")
            }
        }
    }

    @Test("takes long chains of filters", arguments: [3, 70, 1_000], [
        ["&&"], ["||"], ["&&", "||"], [">>"], ["<<", "!>"], ["&~", "&>>"],
    ])
    func chains(count: Int, operators: [String]) async throws {
        var random = RandomSearches(seed: 5)
        let store = try await ReferenceStore(traceCount: 15, spanCount: 8, &random, seed: 5)
        let filters = ["{ }", "{ .a != nil }", "{ .b >= 0 }", "{ status != ok }", "{ name != `x` }", "{ .a * 2 + 1 > 0 }"]
        for isFlushed in [false, true] {
            if isFlushed { try await store.filled.opened.flushAll() }
            for _ in 0..<(count < 1_000 ? 5 : 1) {
                var text = random.random.pick(filters)
                for _ in 1..<count { text += " \(random.random.pick(operators)) \(random.random.pick(filters))" }
                let query = try CheckedQuery(text)
                let (found, expected) = (try await store.found(query), try store.expected(query))
                #expect(found == expected, "\(query.query)")
            }
        }
    }

    @Test("finds relations among spans that are their own ancestors", arguments: 0..<4 as Range<UInt64>)
    func rings(seed: UInt64) async throws {
        var random = RandomSearches(seed: seed)
        var traces = (0..<60).map { _ in random.trace(spanCount: 7) }
        for index in traces.indices {
            let ids = traces[index].spans.map(\.id)
            for span in ids.indices where !random.random.once(in: 6) {
                traces[index].spans[span].parentID = ids[random.random.below(ids.count)]
            }
        }
        let store = try await ReferenceStore(traces, isScattered: true, &random, seed: seed)
        let operators = [">", ">>", "<", "<<", "~"].flatMap { [$0, "!" + $0, "&" + $0] }
        let sides = ["{}", "{ status = error }", "{ kind = server || kind = client }", "{ span.a = 1 }"]
        for isFlushed in [false, true] {
            if isFlushed { try await store.filled.opened.flushAll() }
            for operation in operators {
                for (left, right) in sides.flatMap({ left in sides.map { (left, $0) } }) {
                    let query = try CheckedQuery("\(left) \(operation) \(right)")
                    let (found, expected) = (try await store.found(query), try store.expected(query))
                    #expect(found == expected, "\(query.query)")
                }
            }
        }
    }

    @Test("shows what the query names") func shown() async throws {
        var random = RandomSearches(seed: 3)
        var trace = random.trace(spanCount: 1)
        trace.spans[0].attributes = [ReferenceAttribute("a", .int(7)), ReferenceAttribute("b", .string("x"))]
        trace.spans[0].resource = [ReferenceAttribute("service.name", .string("shop"))]
        trace.spans[0].events = [ReferenceEvent("e", timeNanoseconds: trace.spans[0].startNanoseconds + 5)]
        (trace.spans[0].status, trace.spans[0].kind) = (.error, .server)
        var filled = try await FilledStore(seed: 1)
        var request = OTLPMessage.ExportTraceServiceRequest()
        request.resourceSpans = [OTLPMessage.ResourceSpans(trace.spans[0], trace: trace.id)]
        try await filled.append(request)
        let query = try CheckedQuery(
            "{ span.a = 7 && status = error } | select(.b, resource.service.name, kind, span.none)")
        for isFlushed in [false, true] {
            if isFlushed { try await filled.opened.flushAll() }
            var search = TraceSearchQuery()
            search.traceQL = query
            let found = try await filled.engine.searchTraces(search, tenant: .single).traces
            let attributes = try #require(found.first?.spansets.first?.spans.first).attributes
            #expect(
                attributes == [
                    SearchedAttribute(name: "a", value: .int(7)), SearchedAttribute(name: "status", value: .status(.error)),
                    SearchedAttribute(name: "b", value: .string("x")),
                    SearchedAttribute(name: "service.name", value: .string("shop")),
                    SearchedAttribute(name: "kind", value: .kind(.server)),
                ])
        }
    }
}
