// SPDX-License-Identifier: Apache-2.0

import BlockFormat
import QueryEngine
import Synchronization
import Testing
import TraceModel
import TraceServer

@Suite(.timeLimit(.minutes(5))) struct AnswerNumbersTests {
    @Test func `numbers of any length are answered digit by digit`() async throws {
        let powers = (0..<20).map { digits in (0..<digits).reduce(UInt64(1)) { power, _ in power * 10 } }
        let numbers =
            powers.flatMap { [$0, $0 + 1, max(1, $0 - 1)] } + [12_345_678, 1_700_000_000_000_000_001, .max, .max - 1]
        let traces = numbers.map { number in
            SearchedTrace(
                id: TraceID(high: number, low: ~number), root: nil, startNanoseconds: number, durationNanoseconds: 0,
                spansets: [
                    SearchedSpanset(
                        matchedCount: 0,
                        spans: [SearchedSpan(MatchedSpan(spanID: number, start: number, duration: number, name: []))])
                ])
        }
        try await RunningServer.with { server in
            server.queries.state.withLock { $0.search = TraceSearchResult(traces: traces) }
            let answer = try await server.get("/api/search?q=%7B%7D")
            let expected = numbers.map { number in
                let set = """
                    {"spans":[{"spanID":"\(SpanID(number))","startTimeUnixNano":"\(number)","durationNanos":"\(number)"}]}
                    """
                return """
                    {"traceID":"\(TraceID(high: number, low: ~number))","rootServiceName":"<root span not yet received>",\
                    "startTimeUnixNano":"\(number)","spanSet":\(set),"spanSets":[\(set)]}
                    """
            }
            #expect(answer.text == "{\"traces\":[\(expected.joined(separator: ","))],\"metrics\":{}}")
        }
    }
}
