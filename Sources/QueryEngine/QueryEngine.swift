// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceAnalysis
package import TraceModel
package import TraceStorage

/// Answers queries from a store's heads and blocks.
package final class QueryEngine: TraceQuerying {
    let store: TraceStore
    let budget: MemoryBudget
    let pool: SlabPool
    let counters = QueryCounters()
    let overlaps: BlockOverlaps
    /// Row groups that one query looks into at a time.
    let width: Int

    /// - Parameter width: Row groups that one query looks into at a time: as many as there are processors.
    package init(store: TraceStore, budget: MemoryBudget, width: Int = 1) {
        self.store = store
        self.budget = budget
        self.width = max(1, width)
        pool = SlabPool(retainedByteLimit: 8 << 20)
        overlaps = BlockOverlaps(budget: budget)
    }

    package func trace(_ id: TraceID, tenant: TenantSet) async throws -> FoundTrace? {
        try await trace(id, in: store.snapshot(over: tenant), deadline: QueryDeadline())
    }

    /// Collects a trace's spans from everywhere, then keeps each span once.
    ///
    /// A block that can't be read makes the answer partial.
    /// - Throws: ``QueryError`` if nothing was found and something could not be read, or the trace is too large.
    func trace(_ id: TraceID, in snapshot: StoreSnapshot, deadline: QueryDeadline) async throws -> FoundTrace? {
        let memory = QueryMemory(budget: budget)
        var batch = SpanBatch(pool: pool, seed: .random(in: .min ... .max))
        var reads = QueryReads()
        reads.prunedBlockCount = snapshot.blocks.count
        var failure: QueryError?
        defer { counters.add(reads, to: .trace) }
        snapshot.append(rowsOf: id, to: &batch)
        try memory.hold(batch.byteCount)
        for block in snapshot.blocks where block.traceIDs.contains(id) {
            try Task.checkCancellation()
            if let excess = deadline.excess {
                failure = QueryError(.timedOut, excess)
                break
            }
            do {
                reads.prunedBlockCount -= 1
                reads.readBlockCount += 1
                reads.byteCount += try await append(id, from: block, to: &batch, memory)
            } catch let error as BlockError {
                reads.failedBlockCount += 1
                failure = QueryError(error)
            }
        }
        guard batch.rowCount > 0 else {
            if let failure { throw failure }
            return nil
        }
        reads.partialAnswerCount = failure == nil ? 0 : 1
        // Putting the rows of one trace in order takes two lines of 64 bytes a row, and its columns.
        try memory.hold(batch.byteCount + batch.rowCount * 200)
        let spans = batch.view()
        let ordering = SpanOrdering([spans], pool: pool)
        var rows: [Int] = []
        rows.reserveCapacity(ordering.rowCount)
        for index in 0..<ordering.rowCount { rows.append(Int(ordering.references[index].row)) }
        memory.keep(batch.byteCount + rows.count * 8)
        return FoundTrace(
            id: id, spans: spans, rows: rows, partialReason: failure?.message, inspectedByteCount: reads.byteCount,
            memory: memory)
    }

    private func append(
        _ id: TraceID, from block: BlockSummary, to batch: inout SpanBatch, _ memory: QueryMemory
    ) async throws -> Int {
        let reader = try await store.reader(for: block)
        guard try await reader.mayContain(id), let anchor = try await reader.locate(id) else { return 0 }
        return try await reader.read(anchor, into: &batch) { try memory.hold($0) }
    }

    package func slowSpans(_ query: SlowSpanQuery, tenant: TenantSet) async throws -> SlowSpanResult {
        try await SlowSpanSearch(engine: self, query: query, snapshot: store.snapshot(over: tenant)).run()
    }

    /// The block's longest spans for which the conditions hold.
    ///
    /// - Returns: Bytes read from storage.
    func scan(_ block: BlockSummary, _ request: ScanRequest, into matches: inout LongestMatches) async throws -> Int {
        try await store.reader(for: block).scan(request, into: &matches)
    }
}

extension QueryError {
    init(_ error: BlockError) {
        switch error.code {
        case .corrupted, .unsupported: self.init(.corrupted, error.description)
        case .unreadable: self.init(.unavailable, error.description)
        }
    }
}
