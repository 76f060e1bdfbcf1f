// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import TraceModel

/// Says of each request whether its sender may do what it asks for.
struct AccessControl: Sendable {
    /// nil lets everybody do everything.
    let tokens: ReloadedFiles<TokenTable>?

    /// Why a request is refused.
    enum Refusal: Error, Equatable {
        case noToken
        case unknownToken
        /// The token is good, but not for this.
        case lacks(TokenScopes)
        /// The token is good, but not for this tenant.
        case lacksTenant(TenantID)
    }

    /// For whom the sender of a request may do what it asks for.
    struct Permit: Sendable, Equatable {
        /// nil for everybody.
        fileprivate(set) var tenants: TenantSet?

        /// - Throws: `.lacksTenant`.
        func check(_ wanted: TenantID) throws(Refusal) {
            if let tenants, !tenants.tenants.contains(wanted) { throw .lacksTenant(wanted) }
        }

        /// - Throws: `.lacksTenant` with the first that it is not for.
        func check(_ wanted: TenantSet) throws(Refusal) {
            for tenant in wanted.tenants { try check(tenant) }
        }
    }

    /// Checks the value of a request's `Authorization`; for which tenants the request is has to be checked with what
    /// is returned.
    func check(_ authorization: String?, needs scope: TokenScopes) throws(Refusal) -> Permit {
        guard let tokens else { return Permit(tenants: nil) }
        guard let authorization else { throw .noToken }
        guard let token = Self.bearerToken(authorization), let grant = tokens.value.grant(of: token) else {
            throw .unknownToken
        }
        guard grant.scopes.contains(scope) else { throw .lacks(scope) }
        return Permit(tenants: grant.tenants)
    }

    /// The token of `Bearer TOKEN`; nil if it is no such thing. The name of a scheme has no case.
    private static func bearerToken(_ authorization: String) -> String? {
        let words = authorization.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return String(words[1])
    }
}

extension AccessControl.Refusal {
    /// For the sender.
    var message: String {
        switch self {
        case .noToken: "a token is needed: send Authorization: Bearer TOKEN"
        case .unknownToken: "the Authorization holds no token that is known here"
        case .lacks(let scope): "the token does not allow to \(scope.name) spans"
        case .lacksTenant(let tenant): "the token is not for the tenant \(tenant)"
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750, section 3).
    var challenge: String {
        switch self {
        case .noToken: #"Bearer realm="vivace""#
        case .unknownToken: #"Bearer realm="vivace", error="invalid_token""#
        case .lacks(let scope): #"Bearer realm="vivace", error="insufficient_scope", scope="\#(scope.name)""#
        case .lacksTenant: #"Bearer realm="vivace", error="insufficient_scope""#
        }
    }
}
