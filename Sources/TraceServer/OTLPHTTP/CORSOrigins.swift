// SPDX-License-Identifier: Apache-2.0

internal import NIOHTTP1

/// The origins whose pages may send spans from a browser.
///
/// - SeeAlso: the Fetch standard, "HTTP-CORS protocol".
package enum CORSOrigins: Sendable, Equatable, CustomStringConvertible {
    case none
    case any
    /// Each `scheme://host` or `scheme://host:port`, in lower case.
    case listed([String])

    /// Reads `*`, or origins with commas between them; nil if it is anything else. No text is no origin.
    package init?(_ text: String) {
        let names = text.split(separator: ",").map { $0.filter { $0 != " " }.lowercased() }
        if names.isEmpty {
            self = .none
        } else if names == ["*"] {
            self = .any
        } else if names.allSatisfy(Self.isOrigin) {
            self = .listed(names)
        } else {
            return nil
        }
    }

    private static func isOrigin(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count > 1, parts[0].hasSuffix(":"), parts[1].isEmpty else { return false }
        return !parts[2].isEmpty && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "*") }
    }

    package var description: String {
        switch self {
        case .none: ""
        case .any: "*"
        case .listed(let names): names.joined(separator: ",")
        }
    }
}

extension CORSOrigins {
    /// How long, in seconds, a browser may remember the answer to a preflight: two hours, the most that Chromium does.
    private static let maxAgeSeconds = 7_200
    /// Those beyond the Fetch standard's safelist that OTLP needs; `*` does not stand for Authorization.
    private static let requestFields = "Authorization, Content-Encoding, Content-Type, X-Scope-OrgID"

    /// Whether a request asks on a browser's behalf what pages may do here.
    func isPreflight(_ head: HTTPRequestHead) -> Bool {
        self != .none && head.method == .OPTIONS && head.headers.contains(name: "origin")
            && head.headers.contains(name: "access-control-request-method")
    }

    /// What an answer to this request says about who may read it.
    func fields(for head: HTTPRequestHead) -> [(name: String, value: String)] {
        guard self != .none else { return [] }
        var fields: [(name: String, value: String)] = []
        if case .listed = self { fields.append(("vary", "Origin")) }
        guard let origin = head.headers.first(name: "origin") else { return fields }
        switch self {
        case .any: fields.append(("access-control-allow-origin", "*"))
        case .listed(let names) where names.contains(origin.lowercased()):
            fields.append(("access-control-allow-origin", origin))
        case .listed, .none: return fields
        }
        if head.method == .OPTIONS {
            fields.append(("access-control-allow-methods", "POST"))
            fields.append(("access-control-allow-headers", Self.requestFields))
            fields.append(("access-control-max-age", String(Self.maxAgeSeconds)))
        } else {
            fields.append(("access-control-expose-headers", "Retry-After"))
        }
        return fields
    }
}
