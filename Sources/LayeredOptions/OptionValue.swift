// SPDX-License-Identifier: Apache-2.0

/// A value of an option, as a variable or a file has it.
///
/// `description` is text from which the same value is read again.
package protocol OptionValue: CustomStringConvertible {
    /// What such a text has to be, as in "HOST:PORT".
    static var expectation: String { get }

    /// nil if the text is no such value.
    init?(optionText: String)
}

extension String: OptionValue {
    package static var expectation: String { "a text that is not empty" }

    package init?(optionText: String) {
        guard !optionText.isEmpty else { return nil }
        self = optionText
    }
}

/// What is wrong with a variable or a file of options, where, and what to do.
package struct OptionError: Error, Sendable, Equatable, CustomStringConvertible {
    package var message: String

    init(_ message: String) { self.message = message }

    package var description: String { message }
}
