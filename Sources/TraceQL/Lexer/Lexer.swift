// SPDX-License-Identifier: Apache-2.0

/// Cuts a query's text into tokens, one at a time.
///
/// Spaces, line ends and comments (`// …` and `/* … */`) separate tokens and mean nothing else. A name of an attribute
/// goes on to a space or one of `{}()=~!<>&|^,`: `.a-b` is one name, `.a - .b` a difference.
struct Lexer {
    let text: [UInt8]
    var offset: Int

    init(_ text: [UInt8], from offset: Int = 0) {
        self.text = text
        self.offset = offset
    }

    /// The next token; `.end` for ever when the text is over.
    mutating func next() throws(Misfit) -> Token {
        try skipBlanks()
        let start = offset
        let content = try content()
        return Token(content: content, offset: start, endOffset: offset)
    }

    private mutating func content() throws(Misfit) -> Token.Content {
        guard let byte = peek() else { return .end }
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .literal(try number())
        case UInt8(ascii: "."):
            if let next = peek(1), isDigit(next) { return .literal(try number()) }
            offset += 1
            return .field(.attribute(AttributeReference(.any, try attributeName())))
        case UInt8(ascii: "\""):
            return .literal(.string(try quotedString()))
        case UInt8(ascii: "`"):
            return .literal(.string(try rawString()))
        default:
            if isLetter(byte) { return try word() }
            return .symbol(try symbol())
        }
    }

    private mutating func symbol() throws(Misfit) -> Symbol {
        if starts(with: "==") {
            throw Misfit(.syntax, at: offset, "`==` is no operator", suggestion: "did you mean `=`?")
        }
        for (symbol, bytes) in Symbol.longestFirst where starts(with: bytes) {
            offset += bytes.count
            return symbol
        }
        let suggestion: String? =
            switch text[offset] {
            case UInt8(ascii: "'"): "strings stand in double quotes or backticks"
            case UInt8(ascii: "&"): "did you mean `&&`?"
            case UInt8(ascii: ";"): "a query is one pipeline; stages are separated by `|`"
            case UInt8(ascii: "["), UInt8(ascii: "]"): "TraceQL has no lists and no ranges"
            default: nil
            }
        throw Misfit(.syntax, at: offset, "\(quoted(from: offset)) means nothing here", suggestion: suggestion)
    }

    private mutating func skipBlanks() throws(Misfit) {
        while let byte = peek() {
            if isSpace(byte) {
                offset += 1
            } else if byte == 0xc2, peek(1) == 0xa0 {
                // A no-break space, as it comes along when a query is copied from a page.
                offset += 2
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "/") {
                while let byte = peek(), byte != UInt8(ascii: "\n") { offset += 1 }
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                try skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(Misfit) {
        let start = offset
        offset += 2
        while peek() != UInt8(ascii: "*") || peek(1) != UInt8(ascii: "/") {
            guard offset < text.count else {
                throw Misfit(.syntax, at: start, "the comment has no end", suggestion: "end it with `*/`")
            }
            offset += 1
        }
        offset += 2
    }

    // MARK: Bytes

    func peek(_ distance: Int = 0) -> UInt8? {
        offset + distance < text.count ? text[offset + distance] : nil
    }

    func starts(with word: String) -> Bool { starts(with: Array(word.utf8)) }

    private func starts(with bytes: [UInt8]) -> Bool {
        text.count - offset >= bytes.count && text[offset..<offset + bytes.count].elementsEqual(bytes)
    }

    /// The text from there as it may be shown: at most 24 bytes in backticks, up to a space.
    func quoted(from start: Int, to end: Int? = nil) -> String {
        let limit = min(end ?? text.count, start + 24)
        var shown = text[start..<max(start, limit)]
        if end == nil, let space = shown.firstIndex(where: isSpace) { shown = shown[..<space] }
        // Not in the middle of a character.
        while shown.endIndex < text.count, text[shown.endIndex] & 0xc0 == 0x80, !shown.isEmpty { shown.removeLast() }
        let isCut = shown.endIndex < (end ?? shown.endIndex)
        return "`" + String(decoding: shown, as: UTF8.self) + (isCut ? "…`" : "`")
    }
}

func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0d ~= byte }
func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
func isLetter(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || byte == UInt8(ascii: "_")
}
