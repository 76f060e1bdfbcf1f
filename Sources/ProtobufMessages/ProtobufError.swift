// SPDX-License-Identifier: Apache-2.0

/// Why a message could not be decoded or encoded.
package struct ProtobufError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What the caller does about it.
    package enum Code: Equatable, Sendable {
        /// The bytes are not this message: 400, INVALID_ARGUMENT.
        case malformed
        /// Messages are nested deeper than is supported: 400, INVALID_ARGUMENT.
        case tooDeep
        /// The message needs more memory than the caller allows: 413, RESOURCE_EXHAUSTED.
        case tooLarge
        /// There was no memory. The same bytes may do later.
        case outOfMemory
    }

    package let code: Code
    /// What happened, to what.
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code): \(message)" }
}
