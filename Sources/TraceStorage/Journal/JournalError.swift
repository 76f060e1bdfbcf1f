// SPDX-License-Identifier: Apache-2.0

internal import FileIO

/// Why the journal could not do what was asked.
package struct JournalError: Error, Sendable, CustomStringConvertible {
    /// The reasons on which callers act differently.
    package enum Code: String, Sendable, CaseIterable {
        /// Too many bytes wait for the disk already; trying again soon helps.
        case overloaded
        /// The record is larger than a record may be; trying again does not help.
        case tooLarge
        /// The disk is full. The record may still come back after a restart, like any that failed.
        case noSpace
        /// The disk failed. The next record goes to a new segment and may fare better.
        case failed
        /// The journal was closed.
        case closed
        /// The segment was written by a newer program in a way that this one does not know.
        case unsupported
    }

    package var code: Code
    /// What happened, to what, and what to do.
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        cause.map { "\(message) (\(code.rawValue)): \($0)" } ?? "\(message) (\(code.rawValue))"
    }
}

extension JournalError {
    /// What a failed file operation means for the records that needed it.
    init(_ error: FileIOError) {
        let code: Code = error.code == .noSpace ? .noSpace : .failed
        self.init(code, "the journal could not be written", cause: error)
    }
}
