// SPDX-License-Identifier: Apache-2.0

/// What the store could not do.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The request's bytes can't be decoded; sending them again is of no use.
        case malformed
        /// The request has more spans, events or links than one may have.
        case tooLarge
        /// The heads are full and are not emptied fast enough: try again in a moment.
        case overloaded
        /// Nothing can be made durable: the disk is full or failed, or the store is closing.
        case unavailable
        /// What is stored is damaged.
        case corrupted
        /// The directory can't be used as it is: another process has it, or another program's files are in it.
        case unusable
    }

    package var code: Code
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { cause.map { "\(message): \($0)" } ?? message }
}
