// SPDX-License-Identifier: Apache-2.0

/// A part of a question that makes no sense.
struct ParameterError: Error, Equatable {
    var name: String
    var value: String
    /// What would make sense, as in "a duration such as 500ms".
    var expected: String

    var message: String { "invalid \(name) \"\(value)\": expected \(expected)" }
}
