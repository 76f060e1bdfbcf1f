// SPDX-License-Identifier: Apache-2.0

/// Conditions on tags as the search API takes them: `service.name=cart note="two words"`.
package enum LogfmtText {
    /// One pair.
    ///
    /// - Returns: Nil if the key can't stand in logfmt: it is empty or has a blank, a control character, a quote or an
    ///   equals sign.
    package static func pair(_ key: String, _ value: String) -> String? {
        isPlain(key) ? key + "=" + quoted(value) : nil
    }

    /// One pair for other programs, whose key stands in quotes too if need be: `"by(a = b)"=true`.
    static func quotedPair(_ key: String, _ value: String) -> String {
        (isPlain(key) ? key : quoted(key)) + "=" + quoted(value)
    }

    /// Whether a text can stand without quotes.
    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy { $0 > " " && $0 != "=" && $0 != "\"" && $0 != "\u{7f}" }
    }

    private static func quoted(_ value: String) -> String {
        if isPlain(value), !value.contains("\\") { return value }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar < " " || scalar == "\u{7f}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
