// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import Synchronization
internal import TraceModel

/// Where the server listens by now.
package final class ListenerAddresses: Sendable {
    private let addresses = Mutex<[ListenerName: String]>([:])

    /// - Returns: Whether this was the last of them.
    func set(_ address: String, for name: ListenerName) -> Bool {
        addresses.withLock { open in
            let isNew = open.updateValue(address, forKey: name) == nil
            return isNew && open.count == ListenerName.allCases.count
        }
    }

    /// `HOST:PORT`; nil until the listener is open.
    package subscript(name: ListenerName) -> String? { addresses.withLock { $0[name] } }

    /// Listeners that are not open yet.
    var missing: [ListenerName] {
        addresses.withLock { open in ListenerName.allCases.filter { open[$0] == nil } }
    }
}

/// The pages about the server itself.
struct StatusPages: Sendable {
    let build: BuildInformation
    let store: any StoreStatusProviding
    let listeners: ListenerAddresses
    let metrics: ServerMetrics
    /// What whoever may ask for some tenants alone is shown of the options; nil for all tenants.
    let configuration: @Sendable (TenantSet?) -> ConfigurationTexts
    let tenantLimits: TenantLimits
    let start = ContinuousClock.now

    /// - Parameters:
    ///   - part: What stands in the path for the part in braces.
    ///   - visible: Of which tenants may be told; nil for all.
    func answer(
        _ route: Route, _ part: String, _ target: RequestTarget, to visible: TenantSet?
    ) throws(ParameterError) -> Response {
        switch route {
        case .ready: ready()
        case .metrics: exposition()
        case .echo: plainText(.ok, "echo")
        case .buildInformation: buildInformation()
        case .version: plainText(.ok, versionText)
        case .services: plainText(.ok, servicesText)
        case .endpoints: plainText(.ok, endpointsText)
        case .configuration: plainText(.ok, try configurationText(target, to: visible))
        case .runtimeConfiguration: plainText(.ok, runtimeConfigurationText(to: visible))
        case .overrides: plainText(.ok, tenantLimits.text(to: visible))
        case .tenantOverrides: try tenantOverrides(part)
        case .usageStatistics: plainText(.ok, usageStatisticsText)
        case .backendScheduler: plainText(.ok, backendSchedulerText)
        default: plainText(.ok, statusText())
        }
    }

    private func ready() -> Response {
        if let reason = store.notReadyReason { return plainText(.serviceUnavailable, reason + "\n") }
        guard let missing = listeners.missing.first else { return plainText(.ok, "ready") }
        return plainText(.serviceUnavailable, "\(missing.service) does not listen yet\n")
    }

    private func exposition() -> Response {
        var response = plainText(.ok, metrics.registry.exposition())
        response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
        return response
    }

    private func statusText() -> String {
        let uptime = (ContinuousClock.now - start).components.seconds
        var lines = [
            "vivace \(build.version) \(build.revision)",
            "uptime: \(uptime / 86_400)d \(uptime / 3_600 % 24)h \(uptime / 60 % 60)m \(uptime % 60)s",
            "ready: \(store.notReadyReason.map { "no: \($0)" } ?? "yes")", "", "listeners",
        ]
        for name in ListenerName.allCases {
            lines.append("  \(name.rawValue) \(listeners[name] ?? "not yet") (\(name.service))")
        }
        lines += ["", "store"] + storeFigures + ["", "pages"] + pageList
        return lines.joined(separator: "\n") + "\n"
    }

    /// The fields that Tempo has; Grafana reads the version.
    private func buildInformation() -> Response {
        var json = JSONWriter()
        json.object { json in
            json.field("version", build.version)
            json.field("revision", build.revision)
            json.field("branch", build.branch)
            json.field("buildDate", build.buildDate)
            json.field("buildUser", "")
            json.field("goVersion", "")
        }
        return jsonResponse(json)
    }
}
