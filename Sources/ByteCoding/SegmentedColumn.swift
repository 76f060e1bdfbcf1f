// SPDX-License-Identifier: Apache-2.0

/// An append-only column in slabs that never move, so that readers can go on while it grows.
///
/// ```
/// directory ──► [slab 0] [slab 1] [slab 2] …       each SlabPool.slabByteCount bytes, element i in slab i >> shift
/// ```
/// When the directory is full a bigger copy takes its place; the old one stays valid until the arena is gone, so a
/// ``ColumnView`` made before keeps working. Element strides are powers of two.
@safe public struct SegmentedColumn<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline var tail: UnsafeMutablePointer<Element>
    public private(set) var count = 0
    @usableFromInline var directory: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private var directoryCapacity: Int
    private var slabCount = 0
    private let arena: SlabArena

    @usableFromInline @inline(__always) static var shift: Int {
        (SlabPool.slabByteCount / MemoryLayout<Element>.stride).trailingZeroBitCount
    }
    @usableFromInline @inline(__always) static var mask: Int { (1 &<< shift) &- 1 }

    public init(arena: SlabArena) {
        precondition(MemoryLayout<Element>.stride.nonzeroBitCount == 1)
        self.arena = arena
        directoryCapacity = 16
        unsafe directory = Self.allocateDirectory(capacity: 16, arena)
        // Never written through: the first append takes a slab.
        unsafe tail = UnsafeMutableRawPointer(directory).assumingMemoryBound(to: Element.self)
    }

    @inlinable @inline(__always) public mutating func append(_ element: Element) {
        let offset = count & Self.mask
        if offset == 0 { enterSlab() }
        // Safe: tail is the slab of element `count`, and the offset is inside of it.
        unsafe tail[offset] = element
        setCount(count &+ 1)
    }

    /// The element at `index`. Traps outside of the column.
    @inlinable @inline(__always) public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count)
            // Safe: the index was checked, so its slab exists.
            return unsafe directory[index &>> Self.shift].load(
                fromByteOffset: (index & Self.mask) &* MemoryLayout<Element>.stride, as: Element.self)
        }
        set {
            precondition(index >= 0 && index < count)
            // Safe: as above. Only for elements that no view covers yet.
            unsafe directory[index &>> Self.shift].storeBytes(
                of: newValue, toByteOffset: (index & Self.mask) &* MemoryLayout<Element>.stride, as: Element.self)
        }
    }

    /// Makes `newCount` elements, whose values are any: for columns that are then written in another order.
    public mutating func extend(to newCount: Int) {
        precondition(newCount >= count)
        while count < newCount {
            if count & Self.mask == 0 { enterSlab() }
            // Safe: every bit pattern is an element, and nobody is promised which.
            setCount(min(newCount, (count | Self.mask) &+ 1))
        }
    }

    /// Takes back everything behind the first `newCount` elements; no view may cover them.
    public mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count)
        setCount(newCount)
        if newCount & Self.mask != 0 {
            // Safe: element newCount - 1 exists, so its slab does.
            unsafe tail = directory[newCount &>> Self.shift].assumingMemoryBound(to: Element.self)
        }
    }

    /// The column as it is now, for readers that also hold the arena.
    public func view() -> ColumnView<Element> { unsafe ColumnView(directory: directory, count: count) }

    @usableFromInline @inline(__always) mutating func setCount(_ newCount: Int) { count = newCount }

    @usableFromInline @inline(never) mutating func enterSlab() {
        let index = count &>> Self.shift
        if index == slabCount {
            if slabCount == directoryCapacity { growDirectory() }
            // Safe: the directory has room for one more.
            unsafe directory[slabCount] = arena.allocateSlab()
            slabCount += 1
        }
        // Safe: a slab is aligned for every element and is used for this type alone.
        unsafe tail = directory[index].bindMemory(to: Element.self, capacity: 1 &<< Self.shift)
    }

    private mutating func growDirectory() {
        let bigger = unsafe Self.allocateDirectory(capacity: directoryCapacity * 4, arena)
        // Safe: the new directory is larger; readers may still read the old one, which stays.
        unsafe bigger.update(from: directory, count: slabCount)
        unsafe directory = bigger
        directoryCapacity *= 4
    }

    @unsafe private static func allocateDirectory(
        capacity: Int, _ arena: SlabArena
    ) -> UnsafeMutablePointer<UnsafeMutableRawPointer> {
        let byteCount = unsafe capacity * MemoryLayout<UnsafeMutableRawPointer>.stride
        return unsafe arena.allocateLarge(byteCount: byteCount)
            .bindMemory(to: UnsafeMutableRawPointer.self, capacity: capacity)
    }
}

/// The first `count` elements of a ``SegmentedColumn``, for as long as its arena is held.
///
/// Whoever stores one stores the arena beside it; that is what makes it safe to send.
@safe public struct ColumnView<Element: BitwiseCopyable>: BitwiseCopyable, @unchecked Sendable {
    // Safe to send: elements below `count` were written before the view was made and never change.
    @usableFromInline let directory: UnsafeMutablePointer<UnsafeMutableRawPointer>
    public let count: Int

    @unsafe init(directory: UnsafeMutablePointer<UnsafeMutableRawPointer>, count: Int) {
        unsafe self.directory = directory
        self.count = count
    }

    /// The element at `index`. Traps outside of the view.
    @inlinable @inline(__always) public subscript(index: Int) -> Element {
        precondition(index >= 0 && index < count)
        // Safe: the index was checked, so its slab exists and the element is initialised.
        return unsafe directory[index &>> SegmentedColumn<Element>.shift].load(
            fromByteOffset: (index & SegmentedColumn<Element>.mask) &* MemoryLayout<Element>.stride, as: Element.self)
    }
}
