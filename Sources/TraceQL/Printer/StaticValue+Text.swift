// SPDX-License-Identifier: Apache-2.0

extension StaticValue: CustomStringConvertible {
    /// As a query has it. Arrays, which have no literal, are shown in brackets.
    package var description: String {
        switch self {
        case .absent: "nil"
        case .int(.min): "minInt"
        case .int(let value): String(value)
        case .float(let value): String(value)
        case .duration(let value): durationText(nanoseconds: value)
        case .string(let value): stringLiteral(value)
        case .boolean(let value): value ? "true" : "false"
        case .status(let value): value.name
        case .kind(let value): value.name
        case .array(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .opaque: "…"
        }
    }

    /// Whether it is written with a minus in front.
    var isNegative: Bool {
        switch self {
        case .int(let value): value < 0 && value != .min
        case .duration(let value): value < 0
        case .float(let value): value.sign == .minus
        default: false
        }
    }
}

/// In backticks, as Tempo prints strings, or in quotes with escapes if a backtick or a control character is in it.
private func stringLiteral(_ text: String) -> String {
    let isRaw = text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "`") }
    if isRaw { return "`\(text)`" }
    var literal = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": literal += "\\\""
        case "\\": literal += "\\\\"
        case "\n": literal += "\\n"
        case "\t": literal += "\\t"
        case "\r": literal += "\\r"
        case _ where scalar.value < 0x20 || scalar.value == 0x7f:
            let digits = String(scalar.value, radix: 16)
            literal += "\\x" + String(repeating: "0", count: 2 - digits.utf8.count) + digits
        default: literal.unicodeScalars.append(scalar)
        }
    }
    return literal + "\""
}

extension SpanField: CustomStringConvertible {
    /// As a query has it: `span.http.method`, `."a b"`, `span:name`.
    package var description: String {
        switch self {
        case .intrinsic(let reference): reference.name
        case .attribute(let reference): reference.text
        }
    }
}

extension AttributeReference {
    fileprivate var text: String {
        let prefix = (isOfParent ? "parent." : "") + (scope == .any ? (isOfParent ? "" : ".") : scope.rawValue + ".")
        return prefix + (needsQuotes ? quotedName : name)
    }

    private var needsQuotes: Bool {
        let isSpecial = { (byte: UInt8) in endsAttributeName(byte) || "\"\\`".utf8.contains(byte) }
        if name.utf8.contains(where: isSpecial) { return true }
        if name.unicodeScalars.contains("\u{a0}") { return true }
        // `.5` is a number, and `parent.span.x` the parent's span attribute.
        if scope == .any, let first = name.utf8.first, isDigit(first) { return true }
        guard isOfParent, scope == .any else { return false }
        return AttributeScope.allCases.contains { $0 != .any && name.hasPrefix($0.rawValue + ".") }
    }

    private var quotedName: String {
        var quoted = "\""
        for scalar in name.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
