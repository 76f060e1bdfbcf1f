// SPDX-License-Identifier: Apache-2.0

/// Bytes that cannot be what they claim to be.
public struct ByteCodingError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The bytes end before the value does.
        case truncated
        /// The bytes contradict their format: an overlong varint, a length that does not add up, bad lz4.
        case corrupted
    }

    public var code: Code
    /// What was being read, for the message: "varint", "lz4 block".
    public var subject: StaticString

    public init(_ code: Code, _ subject: StaticString) {
        self.code = code
        self.subject = subject
    }

    public var description: String { "\(subject) is \(code.rawValue)" }

    public static func == (a: Self, b: Self) -> Bool { a.code == b.code }
}
