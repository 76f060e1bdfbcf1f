// SPDX-License-Identifier: Apache-2.0

internal import CAllocator
internal import CRevision
internal import FileIO
internal import Foundation
internal import Ingest
internal import LogOutput
internal import Logging
internal import QueryEngine
internal import ServiceLifecycle
internal import TraceServer
internal import TraceStorage

/// Runs the server until it is told to end by SIGTERM or SIGINT.
///
/// - Throws: `CommandError` with a message that says what to do.
func startServer(_ options: ServeOptions) async throws {
    let log = StandardErrorLog(options.log.format)
    log.bootstrap(level: options.log.level)
    defer { log.finish() }
    let logger = Logger(label: LogRecord.ownLabel)
    raiseOpenFileLimit()
    // Large buffers go back to the system when they are freed. By default the allocator raises its threshold with the
    // largest one that it saw, and keeps as much in each of its arenas: twice the budget, seen.
    _ = mallopt(M_MMAP_THRESHOLD, 1 << 20)
    // Smaller ones stay, up to as much in each of its arenas: the requests' buffers come and go, and to touch fresh
    // memory for each of them cost a tenth of all CPU time.
    _ = mallopt(M_TRIM_THRESHOLD, 4 << 20)
    let now: @Sendable () -> UInt64 = { UInt64(max(0, Date().timeIntervalSince1970) * 1e9) }
    let credentials: ServerCredentials
    do {
        credentials = try ServerCredentials(tls: options.tls, tokensPath: options.tokensPath)
    } catch {
        throw CommandError(.unreachable, error.description)
    }
    let budget = MemoryBudget(total: options.memoryByteCount)
    let store: TraceStore
    do {
        var storeConfiguration = StoreConfiguration(
            directory: options.dataDirectory, headsByteLimit: budget.limits[.heads] ?? 0, now: now)
        storeConfiguration.shardCount = max(2, ProcessInfo.processInfo.activeProcessorCount)
        storeConfiguration.retention = options.retention
        storeConfiguration.compaction = options.compaction
        storeConfiguration.tenantLimit = options.hasTenants ? StoreConfiguration.defaultTenantLimit : nil
        store = try await TraceStore.open(storeConfiguration, budget: budget, logger: logger)
    } catch let error as StoreError {
        throw CommandError(.unreachable, explanation(error, options.dataDirectory))
    }
    do {
        let ingest = try IngestService(store: store, budget: budget, now: now)
        let queries = QueryEngine(
            store: store, budget: budget, width: ProcessInfo.processInfo.activeProcessorCount)
        let server = VivaceServer(
            configuration: configuration(options), credentials: credentials, receiver: ingest, queries: queries,
            status: StoreStatus(store: store),
            sources: MetricSources(store: store, ingest: ingest, queries: queries, memory: budget, now: now),
            logger: logger)
        try await server.run(on: [log, StoreService(store: store, logger: logger)])
    } catch let error as StoreError {
        throw CommandError(.unreachable, error.description)
    } catch let error as ServerError {
        throw CommandError(.unreachable, error.description)
    }
}

/// Why the store can't be opened, by the option that says where it is.
private func explanation(_ error: StoreError, _ directory: String) -> String {
    let advice = "Mend that, or choose another directory with --data-dir DIR."
    guard let cause = error.cause as? FileIOError else { return "--data-dir \(directory): \(error). \(advice)" }
    // The operation's name in the program says nothing to a user; what stands behind the path does.
    let reason = cause.message.split(separator: "'\(cause.path)': ", maxSplits: 1).last ?? Substring(cause.message)
    return "--data-dir \(directory) can't be used: '\(cause.path)': \(reason). \(advice)"
}

private func configuration(_ options: ServeOptions) -> ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.otlpGRPC = ListenAddress(host: options.otlpGRPC.host, port: options.otlpGRPC.port)
    configuration.otlpHTTP = ListenAddress(host: options.otlpHTTP.host, port: options.otlpHTTP.port)
    configuration.http = ListenAddress(host: options.http.host, port: options.http.port)
    configuration.tenancy = options.hasTenants ? .byHeader : .single
    configuration.corsOrigins = options.corsOrigins
    configuration.slowQueryDuration = options.log.slowQueries
    configuration.dataDirectory = options.dataDirectory
    configuration.memoryByteCount = options.memoryByteCount
    configuration.retention = options.retention
    configuration.texts = options.texts
    configuration.build.version = VivaceCommand.version
    configuration.build.revision = buildRevision()
    return configuration
}

/// Twelve digits of the commit that was built; empty if that is not known.
private func buildRevision() -> String {
    let revision = vivace_revision()
    guard revision != 0 else { return "" }
    let digits = String(revision, radix: 16)
    return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
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
        let compaction = figures.compaction
        return [
            StoreFigure(name: "blocks", value: "\(figures.blockCount)"),
            StoreFigure(name: "bytes in blocks", value: "\(figures.blockByteCount)"),
            StoreFigure(name: "spans in blocks", value: "\(figures.blockSpanCount)"),
            StoreFigure(name: "spans in heads", value: "\(figures.headSpanCount)"),
            StoreFigure(name: "heads on their way into blocks", value: "\(figures.sealedGenerationCount)"),
            StoreFigure(name: "spans accepted since the start", value: "\(figures.acceptedSpanCount)"),
            StoreFigure(name: "spans rejected since the start", value: "\(figures.rejectedSpanCount)"),
            StoreFigure(name: "open blocks", value: "\(figures.cache.blocks)"),
            StoreFigure(name: "bytes to be merged", value: "\(compaction.debtByteCount)"),
            StoreFigure(name: "merges since the start", value: "\(compaction.finishedJobCount)"),
            StoreFigure(name: "blocks dropped by retention since the start", value: "\(compaction.expiredBlockCount)"),
        ]
    }
}
