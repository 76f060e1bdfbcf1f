// SPDX-License-Identifier: Apache-2.0

import FileIO
import InMemoryLogging
import Ingest
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Testing
import TraceServer

@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    private func files(_ identity: TestIdentity = .serverA) throws -> CredentialFiles {
        let files = try CredentialFiles()
        try files.write(identity)
        return files
    }

    private func status(_ server: RunningServer, _ tls: NIOSSLContext?) async throws -> Int {
        try await server.request("GET", "/api/echo", to: .http, tls: tls).status
    }

    // MARK: Connections

    @Test func `every listener speaks TLS, and nothing else`() async throws {
        let files = try files()
        try await RunningServer.with(credentials: ServerCredentials(tls: files.tls(), tokensPath: nil)) { server in
            let tls = try TestIdentity.client(trusting: .serverA)
            #expect(try await status(server, tls) == 200)
            let body = [UInt8](repeating: 1, count: 150_000)
            let answer = try await server.request(
                "POST", "/v1/traces", to: .otlpHTTP, fields: ["Content-Type: application/x-protobuf"], body: body,
                tls: tls)
            #expect(answer.status == 200)
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC), tls: tls) { connection in
                let answer = try await connection.call(frames: [framed(body)])
                #expect(answer.status == 0)
            }
            #expect(server.receiver.requests.map(\.body) == [body, body])
            for name in ListenerName.allCases {
                await #expect(throws: (any Error).self) {
                    try await server.request("GET", "/api/echo", to: name, tls: nil)
                }
            }
        }
    }

    @Test func `a body that is not wanted is refused before it is sent, and the connection ends`() async throws {
        let files = try files()
        try await RunningServer.with(credentials: ServerCredentials(tls: files.tls(), tokensPath: nil)) { server in
            let tls = try TestIdentity.client(trusting: .serverA)
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP), tls: tls) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                        + "Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n")
                #expect(try await connection.answer().status == 413)
                #expect(await connection.isClosedByServer())
            }
        }
    }

    @Test func `gRPC is negotiated as h2, the rest as HTTP 1`() async throws {
        let files = try files()
        try await RunningServer.with(credentials: ServerCredentials(tls: files.tls(), tokensPath: nil)) { server in
            let tls = try TestIdentity.client(trusting: .serverA) { $0.applicationProtocols = ["h2", "http/1.1"] }
            for (name, expected) in [(ListenerName.otlpGRPC, "h2"), (.otlpHTTP, "http/1.1"), (.http, "http/1.1")] {
                #expect(try await negotiatedProtocol(server.port(name), tls) == expected)
            }
        }
    }

    private func negotiatedProtocol(_ port: Int, _ tls: NIOSSLContext) async throws -> String? {
        let negotiated = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: String?.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
                    try pipeline.addHandler(HandshakeObserver(negotiated))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        defer { channel.close(promise: nil) }
        return try await negotiated.futureResult.get()
    }

    @Test func `TLS before 1_2 is refused`() async throws {
        let files = try files()
        try await RunningServer.with(credentials: ServerCredentials(tls: files.tls(), tokensPath: nil)) { server in
            for version in [TLSVersion.tlsv1, .tlsv11, .tlsv12, .tlsv13] {
                let tls = try TestIdentity.client(trusting: .serverA) {
                    $0.minimumTLSVersion = version
                    $0.maximumTLSVersion = version
                }
                for name in ListenerName.allCases {
                    let isGood = await (try? negotiatedProtocol(server.port(name), tls)) != nil
                    #expect(isGood == [.tlsv12, .tlsv13].contains(version), "\(version) \(name)")
                }
            }
        }
    }

    @Test func `with authorities for clients only a client that shows a certificate of theirs is served`() async throws {
        let files = try files()
        try files.write(TestIdentity.clientAuthority, to: "ca.pem")
        let credentials = try ServerCredentials(tls: files.tls(hasClientCA: true), tokensPath: nil)
        try await RunningServer.with(credentials: credentials) { server in
            for version in [TLSVersion.tlsv12, .tlsv13] {
                for (identity, isServed) in [(nil, false), (.stranger, false), (.client, true)] as [(TestIdentity?, Bool)] {
                    let tls = try TestIdentity.client(trusting: .serverA, showing: identity) {
                        $0.maximumTLSVersion = version
                    }
                    #expect(await (try? status(server, tls)) == (isServed ? 200 : nil))
                    if isServed {
                        try await GRPCTestConnection.with(port: server.port(.otlpGRPC), tls: tls) { connection in
                            let answer = try await connection.call(frames: [framed([1])])
                            #expect(answer.status == 0)
                        }
                    }
                }
            }
        }
    }

    // MARK: Changes

    @Test func `changed files are in use for new connections, broken ones are not`() async throws {
        let files = try files()
        let credentials = try ServerCredentials(tls: files.tls(), tokensPath: nil)
        let log = InMemoryLogHandler()
        let logger = Logger(label: "test") { _ in log }
        try await RunningServer.with(credentials: credentials) { server in
            let (first, second) = try (
                TestIdentity.client(trusting: .serverA), TestIdentity.client(trusting: .serverB)
            )
            credentials.check(logger: logger)
            try await HTTPTestConnection.with(port: server.port(.http), tls: first) { open in
                // Until it is answered the server may not have accepted it.
                try await open.send("GET /api/echo HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await open.answer().status == 200)
                try files.write(TestIdentity.serverB)
                credentials.check(logger: logger)
                #expect(try await status(server, second) == 200)
                #expect(await (try? status(server, first)) == nil)
                try await open.send("GET /api/echo HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await open.answer().status == 200, "an open connection goes on")
            }
            for (text, name) in [
                ("broken", "cert.pem"), (TestIdentity.serverA.certificate, "cert.pem"), ("", "key.pem"),
            ] {
                try files.write(text, to: name)
                credentials.check(logger: logger)
                credentials.check(logger: logger)
                #expect(try await status(server, second) == 200)
            }
            try files.write(TestIdentity.serverA)
            credentials.check(logger: logger)
            #expect(try await status(server, first) == 200)
        }
        #expect(log.entries.map(\.level) == [.info, .error, .error, .error, .info], "each is told once")
    }

    // MARK: Files that are wrong

    @Test(arguments: [
        ("cert.pem", nil, "--tls-cert", "there is no such file"), ("key.pem", nil, "--tls-key", "there is no such file"),
        ("ca.pem", nil, "--tls-client-ca", "there is no such file"),
        ("cert.pem", "", "--tls-cert", "holds no certificate"), ("key.pem", "", "--tls-key", "holds no private key"),
        ("ca.pem", "x", "--tls-client-ca", "holds no certificate"),
        ("cert.pem", TestIdentity.serverA.key, "--tls-cert", "holds no certificate"),
        ("key.pem", TestIdentity.serverA.certificate, "--tls-key", "holds no private key"),
        ("key.pem", TestIdentity.serverB.key, "--tls-key", "is not the key of"),
    ] as [(String, String?, String, String)])
    func `a wrong file is told with its flag, its path and what is wrong`(
        name: String, text: String?, flag: String, reason: String
    ) throws {
        let files = try files()
        try files.write(TestIdentity.clientAuthority, to: "ca.pem")
        #expect(throws: Never.self) { try ServerCredentials(tls: files.tls(hasClientCA: true), tokensPath: nil) }
        if let text {
            try files.write(text, to: name)
        } else {
            try files.remove(name)
        }
        let error = #expect(throws: ServerError.self) {
            try ServerCredentials(tls: files.tls(hasClientCA: true), tokensPath: nil)
        }
        #expect(error?.code == .badCredentials)
        #expect(error?.message.hasPrefix("\(flag) \(files.path(name))") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func `a directory is no file`() throws {
        let files = try CredentialFiles()
        let tls = TLSFiles(certificatePath: files.directory.path, keyPath: files.path("key.pem"), clientCAPath: nil)
        let error = #expect(throws: ServerError.self) { try ServerCredentials(tls: tls, tokensPath: nil) }
        #expect(error?.message.hasPrefix("--tls-cert \(files.directory.path)") == true)
    }
}

/// Tells what a handshake ended with.
private final class HandshakeObserver: ChannelInboundHandler {
    typealias InboundIn = Any
    private let negotiated: EventLoopPromise<String?>

    init(_ negotiated: EventLoopPromise<String?>) { self.negotiated = negotiated }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted(let name) = event { negotiated.succeed(name ?? "") }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { negotiated.fail(error) }

    func channelInactive(context: ChannelHandlerContext) { negotiated.fail(ChannelError.eof) }
}
