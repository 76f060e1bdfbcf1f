// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import OTLP
package import ObjectStorage
internal import Synchronization
internal import TraceModel

/// What a store holds and has done, for status pages and metrics.
package struct StoreFigures: Sendable {
    package var blockCount = 0
    package var blockByteCount = 0
    package var blockSpanCount = 0
    /// A trace counts once in every block that has part of it.
    package var blockTraceCount = 0
    /// Tenants with blocks.
    package var tenantCount = 0
    /// Tenants with spans in heads or blocks, and how many there may be; nil for any number.
    package var activeTenantCount = 0
    package var tenantLimit: Int?
    /// Steps of the manifest.
    package var commitCount = 0
    package var compaction = CompactionFigures()
    /// In live and sealed heads.
    package var headSpanCount = 0
    package var sealedSpanCount = 0
    /// Generations of the journal that are closed and whose spans are in no block yet.
    package var sealedGenerationCount = 0
    /// Generations whose blocks are committed and that are not deleted yet.
    package var unreleasedGenerationCount = 0
    /// Since when the oldest span in a head has been there: it is what the journal has kept longest. 0 without any.
    package var oldestHeadSpanSeconds = 0.0
    package var acceptedSpanCount = 0
    package var rejectedSpanCounts: [OTLPVerdict.Reason: Int] = [:]
    /// Requests that wait until a flush makes room in the heads.
    package var waitingRequestCount = 0
    /// Whether ``TraceStore/run(logger:)`` turns heads into blocks.
    package var isRunning = false
    /// What keeps every request out now.
    package var refusals: Set<StoreRefusal> = []
    package var flush = FlushFigures()
    package var journal = JournalFigures()
    package var recovery = RecoveryFigures()
    package var cache = BlockCacheFigures()
    /// Nil until it was measured.
    package var space: SpaceFigures?
    package var objectRequests: [ObjectRequest.Kind: RequestMeter.Figures] = [:]

    package var rejectedSpanCount: Int { rejectedSpanCounts.values.reduce(0, +) }
}

extension TraceStore {
    /// - Complexity: O(blocks + heads).
    package var figures: StoreFigures {
        var figures = StoreFigures()
        figures.compaction = compactor.figures
        addBlocks(to: &figures)
        addHeads(to: &figures)
        figures.acceptedSpanCount = counters.acceptedSpans.load(ordering: .relaxed)
        figures.rejectedSpanCounts = counters.rejectedSpans.withLock { $0 }
        figures.flush = counters.flush.withLock { $0 }
        figures.journal = journal.figures
        figures.recovery = recovery
        figures.activeTenantCount = livingTenants.count
        figures.tenantLimit = configuration.tenantLimit
        figures.cache = cache.figures
        figures.objectRequests = meter.snapshot
        return figures
    }

    private func addBlocks(to figures: inout StoreFigures) {
        let manifest = manifest.state
        figures.commitCount = Int(manifest.nextSequence)
        figures.tenantCount = manifest.blocksByTenant.count
        for blocks in manifest.blocksByTenant.values {
            for block in blocks.values {
                figures.blockCount += 1
                figures.blockByteCount += block.byteCount
                figures.blockSpanCount += block.rowCount
                figures.blockTraceCount += block.traceCount
            }
        }
    }

    private func addHeads(to figures: inout StoreFigures) {
        // Rows stand in the order of their arrival, so that the first one is the oldest.
        var oldest: UInt32?
        for shard in shards {
            shard.head.withLock { shard in
                for head in shard.heads.values where head.batch.rowCount > 0 {
                    figures.headSpanCount += head.batch.rowCount
                    oldest = min(oldest ?? .max, head.batch.arrivalSeconds[0])
                }
            }
        }
        let sealed = state.withLock { state in
            figures.sealedGenerationCount = state.sealed.count
            figures.unreleasedGenerationCount = state.unreleased.count
            figures.waitingRequestCount = state.roomWaiters.count
            figures.isRunning = state.isRunning
            figures.refusals = state.refusals
            figures.space = state.space
            return state.sealed
        }
        for heads in sealed.flatMap(\.heads.values) {
            for head in heads where head.spans.rowCount > 0 {
                figures.sealedSpanCount += head.spans.rowCount
                oldest = min(oldest ?? .max, head.spans.arrivalSeconds[0])
            }
        }
        figures.headSpanCount += figures.sealedSpanCount
        guard let oldest else { return }
        figures.oldestHeadSpanSeconds = max(0, Double(configuration.now()) / 1e9 - Double(oldest))
    }

    /// Why nothing can be taken now; nil if all is well.
    package var refusal: String? {
        state.withLock { $0.isClosing ? "the store is shutting down" : $0.intrusion ?? $0.refusal }
    }
}

extension TraceStore.State {
    /// What keeps every request out.
    var refusals: Set<StoreRefusal> {
        var refusals: Set<StoreRefusal> = []
        if isClosing { refusals.insert(.shutdown) }
        if intrusion != nil { refusals.insert(.intrusion) }
        if refusal != nil { refusals.insert(.diskFull) }
        return refusals
    }
}
