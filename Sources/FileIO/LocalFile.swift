// SPDX-License-Identifier: Apache-2.0
internal import CResidentRead
internal import Glibc

/// A file of this machine, by its descriptor.
final class LocalFile: File {
    let path: String
    let descriptor: Int32

    /// Takes the descriptor over: it is closed with this object.
    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    // An error of close says nothing new: what has to be durable was synchronized before.
    deinit { close(descriptor) }

    func byteCount() throws(FileIOError) -> Int {
        var status = stat()
        _ = try systemCall(.size, path) { unsafe fstat(descriptor, &status) }
        // The kernel lets directories be opened to read; their size means nothing.
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw FileIOError(errorNumber: EISDIR, .size, path)
        }
        return Int(status.st_size)
    }

    func read(_ byteCount: Int, at offset: Int) throws(FileIOError) -> [UInt8] {
        try [UInt8](capacity: byteCount) { (output: inout OutputSpan<UInt8>) throws(FileIOError) in
            // Safe: `fill` writes at most the buffer's count and answers how much it wrote.
            try unsafe output.withUnsafeMutableBufferPointer {
                (buffer, count) throws(FileIOError) in
                count = try unsafe fill(UnsafeMutableRawBufferPointer(buffer), offset)
            }
        }
    }

    func readResident(_ byteCount: Int, at offset: Int) -> [UInt8]? {
        // The call takes an offset of -1 for the file's position.
        guard byteCount >= 0, offset >= 0 else { return nil }
        let bytes = [UInt8](capacity: byteCount) { (output: inout OutputSpan<UInt8>) in
            // Safe: the call writes at most the buffer's count of bytes and answers how many.
            unsafe output.withUnsafeMutableBufferPointer { (buffer, count) in
                count = max(0, unsafe vivace_resident_read(descriptor, buffer.baseAddress, byteCount, offset))
            }
        }
        return bytes.count == byteCount ? bytes : nil
    }

    func read(
        into buffer: inout [UInt8], _ range: Range<Int>, at offset: Int
    ) throws(FileIOError) -> Int {
        var span = buffer.mutableSpan
        // Safe: slicing traps if the range does not lie inside the buffer.
        return try unsafe span.withUnsafeMutableBytes { (bytes) throws(FileIOError) in
            try unsafe fill(UnsafeMutableRawBufferPointer(rebasing: bytes[range]), offset)
        }
    }

    @unsafe private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ offset: Int
    ) throws(FileIOError) -> Int {
        var done = 0
        while done < buffer.count {
            // Safe: pread writes at most the rest's count of bytes into the rest.
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = try systemCall(.read, path) {
                unsafe pread(descriptor, rest.baseAddress, rest.count, offset + done)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ bytes: RawSpan, at offset: Int) throws(FileIOError) {
        // Safe: pwrite reads at most the rest's count of bytes of the rest.
        try unsafe bytes.withUnsafeBytes { (buffer) throws(FileIOError) in
            var done = 0
            while done < buffer.count {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
                done += try systemCall(.write, path) {
                    unsafe pwrite(descriptor, rest.baseAddress, rest.count, offset + done)
                }
            }
        }
    }

    func truncate(to byteCount: Int) throws(FileIOError) {
        _ = try systemCall(.truncate, path) { ftruncate(descriptor, byteCount) }
    }

    func preallocate(_ byteCount: Int) throws(FileIOError) {
        guard byteCount > 0 else { return }
        // This call answers with the error number itself. Where the file system cannot reserve,
        // glibc writes a byte into every block instead.
        while true {
            let errorNumber = posix_fallocate(descriptor, 0, byteCount)
            if errorNumber == 0 { return }
            if errorNumber != EINTR {
                throw FileIOError(errorNumber: errorNumber, .preallocate, path)
            }
        }
    }

    func synchronize() throws(FileIOError) {
        // fdatasync writes the length too when it changed; only time stamps stay behind.
        _ = try systemCall(.synchronize, path) { fdatasync(descriptor) }
    }

    func forget(_ range: Range<Int>) {
        // Whole pages only: to write behind half of one that is not in memory would read it first.
        let pageByteCount = 4096
        let start = range.lowerBound / pageByteCount * pageByteCount
        let end = range.upperBound / pageByteCount * pageByteCount
        if end > start { posix_fadvise(descriptor, start, end - start, POSIX_FADV_DONTNEED) }
    }
}
