// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import TraceModel

// What stands below `/status`, as text or YAML.

extension StatusPages {
    var storeFigures: [String] { store.figures.map { "  \($0.name): \($0.value)" } }

    /// The pages below `/status`, for the page itself.
    var pageList: [String] {
        Route.allCases.compactMap { route in route.statusTitle.map { "  \(route.rawValue): \($0)" } }
    }

    var versionText: String {
        let lines = [
            ("revision", build.revision), ("branch", build.branch), ("build date", build.buildDate),
        ].map { "  \($0.0): \($0.1.isEmpty ? "unknown" : $0.1)\n" }
        return "vivace, version \(build.version.isEmpty ? "unknown" : build.version)\n" + lines.joined()
    }

    var servicesText: String {
        let listeners = ListenerName.allCases.map { name in
            "\(name.service): \(self.listeners[name].map { "running on \($0)" } ?? "starting")\n"
        }
        return listeners.joined() + "store: \(store.notReadyReason.map { "not ready: \($0)" } ?? "running")\n"
    }

    var endpointsText: String {
        let routes = Route.allCases.map { "  GET \($0.rawValue)\n" }.joined()
        return """
            \(ListenerName.http.service), \(listeners[.http] ?? "not yet open"); HEAD is answered too
            \(routes)
            \(ListenerName.otlpHTTP.service), \(listeners[.otlpHTTP] ?? "not yet open")
              POST /v1/traces

            \(ListenerName.otlpGRPC.service), \(listeners[.otlpGRPC] ?? "not yet open")
              opentelemetry.proto.collector.trace.v1.TraceService/Export
              grpc.health.v1.Health/Check

            """
    }

    /// The parameter `mode` of the configuration.
    private enum ConfigurationMode: String, CaseIterable {
        case diff, defaults
    }

    /// Options name the files of keys and tokens; what stands in those is nowhere shown.
    func configurationText(_ target: RequestTarget, to visible: TenantSet?) throws(ParameterError) -> String {
        let shown = configuration(visible)
        return switch try target.choice("mode", ConfigurationMode.self) {
        case nil: shown.effective
        case .diff: shown.changed
        case .defaults: shown.builtIn
        }
    }

    func runtimeConfigurationText(to visible: TenantSet?) -> String {
        let reloaded = configuration(visible).reloaded
        guard !reloaded.isEmpty else {
            return "# nothing changes while the server runs: options are read at its start\n{}\n"
        }
        return "# options are read at the start; what stands in these files is read again when it changes\n"
            + reloaded
    }

    func tenantOverrides(_ name: String) throws(ParameterError) -> Response {
        guard let tenant = TenantID(name) else {
            throw ParameterError(name: "tenant", value: name, expected: "a tenant's name")
        }
        guard tenantLimits.tenancy == .byHeader || tenant == .single else {
            return plainText(
                .notFound, "there is no tenant \(tenant): without --multitenancy all belongs to \(TenantID.single)\n")
        }
        return plainText(.ok, tenantLimits.text(of: tenant))
    }

    var usageStatisticsText: String { "none: nothing about the use of this server is sent to anybody\n" }

    var backendSchedulerText: String {
        "the server merges blocks itself, without a scheduler\n\nstore\n" + storeFigures.map { $0 + "\n" }.joined()
    }
}
