// SPDX-License-Identifier: Apache-2.0
//
// Inflates gzip (RFC 1952, several members too) and zlib (RFC 1950, what HTTP calls "deflate")
// bodies, never beyond a limit.
//
// Memory. The output array is the only thing that grows. It begins at the size that a gzip trailer
// states, so that an honest body is inflated into one exact allocation; the statement is believed
// only up to the limit and up to what deflate can yield at all. If it falls short the array
// doubles, never beyond the limit: while it is copied there are at most two arrays, together under
// twice the limit.
//
// A full array does not yet mean that the content is too large, the end of the stream may just not
// have been read. So zlib is then given one byte elsewhere to write to: if it uses it there is
// more, and the array grows or the limit is passed.

private import CZlib

/// Decompresses one body after the other with the same 40 KiB of zlib state.
///
/// Making one takes 0.1 microseconds, so that ``inflate(_:limit:)`` does for most; keeping one
/// spares the allocator. Not for use by two threads at a time, which the compiler sees to: it is
/// neither copyable nor sendable.
@safe package struct Inflater: ~Copyable {
    // Safe: allocated and initialised in `init`, freed in `deinit`, never given out. It stays at
    // one address, which zlib demands (its state points back to it).
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Throws: `.outOfMemory`.
    package init() throws(InflateError) {
        unsafe stream = .allocate(capacity: 1)
        // Safe: the shim zeroes the stream before zlib reads it.
        guard unsafe vivace_inflate_init(stream) == Z_OK else {
            unsafe stream.deallocate()
            throw InflateError(.outOfMemory, "no memory for zlib's state")
        }
    }

    deinit {
        // Safe: initialised by `init`, ended only here.
        _ = unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// The content of a gzip or zlib body; which of the two its first bytes tell.
    ///
    /// - Parameters:
    ///   - bytes: One whole zlib stream, or one or more whole gzip members, and nothing behind it.
    ///   - limit: The greatest number of bytes to return.
    /// - Throws: `.truncated` if the body ends early (an empty one does), `.corrupted` if it is
    ///   damaged or has something behind it, `.tooLarge` if the content has more than `limit`
    ///   bytes, `.outOfMemory`. After an error the inflater is as good as new.
    package mutating func inflate(_ bytes: RawSpan, limit: Int) throws(InflateError) -> [UInt8] {
        precondition(limit >= 0, "a limit is not negative")
        if let content = WholeMember.content(of: bytes, limit: limit) { return content }
        // Safe: `init` initialised the stream.
        guard unsafe vivace_inflate_reset(stream) == Z_OK else {
            throw InflateError(.outOfMemory, "zlib's state could not be reset")
        }
        var output: [UInt8] = []
        output.reserveCapacity(expectedByteCount(of: bytes, limit: limit))
        // Safe: `run` ends before this function does, and so before the stream.
        var run = unsafe Run(stream: stream, input: bytes, limit: limit)
        while try !run.advance(&output) {}
        return output
    }

    /// ``inflate(_:limit:)`` of an array's bytes.
    package mutating func inflate(_ bytes: [UInt8], limit: Int) throws(InflateError) -> [UInt8] {
        // Safe: UInt8 has no padding, so every byte is initialised.
        try unsafe inflate(bytes.span.bytes, limit: limit)
    }
}

/// One body on its way through zlib.
@safe private struct Run: ~Escapable {
    // Safe: given by an `Inflater` that outlives the run.
    private let stream: UnsafeMutablePointer<z_stream>
    private var rest: RawSpan
    private let isGzip: Bool
    private let limit: Int

    @_lifetime(copy input)
    init(stream: UnsafeMutablePointer<z_stream>, input: RawSpan, limit: Int) {
        unsafe self.stream = stream
        rest = input
        isGzip = startsGzipMember(input)
        self.limit = limit
    }

    /// Inflates into what `output` has room for, or makes room. True when the whole body has been
    /// read.
    mutating func advance(_ output: inout [UInt8]) throws(InflateError) -> Bool {
        let before = (rest.byteCount, output.count)
        switch try step(&output) {
        case Z_STREAM_END:
            return try finishMember()
        case Z_OK, Z_BUF_ERROR:
            // There was room for output, so only the lack of input can have stopped zlib.
            guard before != (rest.byteCount, output.count) else {
                throw InflateError(.truncated, "the compressed body ends early")
            }
            return false
        case Z_MEM_ERROR:
            throw InflateError(.outOfMemory, "no memory for zlib's window")
        default:
            // Safe: zlib's messages are constants of the library.
            let cause = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
            throw InflateError(.corrupted, "the body is not valid gzip or zlib", cause: cause)
        }
    }

    private mutating func finishMember() throws(InflateError) -> Bool {
        if rest.isEmpty { return true }
        // A zlib stream has no successor. A gzip member may have one, which again begins with
        // gzip's magic number.
        guard isGzip, startsGzipMember(rest) else {
            throw InflateError(.corrupted, "\(rest.byteCount) bytes follow the compressed body")
        }
        // Safe: the stream is initialised.
        guard unsafe vivace_inflate_reset_gzip(stream) == Z_OK else {
            throw InflateError(.outOfMemory, "zlib's state could not be reset")
        }
        return false
    }

    /// One call of zlib; its status.
    private mutating func step(_ output: inout [UInt8]) throws(InflateError) -> Int32 {
        let room = min(output.capacity, limit) - output.count
        var status = Z_OK
        if room > 0 {
            output.append(addingCapacity: room) { tail in
                // Safe: zlib writes at most `room` bytes, from the first on, and `callZlib` says
                // how many.
                unsafe tail.withUnsafeMutableBufferPointer { buffer, writtenCount in
                    status = unsafe callZlib(into: buffer.baseAddress, room: room, &writtenCount)
                }
            }
            return status
        }
        var extra: UInt8 = 0
        var writtenCount = 0
        // Safe: room for one byte, not used after the call.
        unsafe withUnsafeMutablePointer(to: &extra) { byte in
            status = unsafe callZlib(into: byte, room: 1, &writtenCount)
        }
        guard writtenCount == 1 else { return status }
        guard output.count < limit else {
            throw InflateError(.tooLarge, "the content has more than \(limit) bytes")
        }
        output.reserveCapacity(min(limit, max(2 * output.count, 4096)))
        output.append(extra)
        return status
    }

    /// Safe if `room` bytes may be written at `buffer`: zlib gets no more than `rest` and that, and
    /// both only for this call.
    @unsafe private mutating func callZlib(
        into buffer: UnsafeMutablePointer<UInt8>?, room: Int, _ writtenCount: inout Int
    ) -> Int32 {
        // zlib counts in 32 bits.
        let inputCount = min(rest.byteCount, 1 << 30)
        let outputCount = min(room, 1 << 30)
        let stream = unsafe stream
        let status = unsafe rest.withUnsafeBytes { input in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            unsafe stream.pointee.avail_in = UInt32(inputCount)
            unsafe stream.pointee.next_out = buffer
            unsafe stream.pointee.avail_out = UInt32(outputCount)
            return unsafe vivace_inflate(stream)
        }
        rest = rest.extracting(droppingFirst: inputCount - Int(unsafe stream.pointee.avail_in))
        writtenCount = outputCount - Int(unsafe stream.pointee.avail_out)
        return status
    }
}

/// Whether the bytes begin with gzip's magic number.
func startsGzipMember(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= 2 else { return false }
    // Safe: two bytes are there; UInt16 has no invalid values.
    let magic = unsafe bytes.unsafeLoadUnaligned(as: UInt16.self)
    return UInt16(bigEndian: magic) == 0x1f8b
}

/// What a gzip trailer states, if deflate can yield as much (1,032 bytes from one); nil if it can't be one.
func statedByteCount(of bytes: RawSpan) -> Int? {
    let count = bytes.byteCount
    guard count >= 18 else { return nil }
    // Safe: the last four of at least 18 bytes; UInt32 has no invalid values.
    let stated = Int(UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: count - 4, as: UInt32.self)))
    return stated / 1032 <= count ? stated : nil
}

/// A first guess at the size of the content: what a gzip trailer states, six times the body
/// otherwise (usual for OTLP), but no more than `limit` and than what deflate can yield (1,032
/// bytes from one).
private func expectedByteCount(of bytes: RawSpan, limit: Int) -> Int {
    let count = bytes.byteCount
    let (mostPossible, isBeyondInt) = count.multipliedReportingOverflow(by: 1032)
    let ceiling = isBeyondInt ? limit : min(limit, mostPossible)
    guard startsGzipMember(bytes), count >= 18 else { return min(6 * min(count, ceiling), ceiling) }
    return min(statedByteCount(of: bytes) ?? ceiling, ceiling)
}
