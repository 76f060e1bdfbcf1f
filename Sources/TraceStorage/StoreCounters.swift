// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What the store has done since it was opened.
final class StoreCounters: Sendable {
    let acceptedSpans = Atomic<Int>(0)
    let rejectedSpans = Atomic<Int>(0)
    let blocksWritten = Atomic<Int>(0)
    let blockBytesWritten = Atomic<Int>(0)

    func add(accepted: Int, rejected: Int) {
        acceptedSpans.add(accepted, ordering: .relaxed)
        rejectedSpans.add(rejected, ordering: .relaxed)
    }

    func add(blocks: Int, bytes: Int) {
        blocksWritten.add(blocks, ordering: .relaxed)
        blockBytesWritten.add(bytes, ordering: .relaxed)
    }
}
