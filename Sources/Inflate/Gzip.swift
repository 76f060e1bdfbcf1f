// SPDX-License-Identifier: Apache-2.0

private import CZlib

/// Inflates one gzip or zlib body with a fresh ``Inflater``.
///
/// - Throws: As ``Inflater/inflate(_:limit:)`` does.
package func inflate(_ bytes: RawSpan, limit: Int) throws(InflateError) -> [UInt8] {
    var inflater = try Inflater()
    return try inflater.inflate(bytes, limit: limit)
}

/// ``inflate(_:limit:)`` of an array's bytes.
package func inflate(_ bytes: [UInt8], limit: Int) throws(InflateError) -> [UInt8] {
    var inflater = try Inflater()
    return try inflater.inflate(bytes, limit: limit)
}

/// Compresses bytes to one gzip member.
///
/// - Parameters:
///   - bytes: Any bytes, also none.
///   - level: 1 (fast) to 9 (small).
/// - Throws: `.outOfMemory`.
package func gzip(_ bytes: RawSpan, level: Int = 6) throws(InflateError) -> [UInt8] {
    precondition((1...9).contains(level), "gzip levels go from 1 to 9")
    // Safe: a local at one address for as long as zlib knows it, zeroed by the shim before zlib
    // reads it.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    defer { unsafe stream.deallocate() }
    guard unsafe vivace_deflate_init_gzip(stream, Int32(level)) == Z_OK else {
        throw InflateError(.outOfMemory, "no memory for zlib's state")
    }
    defer { _ = unsafe deflateEnd(stream) }

    var output: [UInt8] = []
    output.reserveCapacity(64 + bytes.byteCount / 4)
    // Safe: `input` is used only inside this closure.
    unsafe bytes.withUnsafeBytes { input in
        var inputOffset = 0
        while unsafe !deflateStep(stream, input, &inputOffset, &output) {
            if output.capacity - output.count < 64 { output.reserveCapacity(2 * output.count) }
        }
    }
    return output
}

/// ``gzip(_:level:)`` of an array's bytes.
package func gzip(_ bytes: [UInt8], level: Int = 6) throws(InflateError) -> [UInt8] {
    // Safe: UInt8 has no padding, so every byte is initialised.
    try unsafe gzip(bytes.span.bytes, level: level)
}

/// One call of zlib's deflate. True when the member is complete.
///
/// Safe: zlib gets pointers and counts of `input`'s rest and of `output`'s spare capacity, and is
/// not called again with them.
private func deflateStep(
    _ stream: UnsafeMutablePointer<z_stream>, _ input: UnsafeRawBufferPointer,
    _ inputOffset: inout Int,
    _ output: inout [UInt8]
) -> Bool {
    // zlib counts in 32 bits.
    let rest = unsafe UnsafeRawBufferPointer(rebasing: input[inputOffset...])
    let inputCount = min(rest.count, 1 << 30)
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
        mutating: rest.baseAddress?.assumingMemoryBound(to: UInt8.self))
    unsafe stream.pointee.avail_in = UInt32(inputCount)
    var status = Z_OK
    output.append(addingCapacity: max(64, output.capacity - output.count)) { tail in
        unsafe tail.withUnsafeMutableBufferPointer { buffer, writtenCount in
            let room = min(buffer.count, 1 << 30)
            unsafe stream.pointee.next_out = buffer.baseAddress
            unsafe stream.pointee.avail_out = UInt32(room)
            status = unsafe vivace_deflate(stream, inputCount == rest.count ? 1 : 0)
            unsafe writtenCount = room - Int(stream.pointee.avail_out)
        }
    }
    unsafe inputOffset += inputCount - Int(stream.pointee.avail_in)
    return status == Z_STREAM_END
}

/// What a gzip body says that it becomes: the last four bytes, little-endian, modulo 2³². Nothing proves it.
///
/// Four times the body where there is no such trailer.
package func announcedByteCount(_ body: [UInt8]) -> Int {
    guard body.count >= 18, body[0] == 0x1f, body[1] == 0x8b else { return body.count * 4 }
    return body.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
}
