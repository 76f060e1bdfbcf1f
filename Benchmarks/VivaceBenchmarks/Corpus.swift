// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import OTLP
internal import TraceAnalysis
internal import TraceModel
internal import TraceStorage
internal import TrafficModel

/// 100,000 made-up spans, the same on every machine: as requests, as columns, as a block.
struct Corpus: Sendable {
    static let spanCount = 100_000
    /// So often a benchmark goes through the corpus, that a million spans are measured at a time.
    static let passCount = 10
    static let arrivalSeconds: UInt32 = 1_767_225_600
    static let arrivalNanoseconds = UInt64(arrivalSeconds) * 1_000_000_000

    /// Export requests as SDKs send them, 512 spans at most in each.
    let requests: [[UInt8]]
    let traceIDs: [TraceID]
    /// All requests decoded.
    let spans: SpanBatchView

    init() throws {
        var model = TrafficModel(seed: 1, start: Self.arrivalNanoseconds)
        var traces: [ModelTrace] = []
        var missing = Self.spanCount
        while missing > 0 {
            var trace = model.nextTrace()
            // Parents stand before their children: what is left is a tree.
            trace.spans.removeLast(max(0, trace.spans.count - missing))
            missing -= trace.spans.count
            traces.append(trace)
        }
        requests = TrafficModel.requests(for: traces).map(\.body)
        traceIDs = traces.map(\.id)
        spans = try Self.decode(requests, pool: SlabPool(retainedByteLimit: 0))
        precondition(spans.rowCount == Self.spanCount)
    }

    /// As a node does with the requests between two cuts: one decoder, one head.
    static func decode(_ requests: [[UInt8]], pool: SlabPool) throws -> SpanBatchView {
        var batch = SpanBatch(pool: pool)
        var decoder = OTLPDecoder()
        for request in requests {
            _ = try decoder.decode(request.rawSpan, arrivalSeconds: arrivalSeconds, into: &batch)
        }
        return batch.view()
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
