// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

@Suite struct SearchReportTests {
    private func report(limit: Int) -> SearchReport {
        SearchReport(
            rows: [
                SearchReport.Row(
                    traceID: "5b8aa5a2d2c872e8321cf37308d69df2", rootServiceName: "frontend", rootName: "GET /cart",
                    start: 1_767_322_645_678_000_001, durationMilliseconds: 1_240, spanCount: 1_021, errorCount: 2,
                    spansets: [.init(matchedCount: 3)]),
                SearchReport.Row(
                    traceID: "00000000000000000000000000abc123", rootServiceName: "", rootName: "", start: 0,
                    durationMilliseconds: 0, spanCount: nil, errorCount: nil, spansets: [.init(matchedCount: 1)]),
            ], limit: limit)
    }

    @Test func `found traces are a table with a sum`() {
        #expect(
            report(limit: 20).render(TerminalStyle(width: 120)) == """
                START                     DURATION  SERVICE   NAME       MATCHED  SPANS  ERRORS  TRACE
                2026-01-02T02:57:25.678Z    1.24 s  frontend  GET /cart        3  1,021       2  5b8aa5a2d2c872e8321cf37308d69df2
                1970-01-01T00:00:00.000Z     <1 ms                             1      -       -  00000000000000000000000000abc123

                2 traces

                """)
    }

    @Test func `spans that match stand below their trace, where they are asked for`() {
        var report = report(limit: 20)
        report.rows.removeLast()
        report.rows[0].spansets[0].spans = [
            .init(
                name: "pay", duration: 1_500_000,
                attributes: [.init(key: "http.status", value: "500"), .init(key: "bell", value: "\u{7}")]),
            .init(name: "", duration: 0, attributes: []),
        ]
        #expect(!report.render(TerminalStyle(width: 120)).contains("pay"))
        report.showsSpans = true
        #expect(
            report.render(TerminalStyle(width: 120)) == """
                START                     DURATION  SERVICE   NAME       MATCHED  SPANS  ERRORS  TRACE
                2026-01-02T02:57:25.678Z    1.24 s  frontend  GET /cart        3  1,021       2  5b8aa5a2d2c872e8321cf37308d69df2
                    1.5 ms  pay  http.status=500  bell=\\u{7}
                    0 ns  \("")
                    and 1 span more

                1 trace

                """)
        for line in report.render(TerminalStyle(width: 20)).split(separator: "\n") where line.hasPrefix("    ") {
            #expect(line.count <= 20, "\(line)")
        }
    }

    /// One trace whose spans a query has put into two groups.
    private func grouped() -> SearchReport {
        var report = report(limit: 20)
        report.rows.removeLast()
        report.showsSpans = true
        let pay = SearchReport.Span(
            id: "00000000000000ab", name: "pay", start: 1_767_322_645_678_000_002, duration: 1_500_000,
            attributes: [.init(key: "note", value: "a, \"b\"")])
        let read = SearchReport.Span(id: "00000000000000ac", name: "read", duration: 7, attributes: [])
        report.rows[0].spansets = [
            .init(
                matchedCount: 2,
                attributes: [.init(key: "by(name = `pay`)", value: "true"), .init(key: "count()", value: "2")], spans: [pay]),
            .init(matchedCount: 1, attributes: [.init(key: "by(name = `pay`)", value: "false")], spans: [read]),
        ]
        return report
    }

    @Test func `groups of one trace stand apart, each with what was found of it`() {
        #expect(
            grouped().render(TerminalStyle(width: 120)) == """
                START                     DURATION  SERVICE   NAME       MATCHED  SPANS  ERRORS  TRACE
                2026-01-02T02:57:25.678Z    1.24 s  frontend  GET /cart        3  1,021       2  5b8aa5a2d2c872e8321cf37308d69df2
                    by(name = `pay`)=true  count()=2  2 spans
                      1.5 ms  pay  note=a, "b"
                      and 1 span more
                    by(name = `pay`)=false  1 span
                      7 ns  read

                1 trace

                """)
    }

    @Test func `for other programs every span of a query has a line, and the columns are always the same`() {
        let trace = "5b8aa5a2d2c872e8321cf37308d69df2,frontend,GET /cart,2026-01-02T02:57:25.678000001Z,1240,3,1021,2"
        #expect(
            grouped().csv.text(isForTerminal: false) == """
                traceID,rootServiceName,rootTraceName,startTime,durationMs,matchedSpans,spans,errors,spanset,spansetMatched,\
                spansetAttributes,spanID,spanName,spanStartTime,spanDurationNanos,spanAttributes\r
                \(trace),1,2,\"\"\"by(name = `pay`)\"\"=true count()=2\",00000000000000ab,pay,\
                2026-01-02T02:57:25.678000002Z,1500000,\"note=\"\"a, \\\"\"b\\\"\"\"\"\"\r
                \(trace),2,1,\"\"\"by(name = `pay`)\"\"=false\",00000000000000ac,read,1970-01-01T00:00:00.000000000Z,7,\r

                """)
        var empty = grouped()
        empty.rows = []
        #expect(empty.csv.text(isForTerminal: false).split(separator: "\r\n") == [
            grouped().csv.text(isForTerminal: false).split(separator: "\r\n")[0]
        ])
    }

    @Test func `an explanation says what was asked and what was read`() {
        let report = ExplanationReport(
            filters: [
                .init(scan: "status = 2", trace: ["trace:duration > 1s"], rest: "span.a > span.b", isRequired: true),
                .init(scan: "true", trace: [], rest: nil, isRequired: false),
            ], needsWholeTraces: true, headSpanCount: 1_000, blockCount: 3, readBlockCount: 2, rowGroupCount: 9,
            readRowGroupCount: 4, readByteCount: 2_048, assembledTraceCount: 1, seconds: 0.0015)
        #expect(
            report.render(TerminalStyle(width: 120)) == """
                filter 1      columns: status = 2 (every hit has it)
                              trace index: trace:duration > 1s
                              then, on values: span.a > span.b
                filter 2      columns: true
                judged        on traces put together
                heads         1,000 spans
                blocks        2 of 3 searched
                row groups    4 of 9 searched
                read          2 KiB from storage, the rest from memory
                put together  1 trace
                took          1.5 ms

                """)
    }

    @Test func `as many as were asked for may not be all`() {
        let text = report(limit: 2).render(TerminalStyle(width: nil))
        #expect(text.hasSuffix("\n2 traces · more may match: see --limit\n"))
        #expect(SearchReport(rows: [], limit: 2).render(TerminalStyle(width: 80)) == "no trace matches\n")
    }

    @Test func `what no row knows has no column`() {
        var report = report(limit: 20)
        report.rows.removeFirst()
        #expect(
            report.render(TerminalStyle(width: 120)) == """
                START                     DURATION  SERVICE  NAME  MATCHED  TRACE
                1970-01-01T00:00:00.000Z     <1 ms                       1  00000000000000000000000000abc123

                1 trace

                """)
    }

    @Test func `no line is longer than the terminal is wide`() {
        for width in 60...140 {
            for line in report(limit: 20).render(TerminalStyle(width: width)).split(separator: "\n") {
                #expect(line.count <= width, "\(line)")
            }
        }
    }

    @Test func `for other programs what is not known is empty`() {
        #expect(
            report(limit: 20).csv.text(isForTerminal: false) == """
                traceID,rootServiceName,rootTraceName,startTime,durationMs,matchedSpans,spans,errors\r
                5b8aa5a2d2c872e8321cf37308d69df2,frontend,GET /cart,2026-01-02T02:57:25.678000001Z,1240,3,1021,2\r
                00000000000000000000000000abc123,,,1970-01-01T00:00:00.000000000Z,0,1,,\r

                """)
    }
}
