// SPDX-License-Identifier: Apache-2.0

internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceQL
internal import TraceQLReference

@Suite struct ShownFieldTests {
    private static let queries = [
        #"{ event:name != "x" }"#, "{ event:timeSinceStart >= 0ms }", #"{ event.a != nil || link.b != nil }"#,
        #"{ instrumentation:name != "x" }"#, #"{ instrumentation:version != "x" }"#, "{ instrumentation.a != nil }",
        #"{ link:traceID != "1" }"#, #"{ link:spanID = "ab" }"#, "{ nestedSetParent < 0 }", "{ nestedSetParent >= 0 }",
        #"{ nestedSetParent < 0 || name = "GET" }"#, #"{ event:name = "GET" } && { link.a > 0 }"#,
        "{ } | select(event.a, link.b, event:name, instrumentation:name)", "{ } | select(nestedSetParent, event.b)",
        "{ } | select(event:timeSinceStart, link:traceID, link:spanID, instrumentation.b, .a)",
    ]

    /// Blocks keep lists of values of events and links as they are, and show none.
    private static func isList(_ attribute: ReferenceAttribute) -> Bool {
        if case .array = attribute.value { true } else { false }
    }

    @Test("the same is shown of a span from heads and from blocks", arguments: 1...3 as ClosedRange<UInt64>)
    func sameEverywhere(seed: UInt64) async throws {
        var random = RandomSearches(seed: seed)
        var traces = (0..<60).map { _ in random.trace(spanCount: 8) }
        for (trace, span) in traces.indices.flatMap({ trace in traces[trace].spans.indices.map { (trace, $0) } }) {
            for event in traces[trace].spans[span].events.indices {
                traces[trace].spans[span].events[event].attributes.removeAll(where: Self.isList)
            }
            for link in traces[trace].spans[span].links.indices {
                traces[trace].spans[span].links[link].attributes.removeAll(where: Self.isList)
            }
        }
        let store = try await ReferenceStore(traces, isScattered: false, &random, seed: seed)
        let queries = try Self.queries.map { try CheckedQuery($0) } + (0..<150).map { _ in random.search() }
        var shown: [[String]] = []
        for query in queries { shown.append(try await store.shown(query)) }
        try await store.filled.opened.flushAll()
        for (query, fromHeads) in zip(queries, shown) {
            #expect(try await store.shown(query) == fromHeads, "\(query.query)")
        }
        #expect(shown[0].contains { $0.contains("event:name") })
    }
}
