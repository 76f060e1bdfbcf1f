// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ColumnEncoding
internal import FileIO
internal import ObjectStorage
internal import Synchronization
internal import TraceModel

extension Compactor {
    /// Writes the output of a job: durable objects that no commit names yet.
    ///
    /// Waits until there is memory for it. Throws ``NothingGained`` if blocks would not become fewer,
    /// or one not smaller by half; ``NotNow`` if the half is too much to be left out now. After an error nothing is left of it that the next start does not delete.
    func merge(_ job: CompactionJob) async throws -> MergedBlocks {
        let memory = try await budget.takeWaiting(Self.byteCount(of: job), for: .compaction)
        defer { withExtendedLifetime(memory) {} }
        var sources = MergeSources(effort: effort(job.outputLevel))
        for block in job.inputs { sources.readers.append(try await reader(of: block)) }
        try await findExpired(of: job, in: &sources)
        sources.catalog = try await MergeCatalog.prepare(sources.readers)
        if let catalog = sources.catalog { memory.count(memory.byteCount + catalog.byteCount) }
        var spanCount = 0
        for reader in sources.readers { spanCount += try await reader.greatestSpanCount() }
        sources.derives = spanCount <= BlockMerge.derivedSpanLimit
        let ranges = ranges(of: job, sources)
        if ranges.count >= max(2, job.inputs.count) { throw NothingGained() }
        if sources.leavesOut { memory.count(memory.byteCount + BlockMerger.extraGroupLimit * Self.groupByteCount) }
        var output = MergedBlocks()
        do {
            for range in ranges {
                let written = try await writeBlock(of: job, sources, range)
                output.expiredCount += written.expiredCount
                if let block = written.block { output.blocks.append(block) }
            }
        } catch {
            for block in output.blocks {
                try? await objects.delete(BlockKey.key(of: block.id, tenant: block.tenant))
            }
            throw error
        }
        output.expiredByteCount = sources.expiredByteCount(ofRows: output.expiredCount)
        output.duplicateCount = job.rowCount - output.expiredCount - output.blocks.reduce(0) { $0 + $1.rowCount }
        return output
    }

    /// Looks for what retention leaves out of a job.
    ///
    /// It is judged as blocks are that go as a whole, by the time and the store as they are now; and nothing is left
    /// out if that is too much beside what was left out of late.
    private func findExpired(of job: CompactionJob, in sources: inout MergeSources) async throws {
        let plan = retentionPlan(manifest.state)
        guard let cutOff = plan.cutOffSeconds(of: job.tenant) else {
            if job.isRewrite { throw NotNow() }
            return
        }
        var (byteCount, rowCount) = (0.0, 0)
        var expired: [ExpiredTraces?] = []
        for (block, reader) in zip(job.inputs, sources.readers) {
            let isYoung = block.arrivalSeconds.lowerBound >= cutOff
            let found = isYoung ? nil : try await reader.expiredTraces(before: cutOff)
            expired.append(found)
            let count = found?.rowCount ?? 0
            rowCount += count
            byteCount += Double(block.byteCount) * Double(count) / Double(max(1, block.rowCount))
        }
        let isAllowed = plan.allowsLeavingOut(Int(byteCount))
        if job.isRewrite, rowCount <= job.rowCount / 2 { throw NothingGained() }
        if job.isRewrite, !isAllowed { throw NotNow(byteCount: Int(byteCount)) }
        guard isAllowed, rowCount > 0 else { return }
        sources.expired = expired
        sources.expiredRowCount = rowCount
        sources.expiredTraceCount = expired.reduce(0) { $0 + ($1?.traceCount ?? 0) }
        sources.bytesPerExpiredRow = byteCount / Double(rowCount)
        sources.cutOffSeconds = cutOff
    }

    /// Bytes that a job holds at most, about: a row group of each input, one of the output, and its trace index.
    private static func byteCount(of job: CompactionJob) -> Int {
        (16 << 20) + job.inputs.count * groupByteCount + min(job.traceCount, 1 << 20) * 48
    }

    private static let groupByteCount = 5 << 20

    private func effort(_ level: UInt8) -> CompressionEffort {
        level >= configuration.compaction.thoroughLevel ? .thorough : .fast
    }

    /// A reader of its own, which counts what is read.
    private func reader(of block: BlockSummary) async throws -> BlockReader {
        let key = try BlockKey.key(of: block.id, tenant: block.tenant)
        let source = CountingBlockSource(
            base: ObjectBlockSource(store: objects, key: key, byteCount: block.byteCount), compactor: self)
        return try await BlockReader(id: block.id, source: source)
    }

    /// Equal parts of the job, so many that none makes too large a block of what stays; or, where rows are merged,
    /// needs too much memory.
    private func ranges(of job: CompactionJob, _ sources: MergeSources) -> [TraceIDRange] {
        let options = configuration.compaction
        let leftOut = sources.expiredByteCount(ofRows: sources.expiredRowCount)
        var counts = [
            Self.quotient(job.byteCount - leftOut, options.blockByteLimit),
            Self.quotient(job.traceCount - sources.expiredTraceCount, options.blockTraceLimit),
        ]
        if sources.catalog == nil { counts.append(Self.quotient(job.rowCount, Self.mergedRowLimit)) }
        return TraceIDRange.quantiles(counts.max() ?? 1, of: sources.readers.map(\.footer))
    }

    /// Rows that are held at once where blocks are merged by rows.
    private static let mergedRowLimit = 200_000

    /// Rounded up.
    private static func quotient(_ number: Int, _ limit: Int) -> Int { (number + limit - 1) / limit }

    // MARK: - One block

    /// - Returns: The block, nil if the range holds nothing; and how many spans were left out because of their age.
    private func writeBlock(
        of job: CompactionJob, _ sources: MergeSources, _ range: TraceIDRange
    ) async throws -> MergedBlock {
        let id = BlockID(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
        let key = try BlockKey.key(of: id, tenant: job.tenant)
        do {
            var written: MergedBlock
            if let catalog = sources.catalog {
                written = try await writeColumns(id, key, job.tenant, sources, catalog, range)
            } else {
                written = try await writeRows(id, key, job.tenant, sources, range)
            }
            written.block?.level = job.outputLevel
            if let block = written.block { try await checkReadable(block, key) }
            return written
        } catch {
            // It may be there all the same, and the next attempt has another ID.
            try? await objects.delete(key)
            throw error
        }
    }

    private func writeColumns(
        _ id: BlockID, _ key: ObjectKey, _ tenant: TenantID, _ sources: MergeSources, _ catalog: MergeCatalog,
        _ range: TraceIDRange
    ) async throws -> MergedBlock {
        var inputs: [MergeInput] = []
        for (index, reader) in sources.readers.enumerated() {
            let expired = sources.leavesOut ? sources.expired[index] : nil
            inputs.append(try await MergeInput(reader, in: range, leavingOut: expired))
        }
        guard inputs.contains(where: { $0.rowCount > 0 }) else { return MergedBlock() }
        let merge = BlockMerge(id: id, catalog, inputs, derives: sources.derives, effort: sources.effort)
        try await objects.write(key) { writer in
            var supply: BlockMerge.Supply?
            while true {
                let next = supply
                switch try await executor.run({ try merge.next(next) }) {
                case .load(let input, let group):
                    supply = .part(try await sources.readers[input].mergePart(group), input: input)
                case .decode(let input, let group):
                    let rows = try await sources.readers[input].mergeRows(group, pool: pool)
                    supply = .rows(rows, input: input, group: group)
                case .part(let bytes):
                    supply = nil
                    try await writer.write(bytes)
                case .end: return
                }
            }
        }
        guard merge.statistics.rowCount > 0 else {
            try await objects.delete(key)
            return MergedBlock(expiredCount: merge.expiredCount)
        }
        return MergedBlock(
            block: BlockSummary(id: id, tenant: tenant, byteCount: merge.byteCount, statistics: merge.statistics),
            expiredCount: merge.expiredCount)
    }

    /// Goes by way of rows, for blocks with parts that a merge of columns does not know.
    private func writeRows(
        _ id: BlockID, _ key: ObjectKey, _ tenant: TenantID, _ sources: MergeSources, _ range: TraceIDRange
    ) async throws -> MergedBlock {
        var views: [SpanBatchView] = []
        for reader in sources.readers { try await reader.readRows(in: range, pool: pool) { views.append($0) } }
        let rowCount = views.reduce(0) { $0 + $1.rowCount }
        if sources.leavesOut { views.leaveOut(arrivedBefore: sources.cutOffSeconds, pool: pool) }
        let expiredCount = rowCount - views.reduce(0) { $0 + $1.rowCount }
        guard expiredCount < rowCount else { return MergedBlock(expiredCount: expiredCount) }
        let (rows, pool) = (views, pool)
        let build = try await executor.run { BlockBuild(id: id, heads: rows, pool: pool) }
        try await objects.write(key) { writer in
            while let part = try await executor.run({ build.nextPart() }) { try await writer.write(part) }
        }
        return MergedBlock(
            block: BlockSummary(id: id, tenant: tenant, byteCount: build.byteCount, statistics: build.statistics),
            expiredCount: expiredCount)
    }

    /// Opens a block that was written: what its reader refuses must not replace its inputs.
    private func checkReadable(_ block: BlockSummary, _ key: ObjectKey) async throws {
        let source = ObjectBlockSource(store: objects, key: key, byteCount: block.byteCount)
        let reader = try await BlockReader(id: block.id, source: source)
        for id in [block.traceIDs.lowerBound, block.traceIDs.upperBound] {
            guard try await reader.mayContain(id), try await reader.locate(id) != nil else {
                throw BlockError(.corrupted, "block \(block.id) lacks trace \(id)")
            }
        }
    }
}

/// The inputs of a job, open.
private struct MergeSources: Sendable {
    var readers: [BlockReader] = []
    /// Nil: rows are merged.
    var catalog: MergeCatalog?
    var derives = true
    var effort: CompressionEffort
    /// By input: traces that are too old; empty if nothing is left out.
    var expired: [ExpiredTraces?] = []
    /// When what is too old arrived before, Unix seconds.
    var cutOffSeconds: UInt64 = 0
    /// What may be left out at most, and what a row of it takes.
    var expiredRowCount = 0
    var expiredTraceCount = 0
    var bytesPerExpiredRow = 0.0

    var leavesOut: Bool { !expired.isEmpty }

    func expiredByteCount(ofRows count: Int) -> Int { Int(bytesPerExpiredRow * Double(count)) }
}

/// What became of a range of trace IDs.
private struct MergedBlock {
    /// Nil if it holds nothing that stays.
    var block: BlockSummary?
    /// Spans that were left out because of their age.
    var expiredCount = 0
}

extension [SpanBatchView] {
    /// Leaves out traces of which every row arrived before a moment. One part after the other is put in the place of
    /// what it was: nothing is held twice but the one at hand.
    fileprivate mutating func leaveOut(arrivedBefore seconds: UInt64, pool: SlabPool) {
        var kept: Set<TraceID> = []
        for view in self {
            for row in 0..<view.rowCount where UInt64(view.arrivalSeconds[row]) >= seconds {
                kept.insert(view.traceID(row))
            }
        }
        for index in indices {
            let view = self[index]
            let rows = (0..<view.rowCount).filter { kept.contains(view.traceID($0)) }
            guard rows.count < view.rowCount else { continue }
            var batch = SpanBatch(pool: pool)
            for row in rows { batch.append(row: row, of: view) }
            self[index] = batch.view()
        }
        removeAll { $0.rowCount == 0 }
    }
}

/// Tells the compactor what is read.
private struct CountingBlockSource: BlockSource {
    let base: ObjectBlockSource
    let compactor: Compactor

    var byteCount: Int { base.byteCount }

    func read(_ range: Range<Int>) async throws -> [UInt8] {
        compactor.state.withLock { $0.figures.readByteCount += range.count }
        return try await base.read(range)
    }
}
