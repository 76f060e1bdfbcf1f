// SPDX-License-Identifier: Apache-2.0

/// Moments as people write them, always in UTC.
package enum TimeText {
    private static let nanosecondsPerSecond: UInt64 = 1_000_000_000

    /// RFC 3339 with milliseconds: "2026-01-02T03:04:05.678Z".
    package static func format(_ unixNanoseconds: UInt64) -> String {
        let seconds = unixNanoseconds / nanosecondsPerSecond
        let (year, month, day) = date(ofDay: Int(seconds / 86_400))
        let time = Int(seconds % 86_400)
        let milliseconds = Int(unixNanoseconds % nanosecondsPerSecond / 1_000_000)
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))T\(digits(time / 3_600, 2)):"
            + "\(digits(time % 3_600 / 60, 2)):\(digits(time % 60, 2)).\(digits(milliseconds, 3))Z"
    }

    /// RFC 3339 with all digits: "2026-01-02T03:04:05.678000000Z".
    package static func formatExact(_ unixNanoseconds: UInt64) -> String {
        let nanoseconds = Int(unixNanoseconds % nanosecondsPerSecond)
        return String(format(unixNanoseconds).dropLast(4)) + digits(nanoseconds, 9) + "Z"
    }

    /// Reads RFC 3339, Unix seconds (fractions allowed), Unix nanoseconds, "now", "now-1h" or "now+5m".
    ///
    /// A whole number counts seconds below 10¹¹ (the year 5138) and nanoseconds from 10¹⁴ on (the second day of
    /// 1970). What lies between looks like milliseconds and is not guessed at.
    ///
    /// - Returns: Unix nanoseconds; nil if the text is none of these, or lies before 1970 or after 2554.
    package static func parse(_ text: String, now: UInt64) -> UInt64? {
        if text == "now" { return now }
        if text.hasPrefix("now-") || text.hasPrefix("now+") {
            guard let distance = DurationText.parse(String(text.dropFirst(4))) else { return nil }
            if text.hasPrefix("now-") { return now >= distance ? now - distance : 0 }
            let (moment, overflow) = now.addingReportingOverflow(distance)
            return overflow ? nil : moment
        }
        if let whole = UInt64(text), whole >= 100_000_000_000 { return whole >= 100_000_000_000_000 ? whole : nil }
        if text.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }) { return DurationText.parse(text + "s") }
        return parseRFC3339(text)
    }

    /// Unix seconds with as many digits as are needed: "1760000000.5".
    package static func formatSeconds(_ unixNanoseconds: UInt64) -> String {
        let whole = "\(unixNanoseconds / nanosecondsPerSecond)"
        let rest = Int(unixNanoseconds % nanosecondsPerSecond)
        return rest == 0 ? whole : whole + "." + digits(rest, 9)
    }

    private static func parseRFC3339(_ text: String) -> UInt64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            "Tt ".utf8.contains(bytes[10]), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
            let second = number(bytes[17..<19]),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61,
            date(ofDay: dayNumber(year, month, day)) == (year, month, day)
        else { return nil }
        var rest = bytes[19...]
        guard let fraction = takeFraction(&rest), let offset = offsetSeconds(rest) else { return nil }
        let seconds = dayNumber(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        guard let unsigned = UInt64(exactly: seconds) else { return nil }
        let (scaled, overflow) = unsigned.multipliedReportingOverflow(by: nanosecondsPerSecond)
        let (moment, tooLate) = scaled.addingReportingOverflow(fraction)
        return overflow || tooLate ? nil : moment
    }

    /// Takes ".678" off the front; nanoseconds, 0 if there is none, nil if it has no digits or more than nine.
    private static func takeFraction(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        guard rest.first == UInt8(ascii: ".") else { return 0 }
        let fraction = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest[fraction.endIndex...]
        guard (1...9).contains(fraction.count), let value = number(fraction) else { return nil }
        return (fraction.count..<9).reduce(UInt64(value)) { product, _ in product * 10 }
    }

    /// What "Z" or "+02:00" says, in seconds.
    private static func offsetSeconds(_ text: ArraySlice<UInt8>) -> Int? {
        if text.count == 1, text.first == UInt8(ascii: "Z") || text.first == UInt8(ascii: "z") { return 0 }
        let bytes = Array(text)
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), let hours = number(bytes[1..<3]),
            let minutes = number(bytes[4..<6]), hours < 24, minutes < 60
        else { return nil }
        switch bytes[0] {
        case UInt8(ascii: "+"): return hours * 3_600 + minutes * 60
        case UInt8(ascii: "-"): return -(hours * 3_600 + minutes * 60)
        default: return nil
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self))
    }

    private static func digits(_ value: Int, _ count: Int) -> String {
        let text = "\(value)"
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    // The calendar counts in eras of 400 years that begin on 1 March, so that leap days end a year.
    // Source: Howard Hinnant, "chrono-compatible low-level date algorithms".

    private static func date(ofDay dayNumber: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
