// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension LocalFileSystem {
    /// Whether every user of the machine may read what a path leads to.
    /// - Throws: `.notFound`, and what the system has against looking.
    package func isReadableByEveryone(_ path: String) throws(FileIOError) -> Bool {
        var status = stat()
        // Safe: the system fills a structure of its own type, which outlives the call.
        _ = try systemCall(.status, path) { unsafe stat(path, &status) }
        return status.st_mode & S_IROTH != 0
    }
}
