// SPDX-License-Identifier: Apache-2.0

/// Everything that `/metrics` shows: what the server counts itself, and collectors for the rest.
///
/// docs/METRICS.md describes each family; a test holds the two together.
package final class ServerMetrics: Sendable {
    package let registry: PrometheusRegistry
    let ingest: IngestMetrics
    let queries: QueryMetrics
    let connections = ConnectionMetrics()

    package init(build: BuildInformation, sources: MetricSources) {
        registry = PrometheusRegistry(
            descriptions: IngestMetrics.descriptions.merging(QueryMetrics.descriptions) { first, _ in first })
        ingest = IngestMetrics(registry: registry)
        queries = QueryMetrics(registry: registry)
        registry.addCollector { [Self.buildFamily(build)] }
        registry.addCollector(sources.families)
        registry.addCollector(ProcessMetrics().families)
    }

    private static func buildFamily(_ build: BuildInformation) -> PrometheusFamily {
        PrometheusFamily(
            name: "vivace_build_info", type: .gauge, help: "What is running; the value is always 1.",
            samples: [([("version", build.version), ("revision", build.revision)], 1)])
    }

    /// Shows the server's own state too.
    ///
    /// - Parameters:
    ///   - isReady: What `/ready` would say.
    ///   - now: Unix nanoseconds.
    func observe(
        isReady: @escaping @Sendable () -> Bool, credentials: ServerCredentials, connectionLimit: Int,
        now: @escaping @Sendable () -> UInt64
    ) {
        let connections = connections
        registry.addCollector {
            let ready = PrometheusFamily.gauge(
                "vivace_ready", "1 while spans are taken and questions answered, as /ready says.",
                isReady() ? 1 : 0)
            return [ready] + connections.families(limit: connectionLimit) + credentials.families(now: now())
        }
    }
}

extension Duration {
    /// Cut to whole nanoseconds; durations over 292 years trap.
    var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
