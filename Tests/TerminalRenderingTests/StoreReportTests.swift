// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

private let start: UInt64 = 1_767_322_645_678_000_000

@Suite struct StoreReportTests {
    @Test func `the list of blocks has their sum`() {
        let report = BlocksReport(rows: [
            BlocksReport.Row(
                id: "0192f3a4c5d6", tenant: "single-tenant", spanCount: 120_000, traceCount: 5_700, byteCount: 6_500_000,
                firstStart: start, lastEnd: start + 60_000_000_000, level: 0, firstArrival: 1_767_322_650,
                lastArrival: 1_767_322_710),
            BlocksReport.Row(
                id: "0192f3a4ffff", tenant: "single-tenant", spanCount: 0, traceCount: 0, byteCount: 512,
                firstStart: 0, lastEnd: 0, level: 2),
        ])
        #expect(
            report.render(TerminalStyle(width: 120)) == """
                BLOCK         TENANT         LEVEL    SPANS  TRACES     SIZE  B/SPAN  FIRST START               LAST END
                0192f3a4c5d6  single-tenant      0  120,000   5,700  6.2 MiB      54  2026-01-02T02:57:25.678Z  2026-01-02T02:58:25.678Z
                0192f3a4ffff  single-tenant      2        0       0    512 B       -  1970-01-01T00:00:00.000Z  1970-01-01T00:00:00.000Z

                2 blocks · 120,000 spans · 6.2 MiB

                """)
        #expect(
            report.csv.text(isForTerminal: false) == """
                block,tenant,level,spans,traces,bytes,firstStartTime,lastEndTime,firstArrivalTime,lastArrivalTime\r
                0192f3a4c5d6,single-tenant,0,120000,5700,6500000,2026-01-02T02:57:25.678000000Z,2026-01-02T02:58:25.678000000Z,2026-01-02T02:57:30.000000000Z,2026-01-02T02:58:30.000000000Z\r
                0192f3a4ffff,single-tenant,2,0,0,512,1970-01-01T00:00:00.000000000Z,1970-01-01T00:00:00.000000000Z,1970-01-01T00:00:00.000000000Z,1970-01-01T00:00:00.000000000Z\r

                """)
        #expect(report.render(TerminalStyle(width: 160)).contains("LAST END                  LAST ARRIVAL"))
        #expect(BlocksReport(rows: []).render(TerminalStyle(width: 120)) == "no blocks\n")
    }

    @Test func `a check tells damage from soundness`() {
        var report = BlockVerification(rows: [
            BlockVerification.Row(id: "0192f3a4c5d6", byteCount: 6_500_000, chunkCount: 412, damages: []),
            BlockVerification.Row(
                id: "0192f3a4ffff", byteCount: 512, chunkCount: 3, damages: ["row group 0, column name: checksum differs"]),
        ])
        #expect(!report.isSound)
        #expect(
            report.render(TerminalStyle(width: 80)) == """
                ok       0192f3a4c5d6  6.2 MiB, 412 chunks
                DAMAGED  0192f3a4ffff  512 B, 3 chunks
                         row group 0, column name: checksum differs
                2 blocks read: 1 damaged

                """)
        report.rows.removeLast()
        #expect(report.isSound)
    }

    @Test func `a load says what was acknowledged`() {
        var report = LoadReport()
        report.traceCount = 1_000
        report.requestCount = 3
        report.acknowledgedSpanCount = 20_800
        report.rejectedSpanCount = 1
        report.byteCount = 5_900_000
        report.elapsedNanoseconds = 400_000_000
        report.latenciesNanoseconds = [3_000_000, 1_000_000, 2_000_000]
        report.firstProblem = "span ID is zero\u{1b}"
        #expect(
            report.render(TerminalStyle(width: 80)) == """
                traces         1,000
                requests       3, 5.63 MiB
                acknowledged   20,800 spans
                rejected       1 span
                given up       0 spans
                sent again     0 times
                time           400 ms
                speed          52,000 spans/s
                latency        p50 2 ms, p99 3 ms
                first problem  span ID is zero\\e

                """)
        #expect(LoadReport().latencyNanoseconds(0.99) == 0 && LoadReport().spansPerSecond == 0)
    }

    @Test(arguments: [(0.0, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1, 100)] as [(Double, UInt64)])
    func `a percentile is a latency that was measured`(share: Double, latency: UInt64) {
        var report = LoadReport()
        report.latenciesNanoseconds = (1...100).reversed()
        #expect(report.latencyNanoseconds(share) == latency)
    }
}
