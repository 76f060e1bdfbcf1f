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
        for id in ids where done.insert(id).inserted { wanted.append(id) }
        let (parts, failures) = try await blocks.parts(of: wanted)
        for (block, error) in failures { fail(block, error) }
        let base = heldByteCount + byteCount
        let rows = try await blocks.rows(of: Array(parts.joined()), filters: filters, pool) {
            try memory.hold(base + $0)
        }
        for (block, error) in rows.failures { fail(block, error) }
        readByteCount += rows.byteCount
        return wanted.compactMap { AssembledTrace($0, heads.rows(of: $0) + (rows.byTrace[$0] ?? [])) }
    }
}
