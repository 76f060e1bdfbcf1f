// SPDX-License-Identifier: Apache-2.0

import Foundation
import QueryEngine
import Synchronization
import Testing
import TraceModel
import TraceServer

private let plain = ["Accept: application/vnd.grafana.llm, application/json"]

/// What language models are answered.
@Suite(.timeLimit(.minutes(5))) struct PlainAnswersTests {
    private static let id = TraceID(high: 0, low: 0xab)
    private static let contentType = "application/vnd.grafana.llm+json"
    private static let idText = "000000000000000000000000000000ab"

    private func span(_ id: Int, _ parent: Int, _ name: String, _ kind: String, _ start: Int, _ end: Int) -> String {
        let parent = parent == 0 ? "" : "000000000000000\(parent)"
        return #"{"spanId":"000000000000000\#(id)","name":"\#(name)","parentSpanId":"\#(parent)","kind":"\#(kind)","#
            + #""startTimeUnixNano":"\#(start)","endTimeUnixNano":"\#(end)","durationMs":0.0001,"attributes":{},"#
            + #""events":[],"links":[],"status":{"code":"unset","message":""}}"#
    }

    private func service(_ name: String, _ spans: String...) -> String {
        #"{"serviceName":"\#(name)","resource":{"service.name":"\#(name)"},"scopes":[{"name":"","version":"","spans":["#
            + spans.joined(separator: ",") + "]}]}"
    }

    @Test(arguments: [4_096, 1, 2]) func `a trace is answered by service, in slices of any size`(spansPerSlice: Int) async throws {
        var limits = RunningServer.smallLimits
        limits.spansPerSlice = spansPerSlice
        try await RunningServer.with(limits: limits) { server in
            let spans = [
                TestSpan(id: 1, start: 100, end: 200, name: "a\"", service: "front", kind: 2),
                TestSpan(id: 2, parent: 1, start: 110, end: 210, name: "b", service: "cart", kind: 3),
                TestSpan(id: 3, parent: 1, start: 120, end: 220, name: "c", service: "front"),
            ]
            server.queries.state.withLock { $0.traces[Self.id] = foundTrace(Self.id, spans) }
            let answer = try await server.get("/api/v2/traces/ab", fields: plain)
            #expect(answer.status == 200 && answer.fields["content-type"] == Self.contentType)
            let front = service(
                "front", span(1, 0, #"a\""#, "server", 100, 200), span(3, 1, "c", "internal", 120, 220))
            let cart = service("cart", span(2, 1, "b", "client", 110, 210))
            #expect(
                answer.text
                    == #"{"trace":{"traceId":"\#(Self.idText)","services":[\#(front),\#(cart)]},"#
                    + #""metrics":{"inspectedBytes":123},"status":"complete"}"#)
            let part = try await server.get("/api/v2/traces/ab?q=%7Bname%3D%22b%22%7D&keep_hierarchy=false", fields: plain)
            #expect(part.text.contains("\"services\":[\(cart)]},"))
        }
    }

    @Test func `no trace is no services, and what may be incomplete is said`() async throws {
        try await RunningServer.with { server in
            let missing = try await server.get("/api/v2/traces/ab", fields: plain)
            #expect(missing.status == 200 && missing.fields["content-type"] == Self.contentType)
            #expect(
                missing.text == #"{"trace":{"traceId":"\#(Self.idText)","services":[]},"metrics":{},"status":"complete"}"#)
            let found = foundTrace(Self.id, [TestSpan(id: 1, start: 1, end: 2)], partialReason: "block 7 is missing")
            server.queries.state.withLock { $0.traces[Self.id] = found }
            let partial = try await server.get("/api/v2/traces/ab", fields: plain)
            #expect(partial.status == 200 && partial.text.hasSuffix(#","status":"partial","message":"block 7 is missing"}"#))
            server.queries.state.withLock { state in
                state.traces[Self.id] = foundTrace(Self.id, [], partialReason: "block 7 is missing")
            }
            #expect(try await server.get("/api/v2/traces/ab", fields: plain).status == 503)
        }
    }

    @Test func `protobuf goes before, and version 1 has JSON alone`() async throws {
        try await RunningServer.with { server in
            let found = foundTrace(Self.id, [TestSpan(id: 1, start: 1, end: 2)])
            server.queries.state.withLock { $0.traces[Self.id] = found }
            for (path, accept, expected) in [
                ("/api/v2/traces/ab", "application/vnd.grafana.llm;q=1, application/protobuf;q=0.1", "application/protobuf"),
                ("/api/v2/traces/ab", "application/json, application/vnd.grafana.llm+json", Self.contentType),
                ("/api/traces/ab", "application/vnd.grafana.llm", "application/json"),
                ("/api/search", "application/vnd.grafana.llm", "application/json"),
                ("/api/search/tag/a/values", "application/vnd.grafana.llm", "application/json"),
                ("/api/v2/search/tags", "application/vnd.grafana.llm", "application/json"),
            ] {
                let answer = try await server.get(path, fields: ["Accept: \(accept)"])
                #expect(answer.status == 200 && answer.fields["content-type"] == expected, "\(path) \(accept)")
            }
        }
    }

    @Test func `values of a tag are lists by type`() async throws {
        try await RunningServer.with { server in
            server.queries.state.withLock { state in
                state.tagValues = TagValues(
                    values: [
                        TagValue(kind: .string, text: "\""), TagValue(kind: .int, text: "1", spanCount: 3),
                        TagValue(kind: .string, text: "1"), TagValue(kind: .float, text: "1.5"),
                        TagValue(kind: .bool, text: "true"),
                    ])
            }
            let path = "/api/v2/search/tag/span.a/values"
            let answer = try await server.get(path, fields: plain)
            #expect(answer.status == 200 && answer.fields["content-type"] == Self.contentType)
            #expect(
                answer.text
                    == #"{"tagValues":{"string":["\"","1"],"int":["1"],"float":["1.5"],"bool":["true"]},"metrics":{}}"#)
            #expect(
                try await server.get("/api/v2/search/tag/status/values", fields: plain).text
                    == #"{"tagValues":{"keyword":["error","ok","unset"]},"metrics":{}}"#)
            server.queries.state.withLock { $0.tagValues = TagValues(values: [], partialReason: "cut") }
            #expect(
                try await server.get(path, fields: plain).text
                    == #"{"tagValues":{},"metrics":{},"status":"partial","message":"cut"}"#)
            let many = (10_000..<30_000).map { TagValue(kind: .string, text: "value \($0)") }
            server.queries.state.withLock { $0.tagValues = TagValues(values: many) }
            let body = Data(try await server.get(path, fields: plain).body)
            let lists = try #require((try JSONSerialization.jsonObject(with: body) as? [String: Any])?["tagValues"] as? [String: [String]])
            #expect(lists == ["string": many.map(\.text)])
        }
    }
}
