// SPDX-License-Identifier: Apache-2.0

/// A growing run of bytes that is written front to back: little-endian integers, varints, raw bytes.
///
/// Storage doubles when it is full; `removeAll(keepingCapacity:)` makes one writer serve many pages.
@safe public struct ByteWriter: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    /// Bytes written so far.
    public private(set) var count: Int

    public init(capacity: Int = 256) {
        let wanted = Swift.max(capacity, 16)
        unsafe base = .allocate(byteCount: wanted, alignment: 16)
        self.capacity = wanted
        count = 0
    }

    deinit { unsafe base.deallocate() }

    public mutating func removeAll() { count = 0 }

    /// Forgets everything behind the first `newCount` bytes.
    public mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count)
        count = newCount
    }

    /// What was written.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // Safe: the first `count` bytes are initialised and live as long as self is not mutated.
            let span = unsafe RawSpan(_unsafeStart: base, byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// What was written, copied.
    public func array() -> [UInt8] { [UInt8](bytes) }

    @inlinable @inline(__always) public mutating func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        // Safe: there is room for one byte.
        unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        advance(1)
    }

    /// Appends an integer in little-endian order.
    @inlinable @inline(__always)
    public mutating func append<T: FixedWidthInteger & BitwiseCopyable>(littleEndian value: T) {
        reserve(MemoryLayout<T>.size)
        // Safe: there is room for the value; the store need not be aligned.
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: count, as: T.self)
        advance(MemoryLayout<T>.size)
    }

    /// Appends an integer in big-endian order, as identifiers are written.
    @inlinable @inline(__always)
    public mutating func append<T: FixedWidthInteger & BitwiseCopyable>(bigEndian value: T) {
        append(littleEndian: value.byteSwapped)
    }

    /// Appends a base-128 varint of 1 to 10 bytes, least significant group first.
    @inlinable @inline(__always) public mutating func append(varint value: UInt64) {
        reserve(10)
        var rest = value
        var at = count
        while rest >= 0x80 {
            // Safe: a varint has at most ten bytes, which were reserved.
            unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: at, as: UInt8.self)
            rest &>>= 7
            at &+= 1
        }
        unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: at, as: UInt8.self)
        advance(at &+ 1 &- count)
    }

    /// Appends a signed value as a zig-zag varint.
    @inlinable @inline(__always) public mutating func append(zigzag value: Int64) {
        append(varint: UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)))
    }

    @inlinable public mutating func append(_ bytes: RawSpan) {
        let length = bytes.byteCount
        guard length > 0 else { return }
        reserve(length)
        // Safe: there is room for `length` bytes; a span of our own storage cannot be held during a mutation.
        unsafe bytes.withUnsafeBytes { source in
            if let from = source.baseAddress { unsafe (base + count).copyMemory(from: from, byteCount: length) }
        }
        advance(length)
    }

    /// Appends what stands in another writer.
    public mutating func append(_ other: borrowing ByteWriter) { append(other.bytes) }

    /// XXH3 of the bytes `range`.
    public func checksum(_ range: Range<Int>, seed: UInt64) -> UInt64 {
        XXH3.hash(bytes.extracting(range), seed: seed)
    }

    /// Appends a varint length, then the bytes.
    @inlinable public mutating func append(lengthPrefixed bytes: RawSpan) {
        append(varint: UInt64(bytes.byteCount))
        append(bytes)
    }

    /// Appends `byteCount` zero bytes.
    public mutating func appendZeros(_ byteCount: Int) {
        reserve(byteCount)
        // Safe: there is room for them.
        unsafe (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        advance(byteCount)
    }

    /// Overwrites four bytes that were written before, as for a length that is known late.
    public mutating func overwrite(littleEndian value: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset + 4 <= count)
        // Safe: the range was checked.
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// Moves `count` bytes from `offset` to make room for a late prefix: see ``closeMessage(from:)``.
    @usableFromInline mutating func shift(from offset: Int, by distance: Int) {
        reserve(distance)
        // Safe: the moved range ends at count, and `distance` more bytes were reserved.
        unsafe (base + offset + distance).copyMemory(from: base + offset, byteCount: count - offset)
        advance(distance)
    }

    /// Writes the length of a message whose body starts at `body`, in the one byte that was left for it before
    /// the body; a longer body is moved to make room.
    ///
    /// Pair it with `append(UInt8(0))` just before the body.
    @inlinable public mutating func closeMessage(from body: Int) {
        var length = UInt64(count - body)
        let extra = length < 0x80 ? 0 : (63 - length.leadingZeroBitCount) / 7
        if extra > 0 { shift(from: body, by: extra) }
        var at = body - 1
        while length >= 0x80 {
            // Safe: the prefix has 1 + extra bytes, all below count.
            unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: length) | 0x80, toByteOffset: at, as: UInt8.self)
            length &>>= 7
            at &+= 1
        }
        unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: length), toByteOffset: at, as: UInt8.self)
    }

    /// Lets a C function write up to `maximum` bytes at the end; it says how many it wrote.
    @unsafe public mutating func appendUninitialized(
        maximum: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) {
        reserve(maximum)
        let written = unsafe body(UnsafeMutableRawBufferPointer(start: base + count, count: maximum))
        precondition(written >= 0 && written <= maximum)
        advance(written)
    }

    @inlinable @inline(__always) public mutating func reserve(_ byteCount: Int) {
        if capacity &- count < byteCount { grow(by: byteCount) }
    }

    @usableFromInline @inline(__always) mutating func advance(_ byteCount: Int) { count &+= byteCount }

    @usableFromInline @inline(never) mutating func grow(by byteCount: Int) {
        let wanted = Swift.max(capacity * 2, count + byteCount)
        let bigger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        // Safe: both hold at least `count` bytes and do not overlap.
        unsafe bigger.copyMemory(from: base, byteCount: count)
        unsafe base.deallocate()
        unsafe base = bigger
        capacity = wanted
    }
}
