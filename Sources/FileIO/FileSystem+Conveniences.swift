// SPDX-License-Identifier: Apache-2.0

internal import Glibc

extension FileSystem {
    /// Makes a directory and those missing above it, each durably: the parent of every directory
    /// that was made is synchronized, and that of the one that was there already too, which a
    /// process that ended in between may have made without doing so.
    ///
    /// The last is done where it may and can be: whoever may not open the parent has hardly made the
    /// directory, and some file systems that nobody writes to don't synchronize (EINVAL).
    /// - Throws: `.alreadyExists` if something on the way is not a directory.
    package func createDirectory(_ path: String) throws(FileIOError) {
        let parent = path.parentPath
        if let status = try status(of: path) {
            guard status.kind == .directory else {
                throw FileIOError(
                    .alreadyExists, .makeDirectory, path, detail: "it is not a directory")
            }
            do throws(FileIOError) {
                try synchronizeDirectory(parent)
            } catch where error.code == .permission || error.code == .readOnly || error.errorNumber == EINVAL {}
            return
        }
        if parent != path { try createDirectory(parent) }
        do throws(FileIOError) {
            try makeDirectory(path)
        } catch where error.code == .alreadyExists {
            // Made by someone else meanwhile; it counts once its entry is durable.
        }
        try synchronizeDirectory(parent)
    }

    /// Removes a file's name if it is there.
    package func unlinkIfPresent(_ path: String) throws(FileIOError) {
        do throws(FileIOError) {
            try unlink(path)
        } catch where error.code == .notFound {}
    }
}

extension File {
    /// Writes an array's bytes at `offset`.
    package func write(_ bytes: [UInt8], at offset: Int) throws(FileIOError) {
        try write(bytes[...], at: offset)
    }

    /// Writes a slice's bytes at `offset`.
    package func write(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(FileIOError) {
        guard !bytes.isEmpty else { return }
        // Safe: UInt8 has no padding, so every byte of the span is initialised.
        try unsafe write(bytes.span.bytes, at: offset)
    }
}

extension String {
    /// The directory that holds this path: `/a/b` → `/a`, `/a` → `/`, `a` → `.`.
    package var parentPath: String {
        var bytes = utf8[...]
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        if slash == bytes.startIndex { return "/" }
        return String(self[..<slash])
    }
}
