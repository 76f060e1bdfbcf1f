// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ColumnEncoding
internal import OTLPGenerator
internal import ProtobufMessages
internal import Testing
internal import TraceModel

@Suite struct MergeTests {
    /// Sources of random traffic; later ones repeat spans of earlier ones, some of them changed.
    static func sources(seed: UInt64, count: Int, maximumSpans: Int, traceCount: Int = 20) throws -> [SpanBatchView] {
        var random = RandomOTLP(seed: seed, options: .init(traceCount: traceCount))
        var choices = Choices(seed: seed)
        var requests: [Request] = []
        return try (0..<count).map { index in
            var request = random.request(maximumSpans: maximumSpans)
            if index > 0, choices.oneIn(2) { request.resourceSpans += choices.pick(requests).resourceSpans }
            requests.append(request)
            return try Source([request]) { _ in 1_700_000_000 + UInt32(index) }.view
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `a merge of blocks is the block of all their spans`(seed: UInt64) async throws {
        let views = try Self.sources(seed: seed, count: 2 + Int(seed % 5), maximumSpans: 40)
        let readers = try await blocks(of: views.map { [$0] })
        guard !readers.isEmpty else { return }
        let merged = try #require(try await merge(readers, effort: seed % 2 == 0 ? .fast : .thorough))
        try await expectEqual(merged.block, toBlockOf: views)
        let rowCount = readers.reduce(0) { $0 + $1.footer.statistics.rowCount }
        #expect(merged.duplicateCount == rowCount - merged.block.statistics.rowCount)
    }

    @Test(arguments: 100..<120 as Range<UInt64>)
    func `a merge of merges is no different`(seed: UInt64) async throws {
        let views = try Self.sources(seed: seed, count: 6, maximumSpans: 30, traceCount: 4)
        let readers = try await blocks(of: views.map { [$0] })
        guard readers.count > 3 else { return }
        let left = try #require(try await merge(Array(readers[..<2]), id: BlockID(high: 1, low: 1)))
        let right = try #require(try await merge(Array(readers[2...]), id: BlockID(high: 1, low: 2)))
        let all = try #require(try await merge([try await left.block.open(), try await right.block.open()]))
        try await expectEqual(all.block, toBlockOf: views)
    }

    @Test(arguments: 200..<220 as Range<UInt64>)
    func `a merge split by trace ID holds every trace once and whole`(seed: UInt64) async throws {
        var choices = Choices(seed: seed)
        let views = (0..<3).map { index in
            view(of: choices.spans(3000, traceCount: 2500, names: ["a", "b", "c\(index)"], services: ["s", "t"]))
        }
        let readers = try await blocks(of: views.map { [$0] })
        let ranges = TraceIDRange.quantiles(4, of: readers.map(\.footer))
        #expect(ranges.count > 1)
        var spans: [MadeSpan] = []
        var traces: Set<TraceID> = []
        for range in ranges {
            guard let merged = try await merge(readers, range: range) else { continue }
            let reader = try await merged.block.open()
            try await reader.verify()
            let ids = try await reader.allSummaries().map(\.id)
            #expect(traces.isDisjoint(with: ids))
            traces.formUnion(ids)
            spans += try await reader.readAll().madeSpans
        }
        #expect(spans == views.flatMap(\.madeSpans).inBlockOrder)
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `traces larger than a row group are merged like any other`(seed: UInt64) async throws {
        var choices = Choices(seed: seed)
        let names = (0..<3000).map { "name \($0)" }
        var spans = choices.spans(40_000, traceCount: 3, names: names, services: ["a", "b"])
        choices.shuffle(&spans)
        // One trace in one block alone, the others in two or three.
        let alone = try #require(spans.first).traceID
        var parts: [[MadeSpan]] = [[], [], []]
        for span in spans { parts[span.traceID == alone ? 0 : choices.below(3)].append(span) }
        // Some are there twice, at times with another end.
        for span in spans.prefix(500) {
            var copy = span
            if choices.oneIn(2) { copy.end = choices.next() }
            parts[1].append(copy)
        }
        let views = parts.map { view(of: $0) }
        let readers = try await blocks(of: views.map { [$0] })
        let merged = try #require(try await merge(readers))
        try await expectEqual(merged.block, toBlockOf: views)
        let without = try #require(try await merge(readers, derives: false))
        try await expectEqual(without.block, toBlockOf: views, derives: false)
        #expect(without.duplicateCount == merged.duplicateCount)
    }

    @Test func `a block with another derived column has it computed anew`() async throws {
        var choices = Choices(seed: 9)
        let views = (0..<2).map { _ in view(of: choices.spans(9000, traceCount: 50, names: ["a"], services: ["s"])) }
        let readers = [
            try await write([views[0]], id: BlockID(high: 1, low: 1)).open(),
            try await write([views[1]], id: BlockID(high: 1, low: 2), critical: RoundTripTests.criticalTimes([views[1]]))
                .open(),
        ]
        let merged = try #require(try await merge(readers))
        try await expectEqual(merged.block, toBlockOf: views)
    }

    @Test func `values that no block had few of get a dictionary where they are few together`() async throws {
        // 100 names in 200 spans stand in the row group; 100 in 2,000 deserve a dictionary.
        let names = (0..<100).map { "name \($0)" }
        let views = (0..<10).map { part in
            view(of: (0..<200).map { index in
                var span = MadeSpan(UInt64(part * 200 + index + 1))
                span.traceID = TraceID(high: UInt64(index % 20 + 1), low: 1)
                span.name = names[index % 100]
                return span
            })
        }
        let readers = try await blocks(of: views.map { [$0] })
        #expect(try await readers[0].dictionaryUsage().allSatisfy { $0.columnName != "@name" })
        let merged = try #require(try await merge(readers))
        try await expectEqual(merged.block, toBlockOf: views)
        let usage = try await merged.block.open().dictionaryUsage()
        #expect(usage.first { $0.columnName == "@name" }?.valueCount == 100)
    }

    @Test func `rows by trace ID range are those of the traces in it`() async throws {
        var choices = Choices(seed: 4)
        let spans = choices.spans(20_000, traceCount: 4000, names: ["a"], services: ["s"])
        let reader = try await write([view(of: spans)]).open()
        let ids = Set(spans.map(\.traceID)).sorted()
        for (first, end) in [(0, 10), (10, 10), (500, 3000), (ids.count - 10, ids.count)] {
            let range = TraceIDRange(first: ids[first], end: end < ids.count ? ids[end] : nil)
            var found: [MadeSpan] = []
            try await reader.readRows(in: range, pool: pool) { found += $0.madeSpans }
            let wanted = Set(ids[first..<end])
            #expect(found == spans.filter { wanted.contains($0.traceID) }.inBlockOrder)
        }
    }
}
