// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import Ingest

/// What is counted of OTLP requests at the edge.
struct IngestMetrics: Sendable {
    enum Transport: Int, Sendable, CaseIterable {
        case grpc, http

        var name: String { self == .grpc ? "grpc" : "http" }
    }

    private let grpcRequests: CounterTable
    private let httpRequests: CounterTable
    private let refusals: CounterTable
    private let receivedBytes: [Counter]
    private let acknowledgement: CoreMetrics.Timer

    static let descriptions: [String: PrometheusRegistry.Description] = [
        "vivace_ingest_requests_total": .init(
            help: "OTLP requests by transport and by the status of their answer."),
        "vivace_ingest_requests_refused_total": .init(
            help: "OTLP requests of which nothing was stored, by transport and by what stood in the way."),
        "vivace_ingest_received_bytes_total": .init(
            help: "Bytes of complete OTLP requests as they were received, without headers."),
        "vivace_ingest_acknowledge_seconds": .init(
            help: "Time from a complete request to its spans being durable.",
            buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
    ]

    init(registry: PrometheusRegistry) {
        let requests = "vivace_ingest_requests_total"
        let transports = Transport.allCases.map(\.name)
        grpcRequests = CounterTable(
            requests, rows: ("transport", [Transport.grpc.name]),
            columns: ("code", GRPCStatus.Code.allCases.map(\.name)), registry: registry)
        httpRequests = CounterTable(
            requests, rows: ("transport", [Transport.http.name]), columns: ("code", CountedStatuses.names),
            registry: registry)
        refusals = CounterTable(
            "vivace_ingest_requests_refused_total", rows: ("transport", transports),
            columns: ("reason", RefusalReason.allCases.map(\.rawValue)), registry: registry)
        receivedBytes = transports.map {
            Counter(
                label: "vivace_ingest_received_bytes_total", dimensions: [("transport", $0)], factory: registry)
        }
        acknowledgement = CoreMetrics.Timer(label: "vivace_ingest_acknowledge_seconds", factory: registry)
        grpcRequests.add(0, row: 0, column: Self.index(of: .ok))
        httpRequests.add(0, row: 0, column: CountedStatuses.index(of: 200))
        refusals.showAll()
    }

    private static func index(of code: GRPCStatus.Code) -> Int {
        GRPCStatus.Code.allCases.firstIndex(of: code) ?? 0
    }

    /// Counts a request that was answered by gRPC.
    func countRequest(_ code: GRPCStatus.Code, refused reason: RefusalReason?) {
        grpcRequests.add(row: 0, column: Self.index(of: code))
        if let reason { countRefusal(.grpc, reason) }
    }

    /// Counts a request that was answered by HTTP.
    func countRequest(httpStatus: Int) {
        httpRequests.add(row: 0, column: CountedStatuses.index(of: httpStatus))
    }

    func countRefusal(_ transport: Transport, _ reason: RefusalReason) {
        refusals.add(row: transport.rawValue, column: RefusalReason.allCases.firstIndex(of: reason) ?? 0)
    }

    /// Counts a complete request, and measures how long it takes until it is durable.
    func measuringAcknowledgement(
        _ transport: Transport, byteCount: Int, _ export: () async throws(IngestError) -> ExportOutcome
    ) async throws(IngestError) -> ExportOutcome {
        receivedBytes[transport.rawValue].increment(by: byteCount)
        let start = ContinuousClock.now
        let outcome = try await export()
        acknowledgement.recordNanoseconds((ContinuousClock.now - start).wholeNanoseconds)
        return outcome
    }
}
