// SPDX-License-Identifier: Apache-2.0

/// Names whose spans these are: the value of `X-Scope-OrgID`.
public struct TenantID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let name: String

    /// The tenant of everything while multi-tenancy is off.
    public static let single = TenantID(unchecked: "single-tenant")

    /// The longest name, in bytes.
    public static let maximumByteCount = 150

    /// What keeps a text from being a tenant's name.
    public enum Fault: Sendable, Hashable {
        case empty
        case tooLong
        /// It is `.` or `..`, which lead elsewhere in a file system.
        case reserved
        /// It has this character.
        case character(Character)
    }

    /// Accepts 1 to 150 letters, digits and ``!-_.*'()``, but not `.` and `..`; nil for anything else.
    public init?(_ name: String) {
        guard Self.fault(in: name) == nil else { return nil }
        self.name = name
    }

    private init(unchecked name: String) { self.name = name }

    /// Why no tenant can have that name; nil if one can.
    public static func fault(in name: some StringProtocol) -> Fault? {
        if name.isEmpty { return .empty }
        if name.utf8.count > maximumByteCount { return .tooLong }
        if name == "." || name == ".." { return .reserved }
        guard !name.utf8.allSatisfy(isAllowed) else { return nil }
        return .character(name.first { !$0.utf8.allSatisfy(isAllowed) } ?? "?")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "!"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "*"),
            UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"):
            true
        default: false
        }
    }

    public static func < (a: Self, b: Self) -> Bool { a.name.utf8.lexicographicallyPrecedes(b.name.utf8) }

    public var description: String { name }
}

/// Whose spans a question is about: those of one tenant, or of several as if all were one's.
public struct TenantSet: Hashable, Sendable, CustomStringConvertible {
    /// In order, each once; at least one.
    public let tenants: [TenantID]

    /// ``TenantID/single`` alone.
    public static let single = TenantSet(.single)

    /// What stands between names.
    public static let separator: Character = "|"

    public init(_ tenant: TenantID) { tenants = [tenant] }

    /// Reads one name, or several with `|` between them; nil if one of them is no tenant's.
    public init?(_ text: String) {
        let names = text.split(separator: Self.separator, omittingEmptySubsequences: false)
        let tenants = names.compactMap { TenantID(String($0)) }
        guard tenants.count == names.count else { return nil }
        self.tenants = Set(tenants).sorted()
    }

    public var description: String { tenants.map(\.name).joined(separator: String(Self.separator)) }
}
