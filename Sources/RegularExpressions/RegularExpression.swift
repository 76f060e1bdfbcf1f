// SPDX-License-Identifier: Apache-2.0

internal import CRegularExpressions

/// A regular expression in RE2's syntax, which is Go's, that has to match a text from its beginning to its end.
///
/// A dot matches any character. Matching takes time linear in the text whatever the expression is, and memory within
/// the limit that was given; an expression whose program would be larger is refused.
///
/// Instances may be used from several threads at once.
@safe package final class RegularExpression: @unchecked Sendable {
    // Safe to send: RE2 is immutable but for its automata, which it guards by its own locks.
    private let expression: OpaquePointer

    /// What it was made of.
    package let pattern: String

    /// Bytes for the program and its automata; RE2's own limit, 8 MiB, is for one expression at a time.
    package static let defaultMemoryLimit = 2 << 20

    /// - Throws: An error that says why RE2 refuses the pattern, or that its program would be too large.
    package init(
        _ pattern: String, memoryLimit: Int = RegularExpression.defaultMemoryLimit
    ) throws(RegularExpressionError) {
        var message = [CChar](repeating: 0, count: 256)
        var text = pattern
        let capacity = message.count
        // Safe: both buffers are used inside of the call, with their own counts.
        let created = text.withUTF8 { utf8 in
            unsafe message.withUnsafeMutableBufferPointer { message in
                unsafe utf8.withMemoryRebound(to: CChar.self) { bytes in
                    unsafe vivace_re2_create(
                        bytes.baseAddress, bytes.count, Int64(memoryLimit), message.baseAddress, capacity)
                }
            }
        }
        guard let created = unsafe created else {
            let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw RegularExpressionError(message: String(decoding: bytes, as: UTF8.self))
        }
        unsafe expression = created
        self.pattern = pattern
    }

    deinit { unsafe vivace_re2_destroy(expression) }

    /// Whether the whole of the bytes matches. They need not be UTF-8.
    package func matches(_ text: RawSpan) -> Bool {
        // Safe: the bytes are used inside of the call, with their own count.
        unsafe text.withUnsafeBytes { bytes in
            unsafe vivace_re2_matches(expression, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
    }

    /// Whether the whole of the text matches.
    package func matches(_ text: String) -> Bool {
        var text = text
        // Safe: as above.
        return text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                unsafe vivace_re2_matches(expression, bytes.baseAddress, bytes.count)
            }
        }
    }

    /// Instructions of the compiled program: what matching a byte costs at worst.
    package var programSize: Int { unsafe Int(vivace_re2_program_size(expression)) }
}
