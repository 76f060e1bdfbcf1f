// SPDX-License-Identifier: Apache-2.0

import Foundation
import InMemoryLogging
import Ingest
import Logging
import ProtobufMessages
import Synchronization
import Testing
import TraceModel
import TraceServer
import TraceStorage

@Suite("Tenants at the edge", .timeLimit(.minutes(5))) struct TenantTests {
    /// Every path of the query API that answers with spans or what is known of them.
    static let paths = [
        "/api/traces/77", "/api/v2/traces/77", "/api/traces/77/critical-path", "/api/slow", "/api/search",
        "/api/search?q=%7B%7D", "/api/search/tags", "/api/v2/search/tags", "/api/search/tag/name/values",
        "/api/v2/search/tag/name/values", "/api/v2/search/tag/resource.service.name/values",
    ]

    /// Values of the header, how they are answered, and a part of what is said.
    static let refused: [(fields: [String], status: Int, words: String)] = [
        ([], 401, "no org id"), ([""], 401, "no org id"), (["a", "b"], 400, "more than once"),
        (["a", "a"], 400, "more than once"), ([".."], 400, "must not be . or .."), (["."], 400, "must not be . or .."),
        (["a/b"], 400, "U+2F"), (["a b"], 400, "U+20"), (["../a"], 400, "U+2F"),
        ([String(repeating: "x", count: 151)], 400, "more than 150 bytes"),
    ]

    private func withTenants(_ body: @escaping @Sendable (RunningServer) async throws -> Void) async throws {
        try await RunningServer.with(configure: { $0.tenancy = .byHeader }, body)
    }

    private func fields(_ values: [String]) -> [String] { values.map { "X-Scope-OrgID: \($0)" } }

    // MARK: Reading

    @Test(arguments: paths) func `every path asks for the tenant's spans alone`(path: String) async throws {
        try await withTenants { server in
            for (header, tenants) in [("a", ["a"]), ("b|a|b", ["a", "b"]), ("...", ["..."])] {
                let answer = try await server.get(path, fields: ["x-scope-orgid: \(header)"])
                #expect(answer.status == 200 || answer.status == 404)
                #expect(server.queries.state.withLock { $0.tenants.popLast() }?.tenants.map(\.name) == tenants)
            }
            for (values, status, words) in Self.refused + [(["a|"], 400, "a name is empty"), (["a|.."], 400, "must not be")] {
                let answer = try await server.get(path, fields: self.fields(values))
                #expect(answer.status == status, "\(values)")
                #expect(answer.text.contains(words), "\(values): \(answer.text)")
            }
            #expect(server.queries.state.withLock { $0.tenants.isEmpty })
        }
    }

    @Test(arguments: paths) func `while tenants are not told apart, the header is ignored`(path: String) async throws {
        try await RunningServer.with { server in
            for fields in [[], ["X-Scope-OrgID: a"], ["X-Scope-OrgID: ../.."], ["X-Scope-OrgID: a", "X-Scope-OrgID: b"]] {
                _ = try await server.get(path, fields: fields)
                #expect(server.queries.state.withLock { $0.tenants.popLast() } == .single)
            }
        }
    }

    @Test func `pages need no tenant`() async throws {
        try await withTenants { server in
            for path in ["/ready", "/metrics", "/status", "/api/echo", "/api/status/buildinfo"] {
                #expect(try await server.get(path).status == 200, "\(path)")
            }
            let text = try await server.get("/api/search").text
            #expect(text.hasPrefix("no org id"))
            let metrics = try await server.get("/metrics").text
            #expect(metrics.contains(#"vivace_query_requests_total{code="401",kind="search"} 1"#))
        }
    }

    @Test func `the log of slow queries names the tenants, if there are any`() async throws {
        for tenancy in [Tenancy.byHeader, .single] {
            let log = InMemoryLogHandler()
            try await RunningServer.with(logger: Logger(label: "test") { _ in log }) { configuration in
                configuration.slowQueryDuration = .zero
                configuration.tenancy = tenancy
            } _: { server in
                _ = try await server.get("/api/search", fields: ["X-Scope-OrgID: b|a"])
            }
            let entry = try #require(log.entries.first { $0.message == "a query was slow" })
            #expect(entry.metadata["tenant"] == (tenancy == .single ? nil : "a|b"))
        }
    }

    // MARK: Tokens

    @Test func `a token for some tenants neither reads nor writes those of others`() async throws {
        let files = try CredentialFiles()
        try files.write("one read,write a\ntwo\tread,write  b|a\nany read,write\n", to: "tokens")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: files.path("tokens"))
        let credentials = try ServerCredentials(tls: nil, tokensPath: files.path("tokens"))
        try await RunningServer.with(credentials: credentials, configure: { $0.tenancy = .byHeader }) { server in
            for (token, tenant, isAllowed) in [
                ("one", "a", true), ("one", "b", false), ("one", "a|b", false), ("two", "a|b", true), ("two", "a|c", false),
                ("two", "c", false), ("any", "a|c", true),
            ] {
                let fields = ["Authorization: Bearer \(token)", "X-Scope-OrgID: \(tenant)"]
                let read = try await server.get("/api/search", fields: fields)
                #expect(read.status == (isAllowed ? 200 : 403), "\(token) \(tenant)")
                #expect(isAllowed || read.text.hasPrefix("the token is not for the tenant "))
                #expect((read.fields["www-authenticate"] == nil) == isAllowed)
                guard !tenant.contains("|") else { continue }
                let write = try await server.request(
                    "POST", "/v1/traces", to: .otlpHTTP, fields: fields + ["Content-Type: application/x-protobuf"], body: [1])
                #expect(write.status == (isAllowed ? 200 : 403), "\(token) \(tenant)")
                try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                    let fields = [("authorization", "Bearer \(token)"), ("x-scope-orgid", tenant)]
                    let answer = try await connection.call(fields: fields, frames: [framed([1])])
                    #expect(answer.status == (isAllowed ? 0 : 7), "\(token) \(tenant)")
                }
            }
            #expect(try await server.get("/metrics", fields: ["Authorization: Bearer one"]).status == 200)
            #expect(try await server.get("/api/search", fields: ["Authorization: Bearer one"]).status == 401)
            #expect(server.receiver.requests.map(\.tenant.name) == ["a", "a"])
        }
    }

    @Test func `a token for some tenants is told of no others on the status pages`() async throws {
        let files = try CredentialFiles()
        try files.write("one read a\ntwo read b|a\nnone read d\nany read\n", to: "tokens")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: files.path("tokens"))
        let credentials = try ServerCredentials(tls: nil, tokensPath: files.path("tokens"))
        try await RunningServer.with(
            credentials: credentials,
            configure: { configuration in
                configuration.tenancy = .byHeader
                let names = ["a", "b", "c"].compactMap { TenantID($0) }
                configuration.retention.overrides = Dictionary(uniqueKeysWithValues: names.map { ($0, 3_600) })
                configuration.texts = { tenants in
                    let names = tenants.map { "\($0)" } ?? "a, b, c"
                    var texts = ConfigurationTexts()
                    (texts.effective, texts.changed) = ("all of \(names)", "changed of \(names)")
                    texts.reloaded = "reloaded of \(names)"
                    return texts
                }
            }
        ) { server in
            for (token, names, text) in [
                ("one", ["a"], "a"), ("two", ["a", "b"], "a|b"), ("none", [], "d"), ("any", ["a", "b", "c"], "a, b, c"),
            ] {
                func page(_ path: String) async throws -> String {
                    let fields = ["Authorization: Bearer \(token)", "X-Scope-OrgID: c"]
                    let answer = try await server.get("/status/\(path)", fields: fields)
                    #expect(answer.status == 200)
                    return answer.text
                }
                let overrides = names.map { "  \"\($0)\":\n    retention: 1h\n" }.joined()
                let end = "\noverrides:" + (names.isEmpty ? " {}\n" : "\n" + overrides)
                let (limits, all) = (try await page("overrides"), try await page("config"))
                #expect(limits.hasSuffix(end) && all == "all of \(text)", "\(token)")
                let changed = try await page("config?mode=diff")
                #expect(changed == "changed of \(text)")
                let reloaded = try await page("runtime_config")
                #expect(reloaded.hasSuffix("\nreloaded of \(text)"))
            }
        }
    }

    // MARK: Writing

    @Test func `OTLP over HTTP stores for the tenant, and says in the request's encoding what is wrong`() async throws {
        try await withTenants { server in
            for type in ["application/x-protobuf", "application/json"] {
                for (values, status, words) in Self.refused + [(["a|b"], 400, "spans are sent for one")] {
                    let answer = try await server.request(
                        "POST", "/v1/traces", to: .otlpHTTP, fields: fields(values) + ["Content-Type: \(type)"], body: [1])
                    #expect(answer.status == status, "\(values)")
                    #expect(answer.fields["content-type"] == type)
                    let said = type == "application/json"
                        ? answer.text : try RPCStatus(decoding: answer.body).message
                    #expect(said.contains(words), "\(values): \(said)")
                }
                let answer = try await server.request(
                    "POST", "/v1/traces", to: .otlpHTTP, fields: ["X-Scope-OrgID: team-a", "Content-Type: \(type)"], body: [1])
                #expect(answer.status == 200)
            }
            #expect(server.receiver.requests.map(\.tenant.name) == ["team-a", "team-a"])
            #expect(server.receiver.reservedByteCount == 0)
            let metrics = try await server.get("/metrics").text
            let count = 2 * (Self.refused.count + 1)
            #expect(
                metrics.contains(
                    #"vivace_ingest_requests_refused_total{reason="tenant",transport="http"} \#(count)"#))
        }
    }

    @Test func `OTLP over gRPC stores for the tenant, and a health check needs none`() async throws {
        try await withTenants { server in
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                for (values, status, words) in Self.refused + [(["a|b"], 400, "spans are sent for one")] {
                    let answer = try await connection.call(
                        fields: values.map { ("x-scope-orgid", $0) }, frames: [framed([1])])
                    #expect(answer.status == (status == 401 ? 16 : 3), "\(values)")
                    #expect(answer.message?.contains(words) == true, "\(values): \(answer.message ?? "")")
                }
                for tenant in ["team-a", "b"] {
                    let answer = try await connection.call(fields: [("x-scope-orgid", tenant)], frames: [framed([1])])
                    #expect(answer.status == 0)
                }
                #expect(try await connection.call(healthPath, frames: [framed([])]).status == 0)
            }
            #expect(server.receiver.requests.map(\.tenant.name) == ["team-a", "b"])
            #expect(server.receiver.reservedByteCount == 0)
        }
    }

    @Test func `over gRPC too the header is ignored while tenants are not told apart`() async throws {
        try await RunningServer.with { server in
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                for fields in [[], [("x-scope-orgid", "a")], [("x-scope-orgid", ".."), ("x-scope-orgid", "b")]] {
                    let answer = try await connection.call(fields: fields, frames: [framed([1])])
                    #expect(answer.status == 0)
                }
            }
            #expect(server.receiver.requests.map(\.tenant) == [.single, .single, .single])
        }
    }
}
