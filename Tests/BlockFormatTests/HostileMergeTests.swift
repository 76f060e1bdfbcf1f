// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import Testing
internal import TraceModel

/// Merges of blocks that contradict themselves behind right checksums: they end with an error or a block, never a trap.
@Suite struct HostileMergeTests {
    private static func mergeDamaged(_ surgery: BlockSurgery, with other: BlockReader) async {
        var surgery = surgery
        surgery.reseal()
        do {
            let damaged = try await BlockReader(id: surgery.id, source: MemorySource(bytes: surgery.bytes))
            for pair in [[damaged, other], [other, damaged]] {
                guard let catalog = try await MergeCatalog.prepare(pair) else { continue }
                _ = catalog
                guard let merged = try await merge(pair) else { continue }
                _ = try await merged.block.open().readAll()
            }
        } catch is BlockError {
        } catch {
            Issue.record("\(error) is no BlockError")
        }
    }

    @Test(arguments: 0..<4 as Range<Int>)
    func `a bit that is wrong under a right checksum does no harm to a merge`(bit: Int) async throws {
        let block = try SmallBlock.written()
        let surgery = try BlockSurgery(block)
        var choices = Choices(seed: UInt64(bit))
        let other = try await write(
            [view(of: choices.spans(50, traceCount: 5, names: ["a"], services: ["s"]))], id: BlockID(high: 9, low: 9)
        ).open()
        for position in surgery.bytes.indices {
            var damaged = surgery
            damaged.bytes[position] ^= 1 << UInt8(choices.below(8))
            await Self.mergeDamaged(damaged, with: other)
        }
    }

    @Test(arguments: 0..<4 as Range<Int>)
    func `so does one in a block with rest columns`(bit: Int) async throws {
        let surgery = try BlockSurgery(RestColumnTests.small)
        let limits = RestColumnTests.limits(0)
        var choices = Choices(seed: UInt64(bit))
        let views = try MergeTests.sources(seed: 3, count: 1, maximumSpans: 20)
        let other = try await write(views, id: BlockID(high: 9, low: 9), limits: limits).open()
        for position in surgery.bytes.indices {
            var damaged = surgery
            damaged.bytes[position] ^= 1 << UInt8(choices.below(8))
            await Self.mergeDamaged(damaged, with: other)
        }
    }

    @Test(arguments: [0, 1] as [Int])
    func `a trace that stands in two pages of the trace index is refused, whichever of them is too old`(
        youngPage: Int
    ) async throws {
        let spans = (0..<1100).map { number in
            var span = MadeSpan(UInt64(number + 1))
            span.traceID = TraceID(high: 0x9e37_79b9_7f4a_7c15, low: 0x0123_4567_0000_0000 + UInt64(number))
            span.arrivalSeconds = number / 1024 == youngPage ? 20 : 10
            return span
        }
        let block = write([view(of: spans)])
        let ids = try await block.open().allSummaries().map(\.id)
        let before = try BlockSurgery(block)
        for place in [0, 1022, 1023] {
            // The second page begins with an ID of the first: its first or last, or one before that.
            var surgery = before
            let (old, new) = (bigEndian(ids[1024]), bigEndian(ids[place]))
            var found = 0
            var index = 0
            while index + 16 <= surgery.bytes.count {
                if surgery.bytes[index] == old[0], Array(surgery.bytes[index..<index + 16]) == old {
                    surgery.bytes.replaceSubrange(index..<index + 16, with: new)
                    found += 1
                }
                index += 1
            }
            // In the footer's list of pages and in the page.
            try #require(found == 2)
            surgery.reseal()
            let bytes = surgery.bytes
            await #expect(throws: BlockError.self) {
                let reader = try await BlockReader(id: block.id, source: MemorySource(bytes: bytes))
                _ = try await merge([reader], arrivedBefore: 15)
            }
        }
    }

    private func bigEndian(_ id: TraceID) -> [UInt8] {
        [id.high, id.low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `so do many`(seed: UInt64) async throws {
        let surgery = try BlockSurgery(DamageTests.large)
        var choices = Choices(seed: seed)
        let other = try await write(
            [view(of: choices.spans(500, traceCount: 5, names: ["a"], services: ["s"]))], id: BlockID(high: 9, low: 9)
        ).open()
        for _ in 0..<40 {
            var damaged = surgery
            for _ in 0..<(1 + choices.below(4)) {
                damaged.bytes[choices.below(damaged.bytes.count)] = UInt8(truncatingIfNeeded: choices.next())
            }
            await Self.mergeDamaged(damaged, with: other)
        }
    }
}
