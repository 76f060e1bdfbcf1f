// SPDX-License-Identifier: Apache-2.0

import InMemoryLogging
import Logging
import QueryEngine
import Synchronization
import Testing
import TraceServer

@Suite("The log of slow queries", .timeLimit(.minutes(5))) struct SlowQueryTests {
    /// What is logged for some requests, in the order of the requests.
    private func entries(
        threshold: Duration?, _ targets: [(String, String)], prepare: @escaping @Sendable (RunningServer) -> Void = { _ in }
    ) async throws -> [InMemoryLogHandler.Entry] {
        let log = InMemoryLogHandler()
        try await RunningServer.with(logger: Logger(label: "test") { _ in log }) { configuration in
            configuration.slowQueryDuration = threshold
        } _: { server in
            prepare(server)
            for (method, target) in targets { _ = try await server.request(method, target, to: .http) }
        }
        return log.entries.filter { $0.message == "a query was slow" }
    }

    @Test func `says what was asked, how long it took and how much was answered`() async throws {
        let entries = try await entries(
            threshold: .zero,
            [
                ("GET", "/api/search?tags=a%3Db&limit=3"), ("GET", "/api/traces/77"), ("GET", "/api/slow?limit=x"),
                ("HEAD", "/api/search"), ("GET", "/ready"),
            ])
        #expect(entries.map(\.level) == [.notice, .notice, .notice, .notice])
        let texts = entries.map { $0.metadata.mapValues { "\($0)" } }
        #expect(texts.map { $0["kind"] } == ["search", "trace_v1", "slow", "search"])
        #expect(texts.map { $0["path"] } == ["/api/search", "/api/traces/77", "/api/slow", "/api/search"])
        #expect(texts.map { $0["status"] } == ["200", "404", "400", "200"])
        #expect(texts[0]["bytes"] == "\("{\"traces\":[],\"metrics\":{}}".utf8.count)" && texts[1]["bytes"] == "0")
        #expect(entries[0].metadata["parameters"] == ["tags": "a=b", "limit": "3"])
        for text in texts { #expect(Double(text["seconds"] ?? "") != nil && Double(text["sendingSeconds"] ?? "") != nil) }
    }

    @Test func `is empty where queries are fast, and where it is off`() async throws {
        #expect(try await entries(threshold: .seconds(60), [("GET", "/api/search")]).isEmpty)
        #expect(try await entries(threshold: nil, [("GET", "/api/search")]).isEmpty)
    }

    @Test func `damage that a query meets is logged with what to do`() async throws {
        let log = InMemoryLogHandler()
        try await RunningServer.with(logger: Logger(label: "test") { _ in log }) { server in
            server.queries.state.withLock { $0.error = QueryError(.corrupted, "block 7 is damaged") }
            let answer = try await server.get("/api/search")
            #expect(answer.status == 500)
        }
        let entry = try #require(log.entries.first { $0.message == "a query met damaged data" })
        #expect(entry.level == .error && entry.metadata["error"] == "block 7 is damaged")
        #expect(entry.metadata["advice"].map { "\($0)" }?.contains("vivace blocks verify") == true)
    }
}
