// SPDX-License-Identifier: Apache-2.0

import Ingest
import Testing
import TraceServer

/// The line of `/metrics` that counts refusals for a reason.
func refused(_ reason: String, _ transport: String, _ count: Int) -> String {
    "\nvivace_ingest_requests_refused_total{reason=\"\(reason)\",transport=\"\(transport)\"} \(count)\n"
}

@Suite(.timeLimit(.minutes(5))) struct RefusalMetricsTests {
    private let protobuf = "Content-Type: application/x-protobuf"

    /// Looks at the metrics until they have a line.
    private func expect(_ line: String, _ server: RunningServer) async throws {
        let registry = server.server.metrics.registry
        while !registry.exposition().contains(line) {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    private func waitForRequest(_ server: RunningServer) async throws {
        while server.receiver.requests.isEmpty {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    @Test func `a refusal is counted although the HTTP client has left`() async throws {
        try await RunningServer.with { server in
            server.receiver.answer(.failure(IngestError(.unavailable, "later", reason: .diskFull)))
            server.receiver.hold()
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP), isReset: true) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\n\(protobuf)\r\nContent-Length: 1\r\n\r\na")
                try await waitForRequest(server)
            }
            try await expect("\nvivace_connections{listener=\"otlp_http\"} 0\n", server)
            server.receiver.release()
            try await expect(refused("disk_full", "http", 1), server)
            try await expect("\nvivace_ingest_requests_total{code=\"503\",transport=\"http\"} 1\n", server)
        }
    }

    @Test func `a refusal is counted although the gRPC client has left`() async throws {
        try await RunningServer.with { server in
            server.receiver.answer(.failure(IngestError(.overloaded, "later", reason: .headMemory)))
            server.receiver.hold()
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                let call = try await connection.open()
                try await call.sendHead()
                call.send(framed([1]), ends: true)
                try await waitForRequest(server)
            }
            try await expect("\nvivace_connections{listener=\"otlp_grpc\"} 0\n", server)
            server.receiver.release()
            try await expect(refused("head_memory", "grpc", 1), server)
            try await expect(
                "\nvivace_ingest_requests_total{code=\"RESOURCE_EXHAUSTED\",transport=\"grpc\"} 1\n", server)
        }
    }

    @Test(arguments: [
        ([framed([1]) + framed([2])], "malformed"), ([framed([1], flag: 2)], "malformed"),
        ([framed([1], flag: 1)], "malformed"), ([], "incomplete"), ([[0, 0, 0, 0, 9, 1]], "incomplete"),
        ([[0, 255, 255, 255, 255]], "too_large"),
    ] as [([[UInt8]], String)])
    func `a call that is none is counted for what is wrong with it`(frames: [[UInt8]], reason: String) async throws {
        try await RunningServer.with { server in
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                _ = try await connection.call(frames: frames)
            }
            try await expect(refused(reason, "grpc", 1), server)
        }
    }

    @Test func `what does not speak gRPC is counted as unsupported`() async throws {
        try await RunningServer.with { server in
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                _ = try await connection.call(contentType: "application/json", frames: [framed([1])])
                _ = try await connection.call("/a/b", frames: [framed([1])])
            }
            try await expect(refused("unsupported", "grpc", 2), server)
        }
    }

    @Test func `a body that does not come is slow, one whose sender leaves is incomplete`() async throws {
        var limits = RunningServer.smallLimits
        limits.bodySeconds = 1
        try await RunningServer.with(limits: limits) { server in
            let beginning = "POST /v1/traces HTTP/1.1\r\n\(protobuf)\r\nContent-Length: 9\r\n\r\na"
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(beginning)
                #expect(await connection.isClosedByServer())
            }
            try await expect(refused("slow", "http", 1), server)
            #expect(server.server.metrics.registry.exposition().contains(refused("incomplete", "http", 0)))
            #expect(server.receiver.reservedByteCount == 0)
        }
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send("POST /v1/traces HTTP/1.1\r\n\(protobuf)\r\nContent-Length: 9\r\n\r\na")
                while server.receiver.reservedByteCount == 0 { await Task.yield() }
            }
            try await expect(refused("incomplete", "http", 1), server)
        }
    }

    @Test func `statuses before a body are counted by what they mean`() async throws {
        try await RunningServer.with { server in
            _ = try await server.request("GET", "/v1/traces", to: .otlpHTTP)
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\n\(protobuf)\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
                #expect(try await connection.answer().status == 501)
            }
            try await expect(refused("unsupported", "http", 2), server)
        }
    }
}
