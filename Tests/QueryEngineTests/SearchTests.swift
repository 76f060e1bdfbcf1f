// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import FileIO
internal import OTLPGenerator
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage
internal import TrafficModel

@Suite("A search", .timeLimit(.minutes(5))) struct SearchTests {
    @Test("finds what looking at every span finds, with ties and copies everywhere", arguments: 0..<6 as Range<UInt64>)
    func smallWorld(seed: UInt64) async throws {
        var filled = try await FilledStore(seed: seed)
        var traffic = SmallTraffic(seed: seed)
        try await filled.scatter((0..<30).map { _ in traffic.request(spanCount: 15) }, seed: seed)
        try await compare(filled, seed: seed, queryCount: 60)
        try await filled.opened.flushAll()
        try await compare(filled, seed: seed + 1, queryCount: 30)
    }

    @Test("is right with every oddity that spans can have", arguments: 100..<106 as Range<UInt64>)
    func oddities(seed: UInt64) async throws {
        var filled = try await FilledStore(seed: seed)
        var traffic = RandomOTLP(seed: seed, options: .init(hasBadIDs: true, traceCount: 60))
        try await filled.scatter((0..<25).map { _ in traffic.request(maximumSpans: 25) }, seed: seed)
        try await compare(filled, seed: seed, queryCount: 60)
        try await filled.reopen()
        try await filled.opened.flushAll()
        try await compare(filled, seed: seed + 1, queryCount: 40)
    }

    @Test("is right over blocks of many row groups, with all sizes of answers") func manyRowGroups() async throws {
        var filled = try await FilledStore(seed: 7)
        var model = TrafficModel(seed: 7, start: 1_700_000_000_000_000_000)
        let requests = model.nextRequests(traceCount: 900).requests
        for (index, request) in requests.enumerated() {
            try await filled.append(try OTLPMessage.ExportTraceServiceRequest(decoding: request.body))
            if index == requests.count / 2 { try await filled.opened.flushAll() }
        }
        let naive = try NaiveSearch(filled)
        let filters: [SpanFilter] = [
            .all([]), .any([]), .holds(.resourceAttribute(Array("service.name".utf8)), .tag(TagText("CHECK"))),
            .holds(.status, .integer(2...2)), .holds(.name, .tag(TagText("get"))),
            .holds(.duration, .integer(100_000_000...Int64.max)),
        ]
        for _ in 0..<2 {
            for filter in filters {
                for limit in [1, 20, 100_000] {
                    var query = TraceSearchQuery()
                    (query.filter, query.limit) = (filter, limit)
                    try await expect(query, naive, filled)
                    query.duration = 50_000_000...500_000_000
                    try await expect(query, naive, filled)
                }
            }
            try await filled.opened.flushAll()
        }
    }

    @Test("by tags looks into the elements of arrays, in heads and in blocks") func arrays() async throws {
        var filled = try await FilledStore(seed: 1)
        let lists: [[OTLPMessage.AnyValue]] = [
            [.string(Array("eu-West".utf8)), .string(Array("Z".utf8))], [.int(7), .double(bitPattern: (1.5).bitPattern)],
            [.bool(true), .empty], [.array([.string(Array("z".utf8))]), .keyValueList([])], [],
        ]
        for (number, list) in lists.enumerated() {
            let zones = OTLPMessage.KeyValue(key: Array("zones".utf8), value: .array(list))
            var span = OTLPMessage.Span()
            (span.traceID, span.spanID) = ([UInt8](repeating: 7, count: 15) + [UInt8(number)], [1, 2, 3, 4, 5, 6, 7, 8])
            (span.startTimeUnixNano, span.endTimeUnixNano) = (UInt64(100 - number), 200)
            span.attributes = [zones]
            var (scope, resource) = (OTLPMessage.ScopeSpans(), OTLPMessage.ResourceSpans())
            scope.spans = [span]
            resource.scopeSpans = [scope]
            resource.resource = OTLPMessage.Resource()
            resource.resource?.attributes = [zones]
            try await filled.append(.init(resourceSpans: [resource]))
        }
        let key = Array("zones".utf8)
        for _ in 0..<2 {
            let naive = try NaiveSearch(filled)
            for (text, expected) in [
                ("z", [0]), ("WEST", [0]), ("7", [1]), ("7.0", [1]), ("1.5", [1]), ("True", [2]), ("", [0, 1, 2]), ("x", []), ("[", []),
            ] as [(String, [UInt8])] {
                for subject in [SpanSubject.spanAttribute(key), .resourceAttribute(key)] {
                    var query = TraceSearchQuery()
                    query.filter = .holds(subject, .tag(TagText(text)))
                    let found = try await filled.engine.searchTraces(query, tenant: .single).traces
                    #expect(found.map { UInt8(truncatingIfNeeded: $0.id.low) } == expected, "\(text)")
                    if text != "True" { try await expect(query, naive, filled) }
                }
            }
            try await filled.opened.flushAll()
        }
    }

    @Test("that finds nothing, or is for nothing, is empty and holds no memory") func nothing() async throws {
        var filled = try await FilledStore()
        var query = TraceSearchQuery()
        #expect(try await filled.engine.searchTraces(query, tenant: .single).traces.isEmpty)
        var traffic = SmallTraffic(seed: 1)
        try await filled.append(traffic.request(spanCount: 10))
        #expect(try await !filled.engine.searchTraces(query, tenant: .single).traces.isEmpty)
        query.limit = 0
        #expect(try await filled.engine.searchTraces(query, tenant: .single).traces.isEmpty)
        query.limit = 20
        query.range = TimeRange(start: 5, end: 5)
        #expect(try await filled.engine.searchTraces(query, tenant: .single).traces.isEmpty)
        #expect(filled.opened.budget.usedByteCount(by: .query) == 0)
    }

    @Test("says what it looked at") func figures() async throws {
        var filled = try await FilledStore()
        var traffic = SmallTraffic(seed: 1, hasEndlessSpans: false)
        for _ in 0..<2 {
            try await filled.append(traffic.request(spanCount: 10))
            try await filled.opened.flushAll()
        }
        try await filled.append(traffic.request(spanCount: 10))
        let sources = try await filled.opened.store.copiesBySource(of: .single)
        var query = TraceSearchQuery()
        query.filter = .holds(.kind, .integer(0...2))
        query.duration = UInt64.max...UInt64.max
        let figures = try await filled.engine.searchTraces(query, tenant: .single).figures
        #expect(figures.blockCount == 2 && figures.inspectedBlockCount == 2 && figures.jobCount == 3)
        #expect(figures.completedJobCount == 3 && figures.inspectedByteCount > 0)
        #expect(figures.blockByteCount == filled.opened.store.snapshot(of: .single).blocks.reduce(0) { $0 + $1.byteCount })
        #expect(figures.inspectedSpanCount >= sources.reduce(0) { $0 + $1.count })
        #expect(figures.inspectedTraceCount == sources.reduce(0) { $0 + Set($1.map(\.key.traceID)).count })
        query.range = TimeRange(start: 1, end: 2)
        let pruned = try await filled.engine.searchTraces(query, tenant: .single).figures
        #expect(pruned.inspectedBlockCount == 0 && pruned.completedJobCount == 3 && pruned.inspectedByteCount == 0)
    }

    @Test("counts a row once in its row group, and once more with a trace of several places", arguments: [false, true])
    func rows(isSentAgain: Bool) async throws {
        var filled = try await FilledStore()
        var traffic = SmallTraffic(seed: 5, traceCount: 90)
        let first = traffic.request(spanCount: 200)
        for request in [first, isSentAgain ? first : traffic.request(spanCount: 60)] {
            try await filled.append(request)
            try await filled.opened.flushAll()
        }
        let sources = try await filled.opened.store.copiesBySource(of: .single)
        let ids = sources.map { Set($0.map(\.key.traceID)) }
        let shared = ids[0].intersection(ids[1])
        #expect(shared.count > 24 && isSentAgain == (shared == ids[0]))
        var query = TraceSearchQuery()
        (query.filter, query.limit) = (.holds(.kind, .integer(0...2)), 1_000)
        let figures = try await filled.engine.searchTraces(query, tenant: .single).figures
        let rows = sources.joined()
        #expect(figures.inspectedSpanCount == rows.count + rows.count { shared.contains($0.key.traceID) })
    }

    @Test("of which a block can't be read is incomplete by one job") func damaged() async throws {
        var filled = try await FilledStore()
        var traffic = SmallTraffic(seed: 1)
        try await filled.append(traffic.request(spanCount: 10))
        try await filled.opened.flushAll()
        let path = try #require(try filled.blockPaths.first)
        try filled.system.damage(path, at: try filled.system.bytes(of: path).count - 1)
        try await filled.reopen()
        let result = try await filled.engine.searchTraces(TraceSearchQuery(), tenant: .single)
        #expect(result.partialReason != nil)
        #expect(result.figures.jobCount == 2 && result.figures.completedJobCount == 1)
    }

    @Test("without memory answers in part and says why") func memory() async throws {
        var limits = MemoryBudget(total: 1 << 30).limits
        limits[.query] = 1 << 10
        var filled = try await FilledStore(budget: MemoryBudget(limits: limits))
        var traffic = SmallTraffic(seed: 1, traceCount: 100)
        for _ in 0..<20 { try await filled.append(traffic.request(spanCount: 20)) }
        let result = try await filled.engine.searchTraces(TraceSearchQuery(), tenant: .single)
        #expect(result.partialReason?.contains("more --memory") == true)
        #expect(filled.opened.budget.usedByteCount(by: .query) == 0)
    }

    private func compare(_ filled: FilledStore, seed: UInt64, queryCount: Int) async throws {
        let naive = try NaiveSearch(filled)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<queryCount { try await expect(randomQuery(&generator), naive, filled) }
    }

    private func expect(_ query: TraceSearchQuery, _ naive: NaiveSearch, _ filled: FilledStore) async throws {
        let result = try await filled.engine.searchTraces(query, tenant: .single)
        #expect(result.partialReason == nil)
        #expect(result.figures.completedJobCount == result.figures.jobCount)
        let expected = naive.answer(query)
        #expect(result.traces.map { "\($0)" } == expected.map { "\($0)" }, "\(query)")
    }

    private func randomQuery(_ generator: inout SeededGenerator) -> TraceSearchQuery {
        var query = TraceSearchQuery()
        query.filter = randomFilter(&generator, depth: 0)
        query.limit = [1, 2, 5, 20, 300][generator.next(below: 5)]
        query.spansPerSpanset = [0, 1, 3, 100][generator.next(below: 4)]
        if generator.next(below: 3) == 0 {
            let start = SmallTraffic.start + UInt64(generator.next(below: 4)) * 10
            query.range = [
                TimeRange(start: start, end: start + 11), TimeRange(start: 0, end: start), TimeRange(start: start, end: .max),
                TimeRange(start: 0, end: 1), TimeRange(start: start, end: start + 1_800_000_000_000),
            ][generator.next(below: 5)]
        }
        if generator.next(below: 4) == 0 {
            query.duration = [0...20, 21...UInt64.max, 1...1_000_000_000, 30...30][generator.next(below: 4)]
        }
        if generator.next(below: 6) == 0 { query.rootName = .tag(TagText(["READ", "", "get"][generator.next(below: 3)])) }
        if generator.next(below: 6) == 0 { query.rootServiceName = .tag(TagText(["a", "shop"][generator.next(below: 2)])) }
        return query
    }

    private func randomFilter(_ generator: inout SeededGenerator, depth: Int) -> SpanFilter {
        let parts = { (generator: inout SeededGenerator) -> [SpanFilter] in
            (0..<generator.next(below: 3)).map { _ in randomFilter(&generator, depth: depth + 1) }
        }
        switch generator.next(below: depth < 2 ? 7 : 4) {
        case 6: return .not(randomFilter(&generator, depth: depth + 1))
        case 4: return .all(parts(&generator))
        case 5: return .any(parts(&generator))
        default: return .holds(randomSubject(&generator), randomTest(&generator))
        }
    }

    private func randomSubject(_ generator: inout SeededGenerator) -> SpanSubject {
        let keys = ["http.method", "http.status_code", "service.name", "db.statement", "x", "", "retry", "nobody"]
        let key = Array(keys[generator.next(below: keys.count)].utf8)
        return [
            .spanAttribute(key), .spanAttribute(key), .resourceAttribute(key), .resourceAttribute(Array("service.name".utf8)),
            .name, .status, .kind, .duration, .statusMessage, .isRoot, .eventName, .eventAttribute(key), .linkAttribute(key),
            .eventTime, .scopeName, .scopeVersion, .scopeAttribute(key),
        ][generator.next(below: 17)]
    }

    private func randomTest(_ generator: inout SeededGenerator) -> ValueTest {
        let comparison = Comparison(rawValue: UInt8(generator.next(below: 6))) ?? .equal
        return [
            .exists, .tag(TagText(["", "a", "GET", "Shop", "200", "true", "🐝 ", "select", "0"][generator.next(below: 9)])),
            .tag(TagText(["b", "read", "re", "post"][generator.next(below: 4)])), .string(Array("a".utf8)),
            .integer(0...Int64(generator.next(below: 3))), .integer(200...Int64.max), .number(-1...404),
            .boolean(generator.next(below: 2) == 0),
            .compares(comparison, .string(Array(["GET", "a", ""][generator.next(below: 3)].utf8))),
            .compares(comparison, .integer(Int64(generator.next(below: 3)) * 200)),
            .compares(comparison, .boolean(true)),
        ][generator.next(below: 11)]
    }
}
