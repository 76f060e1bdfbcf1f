// SPDX-License-Identifier: Apache-2.0

import ProtobufMessages
import QueryEngine
import Synchronization
import Testing
import TraceModel
import TraceServer
import TraceStorage

private let id = TraceID(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10)
private let path = "0102030405060708090a0b0c0d0e0f10"
private let protobuf = ["Accept: text/html, application/protobuf;q=0.9"]
private let spans = [
    TestSpan(id: 1, start: 1_000, end: 2_000, name: "GET \"/\"\n", service: "front", kind: 2),
    TestSpan(id: 2, parent: 1, start: 1_100, end: 1_600, name: "a", service: "cart", kind: 3),
    TestSpan(id: 3, parent: 1, start: 1_700, end: 1_900, name: "b"),
]

@Suite(.timeLimit(.minutes(5))) struct QueryAPITests {
    private func withTrace(
        _ found: FoundTrace? = foundTrace(id, spans), limits: ServerLimits = RunningServer.smallLimits,
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        try await RunningServer.with(limits: limits) { server in
            server.queries.state.withLock { $0.traces[id] = found }
            try await body(server)
        }
    }

    @Test func `version 1 answers batches, and 404 without a body`() async throws {
        try await withTrace { server in
            let answer = try await server.get("/api/traces/\(path)")
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "application/json")
            #expect(
                answer.text.hasPrefix(
                    "{\"batches\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","))
            #expect(answer.text.contains("\"traceId\":\"AQIDBAUGBwgJCgsMDQ4PEA==\""))
            #expect(answer.text.contains("\"name\":\"GET \\\"/\\\"\\n\",\"kind\":\"SPAN_KIND_SERVER\""))
            let missing = try await server.get("/api/traces/77")
            #expect(missing.status == 404)
            #expect(missing.body.isEmpty)
        }
    }

    @Test func `version 2 answers the trace and how it was found, and 200 with an empty trace`() async throws
    {
        try await withTrace { server in
            let answer = try await server.get("/api/v2/traces/\(path)")
            #expect(answer.status == 200)
            #expect(answer.text.hasPrefix("{\"trace\":{\"resourceSpans\":[{\"resource\":"))
            #expect(answer.text.hasSuffix("]},\"metrics\":{\"inspectedBytes\":\"123\"}}"))
            let missing = try await server.get("/api/v2/traces/77")
            #expect(missing.status == 200)
            #expect(missing.text == "{\"trace\":{},\"metrics\":{}}")
            let empty = try await server.get("/api/v2/traces/77", fields: protobuf)
            #expect(empty.body.starts(with: [0x0a, 0]))
        }
    }

    @Test func `protobuf is answered where Accept has it`() async throws {
        try await withTrace { server in
            let first = try await server.get("/api/traces/\(path)", fields: protobuf)
            #expect(first.fields["content-type"] == "application/protobuf")
            let second = try await server.get("/api/v2/traces/\(path)", fields: protobuf)
            let expected = TraceByIDResponse(trace: first.body, inspectedByteCount: 123)
            #expect(second.body == (try expected.encoded()))
            let raw = try await server.get("/api/traces/\(path)?raw=true", fields: protobuf)
            #expect(raw.body.count < first.body.count, "scope and status are not made up")
        }
    }

    @Test(arguments: [1, 2, 3, 7]) func `slices of any size make the same document`(spansPerSlice: Int)
        async throws
    {
        // All spans have one resource, so that grouping is the same for every slice of one span.
        let many = (1...20).map { TestSpan(id: UInt64($0), start: UInt64($0), end: 99) }
        var limits = RunningServer.smallLimits
        limits.spansPerSlice = spansPerSlice
        try await withTrace(foundTrace(id, many), limits: limits) { server in
            let json = try await server.get("/api/v2/traces/\(path)")
            #expect(json.fields["transfer-encoding"] == "chunked")
            #expect(json.text.split(separator: "\"spanId\"").count == 21)
            let depth = json.text.reduce(0) { $0 + ("{[".contains($1) ? 1 : "}]".contains($1) ? -1 : 0) }
            #expect(depth == 0)
            #expect(!json.text.contains(",,") && !json.text.contains("}{") && !json.text.contains("[,"))
            let slices = (20 + spansPerSlice - 1) / spansPerSlice
            #expect(json.text.split(separator: "{\"resource\":").count == slices + 1)
            let first = try await server.get("/api/traces/\(path)", fields: protobuf)
            let second = try await server.get("/api/v2/traces/\(path)", fields: protobuf)
            #expect(
                second.body == (try TraceByIDResponse(trace: first.body, inspectedByteCount: 123).encoded()))
        }
    }

    @Test func `version 2 answers the spans that a query selects, with those above them unless asked not to`() async throws {
        try await withTrace { server in
            func ids(_ query: String) async throws -> [String] {
                let text = try await server.get("/api/v2/traces/\(path)?q=\(query)").text
                return text.split(separator: "\"spanId\":\"").dropFirst().map { String($0.prefix(12)) }
            }
            let whole = try await ids("%7B%7D")
            #expect(whole.count == 3)
            #expect(try await ids("%7Bname%3D%22a%22%7D&keep_hierarchy=false") == [whole[1]])
            for hierarchy in ["", "&keep_hierarchy=", "&keep_hierarchy=true"] {
                #expect(try await ids("%7Bname%3D%22a%22%7D" + hierarchy) == [whole[0], whole[1]])
            }
            let both = "%7Bspan%3Aname%3D~%22a%7Cb%22%7D%20%7C%20count()%20%3E%201"
            #expect(try await ids(both + "&keep_hierarchy=false") == [whole[1], whole[2]])
            #expect(try await ids(both) == whole)
            let none = try await server.get("/api/v2/traces/\(path)?q=%7Bname%3D%22x%22%7D")
            #expect(none.status == 200 && none.text == "{\"trace\":{},\"metrics\":{\"inspectedBytes\":\"123\"}}")
            let wrong = try await server.get("/api/v2/traces/\(path)?q=%7B")
            #expect(wrong.status == 400 && wrong.text.hasPrefix("invalid TraceQL query: line 1, "))
            #expect(try await server.get("/api/v2/traces/\(path)?q=%7B%7D%7Crate()").status == 400)
        }
    }

    /// A chain a0 > a1 > … > a5 in which a3 has a second child, b, and one, c, whose parent is missing.
    @Test func `so many levels stay above and below what a query selects as are asked for`() async throws {
        var tree = (0...5).map { level in
            TestSpan(id: UInt64(level + 1), parent: UInt64(level), start: UInt64(level), end: 99, name: "a\(level)")
        }
        tree.append(TestSpan(id: 8, parent: 4, start: 50, end: 99, name: "b"))
        tree.append(TestSpan(id: 9, parent: 77, start: 60, end: 99, name: "c"))
        try await withTrace(foundTrace(id, tree)) { server in
            func names(_ filter: String, _ options: String) async throws -> String {
                let query = "name%3D~%22\(filter)%22"
                let text = try await server.get("/api/v2/traces/\(path)?q=%7B\(query)%7D\(options)").text
                return text.split(separator: "\"name\":\"").dropFirst().map { $0.prefix { $0 != "\"" } }.joined(separator: " ")
            }
            for (filter, options, expected) in [
                ("a3", "", "a0 a1 a2 a3"), ("a3", "&ancestor_depth=-1", "a0 a1 a2 a3"),
                ("a3", "&ancestor_depth=0", "a3"), ("a3", "&ancestor_depth=2", "a1 a2 a3"),
                ("a3", "&ancestor_depth=99&keep_hierarchy=false", "a3"),
                ("a3", "&match_depth=1", "a0 a1 a2 a3 a4 b"), ("a3", "&match_depth=-1&keep_hierarchy=false", "a3 a4 a5 b"),
                ("a1%7Ca4", "&match_depth=1&ancestor_depth=1", "a0 a1 a2 a3 a4 a5"),
                ("a1%7Ca4", "&match_depth=0&ancestor_depth=1", "a0 a1 a3 a4"),
                ("b%7Cc", "&ancestor_depth=1&match_depth=9", "a3 b c"),
                ("a0", "&match_depth=3&span_pruning=true&span_pruning_group_by=a", "a0 a1 a2 a3"),
            ] {
                let found = try await names(filter, options)
                #expect(found == expected, "\(filter)\(options)")
            }
        }
    }

    @Test func `what may be incomplete is said`() async throws {
        try await withTrace(foundTrace(id, spans, partialReason: "block 7 is missing")) { server in
            let answer = try await server.get("/api/v2/traces/\(path)")
            #expect(answer.text.hasSuffix(",\"status\":\"PARTIAL\",\"message\":\"block 7 is missing\"}"))
            #expect(try await server.get("/api/traces/\(path)").status == 503)
            let critical = try await server.get("/api/traces/\(path)/critical-path").text
            #expect(critical.contains("\"complete\":false,\"warnings\":[\"partial: block 7 is missing\"]"))
        }
        try await withTrace(foundTrace(id, [], partialReason: "block 7 is missing")) { server in
            for target in [
                "/api/v2/traces/\(path)", "/api/traces/\(path)", "/api/traces/\(path)/critical-path",
            ] {
                let answer = try await server.get(target)
                #expect(answer.status == 503)
            }
        }
    }

    @Test func `the critical path tiles the root's interval`() async throws {
        try await withTrace { server in
            let answer = try await server.get("/api/traces/\(path)/critical-path")
            #expect(
                answer.text == """
                    {"traceID":"\(path)","rootServiceName":"front","rootTraceName":"GET \\"/\\"\\n",\
                    "startTimeUnixNano":"1000","durationNanos":"1000","complete":true,"warnings":[],"segments":[\
                    {"spanID":"0000000000000001","serviceName":"front","name":"GET \\"/\\"\\n","startTimeUnixNano":"1000","durationNanos":"100"},\
                    {"spanID":"0000000000000002","serviceName":"cart","name":"a","startTimeUnixNano":"1100","durationNanos":"500"},\
                    {"spanID":"0000000000000001","serviceName":"front","name":"GET \\"/\\"\\n","startTimeUnixNano":"1600","durationNanos":"100"},\
                    {"spanID":"0000000000000003","serviceName":"shop","name":"b","startTimeUnixNano":"1700","durationNanos":"200"},\
                    {"spanID":"0000000000000001","serviceName":"front","name":"GET \\"/\\"\\n","startTimeUnixNano":"1900","durationNanos":"100"}],\
                    "spans":[{"spanID":"0000000000000002","serviceName":"cart","name":"a","criticalNanos":"500","share":0.5},\
                    {"spanID":"0000000000000001","serviceName":"front","name":"GET \\"/\\"\\n","criticalNanos":"300","share":0.3},\
                    {"spanID":"0000000000000003","serviceName":"shop","name":"b","criticalNanos":"200","share":0.2}],\
                    "services":[{"serviceName":"cart","criticalNanos":"500","share":0.5},\
                    {"serviceName":"front","criticalNanos":"300","share":0.3},\
                    {"serviceName":"shop","criticalNanos":"200","share":0.2}]}
                    """)
            #expect(try await server.get("/api/traces/77/critical-path").status == 404)
            let options = "mode=cover&async=include&skew=adjust&tolerance=1ms"
            #expect(try await server.get("/api/traces/\(path)/critical-path?\(options)").status == 200)
        }
    }

    @Test func `slow spans are answered as asked for`() async throws {
        try await RunningServer.with { server in
            let span = SlowSpan(
                traceID: id, spanID: SpanID(0xab), serviceName: "shop", name: "pay", startNanoseconds: 5,
                durationNanoseconds: 1_000, criticalNanoseconds: 400, share: 0.4, status: 2)
            server.queries.state.withLock { $0.slowSpans = SlowSpanResult(spans: [span], partialReason: nil) }
            let answer = try await server.get(
                "/api/slow?service=a+b&name=GET%20%2F&minDuration=1m1.5s&status=error&start=1.5&end=2024-01-02T03:04:05%2B01:00&limit=7"
            )
            #expect(
                answer.text == """
                    {"spans":[{"traceID":"\(path)","spanID":"00000000000000ab","serviceName":"shop","name":"pay",\
                    "startTimeUnixNano":"5","durationNanos":"1000","criticalNanos":"400","share":0.4,"status":"error"}],"status":"COMPLETE"}
                    """)
            let query = try #require(server.queries.state.withLock { $0.lastSlowSpanQuery })
            #expect(query.serviceName == "a b")
            #expect(query.spanName == "GET /")
            #expect(query.minimumDurationNanoseconds == 61_500_000_000)
            #expect(query.status == 2)
            #expect(query.range == TimeRange(start: 1_500_000_000, end: 1_704_161_045_000_000_000))
            #expect(query.limit == 7)
            server.queries.state.withLock { $0.slowSpans = SlowSpanResult(spans: [], partialReason: "cut") }
            #expect(
                try await server.get("/api/slow").text
                    == "{\"spans\":[],\"status\":\"PARTIAL\",\"message\":\"cut\"}")
            let plain = try #require(server.queries.state.withLock { $0.lastSlowSpanQuery })
            #expect(
                plain.limit == 20 && plain.range == .all && plain.status == nil && plain.serviceName == nil)
        }
    }

    @Test(arguments: [
        ("/api/traces/xyz", "trace ID"), ("/api/traces/0", "trace ID"),
        ("/api/v2/traces/\(path)00", "trace ID"), ("/api/traces/\(path)?start=5", "end"),
        ("/api/traces/\(path)?start=5&end=5", "end"), ("/api/v2/traces/\(path)?start=x&end=5", "start"),
        ("/api/traces/\(path)/critical-path?mode=fast", "mode"),
        ("/api/traces/\(path)/critical-path?async=1", "async"),
        ("/api/traces/\(path)/critical-path?skew=1", "skew"),
        ("/api/slow?minDuration=5", "minDuration"), ("/api/slow?minDuration=-5s", "minDuration"),
        ("/api/slow?status=bad", "status"), ("/api/slow?limit=0", "limit"),
        ("/api/slow?limit=262145", "limit"),
        ("/api/slow?limit=ten", "limit"), ("/api/slow?start=1700000000000", "start"),
        ("/api/slow?end=now", "end"),
    ])
    func `a bad parameter is named`(target: String, name: String) async throws {
        try await withTrace { server in
            let answer = try await server.get(target)
            #expect(answer.status == 400)
            #expect(answer.text.hasPrefix("invalid \(name) \""))
            #expect(answer.text.contains(": expected "))
        }
    }

    @Test(arguments: [
        (QueryError.Code.invalid, 400), (.tooLarge, 422), (.timedOut, 504), (.unavailable, 503),
        (.corrupted, 500),
    ])
    func `a query error has its status`(code: QueryError.Code, status: Int) async throws {
        try await RunningServer.with { server in
            server.queries.state.withLock { $0.error = QueryError(code, "no luck") }
            for target in ["/api/slow", "/api/traces/1", "/api/v2/traces/1", "/api/traces/1/critical-path"] {
                let answer = try await server.get(target)
                #expect(answer.status == status)
                #expect(answer.text == "no luck\n")
            }
            let metrics = try await server.get("/metrics").text
            #expect(metrics.contains("\nvivace_query_requests_total{code=\"\(status)\",kind=\"slow\"} 1\n"))
            #expect(metrics.contains("\nvivace_query_seconds_count{kind=\"trace_v2\"} 1\n"))
        }
    }

    @Test func `HEAD is GET without its body, other methods and paths are refused`() async throws {
        try await withTrace { server in
            let get = try await server.get("/api/traces/\(path)")
            try await HTTPTestConnection.with(port: server.port(.http)) { connection in
                try await connection.send("HEAD /api/traces/\(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                let head = try await connection.answer(hasBody: false)
                #expect(head.fields == get.fields)
                try await connection.send("GET /api/echo HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.answer().text == "echo", "nothing was left over")
            }
            for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
                let answer = try await server.request(method, "/api/echo", to: .http, body: [1, 2])
                #expect(answer.status == 405)
                #expect(answer.fields["allow"] == "GET, HEAD")
            }
            for target in ["/", "/api", "/api/traces", "/api/traces/1/2", "/api/v2/traces", "/nope"] {
                #expect(try await server.get(target).status == 404)
            }
            #expect(
                try await server.get("/api/slow?a=" + String(repeating: "a", count: 20_000)).status == 414)
        }
    }

    @Test func `a URL that is too long is refused with a text that says so, however long it is`() async throws {
        try await RunningServer.with { server in
            for count in [17_000, 30_000, 34_000, 70_000, 130_000] {
                try await HTTPTestConnection.with(port: server.port(.http)) { connection in
                    // What was asked before has its answer first.
                    let url = "/api/search?q=" + String(repeating: "a", count: count)
                    try await connection.send(
                        "GET /api/echo HTTP/1.1\r\nHost: a\r\n\r\nGET \(url) HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await connection.answer().text == "echo")
                    let answer = try await connection.answer()
                    #expect(answer.status == (count < 32_000 ? 414 : 431))
                    #expect(answer.text.contains("URL") && answer.text.contains("16"))
                    #expect(answer.text.hasSuffix("make the query shorter; a pattern stands for many values, as in { .a =~ \"x|y|z\" }\n"))
                    #expect(answer.fields["content-type"]?.hasPrefix("text/plain") == true)
                    if answer.status == 431 { #expect(answer.fields["connection"] == "close") }
                }
            }
        }
    }

    @Test func `pages about the server`() async throws {
        try await RunningServer.with { server in
            #expect(try await server.get("/api/echo").text == "echo")
            let build = try await server.get("/api/status/buildinfo")
            #expect(build.fields["content-type"] == "application/json")
            #expect(build.text.hasPrefix("{\"version\":\""))
            let status = try await server.get("/status").text
            #expect(status.contains("--otlp-grpc 127.0.0.1:\(server.port(.otlpGRPC)) (OTLP over gRPC)"))
            #expect(status.contains("  blocks: 3\n"))
            #expect(status.contains("  /status/version: what was built\n"))
            let metrics = try await server.get("/metrics")
            #expect(metrics.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            for name in [
                "vivace_build_info{", "process_resident_memory_bytes ", "process_cpu_seconds_total ",
                "process_open_fds ", "process_start_time_seconds ",
            ] {
                #expect(metrics.text.contains("\n" + name))
            }
        }
    }

    @Test func `pages below status say what is so`() async throws {
        try await RunningServer.with(configure: { configuration in
            configuration.tenancy = .byHeader
            configuration.build.version = "1.2.3"
            configuration.retention.overrides = [.init("team-a")!: 36 * 3_600]
            configuration.texts = { _ in
                var texts = ConfigurationTexts()
                texts.effective = "memory: \"2GiB\"\nhttp: \":1\"\n"
                texts.changed = "memory: \"2GiB\"\n"
                texts.builtIn = "memory: \"1GiB\"\n"
                texts.reloaded = "tokens: \"t\"\n"
                return texts
            }
        }) { server in
            func page(_ name: String) async throws -> String {
                let answer = try await server.get("/status/\(name)")
                #expect(answer.status == 200 && answer.fields["content-type"] == "text/plain; charset=utf-8", "\(name)")
                return answer.text
            }
            let running = "OTLP over gRPC: running on 127.0.0.1:\(server.port(.otlpGRPC))\n"
            for (name, beginning, end) in [
                ("version", "vivace, version 1.2.3\n  revision: unknown\n", "unknown\n"),
                ("services", running, "store: running\n"),
                ("config", "memory: \"2GiB\"\nhttp: \":1\"\n", "\"\n"), ("config?mode=diff", "memory: \"2GiB\"\n", "\"2GiB\"\n"),
                ("config?mode=defaults", "memory: \"1GiB\"\n", "\"1GiB\"\n"),
                ("runtime_config", "# ", "again when it changes\ntokens: \"t\"\n"),
                (
                    "overrides", "defaults:\n  retention: 14d\n  request-bytes: 200000\n",
                    "overrides:\n  \"team-a\":\n    retention: 36h\n"
                ),
                ("overrides/team-a", "retention: 36h\nrequest-bytes: 200000\n", "\n"),
                ("overrides/team-b", "retention: 14d\n", "\n"), ("usage-stats", "none", "\n"),
                ("backendscheduler", "the server merges", "  blocks: 3\n"),
            ] {
                let text = try await page(name)
                #expect(text.hasPrefix(beginning) && text.hasSuffix(end), "\(name): \(text)")
            }
            let endpoints = try await page("endpoints").split(separator: "\n")
            for path in ["/status/config", "/api/v2/search/tag/{tag}/values", "/api/traces/{id}/critical-path"] {
                #expect(endpoints.contains("  GET \(path)"))
            }
            server.status.setNotReady("the journal is read")
            let services = try await page("services")
            #expect(services.hasSuffix("store: not ready: the journal is read\n"))
            for (target, status) in [
                ("config?mode=all", 400), ("overrides/..", 400), ("nothing", 404), ("overrides/a/b", 404),
                ("config/x", 404),
            ] {
                let answer = try await server.get("/status/\(target)")
                #expect(answer.status == status && !answer.body.isEmpty, "\(target)")
            }
            #expect(try await server.request("POST", "/status/config", to: .http, body: []).status == 405)
        }
    }

    @Test func `without tenants all belongs to one, and without files nothing changes`() async throws {
        try await RunningServer.with { server in
            #expect(try await server.get("/status/overrides").text.hasSuffix("\noverrides: {}\n"))
            #expect(try await server.get("/status/overrides/single-tenant").text.hasPrefix("retention: 14d\n"))
            let other = try await server.get("/status/overrides/team-a")
            #expect(other.status == 404 && other.text.contains("without --multitenancy"))
            #expect(try await server.get("/status/runtime_config").text.hasSuffix("\n{}\n"))
        }
    }
}
