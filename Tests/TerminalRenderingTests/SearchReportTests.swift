// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

@Suite struct SearchReportTests {
    private func report(limit: Int) -> SearchReport {
        SearchReport(
            rows: [
                SearchReport.Row(
                    traceID: "5b8aa5a2d2c872e8321cf37308d69df2", rootServiceName: "frontend", rootName: "GET /cart",
                    start: 1_767_322_645_678_000_001, durationMilliseconds: 1_240, matchedSpanCount: 3, spanCount: 1_021,
                    errorCount: 2),
                SearchReport.Row(
                    traceID: "00000000000000000000000000abc123", rootServiceName: "", rootName: "", start: 0,
                    durationMilliseconds: 0, matchedSpanCount: 1, spanCount: nil, errorCount: nil),
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
