// SPDX-License-Identifier: Apache-2.0

extension Lexer {
    /// A name, and what follows it if it is a scope: `.` and an attribute, or `:` and an intrinsic.
    mutating func word() throws(Misfit) -> Token.Content {
        let start = offset
        let word = identifier()
        switch peek() {
        case UInt8(ascii: "."): return try attribute(scope: word, at: start)
        case UInt8(ascii: ":"): return try intrinsic(scope: word, at: start)
        default: return .word(word)
        }
    }

    private mutating func identifier() -> String {
        let start = offset
        while let byte = peek(), isLetter(byte) || isDigit(byte) { offset += 1 }
        return String(decoding: text[start..<offset], as: UTF8.self)
    }

    private static let scopeNames = AttributeScope.allCases.map(\.rawValue).filter { !$0.isEmpty } + ["parent"]

    private mutating func attribute(scope word: String, at start: Int) throws(Misfit) -> Token.Content {
        offset += 1
        if word == "parent" { return .field(.attribute(try attributeOfParent())) }
        guard let scope = AttributeScope(rawValue: word) else {
            let near = nearestWord(to: word, among: Self.scopeNames)
            let suggestion =
                word == "trace"
                ? "a trace has no attributes, only `trace:duration`, `trace:rootName`, `trace:rootService` and `trace:id`"
                : near.map { "did you mean `\($0).`?" } ?? "an attribute of any scope begins with a dot: `.\(word).…`"
            throw Misfit(.syntax, at: start, "`\(word)` is no scope of attributes", suggestion: suggestion)
        }
        return .field(.attribute(AttributeReference(scope, try attributeName())))
    }

    private mutating func attributeOfParent() throws(Misfit) -> AttributeReference {
        for scope in AttributeScope.allCases where scope != .any && starts(with: scope.rawValue + ".") {
            offset += scope.rawValue.utf8.count + 1
            return AttributeReference(scope, try attributeName(), isOfParent: true)
        }
        return AttributeReference(.any, try attributeName(), isOfParent: true)
    }

    private mutating func intrinsic(scope: String, at start: Int) throws(Misfit) -> Token.Content {
        offset += 1
        let name = "\(scope):\(identifier())"
        if let intrinsic = Intrinsic.scopedNames[name] {
            return .field(.intrinsic(IntrinsicReference(intrinsic, isScoped: true)))
        }
        let names = Intrinsic.allCases.compactMap(\.scopedName)
        let ofScope = names.filter { $0.hasPrefix(scope + ":") }
        let near = nearestWord(to: name, among: names).map { "did you mean `\($0)`?" }
        let all = ofScope.isEmpty ? nil : "there are " + ofScope.map { "`\($0)`" }.joined(separator: ", ")
        throw Misfit(.syntax, at: start, "`\(name)` is no intrinsic", suggestion: near ?? all)
    }

    /// The name after a scope's dot: unquoted parts as far as the characters allow, quoted parts with `\"` and `\\`.
    mutating func attributeName() throws(Misfit) -> String {
        let start = offset
        var name: [UInt8] = []
        while let byte = peek(), !endsAttributeName(byte) {
            if byte == UInt8(ascii: "\"") {
                try quotedPart(into: &name)
            } else if byte == 0xc2, peek(1) == 0xa0 {
                break
            } else {
                name.append(byte)
                offset += 1
            }
        }
        guard !name.isEmpty else {
            throw Misfit(
                .syntax, at: start, "expected the name of an attribute after the dot, found \(whatStands(at: start))",
                suggestion: "names with other characters stand in quotes: `.\"a name\"`")
        }
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func quotedPart(into name: inout [UInt8]) throws(Misfit) {
        let start = offset
        offset += 1
        while let byte = peek() {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                return
            case UInt8(ascii: "\\"):
                guard let next = peek(), next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") else {
                    throw Misfit(
                        .syntax, at: offset - 1, "in the quoted name of an attribute only `\\\"` and `\\\\` are escapes")
                }
                name.append(next)
                offset += 1
            default:
                name.append(byte)
            }
        }
        throw Misfit(.syntax, at: start, "the quoted name of an attribute has no end", suggestion: "end it with `\"`")
    }

    func whatStands(at offset: Int) -> String {
        guard offset < text.count else { return "the end" }
        return isSpace(text[offset]) ? "a space" : quoted(from: offset)
    }
}

/// Whether an unquoted name of an attribute ends before the byte.
func endsAttributeName(_ byte: UInt8) -> Bool {
    if isSpace(byte) { return true }
    return switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "="),
        UInt8(ascii: "~"), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"),
        UInt8(ascii: "|"), UInt8(ascii: "^"), UInt8(ascii: ","):
        true
    default: false
    }
}
