// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import OTLPGenerator
internal import ProtobufMessages
internal import TraceAnalysis
internal import Testing
internal import TraceModel

@Suite struct RoundTripTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `whatever OTLP can carry comes back equal, by row group and by trace`(seed: UInt64) async throws {
        let sources = try Self.sources(seed: seed, count: 1 + Int(seed % 3), maximumSpans: 60)
        let views = sources.map(\.view)
        guard views.contains(where: { $0.rowCount > 0 }) else { return }
        let kept = winners(views)
        let expected = kept.map { sources[$0.source].spans[$0.row] }
        let block = write(views, critical: Self.criticalTimes(views))
        let reader = try await block.open()
        let read = try await reader.readAll()
        #expect(try multiset(flatSpans(read)) == multiset(expected))
        for id in Set(kept.map { views[$0.source].traceID($0.row) }) {
            let trace = try #require(try await reader.readTrace(id))
            let ofTrace = kept.filter { views[$0.source].traceID($0.row) == id }
            let spans = ofTrace.map { sources[$0.source].spans[$0.row] }
            #expect(try multiset(flatSpans(trace)) == multiset(spans))
        }
        try await reader.verify()
    }

    @Test(arguments: 100..<110 as Range<UInt64>)
    func `rows come back in block order with the same digest and arrival`(seed: UInt64) async throws {
        let views = try Self.sources(seed: seed, count: 2, maximumSpans: 120).map(\.view)
        let ordering = SpanOrdering(views)
        guard ordering.rowCount > 0 else { return }
        let read = try await write(views).open().readAll()
        try #require(read.rowCount == ordering.rowCount)
        var scratch = ByteWriter()
        for row in 0..<read.rowCount {
            let reference = ordering.references[row]
            let (source, sourceRow) = (views[Int(reference.source)], Int(reference.row))
            #expect(SpanKey(read, row) == SpanKey(source, sourceRow))
            #expect(read.end[row] == source.end[sourceRow])
            #expect(read.arrivalSeconds[row] == source.arrivalSeconds[sourceRow])
            let digest = SpanDigest(source, row: sourceRow, scratch: &scratch)
            #expect(SpanDigest(read, row: row, scratch: &scratch) == digest)
        }
    }

    @Test(arguments: 200..<206 as Range<UInt64>)
    func `a block read and written again is the same block`(seed: UInt64) async throws {
        let views = try Self.sources(seed: seed, count: 3, maximumSpans: 200).map(\.view)
        let first = write(views)
        let read = try await first.open().readAll()
        let second = write([read])
        let again = write([try await second.open().readAll()])
        // The first may have its strings and shapes in another order; from then on nothing changes.
        #expect(second.bytes == again.bytes)
        #expect(second.statistics == first.statistics)
    }

    @Test func `the same spans give the same bytes`() throws {
        let views = try Self.sources(seed: 77, count: 2, maximumSpans: 300).map(\.view)
        #expect(write(views).bytes == write(views).bytes)
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as [UInt64])
    func `one span is a block`(seed: UInt64) async throws {
        var random = RandomOTLP(seed: 3000 + seed)
        var flat: [FlatSpan] = []
        while flat.isEmpty { flat = random.request(maximumSpans: 1).flatSpans }
        var group = OTLPMessage.ResourceSpans()
        group.resource = flat[0].resource
        group.schemaURL = flat[0].resourceSchemaURL
        var scope = OTLPMessage.ScopeSpans()
        scope.scope = flat[0].scope
        scope.schemaURL = flat[0].scopeSchemaURL
        scope.spans = [flat[0].span]
        group.scopeSpans = [scope]
        let block = write([try Source([Request(resourceSpans: [group])]).view])
        let reader = try await block.open()
        try await reader.verify()
        #expect(try flatSpans(try await reader.readAll()) == [flat[0]])
    }

    @Test(arguments: [(0, 0), (0, .max), (.max, 0), (.max, .max), (5, 4), (1 << 63, 0), (0, 1 << 63)] as [(UInt64, UInt64)])
    func `any times come back`(start: UInt64, end: UInt64) async throws {
        var odd = MadeSpan(2)
        (odd.start, odd.end) = (start, end)
        for spans in [[odd], [MadeSpan(1), odd, MadeSpan(3)]] {
            let reader = try await write([view(of: spans)]).open()
            #expect(try await reader.readAll().madeSpans == spans.inBlockOrder)
        }
    }

    static func sources(seed: UInt64, count: Int, maximumSpans: Int) throws -> [Source] {
        var random = RandomOTLP(seed: seed)
        return try (0..<count).map { index in
            let requests = (0..<4).map { _ in random.request(maximumSpans: maximumSpans) }
            return try Source(requests, arrivalSeconds: { UInt32($0 * 10 + index) })
        }
    }

    /// The derived column as storage makes it.
    static func criticalTimes(_ views: [SpanBatchView]) -> [UInt64] {
        let ordering = SpanOrdering(views)
        var analyzer = CriticalPathAnalyzer()
        var trace = TraceColumns()
        var times: [UInt64] = []
        var result: [UInt64] = []
        for index in 0..<ordering.traceCount {
            trace.removeAll()
            for row in ordering.traceRows(index) {
                trace.append(
                    spanID: ordering.spanID[row], parentSpanID: ordering.parent[row], start: ordering.start[row],
                    end: ordering.end[row], kind: UInt8(clamping: ordering.kind[row]))
            }
            analyzer.criticalNanoseconds(trace, into: &times)
            result += times
        }
        return result
    }
}
