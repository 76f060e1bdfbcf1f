// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import NIOCore

// The one place of this target where NIO's buffers become bytes of our own and back.

extension ByteBuffer {
    /// Moves the next `byteCount` bytes, which must be readable, to the end of `array` with one copy.
    mutating func read(_ byteCount: Int, into array: inout [UInt8]) {
        precondition(byteCount >= 0 && byteCount <= readableBytes)
        // Safe: the pointer is used inside the closure only, for at most as many bytes as it has.
        unsafe readWithUnsafeReadableBytes { bytes in
            unsafe array.append(contentsOf: bytes.prefix(byteCount))
            return byteCount
        }
    }

    /// Appends bytes with one copy.
    mutating func write(_ bytes: RawSpan) {
        // Safe: the pointer is used inside the closure only; the buffer copies from it.
        unsafe bytes.withUnsafeBytes { pointer in _ = unsafe writeBytes(pointer) }
    }
}
