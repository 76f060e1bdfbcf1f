// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Equal slabs of memory that are used again and again.
///
/// The first touch of fresh memory costs up to a hundred times as much as the second, so what an arena gives back
/// is kept for the next, up to `retainedByteLimit`.
@safe public final class SlabPool: Sendable {
    /// Bytes in a slab: small enough that a quiet tenant's forty columns stay under a megabyte.
    public static let slabByteCount = 16 << 10

    @safe private struct Slab: @unchecked Sendable {
        // Safe to send: the pool owns a slab alone while it holds it.
        let base: UnsafeMutableRawPointer
    }

    private let free = Mutex<[Slab]>([])
    private let retainedSlabLimit: Int

    /// A pool that keeps up to `retainedByteLimit` bytes of unused slabs.
    public init(retainedByteLimit: Int) {
        retainedSlabLimit = retainedByteLimit / Self.slabByteCount
    }

    deinit {
        free.withLock { slabs in
            for slab in slabs { unsafe slab.base.deallocate() }
        }
    }

    /// Unused bytes that the pool holds now.
    public var retainedByteCount: Int { free.withLock { $0.count } * Self.slabByteCount }

    @unsafe func take() -> UnsafeMutableRawPointer {
        if let slab = free.withLock({ $0.popLast() }) { return unsafe slab.base }
        return .allocate(byteCount: Self.slabByteCount, alignment: 64)
    }

    @unsafe func give(_ slabs: [UnsafeMutableRawPointer]) {
        let kept = free.withLock { free in
            let room = max(0, retainedSlabLimit - free.count)
            unsafe free.append(contentsOf: slabs.prefix(room).map { unsafe Slab(base: $0) })
            return min(room, unsafe slabs.count)
        }
        for unsafe slab in unsafe slabs.dropFirst(kept) { unsafe slab.deallocate() }
    }
}

/// Owns the memory of one batch of columns; everything goes back at once when the last reference is gone.
///
/// One writer allocates at a time (its owner sees to that); memory that was given out never moves.
@safe public final class SlabArena: @unchecked Sendable {
    // Safe to send: only the writing owner calls the mutating functions; readers keep the arena alive and touch
    // what was published to them.
    private let pool: SlabPool
    private var slabs: [UnsafeMutableRawPointer] = unsafe []
    private var large: [UnsafeMutableRawPointer] = unsafe []
    private var largeByteCount = 0

    public init(pool: SlabPool) { self.pool = pool }

    deinit {
        unsafe pool.give(slabs)
        for unsafe block in unsafe large { unsafe block.deallocate() }
    }

    /// Bytes held, used or not.
    public var byteCount: Int { unsafe slabs.count * SlabPool.slabByteCount + largeByteCount }

    /// A slab of ``SlabPool/slabByteCount`` bytes, not initialised.
    @unsafe public func allocateSlab() -> UnsafeMutableRawPointer {
        let slab = unsafe pool.take()
        unsafe slabs.append(slab)
        return unsafe slab
    }

    /// `byteCount` bytes of their own, for what fits into no slab.
    @unsafe public func allocateLarge(byteCount: Int) -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        unsafe large.append(block)
        largeByteCount += byteCount
        return unsafe block
    }
}
