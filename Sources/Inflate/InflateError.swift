// SPDX-License-Identifier: Apache-2.0

/// Why compressed bytes could not be inflated, or bytes not be compressed.
package struct InflateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What the caller does about it.
    package enum Code: Equatable, Sendable {
        /// The bytes are neither gzip nor zlib, are damaged, or something follows them. Sending
        /// them again does not help.
        case corrupted
        /// The bytes end inside the compressed stream; there may be more to come.
        case truncated
        /// The content is larger than the limit the caller gave.
        case tooLarge
        /// zlib found no memory. The same bytes may do later.
        case outOfMemory
    }

    package let code: Code
    /// What was wrong, in words for whoever sent the bytes.
    package let message: String
    /// zlib's own message, if it gave one.
    package let cause: String?

    init(_ code: Code, _ message: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        cause.map { "\(code): \(message) (\($0))" } ?? "\(code): \(message)"
    }
}
