// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import TraceModel

/// The header, and in lower case the gRPC metadata, that names the tenant.
let tenantHeaderName = "X-Scope-OrgID"

/// How the server knows whose spans a request sends or asks for; all transports ask here.
package enum Tenancy: Sendable, Hashable {
    /// Everything belongs to the single tenant: the header is ignored, as in Tempo.
    case single
    /// The header has to name the tenant.
    case byHeader

    /// Whose spans are sent.
    ///
    /// - Parameter values: Of the header, as often as it was given; not asked for if it is ignored.
    func writer(_ values: @autoclosure () -> [String]) throws(TenantRefusal) -> TenantID {
        guard self == .byHeader else { return .single }
        let name = try Self.only(values())
        guard !name.contains(TenantSet.separator) else { throw .severalWriters }
        guard let tenant = TenantID(name) else { throw .noName(TenantID.fault(in: name)) }
        return tenant
    }

    /// Whose spans are asked for: of one tenant, or of several with `|` between their names.
    func readers(_ values: @autoclosure () -> [String]) throws(TenantRefusal) -> TenantSet {
        guard self == .byHeader else { return .single }
        let text = try Self.only(values())
        if let tenants = TenantSet(text) { return tenants }
        let names = text.split(separator: TenantSet.separator, omittingEmptySubsequences: false)
        throw .noName(names.lazy.compactMap { TenantID.fault(in: $0) }.first)
    }

    /// A header that was given twice is believed in neither form: a proxy may have added the second one.
    private static func only(_ values: [String]) throws(TenantRefusal) -> String {
        guard let value = values.first, values.count > 1 || !value.isEmpty else { throw .missing }
        guard values.count == 1 else { throw .severalHeaders }
        return value
    }
}

/// Why it is not known whose spans a request is about.
enum TenantRefusal: Error, Hashable {
    case missing
    case severalHeaders
    /// Spans belong to one tenant.
    case severalWriters
    /// What stands there is no tenant's name.
    case noName(TenantID.Fault?)

    /// For the sender. Tempo's words for the first, which clients may look for.
    var message: String {
        switch self {
        case .missing: "no org id: the header \(tenantHeaderName) has to name the tenant"
        case .severalHeaders: "\(tenantHeaderName) is given more than once"
        case .severalWriters: "\(tenantHeaderName) names several tenants: spans are sent for one, and read of several"
        case .noName(let fault): "\(tenantHeaderName) names no tenant: \(fault?.reason ?? "")"
        }
    }
}

extension TenantID.Fault {
    fileprivate var reason: String {
        switch self {
        case .empty: "a name is empty"
        case .tooLong: "a name has more than \(TenantID.maximumByteCount) bytes"
        case .reserved: "a name must not be . or .."
        case .character(let character):
            "a name has letters, digits and !-_.*'() only, not U+"
                + String(character.unicodeScalars.first?.value ?? 0, radix: 16, uppercase: true)
        }
    }
}

extension HTTPField.Name {
    /// Names the tenant. Field names are compared without regard to case.
    static let tenant = HTTPField.Name(tenantHeaderName) ?? .authorization
}
