// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ingest
import Logging
import Testing
import TraceServer

@Suite(.timeLimit(.minutes(5))) struct ServerMetricsTests {
    @Test(arguments: IngestError.Reason.allCases)
    func `every reason of Ingest has its name in metrics`(_ reason: IngestError.Reason) {
        let error = IngestError(.unavailable, "", reason: reason)
        #expect(RefusalReason(error).rawValue == reason.rawValue)
    }

    @Test func `refused requests are counted by what stood in the way`() async throws {
        try await RunningServer.with { server in
            for reason in [IngestError.Reason.headMemory, .diskFull, .diskFull] {
                server.receiver.answer(.failure(IngestError(.unavailable, "later", reason: reason)))
                let protobuf = "Content-Type: application/x-protobuf"
                _ = try await server.request("POST", "/v1/traces", to: .otlpHTTP, fields: [protobuf], body: [1])
            }
            _ = try await server.request("GET", "/v1/traces", to: .otlpHTTP)
            let metrics = try await server.get("/metrics").text
            for (reason, count) in [("head_memory", 1), ("disk_full", 2), ("unsupported", 1), ("malformed", 0)] {
                #expect(metrics.contains(refused(reason, "http", count)), "\(reason)")
            }
            #expect(metrics.contains("\nvivace_ingest_requests_total{code=\"503\",transport=\"http\"} 3\n"))
        }
    }

    @Test func `refused calls are counted by what stood in the way`() async throws {
        try await RunningServer.with { server in
            server.receiver.answer(.failure(IngestError(.overloaded, "later", reason: .journalQueue)))
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                _ = try await connection.call(frames: [framed([1])])
                _ = try await connection.call(frames: [framed([1], flag: 2)])
            }
            let metrics = try await server.get("/metrics").text
            for reason in ["journal_queue", "malformed"] {
                #expect(metrics.contains(refused(reason, "grpc", 1)), "\(reason)")
            }
            #expect(metrics.contains("\nvivace_connections_accepted_total{listener=\"otlp_grpc\"} 1\n"))
            // This very scrape.
            #expect(metrics.contains("\nvivace_connections{listener=\"http\"} 1\n"))
        }
    }

    @Test(arguments: [
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/html", "",
    ])
    func `any Accept gets the text format`(_ accept: String) async throws {
        try await RunningServer.with { server in
            let answer = try await server.get("/metrics", fields: ["Accept: \(accept)"])
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.text.hasSuffix("\n") && !answer.text.contains("# EOF"))
        }
    }

    @Test func `a query that may not be asked is counted too`() async throws {
        let files = try CredentialFiles()
        try files.write("secret write\n", to: "tokens")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: files.path("tokens"))
        let credentials = try ServerCredentials(tls: nil, tokensPath: files.path("tokens"))
        try await RunningServer.with(credentials: credentials) { server in
            let answer = try await server.get("/api/search")
            #expect(answer.status == 401)
            let metrics = server.server.metrics.registry.exposition()
            #expect(metrics.contains("\nvivace_query_requests_total{code=\"401\",kind=\"search\"} 1\n"))
        }
    }

    @Test func `certificates are told of: when they expire, and whether changed files are in use`() async throws {
        let files = try CredentialFiles()
        try files.write(.serverA)
        let credentials = try ServerCredentials(tls: files.tls(), tokensPath: nil)
        try await RunningServer.with(credentials: credentials) { server in
            let registry = server.server.metrics.registry
            let before = registry.exposition()
            #expect(before.contains("\nvivace_credentials_reload_successful{files=\"tls\"} 1\n"))
            let expiry = before.firstMatch(of: /\nvivace_tls_certificate_expiry_timestamp_seconds (\d+)\n/)
            #expect(Int(expiry?.1 ?? "") ?? 0 > 1_700_000_000)
            #expect(before.contains("\nvivace_credentials_loaded_timestamp_seconds{files=\"tls\"} "))
            try files.write("no certificate", to: "cert.pem")
            credentials.check(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            #expect(
                registry.exposition().contains("\nvivace_credentials_reload_successful{files=\"tls\"} 0\n"))
        }
    }
}
