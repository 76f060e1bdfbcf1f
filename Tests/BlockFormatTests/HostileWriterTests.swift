// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ProtobufMessages
internal import Testing
internal import TraceModel

/// Blocks that contradict themselves behind right checksums, as fuzzing found them: `verify()` took them.
@Suite struct HostileWriterTests {
    /// Six traces whose IDs lz4 finds nothing in, so that the index page stands in the block as it is.
    private func surgery() throws -> (block: BlockSurgery, page: Range<Int>) {
        var choices = Choices(seed: 21)
        let spans = choices.spans(24, traceCount: 6, names: ["a", "b"], services: ["s"])
        let surgery = try BlockSurgery(write([view(of: spans)]))
        let page = try #require(surgery.sections.first { $0.name == "section 3.0" })
        try #require(page.codec == 0)
        return (surgery, page.range)
    }

    private func fault(_ surgery: BlockSurgery) async -> BlockError? {
        var surgery = surgery
        surgery.reseal()
        do {
            try await BlockReader(id: surgery.id, source: MemorySource(bytes: surgery.bytes)).verify()
            return nil
        } catch { return error as? BlockError }
    }

    @Test func `a trace index whose IDs do not ascend is corrupted`() async throws {
        var (block, page) = try surgery()
        #expect(await fault(block) == nil)
        let ids = page.lowerBound
        let second = Array(block.bytes[(ids + 16)..<(ids + 32)])
        block.bytes.replaceSubrange((ids + 16)..<(ids + 32), with: block.bytes[(ids + 32)..<(ids + 48)])
        block.bytes.replaceSubrange((ids + 32)..<(ids + 48), with: second)
        #expect(await fault(block)?.code == .corrupted)
    }

    @Test func `a trace index that begins with another ID than the footer says is corrupted`() async throws {
        var (block, page) = try surgery()
        block.bytes[page.lowerBound] = 0
        block.bytes[page.lowerBound + 1] ^= 1
        #expect(await fault(block)?.code == .corrupted)
    }

    @Test func `a bloom filter that lacks a trace of the block is corrupted`() async throws {
        var (block, _) = try surgery()
        let filter = try #require(block.sections.first { $0.name == "section 4.0" })
        for position in filter.range.dropFirst(8) { block.bytes[position] = 0 }
        #expect(await fault(block)?.code == .corrupted)
    }

    @Test func `a dictionary that no chunk uses is proved as well`() async throws {
        var (block, _) = try surgery()
        let filter = try #require(block.sections.firstIndex { $0.name == "section 4.0" })
        block.setKind(2, ofSection: filter)
        #expect(await fault(block)?.code == .corrupted)
    }

    @Test func `a presence that claims an unusual parent is no string's code`() async throws {
        var request = SmallBlock.request
        request.resourceSpans.removeLast()
        for index in 0..<2 { request.resourceSpans[0].scopeSpans[0].spans[index].status = OTLPMessage.Status() }
        let block = try write([Source([request]).view])
        var surgery = try BlockSurgery(block)
        let chunk = try #require(surgery.chunks.first { $0.column == FixedColumn.presence.rawValue }).range
        try #require(Array(surgery.bytes[chunk]) == [0, 1])
        surgery.bytes[chunk.lowerBound + 1] = 3
        surgery.reseal()
        let source = MemorySource(bytes: surgery.bytes)
        let read = try await BlockReader(id: block.id, source: source).readAll()
        #expect(try multiset(flatSpans(read)) == multiset(request.flatSpans))
    }
}
