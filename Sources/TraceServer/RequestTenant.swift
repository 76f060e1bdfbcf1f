// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import TraceModel

/// The header, and in lower case the gRPC metadata, that names the tenant.
let tenantHeaderName = "X-Scope-OrgID"

/// Whose spans a request sends or asks for.
///
/// All transports ask here, so that multi-tenancy is decided in one place. It is off: the header is ignored and
/// everything belongs to the single tenant, as in Tempo.
func requestTenant(header: String?) -> TenantID { .single }

extension HTTPField.Name {
    /// Names the tenant. Field names are compared without regard to case.
    static let tenant = HTTPField.Name(tenantHeaderName) ?? .authorization
}
