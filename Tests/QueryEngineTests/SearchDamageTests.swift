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
internal import TrafficModel

@Suite("A search in damaged blocks", .timeLimit(.minutes(5))) struct SearchDamageTests {
    private static let queries = [
        "{}", "{ status = error }", "{ kind = server } >> { kind = client }", "{ trace:rootName =~ `.*` && kind = server }",
    ]

    /// A block of several row groups and pages of the trace index.
    private func block(traceCount: Int) async throws -> FilledStore {
        var filled = try await FilledStore(seed: 3)
        var model = TrafficModel(seed: 3, start: 1_700_000_000_000_000_000)
        for request in model.nextRequests(traceCount: traceCount).requests {
            try await filled.append(try OTLPMessage.ExportTraceServiceRequest(decoding: request.body))
        }
        try await filled.opened.flushAll()
        return filled
    }

    private func search(_ filled: FilledStore, _ traceQL: String) async throws -> TraceSearchResult {
        var query = TraceSearchQuery()
        (query.traceQL, query.limit) = (try CheckedQuery(traceQL), 100_000)
        return try await filled.engine.searchTraces(query, tenant: .single)
    }

    @Test("finds all but what the damaged part tells of, and says so", arguments: queries)
    func parts(traceQL: String) async throws {
        var filled = try await block(traceCount: 2_300)
        let summary = try #require(filled.opened.store.snapshot(of: .single).blocks.first)
        let footer = try await filled.opened.store.reader(for: summary).footer
        let path = try #require(try filled.blockPaths.first { $0.contains(summary.id.description) })
        #expect(footer.rowGroups.count > 2 && footer.indexPages.count > 2)
        let whole = try await search(filled, traceQL)
        #expect(whole.partialReason == nil && !whole.traces.isEmpty)
        let byID = Dictionary(uniqueKeysWithValues: whole.traces.map { ($0.id, $0) })
        let groupTraceCounts = footer.rowGroups.indices.map { group in
            let end = group + 1 < footer.rowGroups.count ? footer.rowGroups[group + 1].firstTrace : summary.traceCount
            return end - footer.rowGroups[group].firstTrace + 1
        }
        var places = footer.rowGroups.indices.map { group in
            let entry = footer.rowGroups[group]
            return (offset: entry.offset + entry.byteCount - 1, traceCount: groupTraceCounts[group])
        }
        // A page's traces, and those that share a row group with them.
        let besides = 2 * (groupTraceCounts.max() ?? 0)
        for page in footer.sections where page.kind == 3 {
            places.append((page.stored.offset + page.stored.byteCount / 2, 1_024 + besides))
        }
        for place in places {
            try filled.system.damage(path, at: place.offset)
            try await filled.reopen()
            let result = try await search(filled, traceQL)
            #expect(result.partialReason != nil)
            let (lost, found) = (byID.count - result.traces.count, result.traces)
            #expect(lost >= 0 && lost <= place.traceCount && lost < byID.count)
            #expect(Set(found.map(\.id)).count == found.count)
            for trace in found {
                let other = try #require(byID[trace.id])
                #expect(trace.root == nil || trace.root == other.root)
                #expect(trace.spansets.map(\.matchedCount) == other.spansets.map(\.matchedCount))
            }
            try filled.system.damage(path, at: place.offset)
        }
        try await filled.reopen()
        #expect(try await search(filled, traceQL).traces == whole.traces)
    }

    @Test("tells of a trace once, also if it is not known which traces blocks share", arguments: queries)
    func shared(traceQL: String) async throws {
        // The later half of the requests has the rest of most traces of the first.
        var filled = try await FilledStore(seed: 4)
        var model = TrafficModel(seed: 4, start: 1_700_000_000_000_000_000)
        let requests = model.nextRequests(traceCount: 2_300).requests
        for (index, request) in requests.enumerated() {
            try await filled.append(try OTLPMessage.ExportTraceServiceRequest(decoding: request.body))
            if index == requests.count / 2 { try await filled.opened.flushAll() }
        }
        try await filled.opened.flushAll()
        let whole = try await search(filled, traceQL)
        let byID = Dictionary(uniqueKeysWithValues: whole.traces.map { ($0.id, $0) })
        let blocks = filled.opened.store.snapshot(of: .single).blocks
        #expect(blocks.count == 2)
        for summary in blocks {
            let footer = try await filled.opened.store.reader(for: summary).footer
            let path = try #require(try filled.blockPaths.first { $0.contains(summary.id.description) })
            let page = try #require(footer.sections.first { $0.kind == 3 })
            let offset = page.stored.offset + page.stored.byteCount / 2
            try filled.system.damage(path, at: offset)
            try await filled.reopen()
            let result = try await search(filled, traceQL)
            #expect(result.partialReason != nil)
            #expect(Set(result.traces.map(\.id)).count == result.traces.count)
            // Nobody knows of the rest of traces of the damaged page alone.
            let wholeCount = result.traces.count { trace in
                byID[trace.id].map { $0.spansets.map(\.matchedCount) == trace.spansets.map(\.matchedCount) } ?? false
            }
            #expect(wholeCount >= byID.count / 3)
            try filled.system.damage(path, at: offset)
        }
    }
}
