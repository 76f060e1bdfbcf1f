// SPDX-License-Identifier: Apache-2.0

internal import Logging

extension LogRecord {
    /// ```
    /// 2026-11-21T15:04:05.123456Z info     listening address=127.0.0.1:4317 service="OTLP over gRPC"
    /// ```
    /// Keys are in order. The label stands in brackets before the message unless it is the program's own.
    func text(usesColor: Bool) -> String {
        let name = level.rawValue
        let padding = String(repeating: " ", count: Self.levelWidth - name.utf8.count)
        let shownLevel = usesColor ? "\u{1b}[\(color)m\(name)\u{1b}[0m" : name
        var out = rfc3339(unixNanoseconds: unixNanoseconds) + " " + shownLevel + padding
        if label != Self.ownLabel { out += " [" + escaped(label) + "]" }
        out += " " + escaped(message)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            out += " " + Self.bare(key) + "=" + Self.shown(value)
        }
        return out + "\n"
    }

    /// What the program calls itself.
    package static let ownLabel = "vivace"
    private static let levelWidth = Logger.Level.allCases.map(\.rawValue.utf8.count).max() ?? 0

    /// SGR parameters of ECMA-48.
    private var color: String {
        switch level {
        case .trace, .debug: "2"
        case .info: "32"
        case .notice: "36"
        case .warning: "33"
        case .error: "31"
        case .critical: "1;31"
        }
    }

    private static func shown(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): bare(text)
        case .stringConvertible(let value): bare("\(value)")
        case .array, .dictionary: jsonValue(value)
        }
    }

    /// As it is where that can't be read in two ways, else in quotes.
    private static func bare(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.unicodeScalars.contains(where: isSeparator) && escaped(text) == text
        return isPlain ? text : quoted(text)
    }

    private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\"", "=": true
        default: scalar.properties.isWhitespace
        }
    }
}
