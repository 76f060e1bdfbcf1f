// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

private let start: UInt64 = 1_767_322_645_678_000_000

private func makeReport() -> CriticalPathReport {
    var report = CriticalPathReport()
    report.traceID = "5b8aa5a2d2c872e8321cf37308d69df2"
    report.rootServiceName = "storefront"
    report.rootName = "POST /checkout"
    report.start = start
    report.durationNanoseconds = 1_000_000_000
    report.segments = [
        .init(serviceName: "storefront", name: "POST /checkout", start: start, durationNanoseconds: 100_000_000),
        .init(serviceName: "payment", name: "POST", start: start + 100_000_000, durationNanoseconds: 680_000_000),
        .init(
            serviceName: "storefront", name: "POST /checkout", start: start + 780_000_000,
            durationNanoseconds: 220_000_000),
    ]
    report.spans = [
        .init(label: "payment: POST", criticalNanoseconds: 680_000_000, share: 0.68),
        .init(label: "storefront: POST /checkout", criticalNanoseconds: 320_000_000, share: 0.32),
    ]
    report.services = [
        .init(label: "payment", criticalNanoseconds: 680_000_000, share: 0.68),
        .init(label: "storefront", criticalNanoseconds: 320_000_000, share: 0.32),
    ]
    return report
}

@Suite struct CriticalPathReportTests {
    @Test func `spans at 80 cells`() {
        #expect(
            makeReport().renderSpans(TerminalStyle(width: 80)) == """
                Trace 5b8aa5a2d2c872e8321cf37308d69df2
                storefront: POST /checkout
                1 s · 2 spans on the critical path · 2 services · 2026-01-02T02:57:25.678Z

                   share       time  span
                  68.0 %     680 ms  payment: POST               █████████████████████▏
                  32.0 %     320 ms  storefront: POST /checkout  █████████▉

                   share       time  service
                  68.0 %     680 ms  payment                     █████████████████████▏
                  32.0 %     320 ms  storefront                  █████████▉

                """)
    }

    @Test func `spans at 120 cells`() {
        #expect(
            makeReport().renderSpans(TerminalStyle(width: 120)) == """
                Trace 5b8aa5a2d2c872e8321cf37308d69df2
                storefront: POST /checkout
                1 s · 2 spans on the critical path · 2 services · 2026-01-02T02:57:25.678Z

                   share       time  span
                  68.0 %     680 ms  payment: POST               ████████████████████████████████████████████████▎
                  32.0 %     320 ms  storefront: POST /checkout  ██████████████████████▊

                   share       time  service
                  68.0 %     680 ms  payment                     ████████████████████████████████████████████████▎
                  32.0 %     320 ms  storefront                  ██████████████████████▊

                """)
    }

    @Test func `segments at 80 cells`() {
        #expect(
            makeReport().renderSegments(TerminalStyle(width: 80)) == """
                Trace 5b8aa5a2d2c872e8321cf37308d69df2
                storefront: POST /checkout
                1 s · 2 spans on the critical path · 2 services · 2026-01-02T02:57:25.678Z

                         at       time  span                        0             500 ms     1 s
                       0 ns     100 ms  storefront: POST /checkout  ███
                     100 ms     680 ms  payment: POST                 ░███████████████████
                     780 ms     220 ms  storefront: POST /checkout                       ░██████

                """)
    }

    @Test func `segments at 60 cells, the first only, of a trace that is not whole`() {
        var report = makeReport()
        report.isComplete = false
        report.warnings = ["missing-parent"]
        #expect(
            report.renderSegments(TerminalStyle(width: 60), limit: 1) == """
                Trace 5b8aa5a2d2c872e8321cf37308d69df2
                storefront: POST /checkout
                1 s · 2 spans on the critical path · 2 services · 2026-01-02T02:57:25.678Z
                warning: the trace is not whole; this is the path of its first fragment
                warning: missing-parent: the parent is not in the trace

                         at       time  span                  0          1 s
                       0 ns     100 ms  storefront: POST /c…  █░
                … 2 more segments not shown

                """)
    }

    @Test func `an empty report is no trouble`() {
        #expect(!CriticalPathReport().renderSpans(TerminalStyle(width: 80)).isEmpty)
        #expect(!CriticalPathReport().renderSegments(TerminalStyle(width: 80)).isEmpty)
    }
}
