// SPDX-License-Identifier: Apache-2.0

internal import Logging

extension LogRecord {
    /// ```
    /// {"time":"2026-11-21T15:04:05.123456Z","level":"info","logger":"vivace","message":"…","metadata":{…}}
    /// ```
    /// Metadata is there if there is any, its keys in order; its texts are texts, numbers and booleans are themselves,
    /// dictionaries are objects and lists arrays.
    var json: String {
        var out = "{\"time\":\"" + rfc3339(unixNanoseconds: unixNanoseconds) + "\",\"level\":\"\(level.rawValue)\""
        out += ",\"logger\":" + quoted(label) + ",\"message\":" + quoted(message)
        if !metadata.isEmpty { out += ",\"metadata\":" + jsonValue(.dictionary(metadata)) }
        return out + "}\n"
    }
}

/// A value as JSON, in one line.
func jsonValue(_ value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): quoted(text)
    case .stringConvertible(let value): jsonNumber(value) ?? quoted("\(value)")
    case .array(let elements): "[" + elements.map(jsonValue).joined(separator: ",") + "]"
    case .dictionary(let members):
        "{" + members.sorted { $0.key < $1.key }.map { quoted($0.key) + ":" + jsonValue($0.value) }
            .joined(separator: ",") + "}"
    }
}

/// A number or a boolean as JSON; nil for all else, and for numbers that JSON can't write.
private func jsonNumber(_ value: any CustomStringConvertible) -> String? {
    switch value {
    case let number as Int: String(number)
    case let number as Int64: String(number)
    case let number as Int32: String(number)
    case let number as UInt64: String(number)
    case let number as UInt32: String(number)
    case let number as UInt: String(number)
    case let flag as Bool: flag ? "true" : "false"
    case let number as Double where number.isFinite: number.description
    default: nil
    }
}

/// The text in quotes, with escapes that JSON knows (RFC 8259, section 7).
func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        if scalar == "\"" { out += "\\\"" } else { append(scalar, to: &out) }
    }
    return out + "\""
}

/// The text without whatever could end a line, move a cursor or turn the direction of writing; such is spelled out
/// as JSON does it, and backslashes are doubled, so that no two texts look the same.
func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars { append(scalar, to: &out) }
    return out
}

private func append(_ scalar: Unicode.Scalar, to out: inout String) {
    switch scalar {
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case "\r": out += "\\r"
    case "\t": out += "\\t"
    case _ where isUnsafeToShow(scalar):
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    default: out.unicodeScalars.append(scalar)
    }
}

/// Controls, line separators and marks of direction; all have four hexadecimal digits at most.
private func isUnsafeToShow(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x200e...0x200f, 0x2066...0x2069, 0xfeff: true
    default: false
    }
}
