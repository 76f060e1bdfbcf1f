// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

@Suite struct ImportReportTests {
    @Test func `an import says what was accepted and what was not`() {
        var report = ImportReport()
        report.lineCount = 1_003
        report.badLineCount = 2
        report.emptyLineCount = 1
        report.readByteCount = 5 << 20
        report.sent.acknowledgedSpanCount = 20_800
        report.sent.rejectedSpanCount = 1
        report.sent.elapsedNanoseconds = 400_000_000
        report.sent.firstProblem = "span ID is zero\u{1b}"
        #expect(!report.isWhole)
        #expect(
            report.render(TerminalStyle(width: 80)) == """
                read           1,003 lines, 5 MiB
                accepted       20,800 spans
                rejected       1 span
                given up       0 spans
                bad lines      2
                without spans  1 line
                sent again     0 times
                time           400 ms
                speed          52,000 spans/s
                first problem  span ID is zero\\e

                """)
    }

    @Test func `lines without spans are nothing lost`() {
        var report = ImportReport()
        report.emptyLineCount = 3
        #expect(report.isWhole)
        report.sent.unsentSpanCount = 1
        #expect(!report.isWhole)
    }
}
