// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import Testing
internal import TraceModel

@Suite struct ExpiredMergeTests {
    /// The rows of all traces that have a row that is young enough.
    private static func kept(_ views: [SpanBatchView], arrivedBefore seconds: UInt64) -> [SpanBatchView] {
        var newest: [TraceID: UInt32] = [:]
        for view in views {
            for row in 0..<view.rowCount {
                newest[view.traceID(row)] = max(newest[view.traceID(row)] ?? 0, view.arrivalSeconds[row])
            }
        }
        return views.map { view in
            var batch = SpanBatch(pool: pool)
            for row in 0..<view.rowCount where UInt64(newest[view.traceID(row)] ?? 0) >= seconds {
                batch.append(row: row, of: view)
            }
            return batch.view()
        }
    }

    /// Merges, and compares with the block of what is kept of the inputs' rows.
    private static func check(_ readers: [BlockReader], arrivedBefore seconds: UInt64, derives: Bool = true) async throws {
        var stored: [SpanBatchView] = []
        for reader in readers { stored.append(try await reader.readAll()) }
        let kept = kept(stored, arrivedBefore: seconds)
        let merged = try #require(try await merge(readers, derives: derives, arrivedBefore: seconds))
        #expect(merged.heldGroupCount <= readers.count + BlockMerger.extraGroupLimit + 1)
        let (before, after) = (stored.reduce(0) { $0 + $1.rowCount }, kept.reduce(0) { $0 + $1.rowCount })
        #expect(merged.expiredCount == before - after)
        #expect(merged.duplicateCount == after - merged.block.statistics.rowCount)
        guard after > 0 else { return #expect(merged.block.statistics.rowCount == 0) }
        try await expectEqual(merged.block, toBlockOf: kept, derives: derives)
    }

    @Test(arguments: 0..<80 as Range<UInt64>)
    func `a merge leaves out the traces of which every span is too old, and no others`(seed: UInt64) async throws {
        let count = 1 + Int(seed % 5)
        let views = try MergeTests.sources(
            seed: seed, count: count, maximumSpans: 40, traceCount: seed % 2 == 0 ? 20 : 200)
        let readers = try await blocks(of: views.map { [$0] })
        guard !readers.isEmpty else { return }
        for age in 0...count { try await Self.check(readers, arrivedBefore: 1_700_000_000 + UInt64(age)) }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `so it does where traces go on in the next row group`(seed: UInt64) async throws {
        var choices = Choices(seed: seed)
        var parts: [[MadeSpan]] = [[], [], []]
        // Traces alone in a block, shared, old here and young there; a young span anywhere in them.
        for span in choices.spans(40_000, traceCount: 12, names: ["a", "b"], services: ["s"]) {
            let place = Int(span.traceID.low % 4)
            parts[place < 3 ? place : choices.below(3)].append(span)
        }
        let ids = Set(parts.joined().map(\.traceID)).sorted()
        let young = Set(ids.filter { _ in choices.oneIn(2) })
        for part in parts.indices {
            for index in parts[part].indices {
                parts[part][index].arrivalSeconds = UInt32(choices.below(1000))
                let isYoung = young.contains(parts[part][index].traceID) && choices.oneIn(500)
                if isYoung { parts[part][index].arrivalSeconds = 1000 }
            }
        }
        let readers = try await blocks(of: parts.map { [view(of: $0)] })
        try await Self.check(readers, arrivedBefore: 1000, derives: seed % 2 == 0)
    }

    /// Everything in a block that tags are listed from, and that filters ask.
    private static func texts(_ reader: BlockReader) async throws -> Set<[UInt8]> {
        var texts = Set(reader.schema.services)
        texts.formUnion(reader.schema.resources.map(\.encoded) + reader.schema.resources.map(\.schemaURL))
        texts.formUnion(reader.schema.scopes.map(\.encoded) + reader.schema.scopes.map(\.schemaURL))
        for owner in AttributeOwner.allCases {
            let keys = try await reader.attributeKeys(of: .owner(owner))
            texts.formUnion(keys)
            for key in keys {
                texts.formUnion(
                    try await strings { try await reader.listValues(key, of: .owner(owner), into: &$0) { _ in true } })
            }
        }
        for text in [SpanText.name, .statusMessage] {
            texts.formUnion(try await strings { try await reader.listStrings(text, into: &$0) { _ in true } })
        }
        return texts.subtracting([[]])
    }

    private static func strings(_ list: (inout ListedValues) async throws -> Void) async throws -> [[UInt8]] {
        var values = ListedValues()
        try await list(&values)
        return values.all.compactMap { value in
            if case .string(let bytes) = value { bytes } else { nil }
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `of what is left out nothing is listed`(seed: UInt64) async throws {
        let count = 2 + Int(seed % 4)
        let views = try MergeTests.sources(seed: seed, count: count, maximumSpans: 30)
        let readers = try await blocks(of: views.map { [$0] })
        guard !readers.isEmpty else { return }
        var stored: [SpanBatchView] = []
        for reader in readers { stored.append(try await reader.readAll()) }
        for age in 1..<count {
            let moment = 1_700_000_000 + UInt64(age)
            let kept = Self.kept(stored, arrivedBefore: moment)
            guard kept.contains(where: { $0.rowCount > 0 }) else { continue }
            let merged = try await #require(try await merge(readers, arrivedBefore: moment)).block.open()
            let direct = try await write(kept, limits: .everyColumn).open()
            #expect(try await Self.texts(merged) == Self.texts(direct))
            // Once more, with the stand-ins.
            let again = try await #require(try await merge([merged])).block.open()
            #expect(try await Self.texts(again) == Self.texts(direct))
        }
    }

    @Test func `nor does it stand in the block's bytes`() async throws {
        var spans: [MadeSpan] = []
        for number in 0..<600 {
            var span = MadeSpan(UInt64(number + 1))
            span.traceID = TraceID(high: 0x9e37_79b9_7f4a_7c15 &* UInt64(number + 1), low: 1)
            let isOld = number % 3 == 0
            span.name = isOld ? "GONE \(number)" : "LIVE \(number)"
            span.service = isOld ? "legacy" : "shop"
            span.arrivalSeconds = isOld ? 3 : 9
            spans.append(span)
        }
        // Of names there are so few that they have a dictionary.
        spans += spans.flatMap { span in
            (1...4).map { copy in
                var other = span
                other.spanID += UInt64(copy) * 10_000
                return other
            }
        }
        let reader = try await write([view(of: spans)]).open()
        let merged = try #require(try await merge([reader], arrivedBefore: 9)).block
        for (text, stands) in [("LIVE", true), ("shop", true), ("GONE", false), ("legacy", false)] {
            let bytes = Array(text.utf8)
            let found = merged.bytes.indices.contains { merged.bytes[$0...].starts(with: bytes) }
            #expect(found == stands, "\(text)")
        }
        try await expectEqual(merged, toBlockOf: [view(of: spans.filter { $0.arrivalSeconds == 9 })])
    }

    @Test func `memory stays bounded where nearly everything is left out`() async throws {
        var choices = Choices(seed: 5)
        let views = (0..<2).map { _ in
            var spans = choices.spans(100_000, traceCount: 30_000, names: ["a"], services: ["s"])
            let young = Set(spans.prefix(40).map(\.traceID))
            for index in spans.indices { spans[index].arrivalSeconds = young.contains(spans[index].traceID) ? 9 : 3 }
            return view(of: spans)
        }
        try await Self.check(try await blocks(of: views.map { [$0] }), arrivedBefore: 9)
    }

    @Test func `nor does a long way without a row that stays take memory`() async throws {
        let views = (0..<2).map { place in
            view(
                of: (0..<150_000).map { number in
                    var span = MadeSpan(UInt64(number + 1))
                    span.traceID = TraceID(high: UInt64(number), low: UInt64(place))
                    // A few at the beginning, and one at the very end.
                    span.arrivalSeconds = number < 2 || number == 149_999 ? 9 : 3
                    return span
                })
        }
        let readers = try await blocks(of: views.map { [$0] })
        let merged = try #require(try await merge(readers, arrivedBefore: 9))
        #expect(merged.expiredCount == 2 * 149_997)
        #expect(merged.block.statistics.rowCount == 6)
        #expect(merged.heldGroupCount <= 5)
        #expect(merged.waitingSegmentCount <= merged.heldGroupCount * 8192)
    }

    @Test func `what expired is counted exactly, whichever side of the moment a row group lies on`() async throws {
        var choices = Choices(seed: 6)
        var spans = choices.spans(30_000, traceCount: 6000, names: ["a"], services: ["s"])
        let ids = Set(spans.map(\.traceID)).sorted()
        let (first, second) = (ids[2000], ids[4000])
        for index in spans.indices {
            let id = spans[index].traceID
            spans[index].arrivalSeconds = id < first ? 10 : id < second ? UInt32(10 + choices.below(90)) : 100
        }
        let reader = try await write([view(of: spans)]).open()
        for moment in [0, 1, 10, 11, 50, 99, 100, 101, UInt64.max] {
            var newest: [TraceID: (arrival: UInt32, count: Int)] = [:]
            for span in spans {
                let known = newest[span.traceID] ?? (0, 0)
                newest[span.traceID] = (max(known.arrival, span.arrivalSeconds), known.count + 1)
            }
            let expected = newest.values.reduce(0) { UInt64($1.arrival) < moment ? $0 + $1.count : $0 }
            #expect(try await reader.expiredTraces(before: moment).rowCount == expected)
        }
    }
}
