// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import OTLPGenerator
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceAnalysis
internal import TraceModel
internal import TraceStorage
internal import TrafficModel

/// Slow spans, found by looking at all of them.
struct NaiveSlowSpans {
    /// All of them, slowest first.
    private let spans: [(placed: PlacedSpan, answer: SlowSpan)]

    init(_ filled: FilledStore) {
        var spans: [(PlacedSpan, SlowSpan)] = []
        for (id, trace) in filled.winners() {
            var columns = TraceColumns()
            for span in trace {
                columns.append(
                    spanID: span.copy.key.spanID, parentSpanID: span.spans.parent(span.row), start: span.copy.key.start,
                    end: span.copy.end, kind: UInt8(clamping: span.copy.key.kind))
            }
            var analyzer = CriticalPathAnalyzer()
            var times: [UInt64] = []
            analyzer.criticalNanoseconds(columns, into: &times)
            var roots: [Int32] = []
            analyzer.tree.copyFragmentRoots(into: &roots)
            for (index, span) in trace.enumerated() {
                let whole = trace[Int(roots[index])].duration
                spans.append((span, SlowSpan(
                    traceID: id, spanID: SpanID(span.copy.key.spanID),
                    serviceName: String(decoding: span.serviceName, as: UTF8.self),
                    name: String(decoding: span.name, as: UTF8.self), startNanoseconds: span.copy.key.start,
                    durationNanoseconds: span.duration, criticalNanoseconds: times[index],
                    share: whole == 0 ? 0 : Double(times[index]) / Double(whole), status: span.copy.status)))
            }
        }
        self.spans = spans.sorted { a, b in
            let (keyA, keyB) = (a.0.copy.key, b.0.copy.key)
            if a.0.duration != b.0.duration { return a.0.duration > b.0.duration }
            if keyA.start != keyB.start { return keyA.start > keyB.start }
            if keyA.traceID != keyB.traceID { return keyA.traceID < keyB.traceID }
            return (keyA.spanID, keyA.kind) < (keyB.spanID, keyB.kind)
        }
    }

    func answer(_ query: SlowSpanQuery) -> [SlowSpan] {
        let matching = spans.filter { placed, _ in
            placed.duration >= query.minimumDurationNanoseconds && placed.isIn(query.range)
                && (query.status == nil || query.status == placed.copy.status)
                && (query.spanName.map { Array($0.utf8) == placed.name } ?? true)
                && (query.serviceName.map { Array($0.utf8) == placed.serviceName } ?? true)
        }
        return matching.prefix(max(0, query.limit)).map(\.answer)
    }
}

@Suite("Slow spans", .timeLimit(.minutes(5))) struct SlowSpanTests {
    @Test("are those that looking at every span finds, with ties and copies everywhere", arguments: 0..<4 as Range<UInt64>)
    func smallWorld(seed: UInt64) async throws {
        var filled = try await FilledStore(seed: seed)
        var traffic = SmallTraffic(seed: seed)
        try await filled.scatter((0..<30).map { _ in traffic.request(spanCount: 15) }, seed: seed)
        try await compare(filled, seed: seed, queryCount: 60)
        try await filled.opened.flushAll()
        try await compare(filled, seed: seed + 1, queryCount: 30)
    }

    @Test("are right with every oddity that spans can have", arguments: 100..<104 as Range<UInt64>)
    func oddities(seed: UInt64) async throws {
        var filled = try await FilledStore(seed: seed)
        var traffic = RandomOTLP(seed: seed, options: .init(hasBadIDs: true, traceCount: 8))
        try await filled.scatter((0..<25).map { _ in traffic.request(maximumSpans: 25) }, seed: seed)
        try await compare(filled, seed: seed, queryCount: 40)
        try await filled.reopen()
        try await filled.opened.flushAll()
        try await compare(filled, seed: seed + 1, queryCount: 20)
    }

    @Test("are right over blocks of many row groups") func manyRowGroups() async throws {
        var filled = try await FilledStore(seed: 7)
        var model = TrafficModel(seed: 7, start: 1_700_000_000_000_000_000)
        let requests = model.nextRequests(traceCount: 900).requests
        for (index, request) in requests.enumerated() {
            try await filled.append(try OTLPMessage.ExportTraceServiceRequest(decoding: request.body))
            if index == requests.count / 2 { try await filled.opened.flushAll() }
        }
        try await filled.opened.flushAll()
        let naive = NaiveSlowSpans(filled)
        for (service, limit) in [(nil, 20), ("checkout", 50), ("payment", 7), ("nobody", 5)] as [(String?, Int)] {
            for status in [nil, 2] as [Int32?] {
                var query = SlowSpanQuery()
                (query.serviceName, query.status, query.limit) = (service, status, limit)
                try await expect(query, naive, filled)
            }
        }
    }

    @Test("are of the service that the first service.name is") func repeatedService() async throws {
        var filled = try await FilledStore()
        var traffic = SmallTraffic(seed: 1, hasEndlessSpans: false)
        let names: [[OTLPMessage.AnyValue?]] = [
            [.string([0x61]), .string([0x62])], [.int(1), .string([0x62])], [nil, .string([0x62])],
        ]
        for (number, names) in names.enumerated() {
            var request = traffic.request(spanCount: 1)
            request.resourceSpans[0].resource = OTLPMessage.Resource()
            request.resourceSpans[0].resource?.attributes = names.map { .init(key: Array("service.name".utf8), value: $0) }
            request.resourceSpans[0].scopeSpans[0].spans[0].spanID = [1, 0, 0, 0, 0, 0, 0, UInt8(number)]
            try await filled.append(request)
        }
        for _ in 0..<2 {
            var query = SlowSpanQuery()
            for (service, count) in [(nil, 3), ("a", 1), ("b", 0), ("", 2)] as [(String?, Int)] {
                query.serviceName = service
                let spans = try await filled.engine.slowSpans(query, tenant: .single).spans
                #expect(spans.count == count && spans.allSatisfy { service == nil || $0.serviceName == service })
            }
            try await filled.opened.flushAll()
        }
    }

    @Test("of an empty store, and of none asked for, are none") func nothing() async throws {
        var filled = try await FilledStore()
        #expect(try await filled.engine.slowSpans(SlowSpanQuery(), tenant: .single).spans.isEmpty)
        var traffic = SmallTraffic(seed: 1)
        try await filled.append(traffic.request(spanCount: 10))
        var query = SlowSpanQuery()
        query.limit = 0
        #expect(try await filled.engine.slowSpans(query, tenant: .single).spans.isEmpty)
        query.limit = 10
        query.range = TimeRange(start: 5, end: 5)
        #expect(try await filled.engine.slowSpans(query, tenant: .single).spans.isEmpty)
        #expect(filled.opened.budget.usedByteCount(by: .query) == 0)
    }

    private func compare(_ filled: FilledStore, seed: UInt64, queryCount: Int) async throws {
        let naive = NaiveSlowSpans(filled)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<queryCount { try await expect(randomQuery(&generator), naive, filled) }
    }

    private func expect(_ query: SlowSpanQuery, _ naive: NaiveSlowSpans, _ filled: FilledStore) async throws {
        let result = try await filled.engine.slowSpans(query, tenant: .single)
        #expect(result.partialReason == nil)
        #expect(result.spans.map(SlowSpanText.init) == naive.answer(query).map(SlowSpanText.init), "\(query)")
    }

    private func randomQuery(_ generator: inout SeededGenerator) -> SlowSpanQuery {
        var query = SlowSpanQuery()
        query.limit = [1, 2, 5, 20, 300][generator.next(below: 5)]
        if generator.next(below: 3) == 0 {
            query.serviceName = (SmallTraffic.services + ["shop", "cart"])[generator.next(below: 6)]
        }
        if generator.next(below: 3) == 0 {
            query.spanName = (SmallTraffic.names + ["GET /", "publish", "none"])[generator.next(below: 7)]
        }
        if generator.next(below: 3) == 0 { query.status = Int32(generator.next(below: 4)) - 1 }
        if generator.next(below: 3) == 0 {
            query.minimumDurationNanoseconds = [1, 10, 20, 30, 1 << 20, .max][generator.next(below: 6)]
        }
        if generator.next(below: 3) == 0 {
            let start = SmallTraffic.start + UInt64(generator.next(below: 4)) * 10
            query.range = [
                TimeRange(start: start, end: start + 11), TimeRange(start: 0, end: start), TimeRange(start: start, end: .max),
                TimeRange(start: 0, end: 1), TimeRange(start: start, end: start + 1_800_000_000_000),
            ][generator.next(below: 5)]
        }
        return query
    }
}

/// An answer in a form that can be compared and read.
private struct SlowSpanText: Equatable, CustomStringConvertible {
    let description: String

    init(_ span: SlowSpan) { description = "\(span)" }
}
