// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ColumnEncoding
internal import ProtobufMessages
internal import Testing
internal import TraceModel

/// Merges of blocks some of whose attributes stand in the rest columns.
@Suite struct RestMergeTests {
    /// Blocks of a view each, with other limits of columns each.
    private static func blocks(of views: [SpanBatchView], seed: UInt64) async throws -> [BlockReader] {
        var readers: [BlockReader] = []
        for (index, view) in views.enumerated() where view.rowCount > 0 {
            let limits = RestColumnTests.someLimits[(Int(seed) + index) % RestColumnTests.someLimits.count]
            let id = BlockID(high: 100, low: UInt64(index))
            let critical = RoundTripTests.criticalTimes([view])
            readers.append(
                try await write([view], id: id, critical: critical, limits: seed % 3 == 0 ? .everyColumn : limits).open())
        }
        return readers
    }

    /// That what tags and searches see is what stands in the block.
    private static func checkKeys(_ reader: BlockReader) async throws {
        let all = try await reader.readAll()
        for owner in AttributeOwner.allCases {
            let keys = all.attributeKeys(of: .owner(owner))
            #expect(try await reader.attributeKeys(of: .owner(owner)) == keys)
            for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }).prefix(20) + [Array("no such key".utf8)] {
                var (expected, found) = (ListedValues(), ListedValues())
                all.listValues(key, of: .owner(owner), into: &expected)
                try await reader.listValues(key, of: .owner(owner), into: &found) { _ in true }
                #expect(found.all == expected.all, "\(owner) \(key)")
            }
        }
    }

    @Test(arguments: 700..<760 as Range<UInt64>)
    func `a merge of blocks with rest columns is the block of all their spans`(seed: UInt64) async throws {
        let views = try MergeTests.sources(seed: seed, count: 2 + Int(seed % 4), maximumSpans: 40)
        let readers = try await Self.blocks(of: views, seed: seed)
        guard !readers.isEmpty else { return }
        let merged = try #require(try await merge(readers, effort: seed % 2 == 0 ? .fast : .thorough))
        try await expectEqual(merged.block, toBlockOf: views)
        try await Self.checkKeys(try await merged.block.open())
    }

    @Test(arguments: 800..<820 as Range<UInt64>)
    func `a merge of merges of them is no different`(seed: UInt64) async throws {
        let views = try MergeTests.sources(seed: seed, count: 6, maximumSpans: 30, traceCount: 4)
        let readers = try await Self.blocks(of: views, seed: seed)
        guard readers.count > 3 else { return }
        let left = try #require(try await merge(Array(readers[..<2]), id: BlockID(high: 1, low: 1)))
        let right = try #require(try await merge(Array(readers[2...]), id: BlockID(high: 1, low: 2)))
        let all = try #require(try await merge([try await left.block.open(), try await right.block.open()]))
        try await expectEqual(all.block, toBlockOf: views)
        try await Self.checkKeys(try await all.block.open())
    }

    /// Spans with `keys` of numbered attributes each, values of several types, eight spans to a trace.
    private static func source(_ spanCount: Int, _ choices: inout Choices, key: (Int, inout Choices) -> String) throws -> Source {
        let attributes = (0..<spanCount).map { span in
            (0..<3).map { place in
                let name = key(span * 3 + place, &choices)
                return switch choices.below(4) {
                case 0: RestColumnTests.attribute(name, .int(Int64(choices.below(1000))))
                case 1: RestColumnTests.attribute(name, .bool(choices.oneIn(2)))
                case 2: RestColumnTests.attribute(name, .string(Array("unique \(choices.next())".utf8)))
                default: RestColumnTests.attribute(name, .string(Array("value \(choices.below(50))".utf8)))
                }
            }
        }
        return try Source([RestColumnTests.request(attributes)])
    }

    @Test(arguments: [40, 3000, 0])
    func `keys are found whether they have a dictionary or not`(keyCount: Int) async throws {
        var choices = Choices(seed: UInt64(keyCount))
        // Without a number of keys each is unique: 72,000 are more than a dictionary has.
        let sources = try (0..<3).map { part in
            try Self.source(keyCount > 0 ? 6000 : 8000, &choices) { index, choices in
                keyCount > 0 ? "key.\(choices.below(keyCount))" : "key.\(part).\(index)"
            }
        }
        var readers: [BlockReader] = []
        for (index, source) in sources.enumerated() {
            let critical = RoundTripTests.criticalTimes([source.view])
            readers.append(
                try await write(
                    [source.view], id: BlockID(high: 100, low: UInt64(index)), critical: critical,
                    limits: RestColumnTests.limits(4)
                ).open())
        }
        let merged = try #require(try await merge(readers))
        let reader = try await merged.block.open()
        try await reader.verify()
        #expect(try await reader.dictionaryUsage().contains { $0.columnName == "@spanRestKey" } == (keyCount > 0))
        #expect(reader.schema.columns.count <= 12)
        #expect(
            try multiset(flatSpans(try await reader.readAll()))
                == multiset(winners(sources.map(\.view)).map { sources[$0.source].spans[$0.row] }))
        try await Self.checkKeys(reader)
        let missing = SpanFilter.holds(.spanAttribute(Array("no.such.key".utf8)), .exists)
        #expect(try await BlockTraceScan(reader, RowRequest(missing)) == nil)
        // Of a part of the traces, only its keys are listed.
        let ids = try await reader.allSummaries().map(\.id)
        let range = TraceIDRange(first: ids[0], end: ids[40])
        let part = try #require(try await merge(readers, range: range))
        try await Self.checkKeys(try await part.block.open())
        try await part.block.open().verify()
    }

    @Test func `long values in rest columns end a row group of a merge early`() async throws {
        let text = [UInt8](repeating: 0x78, count: 1 << 20)
        var (readers, views): ([BlockReader], [SpanBatchView]) = ([], [])
        for part in 0..<2 {
            let request = RestColumnTests.request(
                (0..<30).map { [RestColumnTests.attribute("k\($0)", .string(text + [UInt8($0), UInt8(part)]))] })
            var shifted = request
            for index in shifted.resourceSpans[0].scopeSpans[0].spans.indices {
                shifted.resourceSpans[0].scopeSpans[0].spans[index].spanID[1] = UInt8(part)
            }
            views.append(try Source([shifted]).view)
            readers.append(
                try await write(
                    [views[part]], id: BlockID(high: 100, low: UInt64(part)),
                    critical: RoundTripTests.criticalTimes([views[part]]), limits: RestColumnTests.limits(0)
                ).open())
        }
        let merged = try #require(try await merge(readers))
        #expect(try await merged.block.open().footer.rowGroups.count == 2)
        try await expectEqual(merged.block, toBlockOf: views)
    }
}
