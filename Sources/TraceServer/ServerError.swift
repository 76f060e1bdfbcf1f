// SPDX-License-Identifier: Apache-2.0

/// Why the server can't run.
package struct ServerError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The address is used by another program: choose another one.
        case addressInUse
        /// The address can't be listened on: it is not this machine's, or not allowed.
        case addressUnavailable
        /// The files of certificates, keys or tokens can't be used: mend them.
        case badCredentials
        /// A listener's socket was closed under it.
        case listenerFailed
    }

    package var code: Code
    /// Names the flag and the address, and says what to do.
    package var message: String
    package var cause: (any Error)?

    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
