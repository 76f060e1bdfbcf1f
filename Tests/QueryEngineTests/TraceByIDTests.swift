// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import OTLPGenerator
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("A trace by its ID", .timeLimit(.minutes(5))) struct TraceByIDTests {
    @Test("is the spans of all blocks and heads, each once, as the best copy of it was sent", arguments: 0..<6 as Range<UInt64>)
    func mergesAllSources(seed: UInt64) async throws {
        var filled = try await FilledStore(seed: seed)
        var traffic = RandomOTLP(seed: seed, options: .init(hasBadIDs: true, traceCount: 6))
        var messages = (0..<25).map { _ in traffic.request(maximumSpans: 25) }
        messages += messages.prefix(8)
        try await filled.scatter(messages, seed: seed)
        try await expectAllTraces(of: filled)
        try await filled.opened.flushAll()
        try await expectAllTraces(of: filled)
        try await filled.reopen()
        try await expectAllTraces(of: filled)
    }

    @Test("is right where nearly every span has several copies", arguments: 20..<26 as Range<UInt64>)
    func picksTheBestCopy(seed: UInt64) async throws {
        var filled = try await FilledStore(seed: seed)
        var traffic = SmallTraffic(seed: seed)
        try await filled.scatter((0..<40).map { _ in traffic.request(spanCount: 20) }, seed: seed)
        try await expectAllTraces(of: filled)
    }

    private func expectAllTraces(of filled: FilledStore, _ location: SourceLocation = #_sourceLocation) async throws {
        for (id, winners) in filled.winners() {
            let found = try #require(try await filled.engine.trace(id, tenant: .single), sourceLocation: location)
            #expect(found.id == id && found.partialReason == nil, sourceLocation: location)
            #expect(found.placed.map(\.copy.key) == winners.map(\.copy.key), sourceLocation: location)
            #expect(found.placed.map(\.encoded) == winners.map(\.encoded), sourceLocation: location)
        }
    }

    @Test("is nobody else's, and nothing if it was never sent") func strangers() async throws {
        var filled = try await FilledStore()
        var traffic = SmallTraffic(seed: 1, traceCount: 1)
        try await filled.append(traffic.request(spanCount: 5))
        let id = try #require(filled.winners().keys.first)
        let other = try #require(TenantID("other"))
        for _ in 0..<2 {
            #expect(try await filled.engine.trace(id, tenant: .single) != nil)
            #expect(try await filled.engine.trace(id, tenant: TenantSet(other)) == nil)
            for stranger in [TraceID(high: id.high, low: id.low + 1), TraceID(high: 0, low: 1), TraceID(high: .max, low: .max)] {
                #expect(try await filled.engine.trace(stranger, tenant: .single) == nil)
            }
            try await filled.opened.flushAll()
        }
    }

    // MARK: Memory

    @Test("is too large if it takes more memory than a query may have, others are answered", arguments: [false, true])
    func tooLarge(isFlushed: Bool) async throws {
        var filled = try await FilledStore(
            budget: MemoryBudget(limits: [.heads: 1 << 30, .query: 2 << 20, .cache: 8 << 20]))
        var small = SmallTraffic(seed: 2, traceCount: 3)
        try await filled.append(small.request(spanCount: 10))
        let smallIDs = filled.winners().keys.sorted()
        var traffic = RandomOTLP(seed: 3, options: .init(traceCount: 1))
        for _ in 0..<12 { try await filled.append(traffic.request(maximumSpans: 2000)) }
        let large = try #require(filled.winners().keys.first { !smallIDs.contains($0) })
        if isFlushed { try await filled.opened.flushAll() }
        let engine = filled.engine
        let error = await #expect(throws: QueryError.self) { try await engine.trace(large, tenant: .single) }
        #expect(error?.code == .tooLarge)
        for id in smallIDs { #expect(try await engine.trace(id, tenant: .single) != nil) }
        #expect(filled.opened.budget.usedByteCount(by: .query) == 0)
    }

    @Test("counts as a query's memory as long as somebody holds it") func memoryIsHeld() async throws {
        var filled = try await FilledStore(
            budget: MemoryBudget(limits: [.heads: 1 << 30, .query: 2 << 20, .cache: 8 << 20]))
        var traffic = SmallTraffic(seed: 2, traceCount: 1)
        try await filled.append(traffic.request(spanCount: 10))
        let id = try #require(filled.winners().keys.first)
        let (engine, budget) = (filled.engine, filled.opened.budget)
        var held: [FoundTrace] = []
        var failure: QueryError?
        while failure == nil, held.count < 100 {
            do {
                held.append(try #require(try await engine.trace(id, tenant: .single)))
            } catch let error as QueryError { failure = error }
        }
        #expect(failure?.code == .unavailable)
        #expect(!held.isEmpty && budget.usedByteCount(by: .query) > 0)
        held = []
        #expect(budget.usedByteCount(by: .query) == 0)
        #expect(try await engine.trace(id, tenant: .single) != nil)
    }

    // MARK: Damage

    @Test("is corrupted, or partial, but never wrong if a byte of its block is damaged") func damagedBlock() async throws {
        var filled = try await FilledStore()
        var traffic = RandomOTLP(seed: 5, options: .init(traceCount: 3))
        for _ in 0..<3 { try await filled.append(traffic.request(maximumSpans: 20)) }
        try await filled.opened.flushAll()
        let intact = filled.winners()
        let path = try #require(try filled.blockPaths.first)
        let byteCount = try filled.system.bytes(of: path).count
        var corruptedCount = 0
        for offset in stride(from: 0, to: byteCount, by: max(1, byteCount / 80)) {
            try filled.system.damage(path, at: offset)
            try await filled.reopen()
            for (id, winners) in intact {
                do {
                    let found = try #require(try await filled.engine.trace(id, tenant: .single), "lost at \(offset)")
                    #expect(found.placed.map(\.encoded) == winners.map(\.encoded), "offset \(offset)")
                } catch let error as QueryError {
                    #expect(error.code == .corrupted, "offset \(offset)")
                    corruptedCount += 1
                }
            }
            try filled.system.damage(path, at: offset)
        }
        #expect(corruptedCount > 50)
    }

    @Test("is found in part, and says so, if only one of its blocks can be read; other traces are whole") func damagedOneOfTwo()
        async throws
    {
        var filled = try await FilledStore()
        try await filled.append(request(trace: 1, spans: 1...3))
        try await filled.opened.flushAll()
        let intact = try #require(try filled.blockPaths.first)
        try await filled.append(request(trace: 1, spans: 4...6))
        try await filled.append(request(trace: 2, spans: 1...3))
        try await filled.opened.flushAll()
        let damaged = try #require(try filled.blockPaths.first { $0 != intact })
        try await filled.append(request(trace: 3, spans: 1...3))
        try filled.system.damage(damaged, at: try filled.system.bytes(of: damaged).count - 1)
        try await filled.reopen()
        let engine = filled.engine
        let part = try #require(try await engine.trace(TraceID(high: 1, low: 1), tenant: .single))
        #expect(part.rows.count == 3 && part.partialReason != nil)
        let error = await #expect(throws: QueryError.self) {
            try await engine.trace(TraceID(high: 2, low: 2), tenant: .single)
        }
        #expect(error?.code == .corrupted)
        let whole = try #require(try await engine.trace(TraceID(high: 3, low: 3), tenant: .single))
        #expect(whole.rows.count == 3 && whole.partialReason == nil)
        let slow = try await engine.slowSpans(SlowSpanQuery(), tenant: .single)
        #expect(slow.partialReason != nil && slow.spans.count == 6)
    }

    /// A request with spans of the trace whose ID is twice that number.
    private func request(trace: UInt8, spans: ClosedRange<UInt8>) -> OTLPMessage.ExportTraceServiceRequest {
        var scope = OTLPMessage.ScopeSpans()
        let half = [UInt8](repeating: 0, count: 7) + [trace]
        scope.spans = spans.map { number in
            var span = OTLPMessage.Span()
            span.traceID = half + half
            span.spanID = [0, 0, 0, 0, 0, 0, 0, number]
            span.startTimeUnixNano = 1000 + UInt64(number)
            span.endTimeUnixNano = 2000
            return span
        }
        var group = OTLPMessage.ResourceSpans()
        group.scopeSpans = [scope]
        return .init(resourceSpans: [group])
    }
}
