// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A `vivace serve` that listens on ports of the system's choice.
struct TestServer: Sendable {
    let program: RunningProgram
    /// On loopback.
    let otlpGRPC: Int
    let otlpHTTP: Int
    let http: Int

    var otlpGRPCAddress: String { "127.0.0.1:\(otlpGRPC)" }
    var otlpHTTPAddress: String { "127.0.0.1:\(otlpHTTP)" }
    var httpAddress: String { "127.0.0.1:\(http)" }

    /// The arguments that start a server on free ports.
    static func arguments(data: String, memory: String = "1GiB", _ more: [String] = []) -> [String] {
        let free = "127.0.0.1:0"
        return [
            "serve", "--data-dir", data, "--otlp-grpc", free, "--otlp-http", free, "--http", free, "--memory", memory,
        ] + more
    }

    /// Waits until all three listeners are open.
    ///
    /// - Throws: ``TestFailure`` with the server's last words if it ends before.
    init(_ program: RunningProgram) async throws {
        let ports = try await poll("a server that listens") { () throws -> [String: Int]? in
            let ports = Self.ports(in: program.complaint)
            if ports.count == 3 { return ports }
            guard !program.hasEnded else { throw TestFailure("\(program.name) ended:\n\(program.complaint)") }
            return nil
        }
        self.program = program
        otlpGRPC = ports["OTLP over gRPC"] ?? 0
        otlpHTTP = ports["OTLP over HTTP"] ?? 0
        http = ports["query API"] ?? 0
    }

    /// Reads lines such as `… info     listening address=127.0.0.1:40123 service="OTLP over HTTP"`, or the same in JSON.
    static func ports(in log: String) -> [String: Int] {
        var ports: [String: Int] = [:]
        for line in log.split(separator: "\n") where line.contains("listening") {
            let address = line.split(separator: "127.0.0.1:", maxSplits: 1).last?.prefix { $0.isNumber }
            guard let port = address.flatMap({ Int($0) }) else { continue }
            for service in ["OTLP over gRPC", "OTLP over HTTP", "query API"] where line.contains("\"\(service)\"") {
                ports[service] = port
            }
        }
        return ports
    }

    /// - Throws: ``TestFailure`` if the server logged an error.
    func requireNoErrors() throws {
        let words = [" error ", " critical ", "\"level\":\"error\"", "\"level\":\"critical\""]
        let errors = program.complaint.split(separator: "\n").filter { line in words.contains { line.contains($0) } }
        guard errors.isEmpty else { throw TestFailure("the server logged:\n" + errors.joined(separator: "\n")) }
    }

    func kill() async throws {
        program.signal(SIGKILL)
        try await program.waitForEnd()
    }

    /// Ends the server as a service manager does.
    ///
    /// - Returns: How long that took.
    @discardableResult
    func terminate() async throws -> Duration {
        let begin = ContinuousClock.now
        program.signal(SIGTERM)
        let end = try await program.waitForEnd()
        guard end.status == 0 else {
            throw TestFailure("the server ended with \(end.status):\n\(program.complaint)")
        }
        return begin.duration(to: end.moment)
    }
}

extension Scratch {
    /// Starts a server and waits until it listens.
    func startServer(memory: String = "1GiB", _ more: [String] = []) async throws -> TestServer {
        try await TestServer(start(Surroundings.binary, TestServer.arguments(data: data, memory: memory, more)))
    }

    func startServer(_ more: [String]) async throws -> TestServer { try await startServer(memory: "1GiB", more) }

    /// A server in a directory of its own.
    static func withServer(memory: String = "1GiB", _ body: (Scratch, TestServer) async throws -> Void) async throws {
        try await with { scratch in
            let server = try await scratch.startServer(memory: memory)
            try await body(scratch, server)
            try server.requireNoErrors()
        }
    }
}
