// SPDX-License-Identifier: Apache-2.0

/// A growable contiguous buffer without reference counts, for columns and scratch on hot paths.
@safe public struct FlatBuffer<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<Element>
    @usableFromInline var capacity: Int
    public private(set) var count = 0

    public init(capacity: Int = 16) {
        self.capacity = Swift.max(capacity, 1)
        unsafe base = .allocate(capacity: self.capacity)
    }

    /// `count` copies of `element`.
    public init(repeating element: Element, count: Int) {
        self.init(capacity: count)
        resize(to: count, filling: element)
    }

    deinit { unsafe base.deallocate() }

    @inlinable @inline(__always) public var isEmpty: Bool { count == 0 }

    @inlinable @inline(__always) public mutating func append(_ element: Element) {
        if count == capacity { grow(to: count &+ 1) }
        // Safe: there is room for one more.
        unsafe base[count] = element
        setCount(count &+ 1)
    }

    /// The element at `index`. Traps outside of the buffer.
    @inlinable @inline(__always) public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count)
            // Safe: the index was checked.
            return unsafe base[index]
        }
        set {
            precondition(index >= 0 && index < count)
            unsafe base[index] = newValue
        }
    }

    /// Appends copies of the elements `range` of another buffer. Traps outside of it.
    @inlinable public mutating func append(copying other: borrowing FlatBuffer, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= other.count)
        let total = count + range.count
        if total > capacity { grow(to: total) }
        // Safe: the range was checked, the capacity suffices, and the buffers are two.
        unsafe (base + count).update(from: other.base + range.lowerBound, count: range.count)
        setCount(total)
    }

    /// Takes the first `number` elements away.
    public mutating func removeFirst(_ number: Int) {
        precondition(number >= 0 && number <= count)
        // Safe: both ranges lie in the buffer; update copes with their overlapping.
        unsafe base.update(from: base + number, count: count - number)
        count -= number
    }

    public mutating func removeAll() { count = 0 }

    /// Bytes of memory held, used or not.
    public var heldByteCount: Int { capacity * MemoryLayout<Element>.stride }

    /// Forgets all elements and makes room for `needed`, for no more if there was less.
    public mutating func removeAll(reserving needed: Int) {
        count = 0
        guard needed > capacity else { return }
        unsafe base.deallocate()
        unsafe base = .allocate(capacity: needed)
        capacity = needed
    }

    public mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count)
        count = newCount
    }

    /// Makes `newCount` elements, new ones set to `element`; those that were there stay.
    public mutating func resize(to newCount: Int, filling element: Element) {
        if newCount > capacity { grow(to: newCount) }
        if newCount > count {
            // Safe: the capacity suffices.
            unsafe (base + count).initialize(repeating: element, count: newCount - count)
        }
        count = newCount
    }

    /// Sets all elements to `element`.
    public mutating func fill(with element: Element) {
        // Safe: the first `count` elements exist.
        unsafe base.update(repeating: element, count: count)
    }

    public var span: Span<Element> {
        @_lifetime(borrow self)
        @inlinable get {
            // Safe: the first `count` elements are initialised and live as long as self is not mutated.
            let span = unsafe Span(_unsafeStart: base, count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    public var mutableSpan: MutableSpan<Element> {
        @_lifetime(&self)
        @inlinable mutating get {
            // Safe: as for `span`, and the access is exclusive.
            let span = unsafe MutableSpan(_unsafeStart: base, count: count)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// Sorts the elements `range` by `precedes`, which must be a strict order.
    public mutating func sort(_ range: Range<Int>, by precedes: (Element, Element) -> Bool) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        // Safe: the range was checked.
        var part = unsafe UnsafeMutableBufferPointer(start: base + range.lowerBound, count: range.count)
        unsafe part.sort(by: precedes)
    }

    @usableFromInline @inline(__always) mutating func setCount(_ newCount: Int) { count = newCount }

    @usableFromInline @inline(never) mutating func grow(to needed: Int) {
        let wanted = Swift.max(capacity * 2, needed)
        let bigger = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
        // Safe: both hold at least `count` elements.
        unsafe bigger.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = bigger
        capacity = wanted
    }
}

extension FlatBuffer {
    /// The elements as raw bytes; `Element` must have no padding.
    public var rawSpan: RawSpan {
        @_lifetime(borrow self)
        @inlinable get {
            // Safe: the first `count` elements are initialised and live as long as self is not mutated.
            let span = unsafe RawSpan(_unsafeStart: base, byteCount: count * MemoryLayout<Element>.stride)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}
