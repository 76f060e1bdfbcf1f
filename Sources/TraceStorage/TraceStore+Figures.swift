// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import TraceModel

/// What a store holds and has done, for status pages and metrics.
package struct StoreFigures: Sendable {
    package var blockCount = 0
    package var blockByteCount = 0
    package var blockSpanCount = 0
    package var headSpanCount = 0
    package var sealedGenerationCount = 0
    package var acceptedSpanCount = 0
    package var rejectedSpanCount = 0
    package var openBlockCount = 0
    /// Requests that wait until a flush makes room in the heads.
    package var waitingRequestCount = 0
    /// Whether ``TraceStore/run(logger:)`` turns heads into blocks.
    package var isRunning = false
}

extension TraceStore {
    package var figures: StoreFigures {
        var figures = StoreFigures()
        for blocks in manifest.state.blocksByTenant.values {
            for block in blocks.values {
                figures.blockCount += 1
                figures.blockByteCount += block.byteCount
                figures.blockSpanCount += block.rowCount
            }
        }
        for shard in shards {
            figures.headSpanCount += shard.head.withLock { $0.heads.values.reduce(0) { $0 + $1.batch.rowCount } }
        }
        state.withLock { state in
            figures.sealedGenerationCount = state.sealed.count
            figures.waitingRequestCount = state.roomWaiters.count
            figures.isRunning = state.isRunning
            figures.headSpanCount += state.sealed.reduce(0) { $0 + $1.spanCount }
        }
        figures.acceptedSpanCount = counters.acceptedSpans.load(ordering: .relaxed)
        figures.rejectedSpanCount = counters.rejectedSpans.load(ordering: .relaxed)
        figures.openBlockCount = cache.figures.blocks
        return figures
    }

    /// Why nothing can be taken now; nil if all is well.
    package var refusal: String? {
        state.withLock { $0.isClosing ? "the store is shutting down" : $0.intrusion ?? $0.refusal }
    }
}
