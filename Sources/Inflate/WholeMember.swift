// SPDX-License-Identifier: Apache-2.0
//
// Nearly every body is one gzip member whose trailer states its size. libdeflate inflates such a body in one call, in
// less than half of zlib's time, and knows nothing of streams, limits that grow or what exactly is wrong: all else is
// left to zlib.

private import CDeflate

enum WholeMember {
    /// The content of a body that is one sound gzip member of the size that its trailer states; nil if it may be
    /// anything else, or there is no memory.
    ///
    /// - Parameter limit: The greatest number of bytes to return.
    static func content(of bytes: RawSpan, limit: Int) -> [UInt8]? {
        guard startsGzipMember(bytes), let stated = statedByteCount(of: bytes), stated <= limit,
            let decompressor = unsafe libdeflate_alloc_decompressor()
        else { return nil }
        // Safe: it was allocated above and is not used after this function.
        defer { unsafe libdeflate_free_decompressor(decompressor) }
        var isWhole = false
        let content = [UInt8](capacity: stated) { output in
            // Safe: libdeflate writes at most `count` bytes, reads only the input's, and both only for this call.
            unsafe output.withUnsafeMutableBufferPointer { buffer, writtenCount in
                unsafe bytes.withUnsafeBytes { input in
                    var readByteCount = 0
                    var byteCount = 0
                    let result = unsafe libdeflate_gzip_decompress_ex(
                        decompressor, input.baseAddress, input.count, buffer.baseAddress, buffer.count,
                        &readByteCount, &byteCount)
                    isWhole = result == LIBDEFLATE_SUCCESS && readByteCount == input.count && byteCount == stated
                    // All that counts as initialised was written.
                    writtenCount = isWhole ? byteCount : 0
                }
            }
        }
        return isWhole ? content : nil
    }
}
