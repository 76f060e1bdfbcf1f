// SPDX-License-Identifier: Apache-2.0

extension Lexer {
    /// A string in double quotes, with Go's escapes, on one line.
    mutating func quotedString() throws(Misfit) -> String {
        let start = offset
        var bytes: [UInt8] = []
        offset += 1
        while let byte = peek(), byte != UInt8(ascii: "\n") {
            offset += 1
            if byte == UInt8(ascii: "\"") { return try string(bytes, at: start) }
            if byte == UInt8(ascii: "\\") { try escape(into: &bytes) } else { bytes.append(byte) }
        }
        throw Misfit(.syntax, at: start, "the string has no end", suggestion: "end it with `\"`")
    }

    /// A string in backticks: what stands there, line ends too.
    mutating func rawString() throws(Misfit) -> String {
        let start = offset
        offset += 1
        while let byte = peek() {
            offset += 1
            if byte == UInt8(ascii: "`") { return String(decoding: text[start + 1..<offset - 1], as: UTF8.self) }
        }
        throw Misfit(.syntax, at: start, "the string has no end", suggestion: "end it with a backtick")
    }

    private func string(_ bytes: [UInt8], at start: Int) throws(Misfit) -> String {
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw Misfit(.syntax, at: start, "the string's escapes make bytes that are no UTF-8")
        }
        return string
    }

    /// What follows a backslash.
    private mutating func escape(into bytes: inout [UInt8]) throws(Misfit) {
        let start = offset - 1
        guard let byte = peek() else { throw Misfit(.syntax, at: start, "the string has no end") }
        offset += 1
        switch byte {
        case UInt8(ascii: "a"): bytes.append(7)
        case UInt8(ascii: "b"): bytes.append(8)
        case UInt8(ascii: "t"): bytes.append(9)
        case UInt8(ascii: "n"): bytes.append(10)
        case UInt8(ascii: "v"): bytes.append(11)
        case UInt8(ascii: "f"): bytes.append(12)
        case UInt8(ascii: "r"): bytes.append(13)
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes.append(byte)
        case UInt8(ascii: "x"): bytes.append(UInt8(try hexadecimal(digits: 2, at: start)))
        case UInt8(ascii: "u"): try append(try hexadecimal(digits: 4, at: start), to: &bytes, at: start)
        case UInt8(ascii: "U"): try append(try hexadecimal(digits: 8, at: start), to: &bytes, at: start)
        case UInt8(ascii: "0")...UInt8(ascii: "3"): bytes.append(try octal(first: byte, at: start))
        default:
            throw Misfit(
                .syntax, at: start, "`\\\(String(decoding: [byte], as: UTF8.self))` is no escape in a string",
                suggestion: "write `\\\\` for a backslash, or put the string in backticks, where nothing is escaped")
        }
    }

    private mutating func hexadecimal(digits: Int, at start: Int) throws(Misfit) -> UInt32 {
        guard offset + digits <= text.count,
            let value = UInt32(String(decoding: text[offset..<offset + digits], as: UTF8.self), radix: 16),
            text[offset] != UInt8(ascii: "+")
        else { throw Misfit(.syntax, at: start, "this escape takes \(digits) hexadecimal digits") }
        offset += digits
        return value
    }

    private mutating func octal(first: UInt8, at start: Int) throws(Misfit) -> UInt8 {
        guard let second = peek(), let third = peek(1),
            let value = UInt8(String(decoding: [first, second, third], as: UTF8.self), radix: 8)
        else { throw Misfit(.syntax, at: start, "this escape takes 3 octal digits") }
        offset += 2
        return value
    }

    private func append(_ scalar: UInt32, to bytes: inout [UInt8], at start: Int) throws(Misfit) {
        guard let scalar = Unicode.Scalar(scalar) else {
            throw Misfit(.syntax, at: start, "the escape names no character of Unicode")
        }
        bytes.append(contentsOf: Character(scalar).utf8)
    }
}
