// SPDX-License-Identifier: Apache-2.0

import Testing
import TraceServer

@Suite struct TextTests {
    @Test(
        arguments: [
            ("0", 0), ("+0", 0), ("1ns", 1), ("500ms", 500_000_000), ("1.5s", 1_500_000_000),
            ("1m30s", 90_000_000_000),
            ("1h", 3_600_000_000_000), ("2us", 2_000), ("2\u{b5}s", 2_000), ("2\u{3bc}s", 2_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000), ("0.000000001s", 1), ("0.0000000019s", 1),
            ("1h0.5m2s3ms", 3_632_003_000_000),
            ("9223372036854775807ns", UInt64(Int64.max)), ("0.1234567890123456789123s", 123_456_789),
        ] as [(String, UInt64)])
    func `a Go duration is read exactly`(text: String, nanoseconds: UInt64) {
        #expect(goDurationNanoseconds(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "+", "-1s", "1", "s", ".s", ".", "1x", "1 s", "1s ", "1.2.3s", "1ss", "9223372036854775808ns",
        "3000000h",
        "99999999999999999999s", "1e3s", "0x1s", "\u{661}s",
    ])
    func `what is no duration is refused`(text: String) { #expect(goDurationNanoseconds(text) == nil) }

    @Test(
        arguments: [
            ("0", 0), ("1700000000", 1_700_000_000_000_000_000), ("1700000000.25", 1_700_000_000_250_000_000),
            ("1700000000123456789", 1_700_000_000_123_456_789), ("99999999999", 0),
            ("18446744073709551615", .max),
            ("18446744073.709551615", .max), ("1970-01-01T00:00:00Z", 0),
            ("2024-02-29T12:30:00.5Z", 1_709_209_800_500_000_000),
            ("2024-02-29t12:30:00z", 1_709_209_800_000_000_000),
            ("2024-02-29T14:30:00+02:00", 1_709_209_800_000_000_000),
            ("2024-02-29T14:30:00 02:00", 1_709_209_800_000_000_000),
            ("2024-02-29T07:00:00-05:30", 1_709_209_800_000_000_000),
            ("2000-12-31T23:59:60Z", 978_307_200_000_000_000),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000_000_000),
        ] as [(String, UInt64)])
    func `a point in time is read exactly`(text: String, nanoseconds: UInt64) {
        // Seconds of the year 5138 don't fit.
        #expect(unixNanoseconds(text) == (text == "99999999999" ? nil : nanoseconds))
    }

    @Test(arguments: [
        "", "x", "-1", "1.5.5", "1s", " 1", "1700000000000", "18446744073709551616", "18446744074.0",
        "1969-12-31T23:59:59Z",
        "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z",
        "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:00",
        "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00+24:00", "2024-01-01", "2024-01-01T00:00:00Zx",
        "9999-01-01T00:00:00Z", "2024-01-01T00:00:.5Z", "20240101T000000Z",
    ])
    func `what is no point in time is refused`(text: String) { #expect(unixNanoseconds(text) == nil) }

    @Test(arguments: [
        ("127.0.0.1:4317", "127.0.0.1", 4317), (":80", "0.0.0.0", 80), ("[::1]:9", "::1", 9),
        ("localhost:0", "localhost", 0),
    ])
    func `an address is read`(text: String, host: String, port: Int) {
        #expect(ListenAddress(text) == ListenAddress(host: host, port: port))
    }

    @Test(arguments: ["", "a", "a:", "a:b", "a:65536", "::1:9", "a:-1"])
    func `what is no address is refused`(text: String) { #expect(ListenAddress(text) == nil) }

    @Test func `every truncation of a time is refused or read, never trapped`() {
        let text = "2024-02-29T12:30:00.5+02:00"
        for count in 0...text.count {
            let part = String(text.prefix(count))
            #expect(
                (unixNanoseconds(part) != nil)
                    == (count == text.count || part == "2024" || part == "202" || part == "20" || part == "2")
            )
        }
    }
}
