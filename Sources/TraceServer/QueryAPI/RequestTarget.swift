// SPDX-License-Identifier: Apache-2.0

internal import TraceModel

/// The path and the parameters of a request, decoded.
struct RequestTarget: Sendable, Equatable {
    /// The parts between the slashes; a slash at the end does not count.
    var path: [String]
    private(set) var parameters: [String: String] = [:]

    /// - Parameter text: As in the request line: a path, or an absolute URL.
    init(_ text: String) {
        let target = Self.withoutAuthority(text)
        let parts = target.prefix { $0 != "#" }.split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = (parts.first ?? "").split(separator: "/").map { Self.decoded($0, plusIsSpace: false) }
        guard parts.count > 1 else { return }
        for pair in parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decoded(sides[0], plusIsSpace: true)
            // Of a parameter that stands twice the first one counts, as in Go.
            if parameters[name] == nil {
                parameters[name] = sides.count > 1 ? Self.decoded(sides[1], plusIsSpace: true) : ""
            }
        }
    }

    /// The path as it is written, but decoded.
    var pathText: String { "/" + path.joined(separator: "/") }

    /// A parameter; nil if it is missing or empty.
    subscript(name: String) -> String? {
        guard let value = parameters[name], !value.isEmpty else { return nil }
        return value
    }

    /// A parameter read by `read`; nil if it is missing or empty.
    func value<Value>(
        _ name: String, expected: String, _ read: (String) -> Value?
    ) throws(ParameterError) -> Value? {
        guard let text = self[name] else { return nil }
        guard let value = read(text) else {
            throw ParameterError(name: name, value: text, expected: expected)
        }
        return value
    }

    /// A parameter that is one of the raw values of a type.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) throws(ParameterError) -> Choice? where Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return try value(name, expected: "one of \(names)") { Choice(rawValue: $0) }
    }

    private static func withoutAuthority(_ text: String) -> Substring {
        guard !text.hasPrefix("/"), let scheme = text.firstRange(of: "://") else { return text[...] }
        return text[scheme.upperBound...].drop { $0 != "/" }
    }

    /// Percent-decoded text; what is not an escape stays as it is.
    private static func decoded(_ text: Substring, plusIsSpace: Bool) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = escapedByte(rest.prefix(2)) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func escapedByte(_ digits: Substring.UTF8View) -> UInt8? {
        guard digits.count == 2, let first = digits.first.flatMap(hexadecimalValue),
            let last = digits.last.flatMap(hexadecimalValue)
        else { return nil }
        return first << 4 | last
    }
}
