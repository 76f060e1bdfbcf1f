// SPDX-License-Identifier: Apache-2.0

/// Why a text is no regular expression. Sending it again does not help.
package struct RegularExpressionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What RE2 says, such as "missing ): (".
    package let message: String

    package var description: String { message }
}
