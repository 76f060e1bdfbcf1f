// SPDX-License-Identifier: Apache-2.0

import Testing

extension EndToEndTests {
    /// How the gRPC listener meets clients that err; each case is a function of Python/grpc_manners.py.
    @Suite struct ReceiverGRPCTests {
        @Test(arguments: [
            "unknown-methods", "malformed", "truncated", "too-large", "gzip-bomb", "large-but-allowed",
            "partial-success", "empty", "unknown-compression", "health", "many-at-once",
        ])
        func `a call by grpcio gets the status that OTLP asks for`(manners: String) async throws {
            try await Scratch.withServer { scratch, server in
                try await scratch.python("grpc_manners", manners, server.otlpGRPCAddress, server.httpAddress)
                #expect(try await server.residentByteCount() < 512 << 20)
            }
        }

        @Test func `bytes that are not HTTP 2 close the connection, and no other`() async throws {
            try await Scratch.withServer { scratch, server in
                for bytes in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", String(repeating: "\u{7f}", count: 100)] {
                    try await HTTPConnection.with(port: server.otlpGRPC) { connection in
                        try await connection.send(bytes)
                        // The server's SETTINGS may come first.
                        try await poll("the end of the connection") {
                            while await !connection.isClosedByServer() {}
                            return true
                        }
                    }
                }
                try await scratch.python("grpc_manners", "health", server.otlpGRPCAddress, server.httpAddress)
            }
        }
    }
}

extension TestServer {
    /// What the process holds of the machine's memory.
    func residentByteCount() async throws -> Int {
        let name = "process_resident_memory_bytes "
        let lines = try await HTTPRequest.get("/metrics").answer(port: http).text.split(separator: "\n")
        let line = lines.first { $0.hasPrefix(name) } ?? ""
        guard let count = Double(line.dropFirst(name.count)) else { throw TestFailure("/metrics does not say \(name)") }
        return Int(count)
    }
}
