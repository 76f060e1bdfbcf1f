// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import FileIO
package import Logging
internal import ObjectStorage
internal import Synchronization
internal import TraceModel

/// Merges blocks and drops those that are too old, one job at a time, on a thread of low priority.
///
/// A job writes its output first; one commit then adds it and takes the inputs out of the manifest. Whatever stops it
/// before leaves objects of no commit, which the next start deletes. The inputs' objects are deleted when nobody can
/// need them: see ``deleteRemovedObjects(_:)``.
package final class Compactor: Sendable {
    let objects: any ObjectStore
    let manifest: Manifest
    let budget: MemoryBudget
    let pool: SlabPool
    /// Encodes; of low priority, so that it never takes a core from who answers or receives.
    let executor: BlockingExecutor
    let leases = SnapshotLeases()
    let configuration: Configuration
    let state = Mutex(State())
    private let wake: AsyncStream<Void>.Continuation
    private let wakes: AsyncStream<Void>
    /// Told which blocks live no longer.
    let onRemoval: @Sendable ([BlockID]) -> Void

    package struct Configuration: Sendable {
        package var compaction = CompactionOptions()
        package var retention = RetentionPolicy()
        /// Unix nanoseconds.
        package var now: @Sendable () -> UInt64

        package init(now: @escaping @Sendable () -> UInt64) { self.now = now }

        var nowSeconds: UInt64 { now() / 1_000_000_000 }
    }

    struct State {
        var figures = CompactionFigures()
        /// A commit whose outcome is not known, and the objects to delete should it never stand.
        var openCommit: Commit?
        /// Blocks that no merge makes fewer: see ``Compactor/merge(_:)``.
        var leftAlone: Set<BlockID> = []
        /// Blocks that have less to leave out than their times of arrival made believe.
        var keptWhole: Set<BlockID> = []
        /// Blocks that have so many bytes to leave out, more than was allowed when they were counted.
        var postponed: [BlockID: Int] = [:]
        var leftOut = LeftOutLedger()
        /// Out of the manifest, and still there as objects.
        var removed: [RemovedObject] = []
        /// Jobs that failed wait for this, longer after each failure.
        var failures = 0
    }

    struct RemovedObject {
        var key: ObjectKey
        /// No lease from before it may be held.
        var barrier: UInt64
        var deletesAt: ContinuousClock.Instant
    }

    init(
        _ configuration: Configuration, objects: any ObjectStore, manifest: Manifest, budget: MemoryBudget,
        pool: SlabPool, onRemoval: @escaping @Sendable ([BlockID]) -> Void
    ) throws {
        self.configuration = configuration
        self.objects = objects
        self.manifest = manifest
        self.budget = budget
        self.pool = pool
        self.onRemoval = onRemoval
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        executor = try BlockingExecutor(name: "compaction", threadCount: 1, niceness: Self.niceness)
    }

    /// Of 19: a busy machine leaves it a thirtieth of a core, so that debt still shrinks.
    private static let niceness: Int32 = 15

    /// What is to be merged now.
    package func plan(closesAllWindows: Bool = false) -> CompactionPlan {
        let manifest = manifest.state
        let retention = retentionPlan(manifest)
        let (leftAlone, keptWhole) = state.withLock { state in
            // Time does not make what they would lose less: there is no need to count again before it is allowed.
            let postponed = state.postponed.filter { !retention.allowsLeavingOut($0.value) }
            return (state.leftAlone, state.keptWhole.union(postponed.keys))
        }
        return CompactionPlan(
            manifest, nowSeconds: configuration.nowSeconds, configuration.compaction,
            closesAllWindows: closesAllWindows, leftAlone: leftAlone, retention: retention, keptWhole: keptWhole)
    }

    /// What is too old now.
    func retentionPlan(_ manifest: ManifestState) -> RetentionPlan {
        let leftOut = state.withLock { $0.leftOut.byteCount(at: .now) }
        return RetentionPlan(
            manifest, nowSeconds: configuration.nowSeconds, configuration.retention, leftOutByteCount: leftOut)
    }

    package var figures: CompactionFigures {
        let plan = plan()
        var figures = state.withLock { state in
            var figures = state.figures
            figures.removedObjectCount = state.removed.count
            return figures
        }
        figures.waitingJobCount = plan.jobs.count
        figures.debtByteCount = plan.byteCount
        figures.levels = manifest.state.levels
        return figures
    }

    // MARK: - Running

    /// Works until the task is cancelled: looks what there is to do every ten seconds, and when blocks were added.
    func run(_ logger: Logger) async {
        await withTaskGroup { group in
            group.addTask {
                repeat { self.wake.yield() } while (try? await Task.sleep(for: .seconds(10))) != nil
            }
            var next = ContinuousClock.now
            for await _ in wakes where next <= .now {
                await workOff(logger)
                // After failures less and less often, up to five minutes.
                let failures = state.withLock { $0.failures }
                next = .now + (failures == 0 ? .zero : .seconds(min(300, 5 << min(failures, 6))))
            }
            group.cancelAll()
        }
    }

    /// Lets ``run(_:)`` look at once.
    func wakeUp() { wake.yield() }

    /// Does what there is to do; the first error ends it.
    private func workOff(_ logger: Logger) async {
        do {
            try await dropExpired(logger)
            while try await mergeOnce(logger) {
                state.withLock { $0.failures = 0 }
                try await deleteRemovedObjects(logger)
                try await dropExpired(logger)
            }
            try await deleteRemovedObjects(logger)
            state.withLock { state in
                state.failures = 0
                state.figures.lastError = nil
            }
        } catch is CancellationError {
        } catch {
            if Task.isCancelled { return }
            let count = state.withLock { state in
                state.failures += 1
                state.figures.lastError = "\(error)"
                return state.failures
            }
            logger.error(
                "blocks could not be merged; trying again", metadata: ["times": "\(count)", "error": "\(error)"])
        }
    }

    /// Does the most urgent job.
    ///
    /// - Returns: Whether there was one.
    /// - Throws: What made it fail; nothing is changed then, but for ``ManifestError`` `.unknownOutcome`: the next call
    ///   finds out.
    @discardableResult
    package func mergeOnce(_ logger: Logger, closesAllWindows: Bool = false) async throws -> Bool {
        try await settleOpenCommit(logger)
        guard let job = plan(closesAllWindows: closesAllWindows).jobs.first else { return false }
        state.withLock { $0.figures.isMerging = true }
        defer { state.withLock { $0.figures.isMerging = false } }
        let began = ContinuousClock.now
        do {
            let output = try await merge(job)
            try await replace(job, by: output, logger)
            report(job, output, began.duration(to: .now), logger)
            return true
        } catch is NothingGained {
            state.withLock { state in
                if job.isRewrite {
                    state.keptWhole.insert(job.inputs[0].id)
                } else {
                    state.leftAlone.formUnion(job.inputs.map(\.id))
                }
            }
            return true
        } catch let error as NotNow {
            state.withLock { $0.postponed[job.inputs[0].id] = error.byteCount }
            return true
        } catch let error as ManifestError where error.code == .conflict {
            // Somebody else took an input away: the next plan knows.
            return true
        } catch {
            state.withLock { $0.figures.failedJobCount += 1 }
            throw error
        }
    }

    private func report(_ job: CompactionJob, _ output: MergedBlocks, _ time: Duration, _ logger: Logger) {
        let bytes = output.blocks.reduce(0) { $0 + $1.byteCount }
        state.withLock { state in
            state.figures.finishedJobCount += 1
            state.figures.writtenBlockCount += output.blocks.count
            state.figures.writtenByteCount += bytes
            state.figures.mergedSpanCount += job.rowCount
            state.figures.duplicateSpanCount += output.duplicateCount
            state.figures.leftOutSpanCount += output.expiredCount
        }
        logger.info(
            "blocks merged",
            metadata: [
                "tenant": "\(job.tenant.name)", "blocks": "\(job.inputs.count)", "into": "\(output.blocks.count)",
                "level": "\(job.outputLevel)", "spans": "\(job.rowCount)", "bytes": "\(job.byteCount)",
                "expired": "\(output.expiredCount)", "bytes after": "\(bytes)", "took": "\(time)",
            ])
    }

    // MARK: - Committing

    /// Puts the output in the inputs' place; deletes it if that is not possible any more.
    private func replace(_ job: CompactionJob, by output: MergedBlocks, _ logger: Logger) async throws {
        var random = SystemRandomNumberGenerator()
        let commit = Commit(
            id: .random(using: &random), createdNanoseconds: configuration.now(), added: output.blocks,
            removed: job.inputs.map(\.reference))
        state.withLock { state in
            state.openCommit = commit
            // Even if the commit fails: rather too little is left out than too much.
            state.leftOut.add(output.expiredByteCount, at: .now)
        }
        try await settleOpenCommit(logger)
    }

    /// Makes the commit stand whose outcome is not known, or learns that it never will.
    ///
    /// - Throws: ``ManifestError`` `.conflict`: it never will; its blocks are deleted. `.unknownOutcome`: call again.
    func settleOpenCommit(_ logger: Logger) async throws {
        guard let commit = state.withLock({ $0.openCommit }) else { return }
        do {
            _ = try await manifest.commit(commit)
        } catch let error as ManifestError where error.code == .conflict {
            state.withLock { $0.openCommit = nil }
            for block in commit.added { try? await objects.delete(BlockKey.key(of: block.id, tenant: block.tenant)) }
            logger.notice("merged blocks are dropped: an input lives no longer", metadata: ["error": "\(error)"])
            throw error
        }
        state.withLock { $0.openCommit = nil }
        try noteRemoved(commit.removed)
    }
}

/// A block has more to leave out than may be left out now.
struct NotNow: Error {
    /// Nil: it was not counted.
    var byteCount: Int?
}

/// A job would write as many blocks as it reads, or one that is hardly smaller than what it reads.
struct NothingGained: Error {}

/// What a job has written.
struct MergedBlocks: Sendable {
    var blocks: [BlockSummary] = []
    var duplicateCount = 0
    /// Spans that were left out because of their age.
    var expiredCount = 0
    /// What they took in the inputs, if all spans of a block take the same.
    var expiredByteCount = 0
}
