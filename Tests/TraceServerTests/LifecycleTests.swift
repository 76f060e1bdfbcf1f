// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing
import TraceServer

/// Notes when it was stopped.
private final class FakeStore: Service {
    private let hasStopped = Mutex(false)
    var isRunning: Bool { hasStopped.withLock { !$0 } }

    func run() async throws {
        try? await gracefulShutdown()
        hasStopped.withLock { $0 = true }
    }
}

/// Keeps what is logged at the level of `info` or above.
private struct LogLines: LogHandler {
    private final class Kept: Sendable {
        let lines = Mutex<[String]>([])
    }

    private let kept = Kept()
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.info
    var lines: [String] { kept.lines.withLock { $0 } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { kept.lines.withLock { $0.append("\(event.message)") } }
}

@Suite(.timeLimit(.minutes(5))) struct LifecycleTests {
    @Test func `a call under way is finished after GOAWAY, and the store stops last`() async throws {
        let store = FakeStore()
        try await RunningServer.with(storage: [store]) { server in
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                server.receiver.hold()
                let call = try await connection.open()
                try await call.sendHead()
                call.send(framed([1]), ends: true)
                while server.receiver.requests.isEmpty { await Task.yield() }
                await server.shutDown()
                #expect(await connection.control.wait { $0.goAwayCount > 0 })
                #expect(store.isRunning)
                server.receiver.release()
                #expect(await call.answer().status == 0)
            }
        }
        #expect(!store.isRunning)
    }

    @Test func `an HTTP request under way is finished`() async throws {
        try await RunningServer.with { server in
            server.receiver.hold()
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1\r\n\r\nx"
                )
                while server.receiver.requests.isEmpty { await Task.yield() }
                await server.shutDown()
                server.receiver.release()
                #expect(try await connection.answer().status == 200)
                #expect(await connection.isClosedByServer())
            }
        }
    }

    @Test func `what does not finish is cut off in time`() async throws {
        var limits = RunningServer.smallLimits
        limits.drainMilliseconds = 500
        try await RunningServer.with(limits: limits) { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { http in
                try await http.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: 9\r\n\r\nx"
                )
                try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { grpc in
                    let call = try await grpc.open()
                    try await call.sendHead()
                    call.send([0, 0, 0, 0, 9, 1])
                    while server.receiver.reservedByteCount < 8_000 { await Task.yield() }
                    let start = ContinuousClock.now
                    await server.shutDown()
                    _ = await call.answer()
                    #expect(ContinuousClock.now - start < .seconds(18), "the drain limit is half a second")
                }
            }
        }
    }

    @Test(arguments: ListenerName.allCases)
    func `an address in use is named with its flag once, and the store is stopped`(name: ListenerName) async throws {
        let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let address = ListenAddress(host: "127.0.0.1", port: taken.localAddress?.port ?? 0)
        var configuration = ServerConfiguration()
        configuration.otlpGRPC = ListenAddress(host: "127.0.0.1", port: 0)
        configuration.otlpHTTP = configuration.otlpGRPC
        configuration.http = configuration.otlpGRPC
        switch name {
        case .otlpGRPC: configuration.otlpGRPC = address
        case .otlpHTTP: configuration.otlpHTTP = address
        case .http: configuration.http = address
        }
        let log = LogLines()
        let server = VivaceServer(
            configuration: configuration, receiver: FakeReceiver(), queries: FakeQueries(),
            status: FakeStatus(), sources: MetricSources { 0 }, logger: Logger(label: "test") { _ in log })
        let store = FakeStore()
        let error = await #expect(throws: ServerError.self) { try await server.run(on: [store]) }
        #expect(error?.code == .addressInUse)
        #expect(error?.message.contains("\(name.rawValue) \(address) is in use") == true)
        #expect(log.lines == [], "the error is all that is to be said")
        #expect(!store.isRunning)
        try await taken.close()
    }

    @Test func `readiness names what is missing`() async throws {
        try await RunningServer.with { server in
            #expect(
                try await server.get("/ready")
                    == TestAnswer(
                        status: 200,
                        fields: ["content-type": "text/plain; charset=utf-8", "content-length": "5"],
                        body: Array("ready".utf8)))
            server.status.setNotReady("replaying the journal: 3 of 9 segments")
            let answer = try await server.get("/ready")
            #expect(answer.status == 503)
            #expect(answer.text == "replaying the journal: 3 of 9 segments\n")
        }
    }
}
