// SPDX-License-Identifier: Apache-2.0

import QueryEngine
import Synchronization
import Testing
import TraceModel
import TraceServer
import TraceStorage

/// What an answer takes is counted with its query's memory until the client has it, or has left.
@Suite(.timeLimit(.minutes(5))) struct AnswerMemoryTests {
    private static let id = TraceID(high: 0, low: 1)

    /// Sets answers that sockets can't hold; each query takes its memory from `budget` as the engine does.
    private func prepare(_ queries: FakeQueries, _ budget: MemoryBudget) throws {
        let text = String(repeating: "x", count: 10_000)
        let traces = (1...2_500).map { number in
            SearchedTrace(
                id: TraceID(high: 1, low: number), root: .init(serviceName: "shop", name: text), startNanoseconds: 1,
                durationNanoseconds: 1, spansets: [SearchedSpanset(matchedCount: 1, spans: [])])
        }
        let values = (1...2_500).map { TagValue(kind: .string, text: "\($0)" + text) }
        let names = values.map(\.text)
        let slow = SlowSpan(
            traceID: Self.id, spanID: SpanID(1), serviceName: "shop", name: text, startNanoseconds: 1,
            durationNanoseconds: 1, criticalNanoseconds: 1, share: 1, status: 0)
        func memory() throws -> QueryMemory {
            let memory = QueryMemory(budget: budget)
            try memory.hold(1 << 20)
            return memory
        }
        // All of them are on the critical path.
        let spans = (1...25_000).map { number in
            TestSpan(
                id: number, parent: number == 1 ? 0 : 1, start: number, end: number == 1 ? 30_000 : number + 1,
                name: String(text.prefix(1_000)))
        }
        let found = foundTrace(Self.id, spans, memory: try memory())
        let (forSearch, forNames, forValues, forSlow) = try (memory(), memory(), memory(), memory())
        queries.state.withLock { state in
            state.traces[Self.id] = found
            state.search = TraceSearchResult(traces: traces, memory: forSearch)
            state.tagNames = TagNames(names: [.span: names], memory: forNames)
            state.tagValues = TagValues(values: values, memory: forValues)
            state.slowSpans = SlowSpanResult(
                spans: [SlowSpan](repeating: slow, count: 2_500), partialReason: nil, memory: forSlow)
        }
    }

    private func forget(_ queries: FakeQueries) {
        queries.state.withLock { state in
            state.traces = [:]
            state.search = TraceSearchResult(traces: [])
            state.tagNames = TagNames(names: [:])
            state.tagValues = TagValues(values: [])
            state.slowSpans = SlowSpanResult(spans: [], partialReason: nil)
        }
    }

    private static let questions: [(target: String, accept: String, least: Int)] = [
        // The spans and two slices.
        ("/api/traces/1", "application/json", 2 << 20), ("/api/traces/1", "application/protobuf", 2 << 20),
        ("/api/v2/traces/1", "application/json", 2 << 20), ("/api/v2/traces/1", "application/protobuf", 2 << 20),
        ("/api/v2/traces/1", "application/vnd.grafana.llm", 2 << 20),
        ("/api/traces/1/critical-path", "application/json", 4 << 20),
        // What was found and two pieces.
        ("/api/search", "application/json", (1 << 20) + (256 << 10)),
        // What was found and three times the whole.
        ("/api/search", "application/protobuf", 70 << 20),
        ("/api/search/tags", "application/json", 70 << 20), ("/api/v2/search/tags", "application/json", 70 << 20),
        ("/api/search/tag/a/values", "application/json", (1 << 20) + (256 << 10)),
        ("/api/v2/search/tag/a/values", "application/json", (1 << 20) + (256 << 10)),
        ("/api/v2/search/tag/a/values", "application/vnd.grafana.llm", (1 << 20) + (256 << 10)),
        ("/api/slow", "application/json", (1 << 20) + (256 << 10)),
    ]

    @Test(arguments: questions)
    func `an answer is counted until its client has left`(target: String, accept: String, least: Int) async throws {
        try await RunningServer.with { server in
            let budget = MemoryBudget(limits: [.query: 200 << 20])
            try prepare(server.queries, budget)
            try await HTTPTestConnection.with(port: server.port(.http), isReset: true) { connection in
                try await connection.send("GET \(target) HTTP/1.1\r\nHost: a\r\nAccept: \(accept)\r\n\r\n")
                while budget.usedByteCount(by: .query) <= 5 << 20 { await Task.yield() }
                // Nobody else holds what the answer is made of.
                forget(server.queries)
                #expect(budget.usedByteCount(by: .query) >= least)
            }
            while budget.usedByteCount(by: .query) > 0 { await Task.yield() }
        }
    }

    @Test(arguments: questions)
    func `an answer is counted until its client has it all`(target: String, accept: String, least: Int) async throws {
        try await RunningServer.with { server in
            let budget = MemoryBudget(limits: [.query: 200 << 20])
            try prepare(server.queries, budget)
            let answer = try await server.request("GET", target, to: .http, fields: ["Accept: \(accept)"])
            #expect(answer.status == 200 && answer.body.count > 1 << 20)
            forget(server.queries)
            while budget.usedByteCount(by: .query) > 0 { await Task.yield() }
        }
    }

    @Test(arguments: questions)
    func `without memory for the answer the query is refused`(target: String, accept: String, least: Int) async throws {
        try await RunningServer.with { server in
            let budget = MemoryBudget(limits: [.query: 6 << 20])
            try prepare(server.queries, budget)
            // Two answers fit beside what the five questions hold, if they fit at all.
            let others = QueryMemory(budget: budget)
            try others.hold(1 << 20)
            let answer = try await server.request("GET", target, to: .http, fields: ["Accept: \(accept)"])
            let isLarge = least > 6 << 20
            #expect(answer.status == (isLarge ? 422 : 503))
            #expect(answer.text.contains(isLarge ? "--memory" : "try again"))
        }
    }
}
