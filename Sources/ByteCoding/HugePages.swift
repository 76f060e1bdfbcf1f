// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Slabs cut from pages of 2 MiB, which the system maps as one where it can: the first touch of their memory costs a
/// seventh of that of small pages, and it is hardly ever missed in the tables of pages.
///
/// Addresses are kept to the end; memory goes back to the system by whole pages without a slab in use, since of a part
/// of a huge page nothing would be freed. The fullest page serves first, so that others become empty.
@safe struct HugePages: ~Copyable {
    /// Of a page: the size of huge ones of x86-64 and of most arm64.
    static let byteCount = 2 << 20
    static let slabCount = byteCount / SlabPool.slabByteCount

    @safe private struct Page {
        let base: UnsafeMutableRawPointer
        /// A bit for each slab that is not in use.
        var free = UInt128.max
        /// Whether the system has its memory back.
        var isEmptied = true
    }

    /// By address.
    private var pages: [Page] = []
    /// Slabs that are not in use, of pages that hold memory.
    private(set) var freeSlabCount = 0

    init() {}

    deinit {
        for page in pages { unsafe page.base.deallocate() }
    }

    @unsafe mutating func take() -> UnsafeMutableRawPointer {
        let index = fullest() ?? add()
        if pages[index].isEmptied {
            pages[index].isEmptied = false
            freeSlabCount += Self.slabCount
        }
        let place = pages[index].free.trailingZeroBitCount
        pages[index].free &= pages[index].free &- 1
        freeSlabCount -= 1
        // Safe: a page has a slab for each bit.
        return unsafe pages[index].base + place * SlabPool.slabByteCount
    }

    /// Takes back what ``take()`` gave.
    @unsafe mutating func give(_ slab: UnsafeMutableRawPointer) {
        var (low, high) = (0, pages.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if unsafe pages[middle].base <= slab { low = middle } else { high = middle }
        }
        let place = unsafe (slab - pages[low].base) / SlabPool.slabByteCount
        precondition(pages[low].free & (1 << UInt128(place)) == 0, "a slab was given back twice")
        pages[low].free |= 1 << UInt128(place)
        freeSlabCount += 1
    }

    /// Gives the memory of unused pages back to the system until there are no more than `limit` free slabs with memory, or
    /// no such page.
    mutating func empty(beyond limit: Int) {
        for index in pages.indices.reversed() where freeSlabCount > limit {
            guard pages[index].free == .max, !pages[index].isEmptied else { continue }
            // Safe: nobody uses a slab of the page; it is zeros when it is touched again.
            unsafe madvise(pages[index].base, Self.byteCount, MADV_DONTNEED)
            pages[index].isEmptied = true
            freeSlabCount -= Self.slabCount
        }
    }

    /// The page with the fewest free slabs, but some.
    private func fullest() -> Int? {
        var best: (index: Int, count: Int)?
        for (index, page) in pages.enumerated() where page.free != 0 {
            let count = page.free.nonzeroBitCount * 2 + (page.isEmptied ? 1 : 0)
            if count < best?.count ?? .max { best = (index, count) }
        }
        return best?.index
    }

    private mutating func add() -> Int {
        let page = unsafe Page(base: .allocate(byteCount: Self.byteCount, alignment: Self.byteCount))
        // Safe: the memory is ours, and what it holds does not change. Where there are no huge pages, small ones serve.
        unsafe madvise(page.base, Self.byteCount, MADV_HUGEPAGE)
        let index = pages.firstIndex { unsafe $0.base > page.base } ?? pages.count
        pages.insert(page, at: index)
        return index
    }
}
