// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import OTLP
internal import Synchronization

/// What the store has done since it was opened.
final class StoreCounters: Sendable {
    let acceptedSpans = Atomic<Int>(0)
    /// By reason.
    let rejectedSpans = Mutex<[OTLPVerdict.Reason: Int]>([:])
    let flush = Mutex(FlushFigures())

    /// Counts a request that is durable; one atomic addition unless spans were rejected.
    func add(accepted: Int, _ verdict: OTLPVerdict) {
        acceptedSpans.add(accepted, ordering: .relaxed)
        guard !verdict.isEmpty else { return }
        rejectedSpans.withLock { counts in
            for run in verdict.rejections { counts[run.reason, default: 0] += Int(run.spanCount) }
        }
    }

    func add(_ cause: CutCause) { flush.withLock { $0.cutCounts[cause, default: 0] += 1 } }

    /// Counts a generation whose blocks are committed.
    func add(flushed blocks: [BlockSummary], in elapsed: Duration) {
        flush.withLock { flush in
            flush.latency.add(elapsed)
            flush.blockCount += blocks.count
            for block in blocks {
                flush.spanCount += block.rowCount
                flush.byteCount += block.byteCount
            }
        }
    }

    func addFlushFailure() { flush.withLock { $0.failureCount += 1 } }
}
