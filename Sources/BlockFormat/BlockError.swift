// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// A block that can't be read.
package struct BlockError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Bytes are not what was written: a checksum, a length or a value is impossible.
        case corrupted
        /// The block was written by a newer Vivace in a way that this one must understand and does not.
        case unsupported
        /// The storage that holds the block could not be read.
        case unreadable
    }

    package var code: Code
    /// Which part of the block, and what is wrong with it.
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        cause.map { "\(message): \($0)" } ?? message
    }
}

/// Reads of `part` throw what goes wrong in the bytes as `.corrupted`, naming the part.
func reading<T: ~Copyable>(
    _ part: @autoclosure () -> String, _ body: () throws(ByteCodingError) -> T
) throws(BlockError) -> T {
    do {
        return try body()
    } catch {
        throw BlockError(.corrupted, "the \(part()) is damaged", cause: error)
    }
}
