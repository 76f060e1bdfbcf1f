// SPDX-License-Identifier: Apache-2.0

internal import CLZ4

/// lz4 block compression (no frame: lengths and checksums are the caller's).
///
/// - SeeAlso: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
public enum LZ4 {
    /// lz4's own limit, 2,113,929,216 bytes: longer input is not compressed.
    public static let maximumInputByteCount = Int(LZ4_MAX_INPUT_SIZE)

    /// Appends the compressed form of `bytes` to `out`.
    ///
    /// - Parameter acceleration: 1 compresses best; greater is faster.
    /// - Returns: The compressed byte count, or nil if the input is too long for lz4 (nothing is appended).
    public static func compress(
        _ bytes: RawSpan, into out: inout ByteWriter, acceleration: Int32 = 1
    ) -> Int? {
        guard bytes.byteCount <= maximumInputByteCount else { return nil }
        let bound = Int(LZ4_compressBound(Int32(bytes.byteCount)))
        let before = out.count
        // Safe: the destination has `bound` bytes, which lz4 promises never to exceed.
        unsafe out.appendUninitialized(maximum: bound) { target in
            unsafe bytes.withUnsafeBytes { source in
                unsafe Int(
                    LZ4_compress_fast(
                        source.baseAddress?.assumingMemoryBound(to: CChar.self),
                        target.baseAddress?.assumingMemoryBound(to: CChar.self),
                        Int32(source.count), Int32(bound), acceleration))
            }
        }
        return out.count - before
    }

    /// Appends a form of `bytes` that takes many times as long to make as ``compress(_:into:acceleration:)``'s and is
    /// smaller; it decompresses as fast or faster.
    ///
    /// - Parameter level: 2 to 12; greater is slower.
    /// - Returns: The compressed byte count, or nil if the input is too long for lz4 (nothing is appended).
    public static func compressThoroughly(_ bytes: RawSpan, into out: inout ByteWriter, level: Int32) -> Int? {
        guard bytes.byteCount <= maximumInputByteCount else { return nil }
        let bound = Int(LZ4_compressBound(Int32(bytes.byteCount)))
        let before = out.count
        // Safe: the destination has `bound` bytes, which lz4 promises never to exceed; 0, for a lack of memory, appends
        // nothing.
        unsafe out.appendUninitialized(maximum: bound) { target in
            unsafe bytes.withUnsafeBytes { source in
                unsafe Int(
                    LZ4_compress_HC(
                        source.baseAddress?.assumingMemoryBound(to: CChar.self),
                        target.baseAddress?.assumingMemoryBound(to: CChar.self),
                        Int32(source.count), Int32(bound), level))
            }
        }
        return out.count > before ? out.count - before : nil
    }

    /// Decompresses one block that must yield exactly `byteCount` bytes.
    ///
    /// - Throws: `.corrupted` if the block is malformed or yields another length. Never reads or writes out of bounds.
    public static func decompress(
        _ bytes: RawSpan, byteCount: Int
    ) throws(ByteCodingError) -> [UInt8] {
        guard byteCount >= 0, byteCount <= maximumInputByteCount, bytes.byteCount <= Int(Int32.max) else {
            throw ByteCodingError(.corrupted, "lz4 block")
        }
        // An lz4 block can't expand more than 255 times: refuse before allocating.
        guard byteCount / 255 <= bytes.byteCount else { throw ByteCodingError(.corrupted, "lz4 block") }
        var written: Int32 = -1
        // Safe: LZ4_decompress_safe stays inside both counts for any input.
        let result = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { target, count in
            unsafe bytes.withUnsafeBytes { source in
                var nothing: CChar = 0
                unsafe withUnsafeMutablePointer(to: &nothing) { empty in
                    unsafe written = LZ4_decompress_safe(
                        source.baseAddress?.assumingMemoryBound(to: CChar.self),
                        target.baseAddress.map {
                            unsafe UnsafeMutableRawPointer($0).assumingMemoryBound(to: CChar.self)
                        }
                            ?? empty,
                        Int32(source.count), Int32(byteCount))
                }
            }
            count = written == Int32(byteCount) ? byteCount : 0
        }
        guard written == Int32(byteCount) else { throw ByteCodingError(.corrupted, "lz4 block") }
        return result
    }
}
