// SPDX-License-Identifier: Apache-2.0

package import TraceModel

/// What a token allows.
package struct TokenScopes: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// To ask the query API.
    package static let read = TokenScopes(rawValue: 1)
    /// To send spans.
    package static let write = TokenScopes(rawValue: 2)

    /// Reads `read`, `write`, or both with a comma; nil if it is anything else.
    init?(_ text: Substring) {
        var scopes: TokenScopes = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            switch name {
            case "read": scopes.insert(.read)
            case "write": scopes.insert(.write)
            default: return nil
            }
        }
        self = scopes
    }

    /// As the file of tokens and RFC 6750 write one.
    var name: String { self == .read ? "read" : "write" }
}

/// What a token allows, and for whom.
package struct TokenGrant: Sendable, Hashable {
    package var scopes: TokenScopes
    /// Whose spans may be sent or read; nil for everybody's.
    package var tenants: TenantSet?

    package init(scopes: TokenScopes, tenants: TenantSet? = nil) {
        self.scopes = scopes
        self.tenants = tenants
    }
}

/// The tokens of a file and what each allows.
///
/// A line is a token, blanks, and `read`, `write` or `read,write`, and perhaps, behind more blanks, for which tenants
/// alone: names with `|` between them. Lines that are empty or begin with `#` mean nothing. A token has the characters of RFC 6750 (section 2.1), letters, digits and `-._~+/`, with `=` at its end.
package struct TokenTable: Sendable {
    /// What is wrong with which line. The message never holds a token.
    package struct Fault: Error, Sendable, Equatable {
        /// From 1; nil if it is the whole file.
        package var line: Int?
        package var reason: String
    }

    private var entries: [(token: [UInt8], grant: TokenGrant)] = []

    package init(_ text: String) throws(Fault) {
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let token = words.first, !token.hasPrefix("#") else { continue }
            guard (2...3).contains(words.count), let scopes = TokenScopes(words[1]) else {
                throw Fault(line: index + 1, reason: "a token and then read, write or read,write belong there")
            }
            let tenants = words.count == 3 ? TenantSet(String(words[2])) : nil
            guard words.count == 2 || tenants != nil else {
                throw Fault(line: index + 1, reason: "the third word has to be tenants, as in team-a or a|b")
            }
            guard Self.isToken(token) else {
                let reason = "a token has letters, digits and -._~+/ only, with = at its end"
                throw Fault(line: index + 1, reason: reason)
            }
            guard grant(of: String(token)) == nil else {
                throw Fault(line: index + 1, reason: "that token stands in an earlier line too")
            }
            entries.append((Array(token.utf8), TokenGrant(scopes: scopes, tenants: tenants)))
        }
        guard !entries.isEmpty else { throw Fault(line: nil, reason: "there is no token in it") }
    }

    /// What `token` allows; nil if it is not known.
    ///
    /// The time this takes depends on the length of what is asked for and on the number of tokens, on nothing else:
    /// it gives away neither a token nor a part of one.
    package func grant(of token: String) -> TokenGrant? {
        let given = Array(token.utf8)
        var found: TokenGrant?
        for entry in entries where Self.isEqual(entry.token, given) { found = entry.grant }
        return found
    }

    private static func isEqual(_ known: [UInt8], _ given: [UInt8]) -> Bool {
        var difference = known.count ^ given.count
        for at in given.indices { difference |= Int(known[at % known.count] ^ given[at]) }
        return difference == 0
    }

    private static func isToken(_ text: Substring) -> Bool {
        let body = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }
        return !body.isEmpty
            && body.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._~+/".utf8.contains(byte)
                }
            }
    }
}
