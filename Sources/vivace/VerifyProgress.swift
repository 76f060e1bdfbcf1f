// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import TerminalRendering

/// How far a check of blocks has come.
final class VerifyProgress: Sendable {
    private struct Counts {
        var total = 0
        /// Bytes of the blocks that are checked.
        var finished = 0
        /// What was read of the block that is being checked.
        var read = 0
        /// What has come of it, reckoned from that.
        var current = 0
    }

    private let counts = Mutex(Counts())
    private let start = ContinuousClock.now

    func begin(byteCount: Int) { counts.withLock { $0.total = byteCount } }

    /// - Parameter blockByteCount: Of the block whose bytes they are. It is read twice: to prove its checksums, and to
    ///   see that its spans can be read.
    func read(_ byteCount: Int, of blockByteCount: Int) {
        counts.withLock { counts in
            counts.read += byteCount
            counts.current = min(counts.read / 2, blockByteCount)
        }
    }

    func finish(_ blockByteCount: Int) {
        counts.withLock { counts in
            counts.finished += blockByteCount
            (counts.read, counts.current) = (0, 0)
        }
    }

    var text: ProgressText {
        let counts = counts.withLock { $0 }
        return ProgressText(
            counts.finished + counts.current, of: counts.total, .bytes,
            elapsedNanoseconds: start.duration(to: .now).nanoseconds, note: "checked")
    }
}
