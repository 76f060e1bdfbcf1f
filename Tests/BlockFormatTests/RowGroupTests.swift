// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import OTLPGenerator
internal import Testing
internal import TraceModel

@Suite struct RowGroupTests {
    @Test func `blocks of several row groups read back whole and by trace`() async throws {
        var choices = Choices(seed: 1)
        let spans = choices.spans(20_000, traceCount: 700, names: ["a", "b", "c"], services: ["x", "y"])
        let third = spans.count / 3
        let views = [
            view(of: Array(spans[..<third])), view(of: Array(spans[third..<(2 * third)])),
            view(of: Array(spans[(2 * third)...])),
        ]
        let reader = try await write(views).open()
        try await reader.verify()
        #expect(reader.footer.rowGroups.count == 3)
        #expect(reader.footer.rowGroups.dropLast().allSatisfy { $0.rowCount > 8000 && $0.rowCount <= 8192 })
        #expect(reader.footer.rowGroups.allSatisfy { !$0.continuesTrace })
        let expected = spans.inBlockOrder
        #expect(try await reader.readAll().madeSpans == expected)
        for (id, ofTrace) in Dictionary(grouping: expected, by: \.traceID) {
            #expect(try await reader.readTrace(id)?.madeSpans == ofTrace)
        }
    }

    @Test(arguments: [4095, 4096, 4097])
    func `a trace is parted where the group would be less than half full without it`(before: Int) async throws {
        let spans = (0..<9000).map { index in
            var span = MadeSpan(UInt64(index + 1))
            span.traceID = TraceID(high: index < before ? 1 : 2, low: 0)
            span.start &+= UInt64(index)
            return span
        }
        let reader = try await write([view(of: spans)]).open()
        let expected = before < 4096 ? [8192, 808] : [before, 9000 - before]
        #expect(reader.footer.rowGroups.map(\.rowCount) == expected)
        #expect(reader.footer.rowGroups.map(\.continuesTrace) == [false, before < 4096])
        #expect(try await reader.readAll().madeSpans == spans.inBlockOrder)
    }

    @Test func `a trace that fills several row groups keeps its parents across them`() async throws {
        var choices = Choices(seed: 2)
        let spans = (0..<30_000).map { index in
            var span = MadeSpan(UInt64(index + 1))
            span.traceID = TraceID(high: index < 100 ? 0 : index < 29_900 ? 5 : 9, low: UInt64(index < 100 ? index : 0))
            // Near, far, before, behind, itself, nowhere.
            span.parent = UInt64(choices.pick([index, max(0, index - 9000), min(29_999, index + 9000), index + 1, 0]))
            span.start &+= UInt64(index)
            return span
        }
        let reader = try await write([view(of: spans)]).open()
        try await reader.verify()
        #expect(reader.footer.rowGroups.map(\.rowCount) == [8192, 8192, 8192, 5424])
        #expect(reader.footer.rowGroups.map(\.continuesTrace) == [false, true, true, true])
        #expect(reader.footer.rowGroups.map(\.firstTrace) == [0, 100, 100, 100])
        #expect(try await reader.readAll().madeSpans == spans.inBlockOrder)
        let giant = TraceID(high: 5, low: 0)
        #expect(try await reader.readTrace(giant)?.madeSpans == spans.filter { $0.traceID == giant })
    }

    @Test func `a span ID may come again in another row group of its trace`() async throws {
        let spans = (0..<8200).map { index in
            var span = MadeSpan(index == 8195 ? 7 : UInt64(index + 1))
            span.parent = index == 0 ? 0 : index > 8190 ? 7 : 1
            span.start &+= UInt64(index)
            return span
        }
        let reader = try await write([view(of: spans)]).open()
        #expect(reader.footer.rowGroups.map(\.rowCount) == [8192, 8])
        try await reader.verify()
        #expect(try await reader.readAll().madeSpans == spans)
    }

    @Test func `all spans may have one trace ID`() async throws {
        let spans = (0..<8193).map { MadeSpan(UInt64($0 + 1)) }
        let reader = try await write([view(of: spans)]).open()
        #expect(reader.footer.statistics.traceCount == 1)
        #expect(reader.footer.rowGroups.map(\.rowCount) == [8192, 1])
        #expect(try await reader.readTrace(spans[0].traceID)?.madeSpans == spans)
    }

    @Test(arguments: [1, 2, 8191, 8192, 8193, 16_384, 16_385])
    func `rows up to the limit make a group`(count: Int) async throws {
        let spans = (0..<count).map { index in
            var span = MadeSpan(UInt64(index + 1))
            span.traceID = TraceID(high: UInt64(index), low: 3)
            return span
        }
        let reader = try await write([view(of: spans)]).open()
        #expect(reader.footer.rowGroups.count == (count + 8191) / 8192)
        #expect(reader.footer.indexPages.count == (count + 1023) / 1024)
        #expect(try await reader.readAll().madeSpans == spans)
        for span in [spans[0], spans[count / 2], spans[count - 1]] {
            #expect(try await reader.readTrace(span.traceID)?.madeSpans == [span])
        }
    }

    @Test func `span IDs that differ in few bits do not slow the writer down`() async throws {
        // IDs that a tracer counts up little-endian, and IDs chosen to collide under a known multiplier.
        for id in [{ UInt64($0 + 1) << 44 }, { UInt64($0 + 1) &* 0xf1de_83e1_9937_733d }] as [(Int) -> UInt64] {
            let spans = (0..<200_000).map { index in
                var span = MadeSpan(id(index))
                span.parent = index == 0 ? 0 : id(index / 2)
                span.start &+= UInt64(index)
                return span
            }
            let reader = try await write([view(of: spans)]).open()
            #expect(try await reader.readTrace(spans[0].traceID)?.madeSpans == spans)
        }
    }

    @Test func `many attributes, events and links end a row group early`() async throws {
        var batch = SpanBatch(pool: pool)
        let key = batch.strings.code(for: Array("k".utf8).rawSpan)
        for index in 0..<1000 {
            for value in 0..<100 { batch.attributes.values.append(UInt64(index * value)) }
            for value in 0..<150 { batch.eventAttributes.values.append(UInt64(value)) }
            batch.appendEvent(time: 5, name: key, dropped: 0, shape: Self.shape(150, key, in: &batch))
            for link in 0..<50 { batch.appendLink(LinkRow(flags: UInt32(link)), shape: 0) }
            var row = SpanRow()
            row.traceID = TraceID(high: UInt64(index / 10), low: 1)
            row.spanID = UInt64(index + 1)
            batch.append(row, shape: Self.shape(100, key, in: &batch))
        }
        let source = batch.view()
        let reader = try await write([source]).open()
        // 301 of them a span: 262,144 / 301 rows fit.
        #expect(reader.footer.rowGroups.map(\.rowCount) == [870, 130])
        try await reader.verify()
        let read = try await reader.readAll()
        var scratch = ByteWriter()
        for row in 0..<1000 {
            let digest = SpanDigest(source, row: row, scratch: &scratch)
            #expect(SpanDigest(read, row: row, scratch: &scratch) == digest)
        }
    }

    @Test func `ten thousand different keys come back`() async throws {
        var batch = SpanBatch(pool: pool)
        for index in 0..<10_000 {
            let key = batch.strings.code(for: Array("key.\(index)".utf8).rawSpan)
            batch.attributes.values.append(UInt64(index))
            var row = SpanRow()
            row.traceID = TraceID(high: UInt64(index / 4), low: 1)
            row.spanID = UInt64(index + 1)
            batch.append(row, shape: Self.shape(1, key, in: &batch))
        }
        let source = batch.view()
        let reader = try await write([source]).open()
        let read = try await reader.readAll()
        #expect(try multiset(flatSpans(read)) == multiset(flatSpans(source)))
    }

    private static func shape(_ count: Int, _ key: UInt32, in batch: inout SpanBatch) -> UInt32 {
        var slots = FlatBuffer<AttributeSlot>()
        for _ in 0..<count { slots.append(AttributeSlot(key: key, type: .int)) }
        return batch.shapes.code(for: slots.rawSpan)
    }
}

extension LinkRow {
    init(flags: UInt32) {
        self.init()
        self.flags = flags
    }
}
