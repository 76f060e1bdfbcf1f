// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What a file operation was about; names it in errors and picks it for injected faults.
package enum FileOperation: String, Hashable, Sendable, CaseIterable {
    case open, read, write, truncate, preallocate, synchronize, size
    case makeDirectory, list, status, rename, link, unlink, synchronizeDirectory
    case lock, space, start
}

/// A failed file operation: what happened, to which path, and what the caller can do about it.
package struct FileIOError: Error, Hashable, Sendable {
    /// The reasons on which callers act differently.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The path, or a directory on the way to it, does not exist, or is not of that kind.
        case notFound
        /// Something stands already where a new entry was to be made.
        case alreadyExists
        /// The disk or a quota is full. Part of a write may have reached the file.
        case noSpace
        /// The file system is mounted read-only.
        case readOnly
        /// This process may not do that.
        case permission
        /// Another process (or another holder in this one) has the lock.
        case isLocked
        /// The process has no file descriptor or thread left; trying later may help.
        case tooManyOpenFiles
        /// The executor's queue is full; the operation was not begun, trying later may help.
        case busy
        /// Everything else. After a failed synchronize the file's contents must not be trusted.
        case ioFailure
    }

    package var code: Code
    /// The system's error number; 0 where the error did not come from a system call.
    package var errorNumber: Int32
    package var operation: FileOperation
    package var path: String
    /// What is known beyond code and error number, such as who holds a lock; else empty.
    package var detail: String

    package init(
        _ code: Code, _ operation: FileOperation, _ path: String,
        errorNumber: Int32 = 0, detail: String = ""
    ) {
        self.code = code
        self.errorNumber = errorNumber
        self.operation = operation
        self.path = path
        self.detail = detail
    }

    /// Makes the error that belongs to a system call's `errno`.
    package init(errorNumber: Int32, _ operation: FileOperation, _ path: String) {
        var code = Code(errorNumber: errorNumber)
        // There is no such file, except where the directory is in a file's way.
        if errorNumber == EISDIR, operation == .rename { code = .alreadyExists }
        self.init(code, operation, path, errorNumber: errorNumber)
    }
}

extension FileIOError.Code {
    init(errorNumber: Int32) {
        self =
            switch errorNumber {
            case ENOENT, ENOTDIR, EISDIR: .notFound
            case EEXIST, ENOTEMPTY: .alreadyExists
            case ENOSPC, EDQUOT, EFBIG: .noSpace
            case EROFS: .readOnly
            case EACCES, EPERM: .permission
            case EWOULDBLOCK: .isLocked
            case EMFILE, ENFILE: .tooManyOpenFiles
            default: .ioFailure
            }
    }

    private var advice: String {
        switch self {
        case .notFound: "check the path"
        case .alreadyExists: "choose another name or remove what is there"
        case .noSpace: "free disk space or move the data directory to a larger disk"
        case .readOnly: "mount the file system writable"
        case .permission: "give this user access to the path"
        case .isLocked: "stop the other process or use another directory"
        case .tooManyOpenFiles: "raise the limit of open files and threads (ulimit)"
        case .busy: "try again later"
        case .ioFailure: "check the disk and the kernel log"
        }
    }

    fileprivate func message(_ error: FileIOError) -> String {
        var reason = error.detail
        if reason.isEmpty {
            reason = error.errorNumber == 0 ? rawValue : Self.text(of: error.errorNumber)
        }
        return "cannot \(error.operation.rawValue) '\(error.path)': \(reason); \(advice)"
    }

    private static func text(of errorNumber: Int32) -> String {
        // Safe: glibc's strerror gives a NUL-terminated string that lives at least until this
        // thread's next call, because its buffer is thread-local; it is copied at once.
        guard let text = unsafe strerror(errorNumber) else { return "errno \(errorNumber)" }
        return unsafe String(cString: text) + " (errno \(errorNumber))"
    }
}

extension FileIOError: CustomStringConvertible {
    /// One sentence: what happened, to what, and what to do.
    package var message: String { code.message(self) }

    package var description: String { message }
}
