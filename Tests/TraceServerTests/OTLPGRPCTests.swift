// SPDX-License-Identifier: Apache-2.0

import Inflate
import Ingest
import NIOHPACK
import NIOHTTP2
import ProtobufMessages
import Testing
import TraceServer

@Suite(.timeLimit(.minutes(5))) struct OTLPGRPCTests {
    /// Runs calls on one connection.
    private func withConnection(
        limits: ServerLimits = RunningServer.smallLimits,
        _ body: @escaping @Sendable (RunningServer, GRPCTestConnection) async throws -> Void
    ) async throws {
        try await RunningServer.with(limits: limits) { server in
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { try await body(server, $0) }
        }
    }

    @Test func `a message arrives as it was sent and is answered with an empty message`() async throws {
        try await withConnection { server, connection in
            let message = (0..<150_000).map { UInt8(truncatingIfNeeded: $0) }
            let answer = try await connection.call(frames: [framed(message)])
            #expect(answer.httpStatus == "200")
            #expect(answer.head?.first(name: "content-type") == "application/grpc")
            #expect(answer.body == [0, 0, 0, 0, 0])
            #expect(answer.status == 0)
            #expect(answer.resetCode == nil)
            #expect(server.receiver.requests.first?.body == message)
            #expect(server.receiver.requests.first?.encoding == .identity)
            #expect(server.receiver.reservedByteCount == 0)
        }
    }

    @Test func `a message may be cut anywhere`() async throws {
        try await withConnection { server, connection in
            let bytes = framed([1, 2, 3, 4, 5, 6, 7])
            for cut in 0...bytes.count {
                let answer = try await connection.call(frames: [Array(bytes[..<cut]), Array(bytes[cut...])])
                #expect(answer.status == 0, "cut at \(cut)")
            }
            let answer = try await connection.call(frames: bytes.map { [$0] })
            #expect(answer.status == 0)
            #expect(server.receiver.requests.allSatisfy { $0.body == [1, 2, 3, 4, 5, 6, 7] })
        }
    }

    @Test func `a compressed message stays compressed, and the flag decides`() async throws {
        try await withConnection { server, connection in
            let gzip = [("grpc-encoding", "gzip")]
            for flag: UInt8 in [1, 0] {
                let answer = try await connection.call(fields: gzip, frames: [framed([9], flag: flag)])
                #expect(answer.status == 0)
            }
            #expect(server.receiver.requests.map(\.encoding) == [.gzip, .identity])
        }
    }

    @Test(
        arguments: [
            ("no message", [], [], 13),
            ("a cut prefix", [[0, 0, 0]], [], 13),
            ("a cut message", [[0, 0, 0, 0, 9, 1, 2]], [], 13),
            ("two messages", [framed([1]) + framed([2])], [], 13),
            ("a bad flag", [framed([1], flag: 2)], [], 13),
            ("compressed, but not said how", [framed([1], flag: 1)], [], 13),
            ("an unknown compression", [framed([1], flag: 1)], [("grpc-encoding", "zstd")], 12),
            ("over the limit", [[0, 0, 3, 13, 65]], [], 8),
            ("far over the limit", [[0, 255, 255, 255, 255]], [], 8),
        ] as [(String, [[UInt8]], [(String, String)], Int)])
    func `what is not a unary call is refused`(
        claim: String, frames: [[UInt8]], fields: [(String, String)], status: Int
    ) async throws {
        try await withConnection { server, connection in
            let answer = try await connection.call(fields: fields, frames: frames)
            #expect(answer.status == status, "\(claim)")
            #expect(answer.httpStatus == "200")
            #expect(answer.details == nil)
            #expect(server.receiver.requests.isEmpty)
            #expect(try await connection.call(frames: [framed([1])]).status == 0, "the connection goes on")
            #expect(server.receiver.reservedByteCount == 0)
        }
    }

    @Test func `other paths, methods and content types are refused`() async throws {
        try await withConnection { _, connection in
            #expect(try await connection.call("/a/b", frames: [framed([1])]).status == 12)
            let html = try await connection.call(contentType: "application/json", frames: [framed([1])])
            #expect(html.httpStatus == "415")
            #expect(html.status == nil)
            let get = try await connection.call(method: "GET", frames: [])
            #expect(get.httpStatus == "405")
            #expect(get.head?.first(name: "allow") == "POST")
            let suffixed = try await connection.call(
                contentType: "application/grpc+proto", frames: [framed([1])])
            #expect(suffixed.status == 0)
            #expect(
                try await connection.call(contentType: "application/grpc-web", frames: [framed([1])])
                    .httpStatus == "415")
        }
    }

    @Test(
        arguments: [
            (IngestError(.malformed, "not 100 % protobuf: ü\n"), 3, nil, "not 100 %25 protobuf: %C3%BC%0A"),
            (IngestError(.tooLarge, "big"), 8, nil, "big"),
            (IngestError(.overloaded, "busy", retryAfterSeconds: 7), 8, 7, "busy"),
            (IngestError(.unavailable, "full", retryAfterSeconds: 3), 14, 3, "full"),
        ] as [(IngestError, Int, Int?, String)])
    func `an ingest error has its code, message and retry hint`(
        error: IngestError, status: Int, seconds: Int?, message: String
    ) async throws {
        try await withConnection { server, connection in
            server.receiver.answer(.failure(error))
            let answer = try await connection.call(frames: [framed([1])])
            #expect(answer.status == status)
            #expect(answer.message == message)
            if error.code == .tooLarge {
                #expect(answer.details == nil)
            } else {
                let details = try RPCStatus(decoding: unbase64(try #require(answer.details)))
                #expect(details.code == Int32(status))
                #expect(details.message == error.message)
                #expect(details.retryDelay == seconds.map { .seconds($0) })
            }
        }
    }

    @Test func `partial success is reported`() async throws {
        try await withConnection { server, connection in
            server.receiver.answer(
                .success(
                    ExportOutcome(acceptedSpanCount: 5, rejectedSpanCount: 2, rejectionMessage: "zero IDs")))
            let answer = try await connection.call(frames: [framed([1])])
            #expect(answer.status == 0)
            let message = try ExportTraceServiceResponse(decoding: Array(answer.body.dropFirst(5)))
            #expect(message.partialSuccess?.rejectedSpans == 2)
        }
    }

    @Test func `nothing is kept when the memory is used up, and the client is told at once`() async throws {
        try await withConnection { server, connection in
            server.receiver.setBudget(10_000)
            for _ in 0..<100 {
                // The stream is not ended: the refusal comes before the message.
                let answer = try await connection.call(
                    frames: [Array(framed([UInt8](repeating: 1, count: 60_000)).prefix(40_000))],
                    endsStream: false)
                #expect(answer.status == 8)
                #expect(answer.details != nil)
            }
            #expect(server.receiver.highestReservedByteCount == 0)
            #expect(try await connection.call(frames: [framed([1])]).status == 0)
        }
    }

    @Test func `a reservation is held until the answer`() async throws {
        try await withConnection { server, connection in
            server.receiver.hold()
            let call = try await connection.open()
            try await call.sendHead()
            call.send(framed([UInt8](repeating: 1, count: 50_000)), ends: true)
            while server.receiver.requests.isEmpty { await Task.yield() }
            #expect(server.receiver.reservedByteCount == 50_000)
            server.receiver.release()
            #expect(await call.answer().status == 0)
            #expect(server.receiver.reservedByteCount == 0)
        }
    }

    @Test func `cancelled calls give their memory back and do no harm`() async throws {
        try await withConnection { server, connection in
            let unfinished = try await connection.open()
            try await unfinished.sendHead()
            unfinished.send(Array(framed([UInt8](repeating: 1, count: 50_000)).prefix(100)))
            while server.receiver.reservedByteCount == 0 { await Task.yield() }
            try await unfinished.cancel()
            while server.receiver.reservedByteCount > 0 { await Task.yield() }
            server.receiver.hold()
            let waiting = try await connection.open()
            try await waiting.sendHead()
            waiting.send(framed([1]), ends: true)
            while server.receiver.requests.isEmpty { await Task.yield() }
            try await waiting.cancel()
            server.receiver.release()
            while server.receiver.reservedByteCount > 0 { await Task.yield() }
            #expect(try await connection.call(frames: [framed([1])]).status == 0)
        }
    }

    @Test func `many calls run at once on one connection`() async throws {
        try await withConnection { server, connection in
            server.receiver.hold()
            try await withThrowingTaskGroup(of: Int?.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        try await connection.call(frames: [
                            framed([UInt8](repeating: UInt8(index), count: 1_000))
                        ]).status
                    }
                }
                while server.receiver.requests.count < 100 { await Task.yield() }
                server.receiver.release()
                for try await status in group { #expect(status == 0) }
            }
        }
    }

    @Test func `health checks say whether the store is ready`() async throws {
        try await withConnection { server, connection in
            #expect(try await connection.call(healthPath, frames: [framed([])]).body == framed([8, 1]))
            let compressed = try await connection.call(
                healthPath, fields: [("grpc-encoding", "gzip")],
                frames: [framed(try gzip([UInt8]()), flag: 1)])
            #expect(compressed.body == framed([8, 1]))
            server.status.setNotReady("replaying the journal")
            #expect(try await connection.call(healthPath, frames: [framed([])]).body == framed([8, 2]))
            #expect(try await connection.call(healthPath, frames: [framed([10, 1, 122])]).status == 5)
            #expect(try await connection.call(healthPath, frames: [framed([255])]).status == 3)
        }
    }

    @Test func `pings are answered`() async throws {
        try await withConnection { _, connection in
            try await connection.ping()
            #expect(await connection.control.wait { $0.pingAnswerCount == 1 })
        }
    }

    @Test func `a header list over the limit ends the connection, others go on`() async throws {
        try await withConnection { server, connection in
            let fields = [("x-long", String(repeating: "a", count: 30_000))]
            // A client that has seen the server's settings does not even send it.
            let answer = try? await connection.call(fields: fields, frames: [framed([1])])
            #expect(answer?.status != 0)
            #expect(server.receiver.requests.isEmpty)
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { other in
                let answer = try await other.call(frames: [framed([1])])
                #expect(answer.status == 0)
            }
        }
    }

    @Test func `bytes that are not HTTP/2 close the connection`() async throws {
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                try await connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                // SETTINGS and GOAWAY may come first.
                await #expect(throws: ConnectionClosed.self) {
                    while true { _ = try await connection.answer() }
                }
            }
        }
    }

    @Test func `requests are counted by their codes`() async throws {
        try await withConnection { server, connection in
            _ = try await connection.call(frames: [framed([1, 2, 3])])
            _ = try await connection.call(frames: [framed([1], flag: 2)])
            _ = try await connection.call(healthPath, frames: [framed([])])
            let metrics = try await server.get("/metrics").text
            #expect(metrics.contains("\nvivace_ingest_requests_total{code=\"OK\",transport=\"grpc\"} 1\n"))
            #expect(
                metrics.contains("\nvivace_ingest_requests_total{code=\"INTERNAL\",transport=\"grpc\"} 1\n"))
            #expect(metrics.contains("\nvivace_ingest_received_bytes_total{transport=\"grpc\"} 3\n"))
            #expect(metrics.contains("\nvivace_ingest_acknowledge_seconds_count 1\n"))
        }
    }
}

/// Base64 without padding.
private func unbase64(_ text: String) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var (bits, bitCount, bytes) = (0, 0, [UInt8]())
    for digit in text.utf8 {
        bits = bits << 6 | (alphabet.firstIndex(of: digit) ?? 0)
        bitCount += 6
        if bitCount >= 8 {
            bitCount -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
        }
    }
    return bytes
}
