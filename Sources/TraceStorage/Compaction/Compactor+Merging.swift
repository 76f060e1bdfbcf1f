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
    /// Waits until there is memory for it. Throws ``NothingGained`` if blocks would not become fewer. After an error nothing is left of it that the next start does not delete.
    func merge(_ job: CompactionJob) async throws -> MergedBlocks {
        let memory = try await budget.takeWaiting(Self.byteCount(of: job), for: .compaction)
        defer { withExtendedLifetime(memory) {} }
        var sources = MergeSources(effort: effort(job.outputLevel))
        for block in job.inputs { sources.readers.append(try await reader(of: block)) }
        sources.catalog = try await MergeCatalog.prepare(sources.readers)
        if let catalog = sources.catalog { memory.count(memory.byteCount + catalog.byteCount) }
        var spanCount = 0
        for reader in sources.readers { spanCount += try await reader.greatestSpanCount() }
        sources.derives = spanCount <= BlockMerge.derivedSpanLimit
        let ranges = ranges(of: job, sources)
        guard ranges.count < job.inputs.count else { throw NothingGained() }
        var output = MergedBlocks()
        do {
            for range in ranges {
                if let block = try await writeBlock(of: job, sources, range) { output.blocks.append(block) }
            }
        } catch {
            for block in output.blocks {
                try? await objects.delete(BlockKey.key(of: block.id, tenant: block.tenant))
            }
            throw error
        }
        output.duplicateCount = job.rowCount - output.blocks.reduce(0) { $0 + $1.rowCount }
        return output
    }

    /// Bytes that a job holds at most, about: a row group of each input, one of the output, and its trace index.
    private static func byteCount(of job: CompactionJob) -> Int {
        (16 << 20) + job.inputs.count * (5 << 20) + min(job.traceCount, 1 << 20) * 48
    }

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

    /// Equal parts of the job, so many that none makes too large a block; or, where rows are merged, needs too much
    /// memory.
    private func ranges(of job: CompactionJob, _ sources: MergeSources) -> [TraceIDRange] {
        let options = configuration.compaction
        var counts = [
            Self.quotient(job.byteCount, options.blockByteLimit),
            Self.quotient(job.traceCount, options.blockTraceLimit),
        ]
        if sources.catalog == nil { counts.append(Self.quotient(job.rowCount, Self.mergedRowLimit)) }
        return TraceIDRange.quantiles(counts.max() ?? 1, of: sources.readers.map(\.footer))
    }

    /// Rows that are held at once where blocks are merged by rows.
    private static let mergedRowLimit = 200_000

    /// Rounded up.
    private static func quotient(_ number: Int, _ limit: Int) -> Int { (number + limit - 1) / limit }

    // MARK: - One block

    /// - Returns: The block, nil if the range holds nothing.
    private func writeBlock(
        of job: CompactionJob, _ sources: MergeSources, _ range: TraceIDRange
    ) async throws -> BlockSummary? {
        let id = BlockID(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
        let key = try BlockKey.key(of: id, tenant: job.tenant)
        do {
            let written: BlockSummary?
            if let catalog = sources.catalog {
                written = try await writeColumns(id, key, job.tenant, sources, catalog, range)
            } else {
                written = try await writeRows(id, key, job.tenant, sources, range)
            }
            guard var block = written else { return nil }
            block.level = job.outputLevel
            try await checkReadable(block, key)
            return block
        } catch {
            // It may be there all the same, and the next attempt has another ID.
            try? await objects.delete(key)
            throw error
        }
    }

    private func writeColumns(
        _ id: BlockID, _ key: ObjectKey, _ tenant: TenantID, _ sources: MergeSources, _ catalog: MergeCatalog,
        _ range: TraceIDRange
    ) async throws -> BlockSummary? {
        var inputs: [MergeInput] = []
        for reader in sources.readers { inputs.append(try await MergeInput(reader, in: range)) }
        guard inputs.contains(where: { $0.rowCount > 0 }) else { return nil }
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
        return BlockSummary(id: id, tenant: tenant, byteCount: merge.byteCount, statistics: merge.statistics)
    }

    /// Goes by way of rows, for blocks with parts that a merge of columns does not know.
    private func writeRows(
        _ id: BlockID, _ key: ObjectKey, _ tenant: TenantID, _ sources: MergeSources, _ range: TraceIDRange
    ) async throws -> BlockSummary? {
        var views: [SpanBatchView] = []
        for reader in sources.readers { try await reader.readRows(in: range, pool: pool) { views.append($0) } }
        guard views.contains(where: { $0.rowCount > 0 }) else { return nil }
        let (rows, pool) = (views, pool)
        let build = try await executor.run { BlockBuild(id: id, heads: rows, pool: pool) }
        try await objects.write(key) { writer in
            while let part = try await executor.run({ build.nextPart() }) { try await writer.write(part) }
        }
        return BlockSummary(id: id, tenant: tenant, byteCount: build.byteCount, statistics: build.statistics)
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
