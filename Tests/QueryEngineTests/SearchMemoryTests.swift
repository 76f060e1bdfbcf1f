// SPDX-License-Identifier: Apache-2.0

internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceQL
internal import TraceStorage

@Suite struct SearchMemoryTests {
    /// The newest traces with all their spans, from several blocks, by who has so many bytes for queries.
    ///
    /// - Parameter traceQL: What is asked; nil for everything.
    private func search(_ queryByteCount: Int?, _ traceQL: String? = nil) async throws -> TraceSearchResult {
        var limits = MemoryBudget(total: 1 << 30).limits
        if let queryByteCount { limits[.query] = queryByteCount }
        var filled = try await FilledStore(budget: MemoryBudget(limits: limits))
        var traffic = SmallTraffic(seed: 1, traceCount: 60)
        for index in 0..<12 {
            try await filled.append(traffic.request(spanCount: 25))
            if index % 5 == 4 { try await filled.opened.flushAll() }
        }
        try await filled.opened.flushAll()
        var query = TraceSearchQuery()
        query.limit = 262_144
        query.spansPerSpanset = 100
        query.traceQL = try traceQL.map { try CheckedQuery($0) }
        return try await filled.engine.searchTraces(query, tenant: .single)
    }

    @Test("A search of much answers in part and says why, wherever its memory ends")
    func partial() async throws {
        let all = try await search(nil)
        #expect(all.partialReason == nil && !all.traces.isEmpty)
        let ids = Set(all.traces.map(\.id))
        var partialCount = 0
        for kibibytes in [1, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256, 384, 512, 1024] {
            let result = try await search(kibibytes << 10)
            guard let reason = result.partialReason else {
                #expect(result.traces == all.traces)
                continue
            }
            partialCount += 1
            #expect(reason.contains("--memory"))
            #expect(ids.isSuperset(of: result.traces.map(\.id)))
        }
        #expect(partialCount > 3)
    }

    @Test(
        "What is shown of a trace where memory ends is all of it or nothing",
        arguments: [
            "{}", "{ kind = server }", "{} | select(kind, status, resource.service.name)", "{} >> {} | select(status)",
            "{ status = error } | select(duration, span.a, status)",
        ])
    func shown(traceQL: String) async throws {
        let all = try await search(nil, traceQL)
        let byID = Dictionary(uniqueKeysWithValues: all.traces.map { ($0.id, $0) })
        var (partialCount, emptyCount) = (0, 0)
        for kibibytes in 4..<80 {
            let result = try await search(kibibytes << 10, traceQL)
            partialCount += result.partialReason == nil ? 0 : 1
            for trace in result.traces {
                let whole = try #require(byID[trace.id])
                #expect(trace.startNanoseconds == whole.startNanoseconds)
                #expect(trace.root == nil || trace.root == whole.root)
                #expect(trace.services.isEmpty || trace.services == whole.services)
                #expect(trace.spansets.map(\.matchedCount) == whole.spansets.map(\.matchedCount))
                for (set, wholeSet) in zip(trace.spansets, whole.spansets) {
                    #expect(set.spans.isEmpty || set == wholeSet)
                    emptyCount += set.spans.isEmpty ? 1 : 0
                }
            }
        }
        #expect(partialCount > 0)
    }
}
