// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import Testing
internal import TraceModel

@Suite struct LongStringTests {
    /// Where a test's long strings stand.
    enum Place: CaseIterable {
        case name, message, attribute, eventName, eventAttribute, linkTraceID, linkAttribute, parent
    }

    @Test(arguments: Place.allCases)
    func `long strings end a row group before it gets too heavy to read`(place: Place) async throws {
        // Every second row has the same 200 KiB, the others are all different.
        let source = Self.spans(400) { index, batch in
            let long = [UInt8](repeating: 0x61, count: 200 << 10)
            return batch.strings.code(for: (index % 2 == 0 ? long : Array("text \(index)".utf8)).rawSpan)
        } placing: {
            place
        }
        let reader = try await write([source]).open()
        // 163 of 200 KiB are 32 MiB.
        #expect(reader.footer.rowGroups.map(\.rowCount) == [326, 74])
        try await reader.verify()
        #expect(try await Self.differences(reader, source) == 0)
    }

    @Test func `a long string of a dictionary does not count: rows refer to it`() async throws {
        let source = Self.spans(8192) { index, batch in
            batch.strings.code(for: [UInt8](repeating: UInt8(index % 3), count: 200 << 10).rawSpan)
        } placing: {
            .message
        }
        let block = write([source])
        let reader = try await block.open()
        #expect(reader.footer.rowGroups.count == 1)
        #expect(block.bytes.count < 300_000)
        #expect(try await Self.differences(reader, source) == 0)
    }

    @Test func `long strings that cannot make a group heavy do not end it`() async throws {
        let source = Self.spans(8192) { index, batch in
            batch.strings.code(for: Self.string(index, byteCount: 1 << 10).rawSpan)
        } placing: {
            .attribute
        }
        let reader = try await write([source]).open()
        #expect(reader.footer.rowGroups.count == 1)
        #expect(try await Self.differences(reader, source) == 0)
    }

    @Test func `long strings of several columns count together`() async throws {
        // Neither column has 32 MiB.
        var row = 0
        let source = Self.spans(400) { index, batch in
            batch.strings.code(for: Self.string(index, byteCount: 100 << 10).rawSpan)
        } placing: {
            row += 1
            return row % 2 == 0 ? .name : .attribute
        }
        let reader = try await write([source]).open()
        // 327 of 100 KiB are just below 32 MiB.
        #expect(reader.footer.rowGroups.map(\.rowCount) == [327, 73])
        #expect(try await Self.differences(reader, source) == 0)
    }

    /// A string that no other index has.
    private static func string(_ index: Int, byteCount: Int) -> [UInt8] {
        [UInt8(index >> 8), UInt8(index & 255)] + [UInt8](repeating: 0x61, count: byteCount - 2)
    }

    @Test func `one span may be heavier than a row group`() async throws {
        let source = Self.spans(4) { index, batch in
            batch.strings.code(for: [UInt8](repeating: UInt8(index), count: index == 2 ? 40 << 20 : 10).rawSpan)
        } placing: {
            .attribute
        }
        let reader = try await write([source]).open()
        #expect(reader.footer.rowGroups.map(\.rowCount) == [2, 1, 1])
        #expect(try await Self.differences(reader, source) == 0)
    }

    /// Spans of a trace each, with one string of choice.
    private static func spans(
        _ count: Int, _ string: (Int, inout SpanBatch) -> UInt32, placing place: () -> Place
    ) -> SpanBatchView {
        var batch = SpanBatch(pool: pool)
        let slot = AttributeSlot(key: batch.strings.code(for: Array("k".utf8).rawSpan), type: .string)
        let shape = batch.shapes.code(forRecord: slot)
        for index in 0..<count {
            var row = SpanRow()
            row.traceID = TraceID(high: UInt64(index), low: 1)
            row.spanID = UInt64(index + 1)
            let code = string(index, &batch)
            var spanShape: UInt32 = 0
            var link = LinkRow()
            switch place() {
            case .name: row.name = code
            case .message: row.statusMessage = code
            case .attribute:
                batch.attributes.values.append(UInt64(code))
                spanShape = shape
            case .eventName: batch.appendEvent(time: 0, name: code, dropped: 0, shape: 0)
            case .eventAttribute:
                batch.eventAttributes.values.append(UInt64(code))
                batch.appendEvent(time: 0, name: 0, dropped: 0, shape: shape)
            case .linkTraceID:
                link.traceID = code
                batch.appendLink(link, shape: 0)
            case .linkAttribute:
                batch.linkAttributes.values.append(UInt64(code))
                batch.appendLink(link, shape: shape)
            case .parent:
                row.parentSpanID = UInt64(code)
                row.presence = .unusualParent
            }
            batch.append(row, shape: spanShape)
        }
        return batch.view()
    }

    /// How many rows read differ from the source's, which are in block order.
    private static func differences(_ reader: BlockReader, _ source: SpanBatchView) async throws -> Int {
        let read = try await reader.readAll()
        var scratch = ByteWriter()
        var count = abs(read.rowCount - source.rowCount)
        for row in 0..<min(read.rowCount, source.rowCount) {
            let digest = SpanDigest(source, row: row, scratch: &scratch)
            if SpanDigest(read, row: row, scratch: &scratch) != digest { count += 1 }
        }
        return count
    }
}
