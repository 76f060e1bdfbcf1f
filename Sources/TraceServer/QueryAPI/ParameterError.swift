// SPDX-License-Identifier: Apache-2.0

internal import TraceQL

/// A part of a question that makes no sense.
struct ParameterError: Error, Equatable {
    var name: String
    var value: String
    /// What would make sense, as in "a duration such as 500ms".
    var expected: String

    /// What is wrong with it, where more is known than what would make sense.
    var reason: String?

    init(name: String, value: String, expected: String) {
        (self.name, self.value, self.expected) = (name, value, expected)
    }

    /// A query that TraceQL refuses.
    init(query: String, error: TraceQLError) {
        (name, value, expected, reason) = ("q", query, "TraceQL", error.description)
    }

    var message: String {
        reason.map { "invalid TraceQL query: \($0)" } ?? "invalid \(name) \"\(value)\": expected \(expected)"
    }
}
