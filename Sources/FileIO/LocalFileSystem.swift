// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The file system of this machine.
package struct LocalFileSystem: FileSystem {
    package init() {}

    package func open(_ path: String, _ mode: OpenMode) throws(FileIOError) -> any File {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .update: O_RDWR
            case .createNew: O_RDWR | O_CREAT | O_EXCL
            }
        return try openFile(path, flags, .open)
    }

    package func makeDirectory(_ path: String) throws(FileIOError) {
        // Safe (here and below): the compiler passes a NUL-terminated copy of the string that
        // outlives the call, because the callee does not keep the pointer.
        _ = try systemCall(.makeDirectory, path) { unsafe mkdir(path, 0o755) }
    }

    package func rename(_ path: String, to newPath: String) throws(FileIOError) {
        _ = try systemCall(.rename, newPath) { unsafe Glibc.rename(path, newPath) }
    }

    package func link(_ path: String, to newPath: String) throws(FileIOError) {
        _ = try systemCall(.link, newPath) { unsafe Glibc.link(path, newPath) }
    }

    package func unlink(_ path: String) throws(FileIOError) {
        _ = try systemCall(.unlink, path) { unsafe Glibc.unlink(path) }
    }

    package func synchronizeDirectory(_ path: String) throws(FileIOError) {
        let directory = try openFile(path, O_RDONLY | O_DIRECTORY, .synchronizeDirectory)
        _ = try systemCall(.synchronizeDirectory, path) { fsync(directory.descriptor) }
    }

    package func status(of path: String) throws(FileIOError) -> FileStatus? {
        var status = stat()
        do throws(FileIOError) {
            _ = try systemCall(.status, path) { unsafe stat(path, &status) }
        } catch where error.code == .notFound {
            return nil
        }
        let kind: FileStatus.Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            default: .other
            }
        return FileStatus(kind: kind, byteCount: Int(status.st_size))
    }

    package func space(at path: String) throws(FileIOError) -> FileSystemSpace {
        var figures = statvfs()
        _ = try systemCall(.space, path) { unsafe statvfs(path, &figures) }
        let unit = figures.f_frsize
        return FileSystemSpace(
            totalByteCount: Int(clamping: figures.f_blocks.multipliedSaturating(by: unit)),
            availableByteCount: Int(clamping: figures.f_bavail.multipliedSaturating(by: unit)))
    }

    func openFile(
        _ path: String, _ flags: Int32, _ operation: FileOperation
    ) throws(FileIOError) -> LocalFile {
        let descriptor = try systemCall(operation, path) {
            unsafe Glibc.open(path, flags | O_CLOEXEC, 0o644)
        }
        return LocalFile(descriptor: descriptor, path: path)
    }
}

/// Makes a system call, again when a signal interrupted it; −1 becomes an error.
func systemCall<Answer: FixedWidthInteger>(
    _ operation: FileOperation, _ path: String, _ call: () -> Answer
) throws(FileIOError) -> Answer {
    while true {
        let answer = call()
        if answer != -1 { return answer }
        let errorNumber = errno
        if errorNumber != EINTR {
            throw FileIOError(errorNumber: errorNumber, operation, path)
        }
    }
}

extension UInt {
    fileprivate func multipliedSaturating(by other: UInt) -> UInt {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
