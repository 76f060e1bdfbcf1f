// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import TraceStorage

extension EndToEndTests {
    /// Tenants are told apart on every way in and out, in memory, in the journal and in files.
    @Suite struct TenantTests {
        /// One trace that all tenants have, each with spans of its own.
        private static let traceID = String(repeating: "ab", count: 16)
        private static let tenants = ["alpha", ".beta", "gamma"]

        private static func span(_ tenant: String) -> TestSpan {
            let number = UInt64(1 + (tenants.firstIndex(of: tenant) ?? 0))
            var span = TestSpan(
                traceID: [UInt8](repeating: 0xab, count: 16), spanID: bigEndian(number), name: "span of \(tenant)")
            span.payload = "payload of \(tenant)"
            return span
        }

        private static func header(_ tenant: String) -> String { "X-Scope-OrgID: \(tenant)" }

        /// Every way in: protobuf, JSON, gRPC.
        private func fill(_ scratch: Scratch, _ server: TestServer) async throws {
            let protobuf = HTTPRequest.export(TestSpan.request([Self.span("alpha")]), Self.header("alpha"))
            #expect(try await protobuf.answer(port: server.otlpHTTP).status == 200)
            let text = """
                {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"\(Self.traceID)","spanId":"0000000000000002",\
                "name":"span of .beta","startTimeUnixNano":"1","endTimeUnixNano":"9"}]}]}]}
                """
            let json = HTTPRequest(
                method: "POST", target: "/v1/traces", fields: ["Content-Type: application/json", Self.header(".beta")],
                body: Array(text.utf8))
            #expect(try await json.answer(port: server.otlpHTTP).status == 200)
            try await scratch.python(
                "grpc_tenants", server.otlpGRPCAddress, "gamma", Self.traceID, "span of gamma")
        }

        /// Everything that can be asked.
        private static let targets = [
            "/api/traces/\(traceID)", "/api/v2/traces/\(traceID)", "/api/traces/\(traceID)/critical-path", "/api/slow",
            "/api/search?q=%7B%7D%20%7C%20select(span.payload)&spss=100", "/api/search", "/api/search/tags",
            "/api/v2/search/tags", "/api/search/tag/name/values", "/api/v2/search/tag/name/values",
            "/api/v2/search/tag/span.payload/values",
        ]

        private func answer(_ target: String, _ tenant: String, _ server: TestServer) async throws -> HTTPAnswer {
            try await HTTPRequest(target: target, fields: ["Accept: application/json", Self.header(tenant)])
                .answer(port: server.http)
        }

        private func expectIsolation(_ server: TestServer) async throws {
            for target in Self.targets {
                for tenant in Self.tenants {
                    let answer = try await answer(target, tenant, server)
                    #expect(answer.status == 200, "\(target) of \(tenant): \(answer.text)")
                    let others = Self.tenants.filter { $0 != tenant }
                    #expect(!others.contains { answer.text.contains("of \($0)") }, "\(target) of \(tenant): \(answer.text)")
                }
                let none = try await answer(target, "nobody", server)
                #expect(!none.text.contains(" of "), "\(target): \(none.text)")
                let all = try await answer(target, "gamma|alpha|.beta", server)
                let names = ["/api/traces/\(Self.traceID)", "/api/v2/traces/\(Self.traceID)", "/api/slow"]
                if names.contains(target) || target.contains("name/values") {
                    for tenant in Self.tenants { #expect(all.text.contains("of \(tenant)"), "\(target): \(all.text)") }
                }
                let unnamed = try await HTTPRequest.get(target).answer(port: server.http)
                #expect(unnamed.status == 401 && unnamed.text.hasPrefix("no org id"), "\(target): \(unnamed.text)")
                #expect(try await answer(target, "alpha|..", server).status == 400)
            }
            let search = try await answer("/api/search?q=%7B%7D&spss=100", "alpha|.beta", server).text
            #expect(search.contains(#""matched":2"#), "\(search)")
        }

        /// No file of a tenant has a word of another.
        private func expectSeparateFiles(_ directory: DataDirectory) throws {
            var seen: Set<String> = []
            for block in try directory.blocks {
                // …/tenants/TENANT/blocks/ID
                let tenant = block.split(separator: "/").map(String.init).suffix(3).first?.replacing("=2e", with: ".") ?? ""
                let bytes = try Data(contentsOf: URL(fileURLWithPath: block))
                seen.insert(tenant)
                for other in Self.tenants where other != tenant {
                    #expect(bytes.range(of: Data("of \(other)".utf8)) == nil, "\(block)")
                }
                #expect(bytes.range(of: Data("of \(tenant)".utf8)) != nil, "\(block)")
            }
            #expect(seen == Set(Self.tenants))
        }

        @Test func `nobody gets a word of another tenant, from memory, from the journal or from blocks`() async throws {
            try await Scratch.with { scratch in
                let directory = DataDirectory(path: scratch.data)
                var server = try await scratch.startServer(["--multitenancy"])
                try await fill(scratch, server)
                try await expectIsolation(server)
                try await server.kill()
                server = try await scratch.startServer(["--multitenancy"])
                try await expectIsolation(server)
                try await fill(scratch, server)
                try await server.terminate()
                try expectSeparateFiles(directory)
                server = try await scratch.startServer(["--multitenancy"])
                // Twice, so that the second time what the first one read is in the caches.
                for _ in 0..<2 { try await expectIsolation(server) }
                let metrics = try await server.metrics()
                #expect(metrics.value("vivace_tenants") == 3)
                #expect(metrics.value("vivace_tenants_active") == 3)
                #expect(!Self.tenants.contains { metrics.text.contains($0) })
                try await fill(scratch, server)
                try await server.terminate()
                try server.requireNoErrors()
                let compaction = try await scratch.vivace("blocks", "compact", "--data-dir", scratch.data)
                #expect(compaction.status == 0, "\(compaction.complaint)")
                #expect(try await StoreInspection(directory: scratch.data).blocks.count == 3)
                try expectSeparateFiles(directory)
                let list = try await scratch.vivace("blocks", "ls", "--data-dir", scratch.data)
                for tenant in Self.tenants { #expect(list.output.contains(tenant), "\(list.output)") }
                server = try await scratch.startServer(["--multitenancy"])
                try await expectIsolation(server)
            }
        }

        @Test func `a directory from before is the single tenant's, and with tenants off only that one is seen`() async throws {
            try await Scratch.with { scratch in
                var server = try await scratch.startServer()
                try await server.export([Self.span("alpha")])
                try await server.terminate()
                server = try await scratch.startServer(["--multitenancy"])
                let target = "/api/traces/\(Self.traceID)"
                #expect(try await answer(target, "single-tenant", server).text.contains("span of alpha"))
                #expect(try await answer(target, "alpha", server).status == 404)
                try await fill(scratch, server)
                try await server.kill()
                server = try await scratch.startServer()
                for tenant in ["alpha", "gamma", "../.."] {
                    let text = try await answer(target, tenant, server).text
                    #expect(text.contains("span of alpha") && !text.contains("gamma"))
                }
            }
        }

        @Test func `clients name their tenant, and are told if they have to`() async throws {
            try await Scratch.with { scratch in
                let server = try await scratch.startServer(["--multitenancy"])
                let (http, otlp) = (server.httpAddress, server.otlpHTTPAddress)
                let file = scratch.path + "/trace.jsonl"
                try ClientAccessTests.write(ClientAccessTests.line, file)
                for (arguments, status, words) in [
                    (["import", file, "--otlp", otlp], 64, "--tenant NAME"),
                    (["import", file, "--otlp", otlp, "--tenant", "a|b"], 64, "for one tenant"),
                    (["import", file, "--otlp", otlp, "--tenant", "imported"], 0, ""),
                    (["load", "--traces", "3", "--otlp", otlp, "--tenant", "loaded"], 0, ""),
                    (["load", "--traces", "3", "--otlp", otlp, "--tenant", ".."], 64, "--tenant"),
                    (["trace", "a", "--server", http], 64, "--tenant NAME"),
                    (["trace", "a", "--server", http, "--tenant", "imported"], 0, ""),
                    (["trace", "a", "--server", http, "--tenant", "loaded"], 1, ""),
                    (["trace", "a", "--server", http, "--tenant", "loaded|imported"], 0, ""),
                ] as [([String], Int32, String)] {
                    let program = try scratch.start(Surroundings.binary, arguments)
                    #expect(try await program.waitForEnd().status == status, "\(arguments): \(program.complaint)")
                    #expect(program.complaint.contains(words) || words.isEmpty, "\(arguments): \(program.complaint)")
                }
                let commands = [
                    ["search", "{}"], ["slow"], ["tags"], ["tags", "name"], ["critical-path", "a"], ["export", "--all"],
                ]
                for command in commands {
                    let mine = try scratch.start(
                        Surroundings.binary, command + ["--server", http], variables: ["VIVACE_TENANT": "imported"])
                    #expect(try await mine.waitForEnd().status == 0, "\(command): \(mine.complaint)")
                    let nobodys = try scratch.start(Surroundings.binary, command + ["--server", http, "--tenant", "empty"])
                    _ = try await nobodys.waitForEnd()
                    #expect(!nobodys.output.contains("0000000000000000000000000000000a"), "\(command)")
                    let unnamed = try scratch.start(Surroundings.binary, command + ["--server", http])
                    #expect(try await unnamed.waitForEnd().status == 64, "\(command): \(unnamed.complaint)")
                }
            }
        }

        @Test func `a token for one tenant is told of no other by the status pages`() async throws {
            try await Scratch.with { scratch in
                let tokens = scratch.path + "/tokens"
                try "one read alpha\nnew read gamma\nany read\n".write(toFile: tokens, atomically: true, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: tokens)
                let server = try await scratch.startServer(
                    ["--multitenancy", "--tenant-retention", "alpha=2d,.beta=3d", "--tokens", tokens])
                for (token, shown, hidden) in [
                    ("one", ["alpha"], [".beta"]), ("new", [], ["alpha", ".beta"]), ("any", ["alpha", ".beta"], []),
                ] as [(String, [String], [String])] {
                    for page in ["config", "config?mode=diff", "overrides", "runtime_config", "services"] {
                        let answer = try await HTTPRequest(
                            target: "/status/\(page)", fields: ["Authorization: Bearer \(token)"]
                        ).answer(port: server.http)
                        #expect(answer.status == 200)
                        #expect(!hidden.contains { answer.text.contains($0) }, "\(token) \(page): \(answer.text)")
                        guard page.hasPrefix("config") || page == "overrides" else { continue }
                        #expect(shown.allSatisfy { answer.text.contains($0) }, "\(token) \(page): \(answer.text)")
                    }
                }
            }
        }

        @Test func `tenants keep their spans as long as they are told to`() async throws {
            try await Scratch.with { scratch in
                let printed = try await scratch.vivace(
                    "serve", "--print-config", "--data-dir", "d", "--tenant-retention", "b=2d,a=36h",
                    variables: ["VIVACE_MULTITENANCY": "1"])
                let lines = printed.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
                #expect(lines.contains("tenant-retention: \"a=36h,b=2d\" # flag"), "\(printed.output)")
                #expect(lines.contains("multitenancy: \"true\" # VIVACE_MULTITENANCY"), "\(printed.output)")
                for wrong in ["a", "a=", "a=0s", "a/b=2d", "a=1d,a=2d", "=1d", ""] {
                    let refused = try await scratch.vivace("serve", "--data-dir", "d", "--tenant-retention", wrong)
                    #expect(refused.status == 64, "\(wrong)")
                }
                let options = ["--multitenancy", "--tenant-retention", "alpha=1s", "--retention-allow-large-drop"]
                var server = try await scratch.startServer(options)
                try await fill(scratch, server)
                try await server.terminate()
                server = try await scratch.startServer(options)
                try await poll("the end of one tenant's spans") {
                    try await answer("/api/traces/\(Self.traceID)", "alpha", server).status == 404 ? true : nil
                }
                #expect(try await answer("/api/traces/\(Self.traceID)", "gamma", server).status == 200)
            }
        }
    }
}
