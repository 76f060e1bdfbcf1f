// SPDX-License-Identifier: Apache-2.0

internal import BenchmarkCorpus
internal import BlockFormat
internal import ByteCoding
internal import TraceAnalysis
internal import TraceModel
internal import TraceStorage

/// 100,000 made-up spans, the same on every machine: as requests, as columns, as a block.
struct Corpus: Sendable {
    static let spanCount = 100_000
    /// So often a benchmark goes through the corpus, that a million spans are measured at a time.
    static let passCount = 10
    static let arrivalNanoseconds = MadeUpRequests.arrivalNanoseconds

    let source = MadeUpRequests(spanCount: spanCount)
    /// All requests decoded.
    let spans: SpanBatchView

    init() throws {
        spans = try Self.decode(source, pool: SlabPool(retainedByteLimit: 0))
        precondition(spans.rowCount == Self.spanCount)
    }

    var requests: [[UInt8]] { source.bodies }
    var traceIDs: [TraceID] { source.traceIDs }

    /// Into one head.
    static func decode(_ source: MadeUpRequests, pool: SlabPool) throws -> SpanBatchView {
        try source.decoded(pool: pool).heads[0]
    }

    /// The corpus as one block.
    func block() -> MemoryBlock {
        let ordering = SpanOrdering([spans])
        let critical = BlockBuild.criticalNanoseconds(ordering)
        var writer = BlockWriter(
            id: MemoryBlock.id, ordering: ordering, criticalNanoseconds: critical,
            criticalPathVersion: CriticalPathAnalyzer.version, pool: SlabPool(retainedByteLimit: 0))
        var bytes: [UInt8] = []
        while let part = writer.nextPart() { bytes += part }
        return MemoryBlock(bytes: bytes)
    }
}

/// A block that is read from memory, so that no storage is measured.
struct MemoryBlock: BlockSource {
    static let id = BlockID(high: 1, low: 2)

    let bytes: [UInt8]
    var byteCount: Int { bytes.count }

    func read(_ range: Range<Int>) async throws -> [UInt8] { Array(bytes[range]) }

    func reader() async throws -> BlockReader { try await BlockReader(id: Self.id, source: self) }
}

extension BlockReader {
    /// All spans of the block, in its order.
    func readAll(pool: SlabPool) async throws -> SpanBatchView {
        var batch = SpanBatch(pool: pool)
        for group in footer.rowGroups.indices { try await read(rowGroup: group, into: &batch) }
        return batch.view()
    }
}
