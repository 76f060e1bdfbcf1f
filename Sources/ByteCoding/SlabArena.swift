// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// Equal slabs of memory that are used again and again.
///
/// The first touch of fresh memory costs up to a hundred times as much as the second, so what an arena gives back
/// is kept for the next, up to `retainedByteLimit`.
@safe public final class SlabPool: Sendable {
    /// Bytes in a slab: small enough that a quiet tenant's forty columns stay under a megabyte.
    public static let slabByteCount = 16 << 10
    /// Bytes that slabs are cut from where they come in huge pages: one of those of x86-64 and of most arm64.
    public static let hugePageByteCount = 2 << 20

    @safe private struct Slab: @unchecked Sendable {
        // Safe to send: the pool owns a slab alone while it holds it.
        let base: UnsafeMutableRawPointer
    }

    private struct State {
        var free: [Slab] = []
        /// Free ones in huge pages whose memory the system has back; to touch them costs as much as fresh memory.
        var emptied: [Slab] = []
        /// What slabs are cut from.
        var hugePages: [Slab] = []
    }

    private let state = Mutex(State())
    private let retainedSlabLimit: Int
    private let isInHugePages: Bool

    /// A pool that keeps up to `retainedByteLimit` bytes of unused slabs.
    ///
    /// - Parameter isInHugePages: Asks the system for ``hugePageByteCount`` at a time, in pages of that size: a seventh of
    ///   the work of the first touch, and hardly a miss of the tables of pages. Addresses are kept as long as the pool.
    public init(retainedByteLimit: Int, isInHugePages: Bool = false) {
        retainedSlabLimit = retainedByteLimit / Self.slabByteCount
        self.isInHugePages = isInHugePages
    }

    deinit {
        state.withLock { state in
            for slab in isInHugePages ? state.hugePages : state.free { unsafe slab.base.deallocate() }
        }
    }

    /// Unused bytes that the pool holds now.
    public var retainedByteCount: Int { state.withLock { $0.free.count } * Self.slabByteCount }

    @unsafe func take() -> UnsafeMutableRawPointer {
        if let slab = state.withLock({ $0.free.popLast() ?? $0.emptied.popLast() }) { return unsafe slab.base }
        guard isInHugePages else { return .allocate(byteCount: Self.slabByteCount, alignment: 64) }
        return unsafe takeHugePage()
    }

    /// Takes a huge page from the system, keeps all slabs of it but the first, and gives that out.
    @unsafe private func takeHugePage() -> UnsafeMutableRawPointer {
        let size = Self.hugePageByteCount
        let page = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: size)
        // Safe: the memory is ours, and what it holds does not change. Where there are no huge pages, small ones serve.
        unsafe madvise(page, size, MADV_HUGEPAGE)
        state.withLock { state in
            unsafe state.hugePages.append(Slab(base: page))
            for offset in stride(from: size - Self.slabByteCount, to: 0, by: -Self.slabByteCount) {
                unsafe state.emptied.append(Slab(base: page + offset))
            }
        }
        return unsafe page
    }

    @unsafe func give(_ slabs: [UnsafeMutableRawPointer]) {
        let kept = state.withLock { state in
            let room = max(0, retainedSlabLimit - state.free.count)
            unsafe state.free.append(contentsOf: slabs.prefix(room).map { unsafe Slab(base: $0) })
            return min(room, unsafe slabs.count)
        }
        for unsafe slab in unsafe slabs.dropFirst(kept) {
            guard isInHugePages else {
                unsafe slab.deallocate()
                continue
            }
            // Safe: nobody reads what the slab holds; it is zeros when it is touched again.
            unsafe madvise(slab, Self.slabByteCount, MADV_DONTNEED)
            state.withLock { unsafe $0.emptied.append(Slab(base: slab)) }
        }
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
