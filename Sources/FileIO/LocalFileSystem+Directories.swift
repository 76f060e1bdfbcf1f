// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension LocalFileSystem {
    package func entries(of directory: String) throws(FileIOError) -> [DirectoryEntry] {
        // Safe: the stream is closed by the defer below and by nothing else, and an entry is
        // copied before the next call overwrites it.
        guard let stream = unsafe opendir(directory) else {
            throw FileIOError(errorNumber: errno, .list, directory)
        }
        defer { unsafe closedir(stream) }
        var entries: [DirectoryEntry] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe name(of: entry)
            if name == "." || name == ".." { continue }
            let type = unsafe Int(entry.pointee.d_type)
            guard let kind = try kind(type, directory + "/" + name) else { continue }
            entries.append(DirectoryEntry(name: name, kind: kind))
        }
        guard errno == 0 else { throw FileIOError(errorNumber: errno, .list, directory) }
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    @unsafe private func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        // Safe: readdir ends every name with NUL inside d_name.
        unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// - Returns: nil if the entry went away meanwhile.
    private func kind(_ type: Int, _ path: String) throws(FileIOError) -> FileStatus.Kind? {
        switch type {
        case Int(DT_REG): return .file
        case Int(DT_DIR): return .directory
        // Some file systems do not say, and links must be followed.
        case Int(DT_UNKNOWN), Int(DT_LNK):
            do throws(FileIOError) {
                return try status(of: path)?.kind
            } catch where error.errorNumber == ELOOP {
                // A link that leads to itself leads to nothing.
                return .other
            }
        default: return .other
        }
    }

    package func lock(_ path: String) throws(FileIOError) -> DirectoryLock {
        let file = try openFile(path, O_RDWR | O_CREAT, .lock)
        do throws(FileIOError) {
            _ = try systemCall(.lock, path) { flock(file.descriptor, LOCK_EX | LOCK_NB) }
        } catch where error.code == .isLocked {
            throw try FileIOError(
                .isLocked, .lock, path, errorNumber: error.errorNumber, detail: holder(in: file))
        }
        try file.truncate(to: 0)
        try file.write(Array("\(getpid())\n".utf8), at: 0)
        return DirectoryLock(path: path) { flock(file.descriptor, LOCK_UN) }
    }

    /// The PID stands in the file a moment after the lock is taken; till then it is unknown.
    private func holder(in file: LocalFile) throws(FileIOError) -> String {
        let digits = try file.read(20, at: 0).prefix { $0 >= 0x30 && $0 <= 0x39 }
        if digits.isEmpty { return "another process holds the lock" }
        return "process \(String(decoding: digits, as: UTF8.self)) holds the lock"
    }
}
