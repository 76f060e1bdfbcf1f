// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import FileIO
package import Logging
internal import ObjectStorage
internal import Synchronization
internal import TraceModel

extension TraceStore {
    /// Does the store's work until ``beginClosing()``, then turns all heads into blocks and closes the journal.
    ///
    /// What can't be written in the end stays in the journal and is replayed at the next start.
    package func run(logger: Logger) async throws {
        state.withLock { $0.isRunning = true }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.journal.run() }
            group.addTask {
                await withTaskGroup { inner in
                    inner.addTask { await self.compactor.run(logger) }
                    await self.maintain(logger)
                    inner.cancelAll()
                }
                self.state.withLock { $0.isRunning = false }
                await self.close(logger)
            }
            try await group.waitForAll()
        }
    }

    /// Refuses requests from now on and lets ``run(logger:)`` come to its end.
    package func beginClosing() {
        state.withLock { $0.isClosing = true }
        resumeRoomWaiters()
        wake.yield()
    }

    /// Works four times a second, and at once when the heads are large or a request waits for room.
    private func maintain(_ logger: Logger) async {
        await withTaskGroup { group in
            group.addTask {
                repeat {
                    self.wake.yield()
                    // Memory also comes back without a flush: from requests that took less than they had reserved.
                    self.resumeRoomWaiters()
                } while (try? await Task.sleep(for: .milliseconds(250))) != nil
            }
            var nextLook = ContinuousClock.now
            var failure = RepeatedFailure()
            for await _ in wakes {
                guard !state.withLock({ $0.isClosing }) else { break }
                if nextLook <= .now {
                    checkFreeSpace(logger)
                    reportJournalFailure(logger)
                    nextLook = .now + .seconds(1)
                }
                await writeDueBlocks(logger, &failure)
                cache.trim()
            }
            group.cancelAll()
        }
    }

    /// Cuts if it is time, turns all that is sealed into blocks, and lets those go on who waited for that.
    private func writeDueBlocks(_ logger: Logger, _ failure: inout RepeatedFailure) async {
        do {
            if let cause = dueCut { try cut(cause) }
            while try await flushOldest(logger) {
                checkFreeSpace(logger)
                if let cause = dueCut { try cut(cause) }
            }
        } catch {
            failure.add(error)
            if let (count, latest) = failure.takeReport() {
                logger.error(
                    "blocks could not be written; trying again", metadata: ["times": "\(count)", "error": "\(latest)"])
            }
            resumeRoomWaiters()
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    private func close(_ logger: Logger) async {
        beginClosing()
        do {
            try cut(.shutdown)
            while try await flushOldest(logger) {}
        } catch {
            logger.warning(
                "heads were not written as blocks; the journal has them", metadata: ["error": "\(error)"])
        }
        await journal.close()
    }

    private var dueCut: CutCause? {
        let (firstAppend, isIntruded) = state.withLock { ($0.firstAppend, $0.intrusion != nil) }
        guard let first = firstAppend else { return nil }
        // The journal is no safe place any more.
        if isIntruded { return .intrusion }
        let byteCount = shards.reduce(0) { sum, shard in sum + shard.head.withLock { $0.byteCount } }
        if byteCount >= configuration.cutByteCount { return .size }
        return first.duration(to: .now) >= configuration.cutAge ? .age : nil
    }

    /// Seals all live heads and begins a new generation of the journal; nothing happens if there are none.
    ///
    /// All shards are locked meanwhile: a request is wholly in the old generation or wholly in the new one.
    package func cut(_ cause: CutCause = .request) throws {
        try withAllShards(from: 0, sealed: [:]) { sealed in
            guard !sealed.isEmpty else { return state.withLock { $0.firstAppend = nil } }
            let generation = try journal.rotate()
            state.withLock { state in
                state.sealed.append(SealedGeneration(id: generation, heads: sealed))
                state.firstAppend = nil
            }
            counters.add(cause)
        }
    }

    private func withAllShards(
        from index: Int, sealed: [TenantID: [HeadView]], _ body: ([TenantID: [HeadView]]) throws -> Void
    ) throws {
        guard index < shards.count else { return try body(sealed) }
        try shards[index].head.withLock { shard in
            var merged = sealed
            for (tenant, head) in shard.heads where head.batch.rowCount > 0 {
                merged[tenant, default: []].append(head.view())
            }
            try withAllShards(from: index + 1, sealed: merged, body)
            shard.removeHeads()
        }
    }

    /// Writes the oldest sealed generation as blocks, commits them and lets go of its journal.
    ///
    /// After an error the next call goes on where this one stopped. One task calls.
    ///
    /// - Returns: False if there is none.
    package func flushOldest(_ logger: Logger) async throws -> Bool {
        let began = ContinuousClock.now
        let added: [BlockSummary]
        do {
            guard let blocks = try await commitOldest(logger) else { return false }
            added = blocks
        } catch {
            counters.addFlushFailure()
            throw error
        }
        resumeRoomWaiters()
        counters.add(flushed: added, in: began.duration(to: .now))
        logger.info(
            "blocks written",
            metadata: [
                "blocks": "\(added.count)", "spans": "\(added.reduce(0) { $0 + $1.rowCount })",
                "bytes": "\(added.reduce(0) { $0 + $1.byteCount })", "took": "\(began.duration(to: .now))",
            ])
        await releaseCovered(logger)
        compactor.wakeUp()
        do { try await manifest.maintainCheckpoints() } catch {
            logger.warning(
                "the manifest has no newer checkpoint; trying again later", metadata: ["error": "\(error)"])
        }
        return true
    }

    /// Writes the blocks of the oldest sealed generation, and lets go of it once they are committed.
    ///
    /// - Returns: The blocks; nil if there is no generation.
    private func commitOldest(_ logger: Logger) async throws -> [BlockSummary]? {
        guard let generation = state.withLock({ $0.sealed.first }) else { return nil }
        var commit = try await writeBlocks(of: generation)
        do {
            _ = try await manifest.commit(commit)
        } catch let error as ManifestError where error.code == .conflict {
            commit = refuseForGood(commit, error, logger)
            _ = try await manifest.commit(commit)
        }
        state.withLock { state in
            state.sealed.removeFirst()
            state.flush = FlushProgress()
            state.unreleased.append(generation.id)
        }
        return commit.added
    }

    /// Draws the consequence of a commit that will never stand: somebody else writes in this store, though it is ours
    /// alone as long as we hold its lock, and may delete the journal under our hands. Nothing is taken any more.
    ///
    /// What was acknowledged is not given up: whoever covered our generation has at best a part of it, and what is
    /// stored twice counts once.
    /// - Returns: What is committed instead: the same blocks, covering nothing.
    private func refuseForGood(_ commit: Commit, _ conflict: ManifestError, _ logger: Logger) -> Commit {
        let reason = "another process writes in \(configuration.directory): stop it, then start this one again"
        logger.critical("new spans are refused for good", metadata: ["reason": "\(reason)", "error": "\(conflict)"])
        var random = SystemRandomNumberGenerator()
        let instead = Commit(
            id: .random(using: &random), createdNanoseconds: commit.createdNanoseconds, added: commit.added)
        state.withLock { state in
            state.intrusion = reason
            state.flush.commit = instead
        }
        return instead
    }

    /// Lets go of the journal of what is committed. What fails is tried again after the next flush and at the next
    /// start; until then it only takes room.
    private func releaseCovered(_ logger: Logger) async {
        for generation in state.withLock({ $0.unreleased }) {
            do {
                try await journal.release(generation)
                state.withLock { $0.unreleased.removeAll { $0 == generation } }
            } catch {
                logger.warning(
                    "a part of the journal that is not needed any more could not be deleted",
                    metadata: ["generation": "\(generation)", "error": "\(error)"])
            }
        }
    }

    /// Writes those blocks of the oldest generation that are not written yet.
    ///
    /// - Returns: Their commit, always the same one.
    private func writeBlocks(of generation: SealedGeneration) async throws -> Commit {
        if let commit = state.withLock({ $0.flush.commit }) { return commit }
        for (tenant, heads) in generation.heads.sorted(by: { $0.key < $1.key })
        where state.withLock({ $0.flush.written[tenant] }) == nil {
            let block = try await writeBlock(of: tenant, heads)
            state.withLock { $0.flush.written[tenant] = block }
        }
        return state.withLock { state in
            var random = SystemRandomNumberGenerator()
            let commit = Commit(
                id: .random(using: &random), createdNanoseconds: configuration.now(),
                added: state.flush.written.values.sorted { $0.tenant < $1.tenant },
                coveredGenerations: [generation.id])
            state.flush.commit = commit
            return commit
        }
    }

    /// Waits until there is memory for it.
    private func writeBlock(of tenant: TenantID, _ heads: [HeadView]) async throws -> BlockSummary {
        let memory = try await budget.takeWaiting(BlockBuild.byteCount(ofHeads: heads), for: .building)
        defer { withExtendedLifetime(memory) {} }
        cache.trim()
        let id = BlockID(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
        let pool = pool
        let build = try await builders.run { BlockBuild(id: id, heads: heads.map(\.spans), pool: pool) }
        let key = try BlockKey.key(of: id, tenant: tenant)
        do {
            try await objects.write(key) { writer in
                while let part = try await builders.run({ build.nextPart() }) { try await writer.write(part) }
            }
            try await checkReadable(id, key, build)
        } catch {
            // It may be there all the same, and the next attempt has another ID.
            try? await objects.delete(key)
            throw error
        }
        return BlockSummary(id: id, tenant: tenant, byteCount: build.byteCount, statistics: build.statistics)
    }

    /// Opens a block that was written: what its reader refuses must not replace what the journal has.
    private func checkReadable(_ id: BlockID, _ key: ObjectKey, _ build: BlockBuild) async throws {
        let source = ObjectBlockSource(store: objects, key: key, byteCount: build.byteCount)
        let reader = try await BlockReader(id: id, source: source)
        guard try await reader.locate(build.statistics.minimumTraceID) != nil else {
            throw BlockError(.corrupted, "block \(id) lacks its first trace")
        }
    }

    /// Logs that requests were refused because the journal could not be written, every ten seconds at most.
    package func reportJournalFailure(_ logger: Logger) {
        guard let (count, latest) = state.withLock({ $0.journalFailure.takeReport() }) else { return }
        logger.error("requests were refused", metadata: ["requests": "\(count)", "error": "\(latest)"])
    }
}

/// How far the oldest sealed generation has come on its way into blocks.
struct FlushProgress {
    /// Blocks that are written and in no commit.
    var written: [TenantID: BlockSummary] = [:]
    /// What adds them, once all are written: after a lost answer it is tried again as it is.
    var commit: Commit?
}

extension BlockSummary {
    /// - Parameter statistics: Of at least one row.
    init(id: BlockID, tenant: TenantID, byteCount: Int, statistics: BlockStatistics) {
        self.init(
            id: id, tenant: tenant, byteCount: byteCount, rowCount: statistics.rowCount,
            traceCount: statistics.traceCount, traceIDs: statistics.minimumTraceID...statistics.maximumTraceID,
            eventNanoseconds: statistics.minimumTime...max(statistics.minimumTime, statistics.maximumTime),
            arrivalSeconds: UInt64(statistics.minimumArrivalSeconds)...UInt64(statistics.maximumArrivalSeconds),
            level: 0, formatVersion: BlockLayout.version)
    }
}
