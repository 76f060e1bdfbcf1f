// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

@Suite struct TextTableTests {
    private func slowSpans() -> SlowSpansReport {
        func row(_ service: String, _ name: String, _ milliseconds: UInt64, _ share: Double, _ status: String) -> SlowSpansReport.Row {
            SlowSpansReport.Row(
                traceID: "5b8aa5a2d2c872e8321cf37308d69df2", spanID: "00f067aa0ba902b7", serviceName: service, name: name,
                start: 1_767_322_645_678_000_000, durationNanoseconds: milliseconds * 1_000_000,
                criticalNanoseconds: UInt64(share * Double(milliseconds)) * 1_000_000, share: share, status: status)
        }
        return SlowSpansReport(rows: [
            row("payment", "POST", 3_120, 0.914, "unset"),
            row("checkout", "shop.Checkout/PlaceOrder", 840, 0.05, "error"),
            row("evil", "\u{1b}[2Jclear\nme \u{202e}gnp", 57, 0, "ok"),
        ])
    }

    @Test func `slow spans at 120 cells`() {
        #expect(
            slowSpans().render(TerminalStyle(width: 120)) == """
                DURATION  ON PATH  CRITICAL  SERVICE   NAME           STATUS  START                     TRACE
                  3.12 s   91.4 %    2.85 s  payment   POST           unset   2026-01-02T02:57:25.678Z  5b8aa5a2d2c872e8321cf37308d69df2
                  840 ms    5.0 %     42 ms  checkout  shop.Checkou…  error   2026-01-02T02:57:25.678Z  5b8aa5a2d2c872e8321cf37308d69df2
                   57 ms    0.0 %      0 ns  evil      \\e[2Jclear\\n…  ok      2026-01-02T02:57:25.678Z  5b8aa5a2d2c872e8321cf37308d69df2

                """)
    }

    @Test func `slow spans at 80 cells`() {
        #expect(
            slowSpans().render(TerminalStyle(width: 80)) == """
                DURATION  ON PATH  SERVICE   NAME               TRACE
                  3.12 s   91.4 %  payment   POST               5b8aa5a2d2c872e8321cf37308d69df2
                  840 ms    5.0 %  checkout  shop.Checkout/Pl…  5b8aa5a2d2c872e8321cf37308d69df2
                   57 ms    0.0 %  evil      \\e[2Jclear\\nme \\…  5b8aa5a2d2c872e8321cf37308d69df2

                """)
    }

    @Test func `slow spans at 60 cells`() {
        #expect(
            slowSpans().render(TerminalStyle(width: 60)) == """
                DURATION  ON PATH  NAME          TRACE
                  3.12 s   91.4 %  POST          5b8aa5a2d2c872e8321cf37308d69df2
                  840 ms    5.0 %  shop.Checko…  5b8aa5a2d2c872e8321cf37308d69df2
                   57 ms    0.0 %  \\e[2Jclear\\…  5b8aa5a2d2c872e8321cf37308d69df2

                """)
    }

    @Test func `nothing is cut or left out where there is no terminal`() {
        #expect(
            slowSpans().render(TerminalStyle(width: nil)) == """
                DURATION  ON PATH  CRITICAL  SERVICE   NAME                        STATUS  START                     TRACE
                  3.12 s   91.4 %    2.85 s  payment   POST                        unset   2026-01-02T02:57:25.678Z  5b8aa5a2d2c872e8321cf37308d69df2
                  840 ms    5.0 %     42 ms  checkout  shop.Checkout/PlaceOrder    error   2026-01-02T02:57:25.678Z  5b8aa5a2d2c872e8321cf37308d69df2
                   57 ms    0.0 %      0 ns  evil      \\e[2Jclear\\nme \\u{202e}gnp  ok      2026-01-02T02:57:25.678Z  5b8aa5a2d2c872e8321cf37308d69df2

                """)
    }

    @Test func `no slow spans are said in words`() {
        #expect(SlowSpansReport(rows: []).render(TerminalStyle(width: 80)) == "no span matches\n")
    }

    @Test(arguments: 20...160) func `no line is longer than the terminal if it can be helped`(width: Int) {
        var table = TextTable([
            TextTable.Column("ID"), TextTable.Column("NAME", minimumWidth: 4), TextTable.Column("MORE", dropOrder: 1),
        ])
        table.append(["12345678", "日本語の名前 and more of it", String(repeating: "x", count: 40)])
        for line in table.render(TerminalStyle(width: width)).split(separator: "\n") {
            #expect(line.unicodeScalars.reduce(0) { $0 + ($1.value > 0x2e80 ? 2 : 1) } <= width)
        }
    }

    @Test func `colours are used only if they are wanted`() {
        let plain = slowSpans().render(TerminalStyle(width: 120))
        let colored = slowSpans().render(TerminalStyle(width: 120, usesColor: true))
        #expect(!plain.contains("\u{1b}") && colored.contains("\u{1b}[31m"))
        #expect(colored.replacing(/\u{1b}\[[0-9]*m/, with: "") == plain)
    }

    @Test func `a column has its colour where its row has none`() {
        var table = TextTable([TextTable.Column("A", .right), TextTable.Column("B", paint: .cyan)])
        table.append(["1", "x"])
        table.append(["22", "yyy"], paint: .red)
        table.append(["3", ""])
        #expect(
            table.render(TerminalStyle(width: 80, usesColor: true))
                == "\u{1b}[1m A  B\u{1b}[0m\n 1  \u{1b}[36mx\u{1b}[0m\n\u{1b}[31m22  yyy\u{1b}[0m\n 3\n")
    }

    @Test func `slow spans for other programs have all digits`() {
        #expect(
            slowSpans().csv.text(isForTerminal: false).split(separator: "\r\n") == [
                "traceID,spanID,serviceName,name,status,startTime,durationNanos,criticalNanos,share",
                "5b8aa5a2d2c872e8321cf37308d69df2,00f067aa0ba902b7,payment,POST,unset,2026-01-02T02:57:25.678000000Z,3120000000,2851000000,0.914",
                "5b8aa5a2d2c872e8321cf37308d69df2,00f067aa0ba902b7,checkout,shop.Checkout/PlaceOrder,error,2026-01-02T02:57:25.678000000Z,840000000,42000000,0.05",
                "5b8aa5a2d2c872e8321cf37308d69df2,00f067aa0ba902b7,evil,\"\u{1b}[2Jclear\nme \u{202e}gnp\",ok,2026-01-02T02:57:25.678000000Z,57000000,0,0.0",
            ])
    }
}
