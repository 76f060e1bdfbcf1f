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

    private struct State: ~Copyable {
        var slabs: [Slab] = []
        var pages = HugePages()
    }

    private let free = Mutex(State())
    private let retainedSlabLimit: Int
    private let isInHugePages: Bool

    /// A pool that keeps up to `retainedByteLimit` bytes of unused slabs.
    ///
    /// - Parameter isInHugePages: For pools of many megabytes: slabs are cut from pages of 2 MiB, and memory is given back
    ///   by whole pages, whose addresses are kept as long as the pool.
    public init(retainedByteLimit: Int, isInHugePages: Bool = false) {
        retainedSlabLimit = retainedByteLimit / Self.slabByteCount
        self.isInHugePages = isInHugePages
    }

    deinit {
        free.withLock { free in
            for slab in free.slabs { unsafe slab.base.deallocate() }
        }
    }

    /// Unused bytes that the pool holds now.
    public var retainedByteCount: Int {
        free.withLock { $0.slabs.count + $0.pages.freeSlabCount } * Self.slabByteCount
    }

    @unsafe func take() -> UnsafeMutableRawPointer {
        let slab = free.withLock { free in
            // Safe to send: the slab is the caller's from now on.
            unsafe isInHugePages ? Slab(base: free.pages.take()) : free.slabs.popLast()
        }
        if let slab { return unsafe slab.base }
        return .allocate(byteCount: Self.slabByteCount, alignment: 64)
    }

    @unsafe func give(_ slabs: [UnsafeMutableRawPointer]) {
        let slabs = unsafe slabs.map { unsafe Slab(base: $0) }
        let kept = free.withLock { free in
            if isInHugePages {
                for slab in slabs { unsafe free.pages.give(slab.base) }
                free.pages.empty(beyond: retainedSlabLimit)
                return slabs.count
            }
            let room = max(0, retainedSlabLimit - free.slabs.count)
            free.slabs.append(contentsOf: slabs.prefix(room))
            return min(room, slabs.count)
        }
        for slab in slabs.dropFirst(kept) { unsafe slab.base.deallocate() }
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
