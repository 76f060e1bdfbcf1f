// SPDX-License-Identifier: Apache-2.0

package import Ingest
package import Logging
internal import NIOCore
internal import NIOPosix
package import QueryEngine
package import ServiceLifecycle
internal import UnixSignals

/// The server: three listeners around a receiver and a query engine.
///
/// As a service it runs its listeners side by side until one fails or a graceful shutdown begins; then all of them
/// stop accepting and have `ServerLimits.drainMilliseconds` to finish, together.
package struct VivaceServer: Service {
    private let configuration: ServerConfiguration
    private let limits: ServerLimits
    private let credentials: ServerCredentials
    private let receiver: any SpanReceiver
    private let queries: any TraceQuerying
    private let status: any StoreStatusProviding
    private let logger: Logger
    private let onListening: @Sendable (ListenerName, String) -> Void
    /// What is counted; its registry may serve as the factory of swift-metrics, for what libraries measure.
    package let metrics: ServerMetrics
    /// Where the listeners listen, once they do.
    package let listeners = ListenerAddresses()

    /// - Parameters:
    ///   - credentials: Certificates and tokens.
    ///   - status: Says what `/ready` and `/status` tell about the store.
    ///   - sources: What `/metrics` shows of other parts.
    ///   - onListening: Called once for each listener, with `HOST:PORT` as the system gave it.
    package init(
        configuration: ServerConfiguration, credentials: ServerCredentials = .none,
        receiver: any SpanReceiver, queries: any TraceQuerying, status: any StoreStatusProviding,
        sources: MetricSources, logger: Logger,
        onListening: @escaping @Sendable (ListenerName, String) -> Void = { _, _ in }
    ) {
        configuration.limits.assertRelations()
        self.configuration = configuration
        self.credentials = credentials
        self.receiver = receiver
        self.queries = queries
        self.status = status
        self.logger = logger
        self.onListening = onListening
        metrics = ServerMetrics(build: configuration.build, sources: sources)
        limits = Self.effectiveLimits(configuration)
        let (status, listeners) = (status, listeners)
        metrics.observe(
            isReady: { status.notReadyReason == nil && listeners.missing.isEmpty }, credentials: credentials,
            connectionLimit: limits.connectionCount, now: sources.now)
    }

    /// Runs the listeners.
    ///
    /// - Throws: ``ServerError`` if one can't listen, with the flag and the address.
    package func run() async throws {
        let services = services()
        let interval = Duration.milliseconds(configuration.limits.credentialsMilliseconds)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await credentials.run(interval: interval, logger: logger) }
            defer { group.cancelAll() }
            try await runListeners(services)
        }
    }

    private func runListeners(_ services: [any Service]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            // The first one that fails cancels the others.
            while try await group.next() != nil {}
        }
    }

    /// Runs the server together with the services that it stands on, until SIGTERM or SIGINT.
    ///
    /// - Parameter storage: Are started before the listeners, and stopped after them in reverse order, also when a
    ///   listener failed.
    package func run(on storage: [any Service]) async throws {
        let services = (storage + [self]).map { service in
            ServiceGroupConfiguration.ServiceConfiguration(
                service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .gracefullyShutdownGroup)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    private func services() -> [any Service] {
        let buffers = BodyBuffers(retainedByteLimit: limits.retainedBodyByteCount)
        let loops = MultiThreadedEventLoopGroup.singleton
        let pages = StatusPages(
            build: configuration.build, store: status, listeners: listeners, metrics: metrics,
            configuration: configuration.texts,
            tenantLimits: TenantLimits(
                tenancy: configuration.tenancy, retention: configuration.retention, limits: limits))
        let (access, tls) = (AccessControl(tokens: credentials.tokens), credentials.tls)
        return [
            HTTPListener(
                name: .http, address: configuration.http,
                responder: QueryAPI(
                    queries: queries, pages: pages, metrics: metrics.queries, access: access,
                    tenancy: configuration.tenancy, limits: limits,
                    slowQueries: SlowQueryLog(threshold: configuration.slowQueryDuration, logger: logger), logger: logger),
                limits: limits, tls: tls, connections: metrics.connections.http, eventLoopGroup: loops,
                logger: logger, onListening: announcing(.http)),
            OTLPHTTPListener(
                address: configuration.otlpHTTP, receiver: receiver, metrics: metrics.ingest, buffers: buffers,
                access: access, tenancy: configuration.tenancy, corsOrigins: configuration.corsOrigins, limits: limits, tls: tls,
                connectionCounter: metrics.connections.otlpHTTP, eventLoopGroup: loops, logger: logger,
                onListening: announcing(.otlpHTTP)),
            GRPCListener(
                address: configuration.otlpGRPC,
                service: GRPCService(
                    receiver: receiver, status: status, metrics: metrics.ingest, buffers: buffers, access: access,
                    tenancy: configuration.tenancy),
                limits: limits, tls: tls, connectionCounter: metrics.connections.otlpGRPC, eventLoopGroup: loops,
                logger: logger, onListening: announcing(.otlpGRPC)),
        ]
    }

    private func announcing(_ name: ListenerName) -> @Sendable (SocketAddress?) -> Void {
        let configured =
            switch name {
            case .otlpGRPC: configuration.otlpGRPC
            case .otlpHTTP: configuration.otlpHTTP
            case .http: configuration.http
            }
        return { address in
            let actual = ListenAddress(host: configured.host, port: address?.port ?? configured.port)
                .description
            if listeners.set(actual, for: name) { logListeners() }
            if let address, !address.isLoopback { warnOfStrangers(name, actual) }
            onListening(name, actual)
        }
    }

    /// Told when all are open, so that nothing stands beside the one line that says why one is not.
    private func logListeners() {
        for name in ListenerName.allCases {
            let address = listeners[name] ?? ""
            logger.info("listening", metadata: ["service": "\(name.service)", "address": "\(address)"])
        }
    }

    /// Told for a listener that other machines can reach, if it takes everybody or what is said can be overheard.
    private func warnOfStrangers(_ name: ListenerName, _ address: String) {
        let missing = [
            credentials.tls == nil ? "TLS (--tls-cert, --tls-key)" : nil,
            credentials.tokens == nil ? "tokens (--tokens)" : nil,
        ].compactMap { $0 }
        guard !missing.isEmpty else { return }
        logger.warning(
            "other machines can reach this listener, without \(missing.joined(separator: " and without "))",
            metadata: ["service": "\(name.service)", "address": "\(address)"])
    }

    /// The limits, with fewer connections where the system allows few file descriptors: a listener that meets that
    /// limit is lost, and the store needs some too. And little memory kept where there is little.
    private static func effectiveLimits(_ configuration: ServerConfiguration) -> ServerLimits {
        var limits = configuration.limits
        limits.retainedBodyByteCount = min(limits.retainedBodyByteCount, configuration.memoryByteCount / 32)
        if let openFiles = ProcessMetrics.openFileLimit() {
            limits.connectionCount = min(limits.connectionCount, max(16, openFiles / 5))
        }
        return limits
    }
}
