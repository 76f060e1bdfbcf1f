// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceStorage

/// Puts whole traces together from heads and blocks, many at a time, each once.
final class TraceAssembly {
    let heads: HeadTraces
    private(set) var blocks: SearchedBlocks
    /// By leaf: what rows are marked by.
    private let filters: [SpanFilter]
    private let pool: SlabPool
    private let memory: QueryMemory
    private var done: Set<TraceID> = []
    /// By block: why something of it could not be read.
    private(set) var failures: [Int: String] = [:]
    /// Of blocks.
    private(set) var readByteCount = 0

    /// Traces that are put together at a time.
    static let traceCount = 256

    init(
        _ heads: HeadTraces, _ blocks: SearchedBlocks, _ filters: [SpanFilter], _ engine: QueryEngine,
        _ memory: QueryMemory
    ) {
        self.heads = heads
        self.blocks = blocks
        self.filters = filters
        self.memory = memory
        pool = engine.pool
    }

    /// Bytes in memory, about.
    var byteCount: Int { heads.byteCount + done.count * 32 }

    func reader(_ block: Int) async throws -> BlockReader { try await blocks.reader(block) }

    func shared(
        _ block: Int, _ overlaps: BlockOverlaps
    ) async throws -> (SharedTraces, failure: String?) { try await blocks.shared(block, overlaps) }

    func fail(_ block: Int, _ error: BlockError) { failures[block] = failures[block] ?? error.description }

    /// The traces among `ids` that were not put together before.
    ///
    /// - Parameter heldByteCount: What the caller holds of the same memory.
    /// - Throws: `.tooLarge`, `.unavailable` where memory lacks.
    @inline(never)
    func traces(_ ids: ArraySlice<TraceID>, beside heldByteCount: Int) async throws -> [AssembledTrace] {
        var wanted: [TraceID] = []
        var places: [Int: [TraceAnchor]] = [:]
        for id in ids where done.insert(id).inserted {
            wanted.append(id)
            for (block, anchor) in try await self.places(of: id) { places[block, default: []].append(anchor) }
        }
        let rows = try await rows(at: places, beside: heldByteCount + byteCount)
        return wanted.compactMap { AssembledTrace($0, heads.rows(of: $0) + (rows[$0] ?? [])) }
    }

    private func places(of id: TraceID) async throws -> [(block: Int, anchor: TraceAnchor)] {
        var places: [(block: Int, anchor: TraceAnchor)] = []
        for block in blocks.summaries.indices where blocks.summaries[block].traceIDs.contains(id) {
            do {
                let reader = try await blocks.reader(block)
                if try await reader.mayContain(id), let anchor = try await reader.locate(id) {
                    places.append((block, anchor))
                }
            } catch let error as BlockError {
                fail(block, error)
            }
        }
        return places
    }

    /// The rows of traces in blocks, by trace.
    private func rows(
        at places: [Int: [TraceAnchor]], beside heldByteCount: Int
    ) async throws -> [TraceID: [AssembledTrace.Row]] {
        guard !places.isEmpty else { return [:] }
        var batch = SpanBatch(pool: pool, seed: .random(in: .min ... .max))
        for (block, anchors) in places.sorted(by: { $0.key < $1.key }) {
            do {
                readByteCount += try await blocks.reader(block).read(
                    anchors.sorted { $0.rows.lowerBound < $1.rows.lowerBound }, into: &batch
                ) {
                    try memory.hold(heldByteCount + $0)
                }
            } catch let error as BlockError {
                fail(block, error)
            }
        }
        let view = batch.view()
        let marks = filters.map { view.mask($0) }
        let wanted = Set(places.values.joined().map(\.id))
        var rows: [TraceID: [AssembledTrace.Row]] = [:]
        for row in 0..<view.rowCount {
            let id = view.traceID(row)
            if wanted.contains(id) { rows[id, default: []].append(.init(view: view, row: row, marks: marks)) }
        }
        return rows
    }
}
