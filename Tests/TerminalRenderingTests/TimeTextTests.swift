// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

private let now: UInt64 = 1_767_322_645_678_000_000

@Suite struct TimeTextTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (now, "2026-01-02T02:57:25.678Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"), (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999Z"),
        (UInt64.max, "2554-07-21T23:34:33.709Z"),
    ] as [(UInt64, String)])
    func `moments are shown in UTC`(moment: UInt64, text: String) {
        #expect(TimeText.format(moment) == text)
        #expect(TimeText.parse(text, now: 0) == moment / 1_000_000 * 1_000_000)
    }

    @Test(arguments: [
        ("now", now), ("now-1h", now - 3_600_000_000_000), ("now+5m", now + 300_000_000_000), ("now-100000d", 0),
        ("0", 0), ("1767322645", 1_767_322_645_000_000_000), ("1767322645.678", now), ("1767322645678000000", now),
        ("2026-01-02T02:57:25Z", 1_767_322_645_000_000_000), ("2026-01-02t02:57:25.678z", now),
        ("2026-01-02 04:57:25.678+02:00", now), ("2026-01-01T21:27:25.678-05:30", now),
    ] as [(String, UInt64)])
    func `moments are read in every notation`(text: String, moment: UInt64) {
        #expect(TimeText.parse(text, now: now) == moment)
    }

    @Test(arguments: [
        "", "yesterday", "now-", "now-5", "now*2", "-5", "1767322645678", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-01-02T24:00:00Z", "2026-01-02T02:57:25", "2026-01-02T02:57:25.Z", "2026-01-02T02:57:25.1234567890Z",
        "2026-01-02T02:57:25+2:00", "1969-12-31T23:59:59Z", "2600-01-01T00:00:00Z", "2026-01-02",
    ])
    func `what is no moment is refused`(text: String) {
        #expect(TimeText.parse(text, now: now) == nil)
    }

    @Test func `seconds for a server are exact`() {
        #expect(TimeText.formatSeconds(now) == "1767322645.678000000")
        #expect(TimeText.formatSeconds(5_000_000_000) == "5")
        #expect(TimeText.formatSeconds(1) == "0.000000001")
        for moment in [0, 1, 999_999_999, now, now + 1, .max] as [UInt64] {
            #expect(TimeText.parse(TimeText.formatSeconds(moment), now: 0) == moment)
        }
    }

    @Test func `a moment with all digits is read back`() {
        #expect(TimeText.formatExact(now + 1) == "2026-01-02T02:57:25.678000001Z")
        for moment in [0, 1, 999_999_999, now, now + 1, .max] as [UInt64] {
            #expect(TimeText.parse(TimeText.formatExact(moment), now: 0) == moment)
        }
    }
}
