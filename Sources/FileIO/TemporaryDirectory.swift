// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A directory of this machine that is removed, with all that is in it, when the last reference to
/// it goes away.
package final class TemporaryDirectory: Sendable {
    package let path: String

    /// Makes a new directory under `TMPDIR`, or `/tmp`.
    package init() throws(FileIOError) {
        // Safe: getenv's answer is copied at once, and nobody changes the environment.
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/vivace-XXXXXX".utf8CString)
        // Safe: mkdtemp changes the six Xs in place and nothing else; the array ends with NUL.
        let isMade = unsafe mkdtemp(&template) != nil
        guard isMade else { throw FileIOError(errorNumber: errno, .makeDirectory, parent) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        // What cannot be removed is left to the system's own cleaning of that place.
        try? Self.removeTree(path)
    }

    private static func removeTree(_ path: String) throws(FileIOError) {
        let fileSystem = LocalFileSystem()
        for entry in try fileSystem.entries(of: path) {
            let child = path + "/" + entry.name
            if entry.kind == .directory {
                try removeTree(child)
            } else {
                try fileSystem.unlink(child)
            }
        }
        // Safe: as every path that is passed to a system call.
        _ = try systemCall(.unlink, path) { unsafe rmdir(path) }
    }
}
