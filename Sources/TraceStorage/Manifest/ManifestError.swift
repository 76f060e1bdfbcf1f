// SPDX-License-Identifier: Apache-2.0

/// Why the manifest could not be read or extended.
package struct ManifestError: Error, Sendable, CustomStringConvertible {
    /// The reasons on which callers act differently.
    package enum Code: String, Sendable, CaseIterable {
        /// The commit contradicts the state that it meets: an input is gone, a generation is
        /// covered already. It stands nowhere and never will; drop its outputs.
        case conflict
        /// Nobody knows whether the commit stands. Keep its outputs and commit the same again.
        case unknownOutcome
        /// The store did not answer; trying again may help.
        case unreadable
        /// Bytes are not those that were written, or commits contradict one another.
        case corrupted
        /// A newer program wrote the store in a way that this one does not know.
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
