// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization

/// Counts the connections of a listener.
final class ConnectionCounter: Sendable {
    private let accepted = Atomic<Int>(0)
    private let closed = Atomic<Int>(0)

    /// Counts a connection until it closes.
    func add(_ channel: any Channel) {
        accepted.add(1, ordering: .relaxed)
        channel.closeFuture.whenComplete { [self] _ in closed.add(1, ordering: .relaxed) }
    }

    var acceptedCount: Int { accepted.load(ordering: .relaxed) }
    var openCount: Int {
        // In this order, so that it is never negative.
        let closed = closed.load(ordering: .acquiring)
        return accepted.load(ordering: .relaxed) - closed
    }
}

/// The connections of all listeners.
struct ConnectionMetrics: Sendable {
    let otlpGRPC = ConnectionCounter()
    let otlpHTTP = ConnectionCounter()
    let http = ConnectionCounter()

    subscript(name: ListenerName) -> ConnectionCounter {
        switch name {
        case .otlpGRPC: otlpGRPC
        case .otlpHTTP: otlpHTTP
        case .http: http
        }
    }

    func families(limit: Int) -> [PrometheusFamily] {
        let listeners = ListenerName.allCases.map { ($0.label, self[$0]) }
        return [
            .gauge(
                "vivace_connections", "Open connections.", by: "listener", listeners.map { ($0, $1.openCount) }),
            .counter(
                "vivace_connections_accepted_total", "Connections that were accepted.", by: "listener",
                listeners.map { ($0, $1.acceptedCount) }),
            .gauge(
                "vivace_connections_limit", "Connections that a listener may have; more wait to be accepted.",
                by: "listener", listeners.map { name, _ in (name, limit) }),
        ]
    }
}

extension ListenerName {
    /// The name in metrics.
    var label: String {
        switch self {
        case .otlpGRPC: "otlp_grpc"
        case .otlpHTTP: "otlp_http"
        case .http: "http"
        }
    }
}
