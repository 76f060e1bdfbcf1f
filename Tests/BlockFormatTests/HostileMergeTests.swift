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
