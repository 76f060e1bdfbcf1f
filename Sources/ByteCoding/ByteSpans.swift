// SPDX-License-Identifier: Apache-2.0

// The one place where a typed array or span becomes raw bytes and back.

extension [UInt8] {
    /// The array's bytes.
    public var rawSpan: RawSpan {
        @_lifetime(borrow self)
        @inlinable get {
            // Safe: UInt8 has no padding, so every byte is initialised.
            let span = self.span
            return unsafe _overrideLifetime(span.bytes, borrowing: self)
        }
    }

    /// A copy of the bytes.
    @inlinable public init(_ bytes: RawSpan) {
        // Safe: the source holds `byteCount` bytes and the destination has room for as many.
        unsafe self.init(unsafeUninitializedCapacity: bytes.byteCount) { out, count in
            unsafe bytes.withUnsafeBytes { source in
                if let from = source.baseAddress, let to = out.baseAddress {
                    unsafe UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: source.count)
                }
            }
            count = bytes.byteCount
        }
    }

    /// Appends a copy of `bytes`.
    @inlinable public mutating func append(_ bytes: RawSpan) {
        // Safe: the buffer is only read, inside the closure.
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }
}

extension StaticString {
    /// The UTF-8 bytes of a literal.
    public var rawSpan: RawSpan {
        @_lifetime(immortal)
        get {
            // Safe: a static string lives for ever; all of ours are plain UTF-8 literals.
            let span = unsafe RawSpan(_unsafeStart: utf8Start, byteCount: utf8CodeUnitCount)
            return unsafe _overrideLifetime(span, copying: ())
        }
    }
}

extension RawSpan {
    /// Whether both spans hold the same bytes.
    @inlinable public func isEqual(to other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        // Safe: both buffers are read within their equal counts.
        return unsafe withUnsafeBytes { a in
            unsafe other.withUnsafeBytes { b in
                unsafe memcmpBytes(a.baseAddress, b.baseAddress, a.count) == 0
            }
        }
    }

    /// Whether these bytes sort before `other`'s, comparing bytes, a prefix first.
    @inlinable public func precedes(_ other: RawSpan) -> Bool {
        let shared = min(byteCount, other.byteCount)
        // Safe: both buffers are read within the smaller count.
        let order = unsafe withUnsafeBytes { a in
            unsafe other.withUnsafeBytes { b in
                unsafe memcmpBytes(a.baseAddress, b.baseAddress, shared)
            }
        }
        return order != 0 ? order < 0 : byteCount < other.byteCount
    }

    /// The byte at `offset`. Traps outside of the span.
    @inlinable @inline(__always) public subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount)
        // Safe: the offset was checked.
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }
}

/// memcmp without an import at every use; null is fine where nothing is compared.
@usableFromInline
@unsafe func memcmpBytes(_ a: UnsafeRawPointer?, _ b: UnsafeRawPointer?, _ count: Int) -> Int32 {
    guard let a = unsafe a, let b = unsafe b else { return 0 }
    return unsafe memcmp(a, b, count)
}

internal import Glibc

extension RawSpan {
    /// The 32-bit words that the bytes hold in the machine's order.
    @inlinable @inline(__always) public var wordCount: Int { byteCount / 4 }

    /// Word `index` in the machine's order. Traps outside of the span.
    @inlinable @inline(__always) public func word(_ index: Int) -> UInt32 {
        precondition(index >= 0 && index < wordCount)
        // Safe: the index was checked.
        return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 4, as: UInt32.self)
    }
}
