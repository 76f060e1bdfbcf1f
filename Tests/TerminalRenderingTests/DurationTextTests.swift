// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        (0, "0 ns"), (1, "1 ns"), (999, "999 ns"), (1_000, "1 µs"), (57_000, "57 µs"), (57_321, "57.3 µs"),
        (9_994, "9.99 µs"), (9_996, "10 µs"), (99_960, "100 µs"), (999_499, "999 µs"), (999_500, "1 ms"),
        (312_000_000, "312 ms"), (1_240_000_000, "1.24 s"), (1_204_000_000, "1.2 s"), (1_050_000_000, "1.05 s"),
        (59_949_999_999, "59.9 s"), (59_950_000_000, "1 min"), (125_000_000_000, "2 min 5 s"),
        (3_600_000_000_000, "1 h"), (11_220_000_000_000, "3 h 7 min"), (1_051_200_000_000_000, "12 d 4 h"),
        (UInt64.max, "213503 d 23 h"),
    ] as [(UInt64, String)])
    func `durations have three digits and the unit that fits`(nanoseconds: UInt64, text: String) {
        #expect(DurationText.format(nanoseconds) == text)
    }

    @Test(arguments: [
        ("0", 0), ("1ns", 1), ("5us", 5_000), ("5µs", 5_000), ("500ms", 500_000_000), ("1.5s", 1_500_000_000),
        ("2m", 120_000_000_000), ("2min", 120_000_000_000), ("1h30m", 5_400_000_000_000), ("14d", 1_209_600_000_000_000),
        ("2w", 1_209_600_000_000_000), ("1 h 30 min", 5_400_000_000_000), ("0.000000001s", 1), ("0.0000000019s", 1),
    ] as [(String, UInt64)])
    func `durations are read with their units`(text: String, nanoseconds: UInt64) {
        #expect(DurationText.parse(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "5", "ms", "-5s", "5 parsecs", "1h30", "1..5s", ".5s", "1.s", "1e3s", "20000000000s", "99999999999999999999s",
        "1.1234567890123456789s",
    ])
    func `what is no duration is refused`(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test func `what is shown is read back to the digits shown`() throws {
        var nanoseconds: UInt64 = 1
        while nanoseconds < 10_000_000_000_000_000 {
            let shown = DurationText.format(nanoseconds)
            let read = try #require(DurationText.parse(shown))
            #expect(DurationText.format(read) == shown)
            nanoseconds += nanoseconds / 3 + 1
        }
    }
}
