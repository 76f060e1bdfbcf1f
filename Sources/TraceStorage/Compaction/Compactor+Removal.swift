// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
package import Logging
internal import ObjectStorage
internal import Synchronization

extension Compactor {
    /// Takes blocks out of the manifest whose spans are all older than they are kept.
    ///
    /// - Throws: ``ManifestError``; nothing is changed then, or the next call finds out.
    package func dropExpired(_ logger: Logger) async throws {
        do { try await settleOpenCommit(logger) } catch let error as ManifestError where error.code == .conflict {}
        let plan = retentionPlan(manifest.state)
        note(plan.refusal, logger)
        guard !plan.expired.isEmpty else { return }
        var random = SystemRandomNumberGenerator()
        let commit = Commit(
            id: .random(using: &random), createdNanoseconds: configuration.now(),
            removed: plan.expired.map(\.reference))
        state.withLock { $0.openCommit = commit }
        do { try await settleOpenCommit(logger) } catch let error as ManifestError where error.code == .conflict { return }
        let bytes = plan.expired.reduce(0) { $0 + $1.byteCount }
        let spans = plan.expired.reduce(0) { $0 + $1.rowCount }
        state.withLock { state in
            state.figures.expiredBlockCount += plan.expired.count
            state.figures.expiredByteCount += bytes
            state.figures.expiredSpanCount += spans
        }
        logger.info(
            "blocks dropped by retention",
            metadata: ["blocks": "\(plan.expired.count)", "spans": "\(spans)", "bytes": "\(bytes)"])
    }

    /// Logs a refusal once, until there is none or another.
    private func note(_ refusal: String?, _ logger: Logger) {
        let before = state.withLock { state in
            defer { state.figures.retentionRefusal = refusal }
            return state.figures.retentionRefusal
        }
        if let refusal, before == nil { logger.warning("retention drops nothing", metadata: ["reason": "\(refusal)"]) }
    }

    /// Remembers objects of blocks that live no longer.
    func noteRemoved(_ blocks: [BlockReference]) throws {
        let barrier = leases.barrier()
        let deletesAt = ContinuousClock.now + configuration.compaction.removalGrace
        let removed = try blocks.map {
            RemovedObject(
                key: try BlockKey.key(of: $0.id, tenant: $0.tenant), barrier: barrier, deletesAt: deletesAt)
        }
        state.withLock { state in
            state.removed += removed
            for block in blocks { state.postponed[block.id] = nil }
        }
        onRemoval(blocks.map(\.id))
    }

    /// Deletes objects of removed blocks whose grace is over and that no snapshot holds. After a crash the next start
    /// deletes them: they are in no commit.
    package func deleteRemovedObjects(_ logger: Logger) async throws {
        let now = ContinuousClock.now
        let due = state.withLock { $0.removed.filter { $0.deletesAt <= now } }
        for object in due where !leases.isHeld(below: object.barrier) {
            try await objects.delete(object.key)
            state.withLock { $0.removed.removeAll { $0.key == object.key } }
        }
    }
}
