// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// `/metrics`, the page that describes it, and what deploy/ makes of it.
    @Suite struct MonitoringTests {
        /// Sends good and bad requests, and asks.
        private static func makeTraffic(_ server: TestServer) async throws {
            try await server.export([
                TestSpan(traceID: bigEndian(0, 0xa), spanID: bigEndian(1), name: "first"),
                TestSpan(traceID: bigEndian(0, 0xb), spanID: bigEndian(2), name: "second"),
            ])
            let rejected = TestSpan.request([TestSpan(traceID: bigEndian(0, 0), spanID: bigEndian(2), name: "bad")])
            #expect(try await HTTPRequest.export(rejected).answer(port: server.otlpHTTP).status == 200)
            #expect(try await HTTPRequest.export([1, 2, 3]).answer(port: server.otlpHTTP).status == 400)
            for target in ["/api/traces/a", "/api/traces/1", "/api/search", "/api/slow?limit=x", "/api/search/tags"] {
                _ = try await HTTPRequest.get(target).answer(port: server.http)
            }
        }

        /// A scrape that has the figures of the disk, which are there a moment after the start.
        private static func scrape(_ server: TestServer) async throws -> Exposition {
            try await poll("figures of the disk") {
                let metrics = try await server.metrics()
                return metrics.families["vivace_disk_free_bytes"] == nil ? nil : metrics
            }
        }

        @Test func `the page about metrics names what a server shows, with the same types and labels`() async throws {
            let page = try MetricsPage()
            try await Scratch.withServer { _, server in
                try await Self.makeTraffic(server)
                let live = try await Self.scrape(server).families
                #expect(Set(live.keys).subtracting(page.families.keys) == [], "not on the page")
                #expect(Set(page.families.keys).subtracting(live.keys) == [], "not shown")
                for (name, family) in live { #expect(page.families[name] == family, "\(name)") }
            }
        }

        @Test func `what was done is counted`() async throws {
            try await Scratch.withServer { _, server in
                try await Self.makeTraffic(server)
                let metrics = try await Self.scrape(server)
                for (sample, value) in [
                    ("vivace_ingest_spans_accepted_total", 2.0),
                    (#"vivace_ingest_spans_rejected_total{reason="trace_id_zero"}"#, 1),
                    (#"vivace_ingest_requests_total{code="200",transport="http"}"#, 2),
                    (#"vivace_ingest_requests_refused_total{reason="malformed",transport="http"}"#, 1),
                    (#"vivace_ingest_requests_refused_total{reason="disk_full",transport="grpc"}"#, 0),
                    (#"vivace_head_spans{state="live"}"#, 2),
                    ("vivace_journal_records_total", 1),
                    ("vivace_ingest_acknowledge_seconds_count", 2),
                    (#"vivace_query_requests_total{code="200",kind="search"}"#, 1),
                    (#"vivace_query_requests_total{code="400",kind="slow"}"#, 1),
                    (#"vivace_store_refusing{reason="disk_full"}"#, 0),
                    ("vivace_ready", 1), ("vivace_blocks", 0), ("vivace_query_in_flight", 0),
                ] { #expect(metrics.value(sample) == value, "\(sample)") }
                let groups = metrics.value("vivace_journal_groups_total") ?? 0
                #expect(groups > 0 && metrics.value("vivace_journal_fsync_seconds_count") == groups)
                try await poll("a look at the journal's directory") {
                    try await server.metrics().value("vivace_journal_disk_bytes") ?? 0 > 0 ? true : nil
                }
            }
        }

        @Test func `blocks and the journal of an earlier run are counted`() async throws {
            try await Scratch.with { scratch in
                let first = try await scratch.startServer()
                try await Self.makeTraffic(first)
                try await first.kill()
                let second = try await scratch.startServer()
                let replayed = try await poll("a flush") {
                    let metrics = try await second.metrics()
                    return metrics.value("vivace_blocks") == 1 ? metrics : nil
                }
                #expect(replayed.value("vivace_journal_replayed_requests_total") == 1)
                #expect(replayed.value("vivace_flush_seconds_count") == 1)
                #expect(replayed.value("vivace_flush_spans_total") == 2)
                #expect(replayed.value("vivace_block_spans") == 2)
                #expect(replayed.value("vivace_block_traces") == 2)
                #expect(replayed.value("vivace_manifest_commits") == 1)
                #expect(replayed.value(#"vivace_object_requests_total{kind="create",result="ok"}"#) ?? 0 >= 1)
                try await second.terminate()
            }
        }

        @Test func `tokens are told of, and asked for`() async throws {
            let page = try MetricsPage()
            try await Scratch.with { scratch in
                let tokens = scratch.path + "/tokens"
                try "secret read\n".write(toFile: tokens, atomically: true, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: tokens)
                let arguments = TestServer.arguments(data: scratch.data) + ["--tokens", tokens]
                let server = try await TestServer(scratch.start(Surroundings.binary, arguments))
                #expect(try await HTTPRequest.get("/metrics").answer(port: server.http).status == 401)
                #expect(try await HTTPRequest.export([]).answer(port: server.otlpHTTP).status == 401)
                let request = HTTPRequest(target: "/metrics", fields: ["Authorization: Bearer secret"])
                let metrics = try Exposition(try await request.answer(port: server.http).text)
                let occasional = metrics.families.filter { page.families[$0.key] == nil }
                #expect(occasional.keys.sorted() == page.occasional.keys.sorted().filter { !$0.contains("tls") })
                for (name, family) in occasional { #expect(page.occasional[name] == family, "\(name)") }
                #expect(metrics.value(#"vivace_credentials_reload_successful{files="tokens"}"#) == 1)
                let refused = #"vivace_ingest_requests_refused_total{reason="unauthenticated",transport="http"}"#
                #expect(metrics.value(refused) == 1)
                let loaded = metrics.value(#"vivace_credentials_loaded_timestamp_seconds{files="tokens"}"#) ?? 0
                #expect(abs(loaded - Date().timeIntervalSince1970) < 3_600)
                try await server.terminate()
            }
        }

        // MARK: - Prometheus' own programs

        @Test func `promtool has nothing to say about the exposition`() async throws {
            try await Scratch.withServer { scratch, server in
                try await Self.makeTraffic(server)
                let path = scratch.path + "/exposition"
                try await Self.scrape(server).text.write(toFile: path, atomically: true, encoding: .utf8)
                let result = try await scratch.promtool("check", "metrics", input: path)
                #expect(result.status == 0 && result.output + result.complaint == "", "\(result)")
            }
        }

        @Test func `the alert rules hold, and fire when they should`() async throws {
            try await Scratch.with { scratch in
                let check = try await scratch.promtool("check", "rules", MonitoringFiles.alerts)
                #expect(check.status == 0, "\(check)")
                let examples = try await scratch.promtool("test", "rules", MonitoringFiles.alertExamples)
                #expect(examples.status == 0, "\(examples)")
            }
            let text = try MonitoringFiles.text(MonitoringFiles.alerts)
            let examples = try MonitoringFiles.text(MonitoringFiles.alertExamples)
            let names = text.matches(of: /alert: (\w+)/).map { String($0.1) }
            #expect(names.count > 10 && Set(names).count == names.count)
            for name in names { #expect(examples.contains("\"\(name)\""), "\(name) has no example") }
            let page = try MetricsPage()
            // Advice speaks of families, expressions of their samples.
            let known = page.sampleNames.union(page.all.keys)
            #expect(metricNames(in: text).subtracting(known) == [], "not in docs/METRICS.md")
        }

        @Test func `the dashboard shows what is documented`() throws {
            let dashboard = try MonitoringFiles.Dashboard()
            let page = try MetricsPage()
            #expect(dashboard.variables == ["datasource", "job", "instance"])
            #expect(dashboard.dataSources == ["${datasource}"])
            #expect(
                dashboard.rows == [
                    "At a glance", "Receive", "Journal and cut", "Blocks", "Queries", "Memory", "Process",
                ])
            for panel in dashboard.panels {
                #expect(!panel.expressions.isEmpty, "\(panel.title)")
                let names = metricNames(in: panel.expressions.joined(separator: " "))
                #expect(!names.isEmpty && names.isSubset(of: page.sampleNames), "\(panel.title)")
            }
        }

        @Test func `a real Prometheus scrapes it, and every expression of dashboard and alerts gives an answer`() async throws {
            try await Scratch.withServer { scratch, server in
                try await Self.makeTraffic(server)
                _ = try await Self.scrape(server)
                let prometheus = try await PrometheusServer(
                    configuration: """
                        global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
                        rule_files: ['\(MonitoringFiles.alerts)']
                        scrape_configs:
                          - job_name: vivace
                            static_configs: [{targets: ['\(server.httpAddress)']}]
                        """, in: scratch)
                try await poll("a scrape that succeeded") {
                    try await prometheus.query("up{job=\"vivace\"}").first?.value == 1 ? true : nil
                }
                let accepted = try await prometheus.query("vivace_ingest_spans_accepted_total")
                #expect(accepted.map(\.value) == [2])
                #expect(accepted.first?.labels["instance"] == server.httpAddress)
                let types = try await prometheus.query("count by (__name__) ({job=\"vivace\", __name__=~\"vivace_.+\"})")
                #expect(types.count > 70)
                for expression in try MonitoringFiles.Dashboard().expressions {
                    try await poll("an answer to \(expression)") {
                        let isEmpty = try await prometheus.query(expression).isEmpty
                        // What shows only what happens has nothing to show here.
                        return isEmpty && !expression.hasSuffix("> 0") ? nil : true
                    }
                }
                try await requireHealthyRules(prometheus)
            }
        }

        /// Waits until every rule was evaluated; none failed, and none fires.
        private func requireHealthyRules(_ prometheus: PrometheusServer) async throws {
            let rules = try await poll("rules that were evaluated") { () throws -> [[String: Any]]? in
                let answer = try await HTTPRequest.get("/api/v1/rules").answer(port: prometheus.port)
                let document = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
                let groups = (document?["data"] as? [String: Any])?["groups"] as? [[String: Any]] ?? []
                let rules = groups.flatMap { $0["rules"] as? [[String: Any]] ?? [] }
                return rules.isEmpty || rules.contains { $0["health"] as? String == "unknown" } ? nil : rules
            }
            for rule in rules {
                #expect(rule["health"] as? String == "ok", "\(rule)")
                #expect(rule["state"] as? String != "firing", "\(rule)")
            }
        }
    }
}
