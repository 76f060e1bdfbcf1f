// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Ingest
internal import Logging
internal import QueryEngine
internal import ServiceLifecycle
internal import TraceServer
internal import TraceStorage

/// Runs the server until it is told to end by SIGTERM or SIGINT.
///
/// - Throws: `CommandError` with a message that says what to do.
func startServer(_ options: ServeOptions) async throws {
    LoggingSystem.bootstrap(StreamLogHandler.standardError)
    let logger = Logger(label: "vivace")
    let now: @Sendable () -> UInt64 = { UInt64(max(0, Date().timeIntervalSince1970) * 1e9) }
    let budget = MemoryBudget(total: options.memoryByteCount)
    do {
        var storeConfiguration = StoreConfiguration(
            directory: options.dataDirectory, headsByteLimit: budget.limits[.heads] ?? 0, now: now)
        storeConfiguration.shardCount = max(2, ProcessInfo.processInfo.activeProcessorCount)
        let store = try await TraceStore.open(storeConfiguration, budget: budget, logger: logger)
        let server = VivaceServer(
            configuration: configuration(options),
            receiver: try IngestService(store: store, budget: budget, now: now),
            queries: QueryEngine(store: store, budget: budget), status: StoreStatus(store: store), memory: budget,
            logger: logger)
        try await server.run(on: [StoreService(store: store, logger: logger)])
    } catch let error as StoreError {
        throw CommandError(.unreachable, error.description)
    } catch let error as ServerError {
        throw CommandError(.unreachable, error.description)
    }
}

private func configuration(_ options: ServeOptions) -> ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.otlpGRPC = ListenAddress(host: options.otlpGRPC.host, port: options.otlpGRPC.port)
    configuration.otlpHTTP = ListenAddress(host: options.otlpHTTP.host, port: options.otlpHTTP.port)
    configuration.http = ListenAddress(host: options.http.host, port: options.http.port)
    configuration.dataDirectory = options.dataDirectory
    configuration.memoryByteCount = options.memoryByteCount
    configuration.build.version = VivaceCommand.version
    return configuration
}

/// The store's own work, begun before the listeners and ended after them.
private struct StoreService: Service {
    let store: TraceStore
    let logger: Logger

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await store.run(logger: logger)
        } onGracefulShutdown: {
            store.beginClosing()
        }
    }
}

/// What the status pages say of the store.
private struct StoreStatus: StoreStatusProviding {
    let store: TraceStore

    var notReadyReason: String? { store.refusal }

    var figures: [StoreFigure] {
        let figures = store.figures
        return [
            StoreFigure(name: "blocks", value: "\(figures.blockCount)"),
            StoreFigure(name: "bytes in blocks", value: "\(figures.blockByteCount)"),
            StoreFigure(name: "spans in blocks", value: "\(figures.blockSpanCount)"),
            StoreFigure(name: "spans in heads", value: "\(figures.headSpanCount)"),
            StoreFigure(name: "heads on their way into blocks", value: "\(figures.sealedGenerationCount)"),
            StoreFigure(name: "spans accepted since the start", value: "\(figures.acceptedSpanCount)"),
            StoreFigure(name: "spans rejected since the start", value: "\(figures.rejectedSpanCount)"),
            StoreFigure(name: "open blocks", value: "\(figures.openBlockCount)"),
        ]
    }
}
