// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import Testing
internal import TraceModel

/// What newer writers may do, and what then becomes of their blocks here.
@Suite struct CompatibilityTests {
    @Test func `a newer version and features that nobody knows are refused with advice`() async throws {
        let surgery = try BlockSurgery(SmallBlock.written())
        for (offset, value) in [(4, 2), (5, 1), (6, 1), (7, 0x80)] as [(Int, UInt8)] {
            var newer = surgery
            newer.bytes[newer.trailer.range.lowerBound + offset] = value
            newer.reseal()
            do {
                _ = try await BlockReader(id: newer.id, source: MemorySource(bytes: newer.bytes))
                Issue.record("byte \(offset) of the trailer was not looked at")
            } catch let error as BlockError {
                #expect(error.code == .unsupported)
                #expect(error.message.hasSuffix("upgrade"))
            }
        }
    }

    @Test func `sections that nobody knows are passed over, and a block does without a bloom filter`() async throws {
        var newer = try BlockSurgery(SmallBlock.written())
        let bloom = try #require(newer.sections.firstIndex { $0.name == "section 4.0" })
        newer.setKind(77, ofSection: bloom)
        newer.reseal()
        let reader = try await BlockReader(id: newer.id, source: MemorySource(bytes: newer.bytes))
        try await reader.verify()
        for id in SmallBlock.traceIDs { #expect(try await reader.readTrace(id)?.rowCount == 2) }
    }

    @Test func `more at the end of a footer is passed over`() async throws {
        let block = try SmallBlock.written()
        let old = try BlockSurgery(block)
        var bytes = block.bytes
        bytes.insert(contentsOf: [1, 2, 3], at: old.footer.range.upperBound)
        let length = old.footer.range.count + 3
        for byte in 0..<4 { bytes[old.footer.range.upperBound + 3 + byte] = UInt8(truncatingIfNeeded: length >> (8 * byte)) }
        var newer = try BlockSurgery(WrittenBlock(bytes: bytes, statistics: block.statistics))
        newer.reseal()
        let reader = try await BlockReader(id: newer.id, source: MemorySource(bytes: newer.bytes))
        try await reader.verify()
        #expect(try multiset(flatSpans(try await reader.readAll())) == multiset(SmallBlock.request.flatSpans))
    }

    @Test func `a section that stands twice is refused`() async throws {
        var twice = try BlockSurgery(SmallBlock.written())
        let bloom = try #require(twice.sections.firstIndex { $0.name == "section 4.0" })
        twice.setKind(3, ofSection: bloom)
        twice.reseal()
        await #expect(throws: BlockError.self) {
            _ = try await BlockReader(id: twice.id, source: MemorySource(bytes: twice.bytes))
        }
    }
}
