// SPDX-License-Identifier: Apache-2.0

/// Gives every distinct byte string a dense code in order of first appearance; code 0 is the empty string.
///
/// Open addressing with linear probing; a slot is `hash bits 32…63 | code + 1`. Bytes lie in the arena's slabs and
/// never move, so that a ``ByteDictionaryView`` reads on while the dictionary grows. About 12 ns a look-up.
@safe public struct ByteDictionary: ~Copyable {
    private var slots: UnsafeMutablePointer<UInt64>
    private var mask: Int
    private var entries: SegmentedColumn<ByteDictionaryEntry>
    private var cursor: UnsafeMutableRawPointer?
    private var room = 0
    private let arena: SlabArena
    private let seed: UInt64
    /// The sum of the lengths of all distinct strings.
    public private(set) var byteCount = 0

    /// - Parameter seed: Of the hash; a random one keeps a sender from choosing strings that collide.
    public init(arena: SlabArena, seed: UInt64 = 0) {
        self.arena = arena
        self.seed = seed
        mask = 63
        unsafe slots = .allocate(capacity: 64)
        unsafe slots.initialize(repeating: 0, count: 64)
        entries = SegmentedColumn(arena: arena)
        _ = code(for: RawSpan())
    }

    deinit { unsafe slots.deallocate() }

    /// Distinct strings, the empty one included.
    public var count: Int { entries.count }

    /// Bytes of the hash table itself, which the arena does not count.
    public var tableByteCount: Int { (mask + 1) * 8 }

    /// The code of `bytes`, a new one if they were never seen. Traps at 2³² - 2 strings or one of 4 GiB.
    public mutating func code(for bytes: RawSpan) -> UInt32 {
        let hash = XXH3.hash(bytes, seed: seed)
        let tag = hash & 0xffff_ffff_0000_0000
        var index = Int(truncatingIfNeeded: hash) & mask
        while true {
            // Safe: index is masked to the table's size.
            let slot = unsafe slots[index]
            if slot == 0 { return insert(bytes, hash, at: index) }
            if slot & 0xffff_ffff_0000_0000 == tag {
                let code = Int(slot & 0xffff_ffff) &- 1
                if entries[code].span.isEqual(to: bytes) { return UInt32(truncatingIfNeeded: code) }
            }
            index = (index &+ 1) & mask
        }
    }

    /// The code of `bytes` if they were seen before.
    public func existingCode(for bytes: RawSpan) -> UInt32? {
        let hash = XXH3.hash(bytes, seed: seed)
        let tag = hash & 0xffff_ffff_0000_0000
        var index = Int(truncatingIfNeeded: hash) & mask
        while true {
            // Safe: index is masked to the table's size.
            let slot = unsafe slots[index]
            if slot == 0 { return nil }
            if slot & 0xffff_ffff_0000_0000 == tag {
                let code = Int(slot & 0xffff_ffff) &- 1
                if entries[code].span.isEqual(to: bytes) { return UInt32(truncatingIfNeeded: code) }
            }
            index = (index &+ 1) & mask
        }
    }

    /// The bytes of `code`. Traps on a code that was not given out.
    public subscript(code: UInt32) -> RawSpan {
        @_lifetime(borrow self)
        get {
            // Safe: the bytes lie in the arena, which self keeps alive.
            let span = entries[Int(code)].span
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The dictionary as it is now, for readers that also hold the arena.
    public func view() -> ByteDictionaryView { ByteDictionaryView(entries: entries.view()) }

    @inline(never)
    private mutating func insert(_ bytes: RawSpan, _ hash: UInt64, at index: Int) -> UInt32 {
        precondition(entries.count < Int(UInt32.max) - 1 && bytes.byteCount <= Int(UInt32.max))
        let code = entries.count
        let copy = unsafe store(bytes)
        unsafe entries.append(
            ByteDictionaryEntry(base: copy, byteCount: UInt32(bytes.byteCount), hash: UInt32(truncatingIfNeeded: hash)))
        byteCount += bytes.byteCount
        // Safe: index is masked to the table's size.
        unsafe slots[index] = (hash & 0xffff_ffff_0000_0000) | UInt64(code + 1)
        if entries.count * 4 > (mask + 1) * 3 { rehash() }
        return UInt32(code)
    }

    @unsafe private mutating func store(_ bytes: RawSpan) -> UnsafeRawPointer {
        let length = bytes.byteCount
        // Long strings get memory of their own, so that little of a slab is left unused.
        if length > SlabPool.slabByteCount / 8 {
            let block = unsafe arena.allocateLarge(byteCount: length)
            unsafe copy(bytes, to: block)
            return UnsafeRawPointer(block)
        }
        let start: UnsafeMutableRawPointer
        if let cursor = unsafe cursor, length <= room {
            unsafe start = cursor
        } else {
            unsafe start = arena.allocateSlab()
            room = SlabPool.slabByteCount
        }
        // Safe: the slab has room for `length` bytes behind the cursor.
        unsafe copy(bytes, to: start)
        unsafe cursor = start + length
        room -= length
        return UnsafeRawPointer(start)
    }

    @unsafe private func copy(_ bytes: RawSpan, to target: UnsafeMutableRawPointer) {
        unsafe bytes.withUnsafeBytes { source in
            if let from = source.baseAddress { unsafe target.copyMemory(from: from, byteCount: source.count) }
        }
    }

    private mutating func rehash() {
        let size = (mask + 1) * 2
        unsafe slots.deallocate()
        unsafe slots = .allocate(capacity: size)
        unsafe slots.initialize(repeating: 0, count: size)
        mask = size - 1
        for code in 0..<entries.count {
            let hash = XXH3.hash(entries[code].span, seed: seed)
            var index = Int(truncatingIfNeeded: hash) & mask
            // Safe: index is masked to the table's size, which has free slots.
            while unsafe slots[index] != 0 { index = (index + 1) & mask }
            unsafe slots[index] = (hash & 0xffff_ffff_0000_0000) | UInt64(code + 1)
        }
    }
}

/// Where one string lies.
@safe struct ByteDictionaryEntry: BitwiseCopyable {
    private let base: UnsafeRawPointer
    private let byteCount: UInt32
    private let hash: UInt32

    @unsafe init(base: UnsafeRawPointer, byteCount: UInt32, hash: UInt32) {
        unsafe self.base = base
        self.byteCount = byteCount
        self.hash = hash
    }

    var span: RawSpan {
        @_lifetime(immortal)
        @inline(__always) get {
            // Safe: the dictionary and its view narrow the lifetime to their own; the arena holds the bytes.
            let span = unsafe RawSpan(_unsafeStart: base, byteCount: Int(byteCount))
            return unsafe _overrideLifetime(span, copying: ())
        }
    }
}

/// The strings of a ``ByteDictionary`` at one moment, for as long as its arena is held.
public struct ByteDictionaryView: Sendable {
    private let entries: ColumnView<ByteDictionaryEntry>

    init(entries: ColumnView<ByteDictionaryEntry>) { self.entries = entries }

    public var count: Int { entries.count }

    /// The bytes of `code`. Traps on a code that is not in the view.
    public subscript(code: UInt32) -> RawSpan {
        @_lifetime(borrow self)
        @inline(__always) get {
            let span = entries[Int(code)].span
            // Safe: the bytes lie in the arena, which the view's holder keeps alive.
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

extension ByteDictionary {
    /// The code of a fixed-size record, taken as its bytes; `Record` must have no padding.
    @inlinable public mutating func code<Record: BitwiseCopyable>(forRecord record: Record) -> UInt32 {
        // Safe: the bytes of a record without padding are all initialised, and are copied before the closure ends.
        unsafe withUnsafeBytes(of: record) { bytes in
            let span = unsafe RawSpan(_unsafeBytes: bytes)
            return code(for: span)
        }
    }
}

extension ByteDictionaryView {
    /// The record that was given to ``ByteDictionary/code(forRecord:)``; the empty string reads as `fallback`.
    @inlinable public func record<Record: BitwiseCopyable>(_ code: UInt32, or fallback: Record) -> Record {
        let bytes = self[code]
        guard bytes.byteCount == MemoryLayout<Record>.size else { return fallback }
        // Safe: the size fits and every bit pattern of our records is valid.
        return unsafe bytes.unsafeLoadUnaligned(as: Record.self)
    }
}
