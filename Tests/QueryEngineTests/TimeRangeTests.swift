// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import FileIO
internal import OTLPGenerator
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceQL
internal import TraceStorage

@Suite("A range of time", .timeLimit(.minutes(5))) struct TimeRangeTests {
    @Test("takes the traces with a span that overlaps it, wherever their spans lie", arguments: 0..<8 as Range<UInt64>)
    func traces(seed: UInt64) async throws {
        try await inEveryState(seed: seed) { filled, ranges, generator in
            let naive = try NaiveSearch(filled)
            let filters: [SpanFilter] = [
                .all([]), .holds(.name, .string(Array("read".utf8))), .holds(.duration, .integer(7...Int64.max)),
                .holds(.isRoot, .boolean(true)),
            ]
            for range in ranges {
                var query = TraceSearchQuery()
                (query.range, query.limit) = (range, [1, 2, 4, 100][generator.next(below: 4)])
                query.filter = filters[generator.next(below: filters.count)]
                if generator.next(below: 4) == 0 { query.rootName = .tag(TagText("read")) }
                let result = try await filled.engine.searchTraces(query, tenant: .single)
                #expect(result.partialReason == nil)
                #expect(result.traces.map { "\($0)" } == naive.answer(query).map { "\($0)" }, "\(query)")
            }
        }
    }

    @Test("takes the same traces for TraceQL, also where it asks for structure or values", arguments: 20..<24 as Range<UInt64>)
    func traceQL(seed: UInt64) async throws {
        let texts = ["{ }", "{ } >> { }", "{ name = `read` } && { name = `write` }", "{ } | by(name)", "{ } | count() > 2"]
        try await inEveryState(seed: seed) { filled, ranges, generator in
            let winners = filled.winners()
            for text in texts {
                var query = TraceSearchQuery()
                (query.traceQL, query.limit) = (try CheckedQuery(text), 1_000)
                let hits = Set(try await filled.engine.searchTraces(query, tenant: .single).traces.map(\.id))
                #expect(!hits.isEmpty)
                for range in ranges where generator.next(below: 4) == 0 {
                    query.range = range
                    let found = try await filled.engine.searchTraces(query, tenant: .single).traces.map(\.id)
                    let expected = hits.filter { winners[$0, default: []].contains { $0.isIn(range) } }
                    #expect(Set(found) == expected && found.count == expected.count, "\(text) \(range)")
                }
            }
        }
    }

    @Test("takes the spans that overlap it, where spans are asked for", arguments: 40..<46 as Range<UInt64>)
    func spans(seed: UInt64) async throws {
        try await inEveryState(seed: seed) { filled, ranges, generator in
            let naive = NaiveSlowSpans(filled)
            let winners = filled.winners().values.joined()
            for range in ranges {
                var slow = SlowSpanQuery()
                (slow.range, slow.limit) = (range, [1, 5, 300][generator.next(below: 3)])
                let spans = try await filled.engine.slowSpans(slow, tenant: .single).spans
                #expect(spans.map { "\($0)" } == naive.answer(slow).map { "\($0)" }, "\(range)")
                var tags = TagQuery()
                (tags.range, tags.countsSpans) = (range, true)
                let values = try await filled.engine.tagValues(.intrinsic(.name), tags, tenant: .single).values
                let counts = Dictionary(grouping: winners.filter { $0.isIn(range) }, by: \.name).mapValues(\.count)
                let found = values.map { (Array($0.text.utf8), $0.spanCount ?? 0) }
                #expect(Dictionary(uniqueKeysWithValues: found) == counts, "\(range)")
            }
        }
    }

    /// Spans of one trace, by start and end.
    private static let examples: [(spans: [ClosedRange<Int>], range: Range<UInt64>, isFound: Bool)] = [
        // Between two spans, and at the edges of the gap.
        ([100...200, 300...400], 201..<300, false), ([100...200, 300...400], 200..<201, true),
        ([100...200, 300...400], 201..<301, true), ([100...200, 300...400], 250..<251, false),
        // A span around the range, and one that ends or begins at its edges.
        ([100...900], 500..<501, true), ([100...900], 901..<902, false), ([100...900], 900..<902, true),
        ([100...900], 99..<100, false), ([100...900], 99..<101, true),
        // One without length.
        ([100...100], 100..<101, true), ([100...100], 99..<100, false), ([100...100], 101..<200, false),
        ([100...100, 400...400], 101..<400, false),
    ]

    @Test("does not take what has only a gap in it, and takes what is running all through it", arguments: examples.indices)
    func edges(index: Int) async throws {
        let (spans, range, isFound) = Self.examples[index]
        let found = try await find(spans.map { (UInt64($0.lowerBound), UInt64($0.upperBound)) }, range)
        #expect(found == [isFound, isFound, isFound], "\(spans) in \(range)")
    }

    @Test("takes spans that end before they start at their start alone") func reversed() async throws {
        let examples: [(range: Range<UInt64>, isFound: Bool)] = [
            (0..<50, true), (11..<50, false), (50..<500, false), (499..<500, false), (500..<501, true), (501..<600, false), (10..<11, true),
        ]
        for (range, isFound) in examples {
            let found = try await find([(10, 10), (500, 50)], range)
            #expect(found == [isFound, isFound, isFound], "\(range)")
        }
        #expect(try await find([(.max, 0)], 1..<(.max)) == [false, false, false])
        #expect(try await find([(0, .max)], 5..<6) == [true, true, true])
    }

    @Test("takes a trace by a span in a block, though what is asked for came later, beside the range") func later() async throws {
        var filled = try await FilledStore()
        try await filled.append(.init([Self.span(1, 1, 100, 110, name: "read")]))
        try await filled.opened.flushAll()
        try await filled.append(.init([Self.span(1, 2, 500, 510, name: "write")]))
        var query = TraceSearchQuery()
        (query.filter, query.range) = (.holds(.name, .string(Array("write".utf8))), TimeRange(start: 50, end: 200))
        #expect(try await filled.engine.searchTraces(query, tenant: .single).traces.count == 1)
        query.range = TimeRange(start: 200, end: 400)
        #expect(try await filled.engine.searchTraces(query, tenant: .single).traces.isEmpty)
    }

    /// Whether a trace of such spans is found when it lies in a head, in one block, and in a block for each span.
    private func find(_ times: [(start: UInt64, end: UInt64)], _ range: Range<UInt64>) async throws -> [Bool] {
        let spans = times.enumerated().map { Self.span(1, UInt8($0 + 1), $1.start, $1.end, name: "read") }
        // Others in the row group, that are in every range or in none.
        let others = [Self.span(2, 1, 0, 1_000, name: "write"), Self.span(3, 1, 5_000, 6_000, name: "write")]
        var query = TraceSearchQuery()
        query.filter = .holds(.name, .string(Array("read".utf8)))
        query.range = TimeRange(start: range.lowerBound, end: range.upperBound)
        var whole = try await FilledStore()
        try await whole.append(.init(others + spans))
        var found = [try await !whole.engine.searchTraces(query, tenant: .single).traces.isEmpty]
        try await whole.opened.flushAll()
        found.append(try await !whole.engine.searchTraces(query, tenant: .single).traces.isEmpty)
        var split = try await FilledStore()
        for span in spans {
            try await split.append(.init(others + [span]))
            try await split.opened.flushAll()
        }
        found.append(try await !split.engine.searchTraces(query, tenant: .single).traces.isEmpty)
        return found
    }

    // MARK: - Random spans

    /// Fills a store with few traces and many copies, and does something with it as its spans lie in heads and blocks, in
    /// blocks, in merged ones, and after a crash.
    ///
    /// - Parameter body: Is given ranges whose edges lie at starts and ends of spans, and beside them.
    private func inEveryState(
        seed: UInt64, _ body: (FilledStore, [TimeRange], inout SeededGenerator) async throws -> Void
    ) async throws {
        var generator = SeededGenerator(seed: seed)
        var filled = try await FilledStore(seed: seed, fanIn: 2)
        let traceCount = [4, 40, 400][generator.next(below: 3)]
        let hasOddities = generator.next(below: 2) == 0
        let messages = (0..<25).map { _ in
            OTLPMessage.ExportTraceServiceRequest(
                (0..<12).map { _ in Self.randomSpan(&generator, traceCount: traceCount, hasOddities: hasOddities) })
        }
        try await filled.scatter(messages, seed: seed)
        try await body(filled, Self.ranges(filled, &generator), &generator)
        try await filled.opened.flushAll()
        try await body(filled, Self.ranges(filled, &generator), &generator)
        while try await filled.opened.store.compactor.mergeOnce(filled.opened.logger) {}
        try await body(filled, Self.ranges(filled, &generator), &generator)
        try await filled.reopen()
        try await body(filled, Self.ranges(filled, &generator), &generator)
    }

    private static func ranges(_ filled: FilledStore, _ generator: inout SeededGenerator) -> [TimeRange] {
        let times = filled.sent.flatMap(\.copies).flatMap { [$0.key.start, $0.end] }
        return (0..<40).map { _ in
            let edges = [0, 0].map { _ -> UInt64 in
                let time = times[generator.next(below: times.count)]
                return time &+ UInt64(generator.next(below: 3)) &- 1
            }
            switch generator.next(below: 8) {
            case 0: return TimeRange(start: edges[0], end: .max)
            case 1: return TimeRange(start: 0, end: edges[0])
            case 2: return TimeRange(start: edges[0], end: edges[0] &+ 1)
            default: return TimeRange(start: min(edges[0], edges[1]), end: max(edges[0], edges[1]))
            }
        }
    }

    private static func randomSpan(
        _ generator: inout SeededGenerator, traceCount: Int, hasOddities: Bool
    ) -> OTLPMessage.Span {
        let trace = generator.next(below: traceCount)
        // Each trace has its time, short of the next one's; copies of a span end at different times.
        let moment = trace % 8 * 1_000 + generator.next(below: 12) * 100
        let start: UInt64 = 1_000_000 + UInt64(moment)
        let lengths: [UInt64] = [0, 0, 1, 7, 50, 99, 100, 250, 5_000]
        var end = start + lengths[generator.next(below: lengths.count)]
        if hasOddities, generator.next(below: 6) == 0 { end = [start - 1, start - 300, 0][generator.next(below: 3)] }
        var span = Self.span(trace, UInt8(1 + generator.next(below: 6)), start, end, name: "")
        span.name = Array(["read", "write", ""][generator.next(below: 3)].utf8)
        if generator.next(below: 3) > 0 { span.parentSpanID = [0, 0, 0, 0, 0, 0, 0, UInt8(1 + generator.next(below: 6))] }
        if hasOddities, generator.next(below: 80) == 0 {
            (span.startTimeUnixNano, span.endTimeUnixNano) = generator.next(below: 2) == 0 ? (0, .max) : (.max, 0)
        }
        return span
    }

    private static func span(
        _ trace: Int, _ number: UInt8, _ start: UInt64, _ end: UInt64, name: String
    ) -> OTLPMessage.Span {
        var span = OTLPMessage.Span()
        span.traceID = [UInt8](repeating: 7, count: 14) + [UInt8(trace / 256), UInt8(trace % 256)]
        span.spanID = [0, 0, 0, 0, 0, 0, 0, number]
        span.name = Array(name.utf8)
        (span.startTimeUnixNano, span.endTimeUnixNano) = (start, end)
        return span
    }
}

extension OTLPMessage.ExportTraceServiceRequest {
    fileprivate init(_ spans: [OTLPMessage.Span]) {
        var scope = OTLPMessage.ScopeSpans()
        scope.spans = spans
        var group = OTLPMessage.ResourceSpans()
        group.scopeSpans = [scope]
        self.init(resourceSpans: [group])
    }
}
