// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

@Suite struct NumberTextTests {
    @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567"), (100_000, "100,000")])
    func `thousands are set apart`(value: Int, text: String) {
        #expect(NumberText.count(value) == text)
    }

    @Test func `nouns agree with their number`() {
        #expect(NumberText.count(1, "span") == "1 span")
        #expect(NumberText.count(0, "span") == "0 spans")
        #expect(NumberText.count(2_000, "span") == "2,000 spans")
    }

    @Test(arguments: [(0.0, "0.0 %"), (0.4213, "42.1 %"), (1, "100.0 %"), (0.0004, "0.0 %"), (.nan, "-"), (-0.01, "-1.0 %")])
    func `shares are shown in percent`(share: Double, text: String) {
        #expect(NumberText.percent(share) == text)
    }

    @Test(arguments: [
        (0, "0 B"), (1_023, "1023 B"), (1_024, "1 KiB"), (1_536, "1.5 KiB"), (1_100, "1.07 KiB"), (20 << 20, "20 MiB"),
        (1 << 30, "1 GiB"), (Int.max, "8 EiB"),
    ])
    func `bytes are shown with binary units`(value: Int, text: String) {
        #expect(NumberText.bytes(value) == text)
    }

    @Test(arguments: [
        ("1GiB", 1 << 30), ("64 MiB", 64 << 20), ("512", 512), ("1.5k", 1_536), ("2GB", 2_000_000_000), ("1g", 1 << 30),
    ] as [(String, Int?)])
    func `bytes are read with their units`(text: String, value: Int?) {
        #expect(NumberText.parseBytes(text) == value)
    }

    @Test(arguments: ["", "GiB", "-1", "1XB", "1e3", "99999999999TiB"])
    func `what is no number of bytes is refused`(text: String) {
        #expect(NumberText.parseBytes(text) == nil)
    }

    @Test(arguments: [
        (0, "0.00"), (54.1, "54.10"), (0.005, "0.01"), (9.999, "10.00"), (1.05, "1.05"), (-1, "-"), (.nan, "-"),
    ] as [(Double, String)])
    func `a number has two digits after the point`(value: Double, text: String) {
        #expect(NumberText.hundredths(value) == text)
    }
}
