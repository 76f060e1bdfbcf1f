// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import TraceServer
import TraceStorage

/// A server on ports that the system chose.
struct RunningServer: Sendable {
    let receiver: FakeReceiver
    let queries: FakeQueries
    let status: FakeStatus
    let server: VivaceServer
    private let group: ServiceGroup

    func port(_ name: ListenerName) -> Int {
        server.listeners[name].flatMap { ListenAddress($0) }?.port ?? 0
    }

    /// Begins a graceful shutdown, as SIGTERM does.
    func shutDown() async { await group.triggerGracefulShutdown() }

    /// Runs `body` against a server and stops it afterwards.
    static func with(
        limits: ServerLimits = smallLimits, storage: [any Service] = [],
        credentials: ServerCredentials = .none,
        logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        configure: (inout ServerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        var configuration = ServerConfiguration()
        configuration.otlpGRPC.port = 0
        configuration.otlpHTTP.port = 0
        configuration.http.port = 0
        configuration.limits = limits
        configure(&configuration)
        let (receiver, queries, status) = (FakeReceiver(), FakeQueries(), FakeStatus())
        let (listening, continuation) = AsyncStream.makeStream(of: ListenerName.self)
        let server = VivaceServer(
            configuration: configuration, credentials: credentials, receiver: receiver, queries: queries,
            status: status, sources: MetricSources(memory: MemoryBudget(total: 1 << 30)) { 0 }, logger: logger
        ) { name, _ in continuation.yield(name) }
        let group = ServiceGroup(
            services: storage + [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = RunningServer(
            receiver: receiver, queries: queries, status: status, server: server, group: group)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                var open = 0
                for await _ in listening {
                    open += 1
                    if open == ListenerName.allCases.count { break }
                }
                do {
                    try await body(running)
                } catch {
                    receiver.release()
                    await group.triggerGracefulShutdown()
                    throw error
                }
                receiver.release()
                await group.triggerGracefulShutdown()
            }
            while try await tasks.next() != nil {}
        }
    }

    /// Small enough that going over them is cheap.
    static var smallLimits: ServerLimits {
        var limits = ServerLimits()
        limits.requestByteCount = 200_000
        limits.discardedByteCount = 400_000
        // Machines may be slow; whoever tests the limit sets his own.
        limits.drainMilliseconds = 20_000
        return limits
    }
}
