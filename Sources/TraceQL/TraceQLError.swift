// SPDX-License-Identifier: Apache-2.0

/// Where something stands in a query.
package struct SourcePosition: Equatable, Sendable {
    /// Bytes of UTF-8 before it.
    package var offset: Int
    /// From 1.
    package var line: Int
    /// Characters of its line up to it, from 1.
    package var column: Int

    /// The position of a byte; of the end if `offset` is beyond it.
    init(offset: Int, in text: [UInt8]) {
        let before = text.prefix(offset)
        self.offset = before.count
        line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // Continuation bytes are part of the character before them.
        column = 1 + before[lineStart...].count { $0 & 0xc0 != 0x80 }
    }
}

/// Why a query is refused. The same query will be refused again.
package struct TraceQLError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: Equatable, Sendable {
        /// The text is no query.
        case syntax
        /// It is a query that means nothing: a comparison that can't hold, a filter that is no condition.
        case type
        /// It means something that is not supported.
        case unsupported
        /// It is longer or deeper than `TraceQLLimits` allow.
        case tooLarge
    }

    package let code: Code
    package let position: SourcePosition
    /// What is wrong, in words: "expected a value, found `}`".
    package let message: String
    /// What may have been meant: "did you mean `=`?"
    package let suggestion: String?

    package var description: String {
        let place = "line \(position.line), column \(position.column): \(message)"
        return suggestion.map { "\(place); \($0)" } ?? place
    }
}

/// An error whose place is only a byte offset, before the text is at hand to count lines in.
struct Misfit: Error, Equatable {
    var code: TraceQLError.Code
    var offset: Int
    var message: String
    var suggestion: String?

    init(_ code: TraceQLError.Code, at offset: Int, _ message: String, suggestion: String? = nil) {
        self.code = code
        self.offset = offset
        self.message = message
        self.suggestion = suggestion
    }

    func error(in text: [UInt8]) -> TraceQLError {
        TraceQLError(
            code: code, position: SourcePosition(offset: offset, in: text), message: message, suggestion: suggestion)
    }
}
