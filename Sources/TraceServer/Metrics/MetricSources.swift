// SPDX-License-Identifier: Apache-2.0

package import Ingest
package import QueryEngine
package import TraceStorage

/// The parts whose figures `/metrics` shows beside what the server counts itself. They know nothing of metrics: each
/// is asked when somebody scrapes. What is nil is not shown.
package struct MetricSources: Sendable {
    package var store: TraceStore?
    package var ingest: IngestService?
    package var queries: QueryEngine?
    package var memory: MemoryBudget?
    /// Unix nanoseconds.
    package var now: @Sendable () -> UInt64

    package init(
        store: TraceStore? = nil, ingest: IngestService? = nil, queries: QueryEngine? = nil,
        memory: MemoryBudget? = nil, now: @escaping @Sendable () -> UInt64
    ) {
        self.store = store
        self.ingest = ingest
        self.queries = queries
        self.memory = memory
        self.now = now
    }

    func families() -> [PrometheusFamily] {
        var families: [PrometheusFamily] = []
        if let store { families += PrometheusFamily.families(store.figures) }
        if let ingest {
            families.append(
                .counter(
                    "vivace_ingest_inflated_bytes_total", "Bytes of OTLP requests after decompression.",
                    ingest.inflatedByteCount))
        }
        if let queries { families += PrometheusFamily.families(queries.figures) }
        if let memory { families += PrometheusFamily.families(memory) }
        return families
    }
}

extension PrometheusFamily {
    fileprivate static func families(_ memory: MemoryBudget) -> [PrometheusFamily] {
        func byHolder(_ value: (MemoryHolder) -> Int) -> [(String, Int)] {
            MemoryHolder.allCases.map { ($0.rawValue, value($0)) }
        }
        return [
            .gauge(
                "vivace_memory_used_bytes", "Memory taken from the budget.", by: "holder",
                byHolder { memory.usedByteCount(by: $0) }),
            .gauge(
                "vivace_memory_limit_bytes", "Memory that may be taken from the budget.", by: "holder",
                byHolder { memory.limits[$0] ?? 0 }),
            .counter(
                "vivace_memory_refusals_total", "How often the budget had not what was asked for.", by: "holder",
                byHolder { memory.refusalCount(of: $0) }),
            .gauge("vivace_memory_waiters", "Those who wait until the budget has room.", memory.waiterCount),
        ]
    }
}
