// SPDX-License-Identifier: Apache-2.0

/// The paths of the query API: what is answered where. All are asked with GET, or with HEAD.
///
/// A part in braces stands for any text.
enum Route: String, CaseIterable, Sendable {
    case traceV1 = "/api/traces/{id}"
    case traceV2 = "/api/v2/traces/{id}"
    case criticalPath = "/api/traces/{id}/critical-path"
    case slowSpans = "/api/slow"
    case search = "/api/search"
    case tagNamesV1 = "/api/search/tags"
    case tagNamesV2 = "/api/v2/search/tags"
    case tagValuesV1 = "/api/search/tag/{tag}/values"
    case tagValuesV2 = "/api/v2/search/tag/{tag}/values"
    case echo = "/api/echo"
    case buildInformation = "/api/status/buildinfo"
    case ready = "/ready"
    case metrics = "/metrics"
    case status = "/status"
    case version = "/status/version"
    case services = "/status/services"
    case endpoints = "/status/endpoints"
    case configuration = "/status/config"
    case runtimeConfiguration = "/status/runtime_config"
    case overrides = "/status/overrides"
    case tenantOverrides = "/status/overrides/{tenant}"
    case usageStatistics = "/status/usage-stats"
    case backendScheduler = "/status/backendscheduler"

    /// By route: its path, part by part.
    private static let patterns = allCases.map { ($0, $0.rawValue.split(separator: "/")) }

    /// The route of a path, and what stands there for the part in braces; nil if nothing is answered there.
    static func find(_ path: [String]) -> (route: Route, part: String)? {
        for (route, pattern) in patterns where pattern.count == path.count {
            var part = ""
            let fits = zip(pattern, path).allSatisfy { wanted, given in
                guard wanted.first == "{" else { return wanted == given }
                part = given
                return true
            }
            if fits { return (route, part) }
        }
        return nil
    }

    /// The name in metrics; pages about the server are not counted.
    var kind: QueryKind? {
        switch self {
        case .traceV1: .traceV1
        case .traceV2: .traceV2
        case .criticalPath: .criticalPath
        case .slowSpans: .slow
        case .search: .search
        case .tagNamesV1, .tagNamesV2: .tagNames
        case .tagValuesV1, .tagValuesV2: .tagValues
        default: nil
        }
    }

    /// What a page below `/status` says; nil for other routes.
    var statusTitle: String? {
        switch self {
        case .version: "what was built"
        case .services: "what runs, and whether it is ready"
        case .endpoints: "what is answered where"
        case .configuration: "the options in effect; ?mode=diff shows what is no default, ?mode=defaults the defaults"
        case .runtimeConfiguration: "what can change while the server runs"
        case .overrides: "the limits, and the tenants that have others"
        case .tenantOverrides: "what applies to a tenant"
        case .usageStatistics: "what is sent about the use of the server"
        case .backendScheduler: "the merging of blocks"
        default: nil
        }
    }
}
