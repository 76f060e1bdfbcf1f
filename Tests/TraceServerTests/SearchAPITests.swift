// SPDX-License-Identifier: Apache-2.0

import BlockFormat
import QueryEngine
import Synchronization
import Testing
import TraceModel
import TraceQL
import TraceServer

@Suite("The search API", .timeLimit(.minutes(5))) struct SearchAPITests {
    private static let id = "00000000000000000000000000000abc"

    /// A result with everything, and with a trace of which nothing is known.
    private static func result() throws -> TraceSearchResult {
        let span = MatchedSpan(spanID: 0xab, start: 7, duration: 1_500_000, name: Array("pay".utf8))
        let found = SearchedTrace(
            id: try #require(TraceID(hexadecimal: "abc")), root: .init(serviceName: "shop", name: "GET /"),
            startNanoseconds: 5, durationNanoseconds: 2_999_999,
            spansets: [SearchedSpanset(matchedCount: 4, spans: [SearchedSpan(span)])],
            services: [
                ServiceCounts(service: [0xfe], spanCount: 1, errorCount: 0),
                ServiceCounts(service: [0xff], spanCount: 2, errorCount: 1),
                ServiceCounts(service: Array("shop\"".utf8), spanCount: 3, errorCount: 0),
            ])
        var bare = found
        (bare.root, bare.spansets, bare.services) = (nil, [SearchedSpanset(matchedCount: 0, spans: [])], [])
        (bare.startNanoseconds, bare.durationNanoseconds) = (0, 999_999)
        var result = TraceSearchResult(traces: [found, bare])
        result.figures.inspectedTraceCount = 7
        result.figures.inspectedByteCount = 8
        result.figures.blockCount = 1
        result.figures.jobCount = 2
        result.figures.completedJobCount = 2
        result.figures.blockByteCount = 9
        result.figures.inspectedSpanCount = 10
        return result
    }

    @Test func `what is asked to explain itself does`() async throws {
        try await RunningServer.with { server in
            let explanation = SearchExplanation(
                filters: [
                    .init(scan: "status = 2", trace: ["trace:duration > 1s"], rest: "span.a", isRequired: true),
                    .init(scan: "true", trace: [], rest: nil, isRequired: false),
                ], needsWholeTraces: true, blockCount: 3, reads: QueryReads(), headSpanCount: 7, assembledTraceCount: 2,
                seconds: 0.5)
            server.queries.state.withLock { state in
                state.search = TraceSearchResult(traces: [])
                state.search.explanation = explanation
            }
            let answer = try await server.get("/api/search?q=%7B%7D&explain=true")
            #expect(
                answer.text == """
                    {"traces":[],"metrics":{},"explain":{"filters":[{"scan":"status = 2","trace":["trace:duration > 1s"],\
                    "rest":"span.a","required":true},{"scan":"true","required":false}],"needsWholeTraces":true,\
                    "headSpans":7,"blocks":3,"blocksRead":0,"rowGroups":0,"rowGroupsRead":0,"bytesRead":0,\
                    "assembledTraces":2,"seconds":0.5}}
                    """)
            #expect(server.queries.state.withLock { $0.lastSearch?.isExplained } == true)
            #expect(try await server.get("/api/search?q=%7B%7D&explain=please").status == 400)
        }
    }

    @Test func `traces are answered in Tempo's shape`() async throws {
        try await RunningServer.with { server in
            let result = try Self.result()
            server.queries.state.withLock { $0.search = result }
            let answer = try await server.get("/api/search?tags=a%3Db")
            let set = """
                {"spans":[{"spanID":"00000000000000ab","name":"pay","startTimeUnixNano":"7","durationNanos":"1500000"}],"matched":4}
                """
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "application/json")
            #expect(
                answer.text == """
                    {"traces":[{"traceID":"\(Self.id)","rootServiceName":"shop","rootTraceName":"GET /","startTimeUnixNano":"5",\
                    "durationMs":2,"spanSet":\(set),"spanSets":[\(set)],\
                    "serviceStats":{"\u{fffd}":{"spanCount":3,"errorCount":1},"shop\\"":{"spanCount":3}}},\
                    {"traceID":"\(Self.id)","rootServiceName":"<root span not yet received>",\
                    "spanSet":{"spans":[]},"spanSets":[{"spans":[]}]}],\
                    "metrics":{"inspectedTraces":7,"inspectedBytes":"8","totalBlocks":1,"completedJobs":2,"totalJobs":2,\
                    "totalBlockBytes":"9","inspectedSpans":"10"}}
                    """)
            server.queries.state.withLock { $0.search = TraceSearchResult(traces: [], partialReason: "slow") }
            #expect(
                try await server.get("/api/search").text
                    == "{\"traces\":[],\"metrics\":{\"totalJobs\":1},\"status\":\"PARTIAL\",\"message\":\"slow\"}")
        }
    }

    @Test func `traces are answered as protobuf to who asks for it`() async throws {
        try await RunningServer.with { server in
            var result = try Self.result()
            server.queries.state.withLock { [result] in $0.search = result }
            let accept = ["Accept: application/json;q=0.1, application/protobuf"]
            let answer = try await server.get("/api/search?tags=a%3Db", fields: accept)
            #expect(answer.status == 200 && answer.fields["content-type"] == "application/protobuf")
            func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
            func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
            let span = text(1, "00000000000000ab") + text(2, "pay") + [0x18, 7, 0x20, 0xe0, 0xc6, 0x5b]
            let set = field(1, span) + [0x10, 4]
            let services =
                field(8, text(1, "\u{fffd}") + field(2, [0x08, 3, 0x10, 1]))
                + field(8, text(1, "shop\"") + field(2, [0x08, 3]))
            let first =
                text(1, Self.id) + text(2, "shop") + text(3, "GET /") + [0x20, 5, 0x28, 2] + field(6, set) + field(7, set)
                + services
            let second = text(1, Self.id) + text(2, "<root span not yet received>") + field(6, []) + field(7, [])
            let metrics: [UInt8] = [0x08, 7, 0x10, 8, 0x18, 1, 0x20, 2, 0x28, 2, 0x30, 9, 0x38, 10]
            let head = [0x0a, UInt8(first.count & 0x7f | 0x80), UInt8(first.count >> 7)]
            #expect(answer.body == head + first + field(1, second) + field(2, metrics))
            result.partialReason = "slow"
            server.queries.state.withLock { [result] in $0.search = result }
            let partial = try await server.get("/api/search", fields: accept)
            #expect(partial.body.suffix(metrics.count) == [0x08, 7, 0x10, 8, 0x18, 1, 0x20, 1, 0x28, 2, 0x30, 9, 0x38, 10])
        }
    }

    @Test func `a search is what was asked for`() async throws {
        try await RunningServer.with { server in
            let target =
                "/api/search?tags=service.name%3Da+http.route%3D%22%2Fx%20y%22&minDuration=5ms&maxDuration=1m&start=1&end=2&limit=7&spss=5"
            #expect(try await server.get(target).status == 200)
            let query = try #require(server.queries.state.withLock { $0.lastSearch })
            #expect(query.filter == .all([tag("service.name", "a"), tag("http.route", "/x y")]))
            #expect(query.duration == 5_000_000...60_000_000_000)
            #expect(query.range == TimeRange(start: 1_000_000_000, end: 2_000_000_000))
            #expect(query.limit == 7 && query.spansPerSpanset == 5)
            for target in ["/api/search", "/api/search?q=", "/api/search?q=%7B%7D", "/api/search?q=%7B%20%7D&tags=", "/api/search?spss=0"] {
                #expect(try await server.get(target).status == 200)
                let query = try #require(server.queries.state.withLock { $0.lastSearch })
                #expect(query.filter == .all([]) && query.duration == 0...UInt64.max && query.range == .all)
                #expect(query.limit == 20 && query.spansPerSpanset == 3)
            }
            #expect(try await server.get("/api/search?service.name=a&limit=5&root.name=b").status == 200)
            let plain = try #require(server.queries.state.withLock { $0.lastSearch })
            #expect(plain.filter == .all([tag("service.name", "a")]))
            #expect(plain.rootName == .tag(TagText("b")))
        }
    }

    @Test func `tags may be what spans have besides attributes`() async throws {
        try await RunningServer.with { server in
            for (tags, expected) in [
                ("name=pay", SpanFilter.holds(.name, .tag(TagText("pay")))),
                ("status=error", .any([.holds(.status, .integer(2...2))])),
                ("kind=server", .any([.holds(.kind, .integer(2...2))])),
                ("error=true", .holds(.status, .integer(2...2))),
                ("duration=5ms", .holds(.duration, .integer(5_000_000...5_000_000))),
            ] {
                #expect(try await server.get("/api/search?tags=" + tags.replacing("=", with: "%3D")).status == 200)
                let query = try #require(server.queries.state.withLock { $0.lastSearch })
                guard case .all(let parts) = query.filter, case .any(let subjects) = parts[0] else {
                    Issue.record("\(query.filter)")
                    return
                }
                #expect(subjects.count == 3 && subjects[2] == expected)
            }
        }
    }

    @Test func `tag names and values are answered`() async throws {
        try await RunningServer.with { server in
            server.queries.state.withLock { state in
                state.tagNames = TagNames(names: [.span: ["b", "c"], .resource: ["a", "b"]])
                state.tagValues = TagValues(
                    values: [TagValue(kind: .int, text: "1"), TagValue(kind: .string, text: "1"), TagValue(kind: .string, text: "\"")],
                    partialReason: "cut")
            }
            #expect(try await server.get("/api/search/tags").text == "{\"tagNames\":[\"a\",\"b\",\"c\"],\"metrics\":{}}")
            #expect(server.queries.state.withLock { $0.lastScopes } == Set(TagScope.allCases))
            _ = try await server.get("/api/search/tags?scope=event&start=1&end=2&limit=5")
            #expect(server.queries.state.withLock { $0.lastScopes } == [.event])
            let query = try #require(server.queries.state.withLock { $0.lastTagQuery })
            #expect(query.range == TimeRange(start: 1_000_000_000, end: 2_000_000_000) && query.limit == 5)
            #expect(
                try await server.get("/api/v2/search/tags").text.hasPrefix(
                    "{\"scopes\":[{\"name\":\"resource\",\"tags\":[\"a\",\"b\"]},{\"name\":\"span\",\"tags\":[\"b\",\"c\"]},{\"name\":\"intrinsic\",\"tags\":[\"duration\","))
            #expect(
                try await server.get("/api/search/tag/a%2Fb.c/values").text
                    == "{\"tagValues\":[\"1\",\"\\\"\"],\"metrics\":{},\"status\":\"PARTIAL\",\"message\":\"cut\"}")
            #expect(server.queries.state.withLock { $0.lastSubject } == .attribute("a/b.c", Set(TagScope.allCases)))
            #expect(
                try await server.get("/api/v2/search/tag/resource.service.name/values").text.hasPrefix(
                    "{\"tagValues\":[{\"type\":\"int\",\"value\":\"1\"},{\"type\":\"string\",\"value\":\"1\"}"))
            #expect(server.queries.state.withLock { $0.lastSubject } == .attribute("service.name", [.resource]))
            _ = try await server.get("/api/search/tag/name/values")
            #expect(server.queries.state.withLock { $0.lastSubject } == .intrinsic(.name))
            #expect(
                try await server.get("/api/search/tag/status/values").text
                    == "{\"tagValues\":[\"error\",\"ok\",\"unset\"],\"metrics\":{}}")
        }
    }

    @Test func `tags are answered as protobuf to who asks for it`() async throws {
        try await RunningServer.with { server in
            server.queries.state.withLock { state in
                state.tagNames = TagNames(names: [.span: ["b", "c"], .resource: ["a", "b"]])
                state.tagValues = TagValues(
                    values: [TagValue(kind: .int, text: "1", spanCount: 3), TagValue(kind: .string, text: "1")],
                    partialReason: "cut")
            }
            func message(_ path: String) async throws -> [UInt8] {
                let answer = try await server.get(path, fields: ["Accept: application/protobuf"])
                #expect(answer.status == 200 && answer.fields["content-type"] == "application/protobuf")
                return answer.body
            }
            func text(_ number: UInt8, _ text: String) -> [UInt8] { [number << 3 | 2, UInt8(text.utf8.count)] + Array(text.utf8) }
            let (whole, partial): ([UInt8], [UInt8]) = ([0x12, 0], [0x12, 2, 0x10, 1])
            let names = try await message("/api/search/tags")
            #expect(names == text(1, "a") + text(1, "b") + text(1, "c") + whole)
            let span = text(1, "span") + text(2, "b") + text(2, "c")
            server.queries.state.withLock { $0.tagNames = TagNames(names: [.span: ["b", "c"]]) }
            let scopes = try await message("/api/v2/search/tags?scope=span")
            #expect(scopes == [0x0a, UInt8(span.count)] + span + whole)
            let texts = try await message("/api/search/tag/a/values")
            #expect(texts == text(1, "1") + partial)
            func value(_ type: String, _ value: String) -> [UInt8] {
                let one = text(1, type) + text(2, value)
                return [0x0a, UInt8(one.count)] + one
            }
            let values = try await message("/api/v2/search/tag/a/values?counts=true")
            #expect(values == value("int", "1") + value("string", "1") + partial)
            let keywords = try await message("/api/v2/search/tag/status/values")
            #expect(keywords == ["error", "ok", "unset"].flatMap { value("keyword", $0) } + whole)
        }
    }

    @Test func `tags are those of the spans that a query selects, which may be unfinished`() async throws {
        try await RunningServer.with { server in
            server.queries.state.withLock { state in
                state.tagValues = TagValues(values: [TagValue(kind: .keyword, text: "ok", spanCount: 3)])
            }
            let query = "q=%7B%20span.b%20%3D%201%20%26%26%20span.c%20%3D%20%7D"
            let answer = try await server.get("/api/v2/search/tag/status/values?counts=true&maxStaleValues=3&\(query)")
            #expect(
                answer.text
                    == "{\"tagValues\":[{\"type\":\"keyword\",\"value\":\"ok\",\"spanCount\":3}],\"metrics\":{}}")
            var asked = try #require(server.queries.state.withLock { $0.lastTagQuery })
            #expect(try asked.filter?.query == CheckedQuery("{ span.b = 1 }").query && asked.countsSpans)
            #expect(server.queries.state.withLock { $0.lastSubject } == .intrinsic(.status))
            for path in ["/api/search/tags", "/api/v2/search/tags", "/api/search/tag/a/values"] {
                _ = try await server.get("\(path)?\(query)")
                asked = try #require(server.queries.state.withLock { $0.lastTagQuery })
                #expect(try asked.filter?.query == CheckedQuery("{ span.b = 1 }").query && !asked.countsSpans)
                _ = try await server.get("\(path)?q=%7B%7D")
                #expect(server.queries.state.withLock { $0.lastTagQuery?.filter == nil })
            }
        }
    }

    @Test(arguments: [
        ("name", .intrinsic(.name)), ("span:name", .intrinsic(.name)), ("event:name", .intrinsic(.eventName)),
        ("rootServiceName", .intrinsic(.rootServiceName)), ("trace:rootName", .intrinsic(.rootName)),
        ("instrumentation:version", .intrinsic(.instrumentationVersion)),
        ("resource.service.name", .attribute("service.name", [.resource])),
        ("span.a", .attribute("a", [.span])), (".a.b", .attribute("a.b", [.span, .resource])),
        ("a", .attribute("a", [.span, .resource])), ("event.exception.type", .attribute("exception.type", [.event])),
        ("span.%22a%20b%5C%22%22", .attribute("a b\"", [.span])), ("link.a%2Fb", .attribute("a/b", [.link])),
    ] as [(String, TagSubject)])
    func `a tag is named as in TraceQL`(tag: String, subject: TagSubject) async throws {
        try await RunningServer.with { server in
            let answer = try await server.get("/api/v2/search/tag/\(tag)/values")
            #expect(answer.status == 200)
            #expect(server.queries.state.withLock { $0.lastSubject } == subject)
        }
    }

    @Test(arguments: ["duration", "trace:id", "span:parentID", "nestedSetLeft"])
    func `of what nearly every span has its own no values are listed`(tag: String) async throws {
        try await RunningServer.with { server in
            let answer = try await server.get("/api/v2/search/tag/\(tag)/values")
            #expect(answer.text == "{\"tagValues\":[],\"metrics\":{}}")
            #expect(server.queries.state.withLock { $0.lastSubject } == nil)
        }
    }

    @Test(arguments: [
        ("/api/search/tags?maxStaleValues=x", "maxStaleValues"), ("/api/v2/search/tag/a/values?counts=1", "counts"),
        ("/api/v2/traces/1?keep_hierarchy=1", "keep_hierarchy"),
        ("/api/search?tags=%3Da", "tags"), ("/api/search?tags=a%3D%22b", "tags"), ("/api/search?tags=a%3D%22b%22c", "tags"),
        ("/api/search?tags=a%3D1%20a%3D2", "tags"), ("/api/search?tags=a%20b%20a", "tags"),
        ("/api/search?q=%7B%7D&tags=a%3D1", "tags"), ("/api/v2/traces/1?match_depth=x", "match_depth"),
        ("/api/v2/traces/1?match_depth=-2", "match_depth"), ("/api/v2/traces/1?ancestor_depth=1.5", "ancestor_depth"),
        ("/api/v2/traces/1?span_pruning=yes", "span_pruning"),
        ("/api/v2/traces/1?span_pruning_min_spans=many", "span_pruning_min_spans"),
        ("/api/v2/traces/1?span_pruning_max_parent_depth=x", "span_pruning_max_parent_depth"),
        ("/api/search?limit=0", "limit"), ("/api/search?limit=262145", "limit"), ("/api/search?spss=101", "spss"),
        ("/api/search?minDuration=5", "minDuration"), ("/api/search?minDuration=2s&maxDuration=1s", "maxDuration"),
        ("/api/search?start=5&end=5", "end"), ("/api/search?start=x", "start"),
        ("/api/search/tags?scope=all", "scope"), ("/api/search/tags?limit=-1", "limit"),
        ("/api/search/tag/a/values?limit=x", "limit"), ("/api/search/tag/a/values?end=now", "end"),
    ])
    func `a bad parameter is named`(target: String, name: String) async throws {
        try await RunningServer.with { server in
            let answer = try await server.get(target)
            #expect(answer.status == 400)
            #expect(answer.text.hasPrefix("invalid \(name) \""))
            #expect(answer.text.contains(": expected "))
        }
    }

    @Test func `a query that is none is refused with its place, one about metrics with where to ask it`() async throws {
        try await RunningServer.with { server in
            var answer = try await server.get("/api/search?q=%7B%7D%7B%7D")
            #expect(answer.status == 400)
            #expect(answer.text.hasPrefix("invalid TraceQL query: line 1, column 3: "))
            answer = try await server.get("/api/search?q=%7B%7D%7Crate()")
            #expect(answer.status == 400 && answer.text.contains("/api/metrics/query_range"))
            #expect(server.queries.state.withLock { $0.lastSearch } == nil)
            answer = try await server.get("/api/search?q=%7Bname%3D%22a%22%7D")
            #expect(answer.status == 200)
            let query = try #require(server.queries.state.withLock { $0.lastSearch }?.traceQL)
            #expect(try query.query == CheckedQuery("{ name = `a` }").query)
        }
    }

    private func tag(_ key: String, _ value: String) -> SpanFilter {
        let test = ValueTest.tag(TagText(value))
        return .any([.holds(.resourceAttribute(Array(key.utf8)), test), .holds(.spanAttribute(Array(key.utf8)), test)])
    }
}
