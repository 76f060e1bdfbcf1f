// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Arrays for the bodies of requests, used again and again.
///
/// A body of some hundred kilobytes in fresh memory costs a page fault for every four of them; that is more than
/// copying it. Small ones come from malloc's own lists at no cost and are not kept here.
package final class BodyBuffers: Sendable {
    private struct State {
        /// Empty arrays with room.
        var free: [[UInt8]] = []
        var byteCount = 0
    }

    private let state = Mutex(State())
    private let retainedByteLimit: Int

    /// Arrays with less room than this, or more than that, are not kept.
    package static let keptCapacities = (32 << 10)...(4 << 20)

    /// - Parameter retainedByteLimit: Bytes that unused arrays may have in all.
    package init(retainedByteLimit: Int) { self.retainedByteLimit = retainedByteLimit }

    /// Bytes of the unused arrays.
    package var retainedByteCount: Int { state.withLock { $0.byteCount } }

    /// An empty array with room for `byteCount` bytes and at most twice as many: who reserved memory for a small body
    /// must not hold a large one's. Of the unused ones it is the smallest that will do.
    package func take(capacity byteCount: Int) -> [UInt8] {
        if byteCount >= Self.keptCapacities.lowerBound, let found = takeKept(byteCount) { return found }
        var fresh: [UInt8] = []
        fresh.reserveCapacity(byteCount)
        return fresh
    }

    private func takeKept(_ byteCount: Int) -> [UInt8]? {
        state.withLock { state in
            var best: Int?
            for (index, array) in state.free.enumerated()
            where array.capacity >= byteCount && array.capacity <= byteCount * 2 {
                if let known = best, state.free[known].capacity <= array.capacity { continue }
                best = index
            }
            guard let best else { return nil }
            let array = state.free.remove(at: best)
            state.byteCount -= array.capacity
            return array
        }
    }

    /// Takes an array back that is not needed any more, and leaves none in its place.
    ///
    /// Whoever else still holds it keeps his bytes: then emptying it makes a new one, as arrays are values.
    package func giveBack(_ array: inout [UInt8]) {
        defer { array = [] }
        guard Self.keptCapacities.contains(array.capacity) else { return }
        array.removeAll(keepingCapacity: true)
        let capacity = array.capacity
        guard capacity <= retainedByteLimit else { return }
        state.withLock { state in
            // What was given back longest ago goes first, so that sizes nobody asks for don't stay for ever.
            while state.byteCount + capacity > retainedByteLimit {
                state.byteCount -= state.free.removeFirst().capacity
            }
            state.byteCount += capacity
            state.free.append(array)
        }
    }
}
