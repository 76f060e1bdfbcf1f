// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization
import Testing
import TraceModel
import TraceServer

/// Clients that are slow on purpose: each connection is cut when its time is up, whatever it sends now and then.
@Suite(.timeLimit(.minutes(5))) struct SlowClientTests {
    private static var impatient: ServerLimits {
        var limits = RunningServer.smallLimits
        // As long as others may have to wait for their answers on a busy machine.
        limits.idleSeconds = 4
        limits.bodySeconds = 4
        limits.answerSeconds = 4
        limits.keepaliveSeconds = 2
        limits.keepaliveAnswerSeconds = 1
        return limits
    }

    private static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    private static let settings = "\0\0\0\u{4}\0\0\0\0\0"

    /// Sends `beginning`, then a byte now and then, until the server has cut the connection.
    private func expectCut(_ port: Int, after beginning: String, then more: String?) async throws {
        var isConnected = false
        do {
            try await HTTPTestConnection.with(port: port) { connection in
                isConnected = true
                try await connection.send(beginning)
                if let more {
                    while (try? await connection.send(more)) != nil { try await Task.sleep(for: .milliseconds(50)) }
                } else {
                    while await !connection.isClosedByServer() {}
                }
            }
        } catch ChannelError.ioOnClosedChannel {
            // It was there, and was cut before anything was sent.
        } catch where isConnected {
            // What is cut can't be written to or closed.
        }
    }

    @Test(arguments: [
        (.http, "", nil), (.otlpHTTP, "", nil), (.http, "GET /ready HT", nil), (.otlpHTTP, "POST /v1/tra", "a"),
        (.http, "GET /ready HTTP/1.1\r\nX-Slow: ", "a"),
        (.otlpHTTP, "POST /v1/traces HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n", "{"),
        (.otlpHTTP, "POST /v1/traces HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"),
        (.otlpGRPC, "", nil), (.otlpGRPC, "PRI * HT", nil), (.otlpGRPC, preface, nil),
        (.otlpGRPC, preface + settings, nil), (.otlpGRPC, preface + settings + "\0\u{2}", nil),
        (.otlpGRPC, preface + settings + "\0\0\u{40}\u{1}\0\0\0\0\u{1}", "\0"),
    ] as [(ListenerName, String, String?)])
    func `a connection whose request does not come is cut, and others are served`(
        name: ListenerName, beginning: String, more: String?
    ) async throws {
        try await RunningServer.with(limits: Self.impatient) { server in
            try await expectCut(server.port(name), after: beginning, then: more)
            try await expectService(server)
            #expect(server.receiver.reservedByteCount == 0)
        }
    }

    @Test(arguments: ListenerName.allCases, ["", "\u{16}\u{3}\u{1}\u{2}\0"])
    func `a TLS handshake that does not end is cut`(name: ListenerName, beginning: String) async throws {
        let files = try CredentialFiles()
        try files.write(.serverA)
        let credentials = try ServerCredentials(tls: files.tls(), tokensPath: nil)
        try await RunningServer.with(limits: Self.impatient, credentials: credentials) { server in
            try await expectCut(server.port(name), after: beginning, then: nil)
            let tls = try TestIdentity.client(trusting: .serverA)
            let answer = try await server.request("GET", "/ready", to: .http, tls: tls)
            #expect(answer.status == 200)
        }
    }

    @Test func `a gRPC call whose message does not come is ended, and the connection goes on`() async throws {
        try await RunningServer.with(limits: Self.impatient) { server in
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                for beginning in [[], [0, 0], [0, 0, 0, 0, 9, 1]] as [[UInt8]] {
                    let call = try await connection.open()
                    try await call.sendHead()
                    if !beginning.isEmpty { call.send(beginning) }
                    #expect(await call.answer().status == 4, "DEADLINE_EXCEEDED after \(beginning)")
                }
                #expect(try await connection.call(frames: [framed([1])]).status == 0)
                #expect(server.receiver.reservedByteCount == 0)
            }
        }
    }

    @Test func `a gRPC client that says nothing but answers pings is kept`() async throws {
        try await RunningServer.with(limits: Self.impatient) { server in
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                #expect(try await connection.call(frames: [framed([1])]).status == 0)
                // Longer than the five seconds after which it would be cut.
                try await Task.sleep(for: .seconds(7))
                #expect(try await connection.call(frames: [framed([1])]).status == 0)
                #expect(connection.control.state.withLock { $0.goAwayCount } == 0)
            }
        }
    }

    @Test func `who does not take an answer is cut`() async throws {
        try await RunningServer.with(limits: Self.impatient) { server in
            let id = TraceID(high: 0, low: 1)
            let name = String(repeating: "x", count: 1_000)
            let found = foundTrace(id, (1...30_000).map { TestSpan(id: $0, start: 1, end: 2, name: name) })
            server.queries.state.withLock { $0.traces[id] = found }
            let question = "GET /api/traces/1 HTTP/1.1\r\nHost: a\r\n\r\n"
            try await expectCut(server.port(.http), after: question, then: "a")
            try await expectService(server)
        }
    }

    @Test(arguments: [255, 256, 5_000])
    func `requests that nobody waits for are answered up to a limit, the last one says so`(count: Int) async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.http)) { connection in
                try await connection.send(String(repeating: "GET /ready HTTP/1.1\r\nHost: a\r\n\r\n", count: count))
                var answerCount = 0
                while answerCount < count {
                    let answer: TestAnswer
                    do {
                        answer = try await connection.answer()
                    } catch where count > 256 && answerCount > 0 {
                        // Closed with requests that nobody read: TCP may take back answers that were sent before.
                        return
                    }
                    answerCount += 1
                    #expect(answer.status == 200)
                    if answer.fields["connection"] == "close" { break }
                }
                // How many are read at once is up to the system.
                #expect(count < 5_000 ? answerCount == count : answerCount >= 256)
            }
        }
    }

    @Test func `a request to speak another protocol is answered in this one, and ends the connection`() async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.http)) { connection in
                try await connection.send(
                    "GET /ready HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
                let answer = try await connection.answer()
                #expect(answer.status == 200 && answer.fields["connection"] == "close")
                #expect(await connection.isClosedByServer())
            }
        }
    }

    @Test(arguments: [.http, .otlpHTTP] as [ListenerName])
    func `a transfer coding that nobody knows is 501`(name: ListenerName) async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(name)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nContent-Type: application/x-protobuf\r\n"
                        + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
                let answer = try await connection.answer()
                #expect(answer.status == 501 && answer.fields["connection"] == "close")
                #expect(server.receiver.requests.isEmpty)
            }
        }
    }

    private func expectService(_ server: RunningServer) async throws {
        #expect(try await server.get("/ready").status == 200)
        let answer = try await server.request(
            "POST", "/v1/traces", to: .otlpHTTP, fields: ["Content-Type: application/x-protobuf"], body: [1])
        #expect(answer.status == 200)
        try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
            let answer = try await connection.call(frames: [framed([1])])
            #expect(answer.status == 0)
        }
    }
}
