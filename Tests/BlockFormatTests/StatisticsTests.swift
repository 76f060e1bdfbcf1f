// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import Testing
internal import TraceModel

@Suite struct StatisticsTests {
    @Test(arguments: [(1, 1, 1), (2, 700, 30), (3, 12_000, 3000), (4, 20_000, 2)])
    func `the footer says what the spans say`(seed: UInt64, count: Int, traceCount: Int) async throws {
        var choices = Choices(seed: seed)
        let spans = choices.spans(count, traceCount: traceCount, names: ["a", "b"], services: ["x"]).inBlockOrder
        let block = write([view(of: spans)])
        let reader = try await block.open()
        let statistics = reader.footer.statistics
        #expect(statistics == block.statistics)
        #expect(statistics.rowCount == count)
        #expect(statistics.traceCount == Set(spans.map(\.traceID)).count)
        #expect(statistics.minimumTraceID == spans.first?.traceID)
        #expect(statistics.maximumTraceID == spans.last?.traceID)
        #expect(statistics.minimumTime == spans.map(\.start).min())
        #expect(statistics.maximumTime == spans.map { max($0.start, $0.end) }.max())
        #expect(statistics.minimumArrivalSeconds == spans.map(\.arrivalSeconds).min())
        #expect(statistics.maximumArrivalSeconds == spans.map(\.arrivalSeconds).max())
        #expect(reader.byteCount == block.bytes.count)
        var firstRow = 0
        for entry in reader.footer.rowGroups {
            #expect(entry.firstRow == firstRow)
            let rows = spans[firstRow..<(firstRow + entry.rowCount)]
            #expect(entry.minimumStart == rows.map(\.start).min())
            #expect(entry.maximumStart == rows.map(\.start).max())
            #expect(entry.maximumDuration == rows.map(\.duration).max())
            #expect(entry.continuesTrace == (firstRow > 0 && spans[firstRow - 1].traceID == spans[firstRow].traceID))
            firstRow += entry.rowCount
        }
        #expect(firstRow == count)
        #expect(reader.footer.indexPages.reduce(0) { $0 + $1.traceCount } == statistics.traceCount)
    }

    @Test func `large uncompressed chunks begin at a multiple of 64`() async throws {
        var choices = Choices(seed: 5)
        let spans = choices.spans(20_000, traceCount: 500, names: ["a"], services: ["x"])
        let block = write([view(of: spans)])
        let chunks = try BlockSurgery(block).chunks
        #expect(chunks.contains { $0.codec == 0 && $0.range.count >= 4096 })
        for chunk in chunks where chunk.codec == 0 && chunk.range.count >= 4096 {
            #expect(chunk.range.lowerBound % 64 == 0)
        }
    }

    @Test func `columns of nothing but defaults are not stored`() async throws {
        let block = write([view(of: [MadeSpan(1), MadeSpan(2)])])
        let chunks = try BlockSurgery(block).chunks
        let columns = Set(chunks.map(\.column))
        for column in [FixedColumn.statusMessage, .traceState, .flags, .droppedLinks, .eventCount, .linkCount, .status] {
            #expect(!columns.contains(column.rawValue))
        }
        for column in [FixedColumn.spanID, .start, .duration] { #expect(columns.contains(column.rawValue)) }
    }

    @Test func `sizes of columns add up to the row groups`() async throws {
        var choices = Choices(seed: 6)
        let spans = choices.spans(3000, traceCount: 50, names: ["a"], services: ["x"])
        let block = write([view(of: spans)])
        let reader = try await block.open()
        let stored = try await reader.columnUsage().reduce(0) { $0 + $1.byteCount }
        let chunks = try BlockSurgery(block).chunks
        #expect(stored == chunks.reduce(0) { $0 + $1.range.count })
    }

    @Test func `what a reader keeps is counted and can be dropped`() async throws {
        var choices = Choices(seed: 7)
        let spans = choices.spans(3000, traceCount: 900, names: ["a", "b"], services: ["x"])
        let reader = try await write([view(of: spans)]).open()
        let opened = reader.retainedByteCount
        _ = try await reader.readTrace(spans[0].traceID)
        let used = reader.retainedByteCount
        #expect(used > opened)
        _ = try await reader.readTrace(spans[0].traceID)
        #expect(reader.retainedByteCount == used)
        reader.dropKept()
        #expect(reader.retainedByteCount == opened)
        #expect(try await reader.readTrace(spans[0].traceID) != nil)
    }
}
