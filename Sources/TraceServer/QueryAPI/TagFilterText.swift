// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import QueryEngine

/// The parameter `tags`: pairs in logfmt, `service.name=cart http.route="/cart/{id}" error`.
///
/// Pairs stand apart by spaces. A value with spaces, quotes or `=` stands in double quotes, in which `\"`, `\\`,
/// `\n`, `\r` and `\t` are escapes. A key alone has the empty value, which every value contains. No key stands twice.
struct TagFilterText: Equatable {
    struct Pair: Equatable {
        var key: String
        var value: String
    }

    private(set) var pairs: [Pair] = []

    static let expected =
        "pairs such as service.name=cart http.route=\"/cart /{id}\", with quotes that are closed, no empty keys and no key twice"

    init(pairs: [Pair]) { self.pairs = pairs }

    /// Nil if the text is not logfmt.
    init?(_ text: String) {
        var rest = Substring(text)
        var keys: Set<Substring> = []
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            if rest.isEmpty { return }
            let key = rest.prefix { !" \t=\"".contains($0) }
            guard !key.isEmpty else { return nil }
            rest = rest.dropFirst(key.count)
            var value = ""
            if rest.first == "=" {
                rest.removeFirst()
                guard let read = Self.value(&rest) else { return nil }
                value = read
            }
            guard rest.first != "\"", keys.insert(key).inserted else { return nil }
            pairs.append(Pair(key: String(key), value: value))
        }
    }

    private static func value(_ rest: inout Substring) -> String? {
        guard rest.first == "\"" else {
            let value = rest.prefix { !" \t\"".contains($0) }
            rest = rest.dropFirst(value.count)
            return String(value)
        }
        rest.removeFirst()
        var value = ""
        while let character = rest.popFirst() {
            if character == "\"" { return rest.isEmpty || " \t".contains(rest[rest.startIndex]) ? value : nil }
            guard character == "\\" else {
                value.append(character)
                continue
            }
            guard let escaped = rest.popFirst(), let meant = escapes[escaped] else { return nil }
            value.append(meant)
        }
        return nil
    }

    private static let escapes: [Character: Character] = ["\"": "\"", "\\": "\\", "n": "\n", "r": "\r", "t": "\t"]

    // MARK: - As a filter

    /// Adds the conditions to a query: all of them on one span with its resource, but those on the root.
    func apply(to query: inout TraceSearchQuery) {
        var filters: [SpanFilter] = []
        for pair in pairs {
            switch pair.key {
            case "root.name": query.rootName = .tag(TagText(pair.value))
            case "root.service.name": query.rootServiceName = .tag(TagText(pair.value))
            default: filters.append(Self.filter(pair))
            }
        }
        query.filter = .all(filters)
    }

    /// The attributes with that key, and what spans have under that name besides.
    private static func filter(_ pair: Pair) -> SpanFilter {
        let key = Array(pair.key.utf8)
        let test = ValueTest.tag(TagText(pair.value))
        var subjects: [SpanFilter] = [.holds(.resourceAttribute(key), test), .holds(.spanAttribute(key), test)]
        let text = pair.value.lowercased()
        switch pair.key {
        case "name": subjects.append(.holds(.name, test))
        case "status", "status.code": subjects.append(codes(.status, ["unset", "ok", "error"], text))
        case "kind": subjects.append(codes(.kind, kinds, text))
        case "error" where text == "true": subjects.append(.holds(.status, .integer(2...2)))
        case "duration":
            if let duration = goDurationNanoseconds(pair.value).flatMap({ Int64(exactly: $0) }) {
                subjects.append(.holds(.duration, .integer(duration...duration)))
            }
        default: break
        }
        return .any(subjects)
    }

    private static let kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"]

    /// The codes whose names contain the text, as strings do.
    private static func codes(_ subject: SpanSubject, _ names: [String], _ text: String) -> SpanFilter {
        let codes = names.indices.filter { text.isEmpty || names[$0].contains(text) }.map(Int64.init)
        return .any(codes.map { .holds(subject, .integer($0...$0)) })
    }
}
