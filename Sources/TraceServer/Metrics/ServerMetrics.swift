// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import Ingest
internal import Synchronization
package import TraceStorage

/// What the server counts, on a registry.
package final class ServerMetrics: Sendable {
    enum Transport: String, Sendable {
        case grpc, http
    }

    package let registry: PrometheusRegistry
    private let acceptedSpans: Counter
    private let rejectedSpans: Counter
    private let receivedBytes: Counter
    private let acknowledgement: CoreMetrics.Timer
    /// Counters and timers with labels, by these: looking them up here is cheaper than in the registry.
    private let counters = Mutex<[String: Counter]>([:])
    private let timers = Mutex<[String: CoreMetrics.Timer]>([:])

    private static let descriptions: [String: PrometheusRegistry.Description] = [
        "vivace_ingest_requests_total": .init(
            help: "OTLP requests by transport and by the status of their answer."),
        "vivace_ingest_spans_accepted_total": .init(help: "Spans that were acknowledged."),
        "vivace_ingest_spans_rejected_total": .init(
            help: "Spans that were refused, and reported as partial success."),
        "vivace_ingest_bytes_total": .init(help: "Bytes of acknowledged requests as they were received."),
        "vivace_ingest_acknowledge_seconds": .init(
            help: "Time from a complete request to its spans being durable.",
            buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
        "vivace_query_requests_total": .init(help: "Queries by kind and by the HTTP status of their answer."),
        "vivace_query_seconds": .init(help: "Time until a query's answer is known; sending it is not in it."),
    ]

    /// - Parameter memory: The account whose use is shown; nil shows none.
    package init(build: BuildInformation, memory: MemoryBudget?) {
        let registry = PrometheusRegistry(descriptions: Self.descriptions)
        self.registry = registry
        acceptedSpans = Counter(label: "vivace_ingest_spans_accepted_total", factory: registry)
        rejectedSpans = Counter(label: "vivace_ingest_spans_rejected_total", factory: registry)
        receivedBytes = Counter(label: "vivace_ingest_bytes_total", factory: registry)
        acknowledgement = CoreMetrics.Timer(label: "vivace_ingest_acknowledge_seconds", factory: registry)
        registry.addCollector { [Self.buildFamily(build)] + Self.memoryFamilies(memory) }
        registry.addCollector(ProcessMetrics().families)
    }

    private static func buildFamily(_ build: BuildInformation) -> PrometheusFamily {
        PrometheusFamily(
            name: "vivace_build_info", type: .gauge, help: "What is running; the value is always 1.",
            samples: [([("version", build.version), ("revision", build.revision)], 1)])
    }

    private static func memoryFamilies(_ memory: MemoryBudget?) -> [PrometheusFamily] {
        guard let memory else { return [] }
        let used = MemoryHolder.allCases.map {
            ([("holder", $0.rawValue)], Double(memory.usedByteCount(by: $0)))
        }
        let limits = MemoryHolder.allCases.map { ([("holder", $0.rawValue)], Double(memory.limits[$0] ?? 0)) }
        return [
            PrometheusFamily(
                name: "vivace_memory_used_bytes", type: .gauge, help: "Memory taken from the budget.",
                samples: used.map { (labels: $0.0, value: $0.1) }),
            PrometheusFamily(
                name: "vivace_memory_limit_bytes", type: .gauge,
                help: "Memory that may be taken from the budget.",
                samples: limits.map { (labels: $0.0, value: $0.1) }),
        ]
    }

    /// Counts an OTLP request that was answered.
    func countIngestRequest(transport: Transport, code: String) {
        counter("vivace_ingest_requests_total", ("transport", transport.rawValue), ("code", code)).increment()
    }

    /// Measures how long an export takes, and counts what became of it.
    func measuringAcknowledgement(
        byteCount: Int, _ export: () async throws(IngestError) -> ExportOutcome
    ) async throws(IngestError) -> ExportOutcome {
        let start = ContinuousClock.now
        let outcome = try await export()
        acknowledgement.recordNanoseconds((ContinuousClock.now - start).wholeNanoseconds)
        receivedBytes.increment(by: byteCount)
        acceptedSpans.increment(by: outcome.acceptedSpanCount)
        rejectedSpans.increment(by: outcome.rejectedSpanCount)
        return outcome
    }

    /// Counts a query that was answered.
    func countQuery(kind: String, code: Int, duration: Duration) {
        counter("vivace_query_requests_total", ("kind", kind), ("code", String(code))).increment()
        let timer = timers.withLock { timers in
            if let timer = timers[kind] { return timer }
            let timer = CoreMetrics.Timer(
                label: "vivace_query_seconds", dimensions: [("kind", kind)], factory: registry)
            timers[kind] = timer
            return timer
        }
        timer.recordNanoseconds(duration.wholeNanoseconds)
    }

    private func counter(_ name: String, _ labels: (String, String)...) -> Counter {
        let key = labels.reduce(name) { $0 + "\0" + $1.1 }
        return counters.withLock { counters in
            if let counter = counters[key] { return counter }
            let counter = Counter(label: name, dimensions: labels, factory: registry)
            counters[key] = counter
            return counter
        }
    }
}

extension Duration {
    /// Cut to whole nanoseconds; durations over 292 years trap.
    var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
