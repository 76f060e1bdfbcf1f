// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

@Suite struct ProgressTextTests {
    private let style = TerminalStyle(width: 120)

    @Test func `with a total there are a bar and the time that is left`() {
        let text = ProgressText(
            3 << 20, of: 12 << 20, .bytes, elapsedNanoseconds: 2_000_000_000, note: "40 spans accepted")
        #expect(text.render(style) == "█████                 25.0 %  3 MiB of 12 MiB  1.5 MiB/s  6 s left  40 spans accepted")
    }

    @Test func `without a total there is what was done`() {
        #expect(
            ProgressText(1, .things("trace"), elapsedNanoseconds: 500_000_000).render(style) == "1 trace  2/s")
        #expect(ProgressText(0, .things("span"), elapsedNanoseconds: 0).render(style) == "0 spans")
    }

    @Test func `at the end nothing is left, and more than all is all`() {
        let text = ProgressText(15, of: 10, .things("block"), elapsedNanoseconds: 5_000_000_000).render(style)
        #expect(text == "████████████████████ 100.0 %  15 of 10 blocks  3/s")
    }

    @Test func `nothing to do is no share of it`() {
        #expect(ProgressText(0, of: 0, .bytes, elapsedNanoseconds: 1).render(style) == "0 B of 0 B  0 B/s")
    }

    @Test func `the line never fills the terminal and says nothing that moves the cursor`() {
        for width in 40...130 {
            let text = ProgressText(
                1 << 30, of: 1 << 40, .bytes, elapsedNanoseconds: 86_400_000_000_000, note: "evil\r\u{1b}[2J and more")
            let line = text.render(TerminalStyle(width: width))
            #expect(line.count < width)
            #expect(!line.unicodeScalars.contains { $0.value < 0x20 })
        }
    }
}
