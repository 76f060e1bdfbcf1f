// SPDX-License-Identifier: Apache-2.0

// How people write durations and times in questions.

private let nanosecondsPerSecond: UInt64 = 1_000_000_000

/// A duration in Go's notation, such as `500ms`, `1.5s` or `1h30m`, in nanoseconds; nil if it is anything else,
/// negative, or longer than 292 years.
///
/// - SeeAlso: Go, `time.ParseDuration`.
package func goDurationNanoseconds(_ text: String) -> UInt64? {
    var rest = Substring(text)
    if rest.first == "+" { rest.removeFirst() }
    if rest == "0" { return 0 }
    guard !rest.isEmpty else { return nil }
    var total: UInt64 = 0
    while !rest.isEmpty {
        guard let number = DecimalNumber(consuming: &rest) else { return nil }
        let name = rest.prefix { !$0.isASCII || $0.isLetter }
        rest.removeFirst(name.count)
        guard let unit = goDurationUnits[String(name)], let part = number.scaled(by: unit) else { return nil }
        let (sum, overflow) = total.addingReportingOverflow(part)
        guard !overflow, sum <= UInt64(Int64.max) else { return nil }
        total = sum
    }
    return total
}

private let goDurationUnits: [String: UInt64] = [
    "ns": 1, "us": 1_000, "\u{b5}s": 1_000, "\u{3bc}s": 1_000, "ms": 1_000_000, "s": nanosecondsPerSecond,
    "m": 60 * nanosecondsPerSecond, "h": 3_600 * nanosecondsPerSecond,
]

/// A point in time in Unix nanoseconds, from Unix seconds with or without a fraction, Unix nanoseconds, or RFC 3339;
/// nil if it is anything else, or not between 1970 and 2554.
///
/// A whole number is taken for nanoseconds from 10¹⁴ on, the second day of 1970, and for seconds below 10¹¹, the
/// year 5138. What lies between looks like milliseconds and is not guessed at.
package func unixNanoseconds(_ text: String) -> UInt64? {
    if text.utf8.contains(UInt8(ascii: "T")) || text.utf8.dropFirst(4).first == UInt8(ascii: "-") {
        return rfc3339Nanoseconds(text)
    }
    var rest = Substring(text)
    guard let number = DecimalNumber(consuming: &rest), rest.isEmpty else { return nil }
    if number.hasFraction || number.whole < 100_000_000_000 { return number.scaled(by: nanosecondsPerSecond) }
    return number.whole >= 100_000_000_000_000 ? number.whole : nil
}

/// `2024-05-01T12:30:00.5Z`, with an offset instead of `Z`, or a blank instead of `T`.
private func rfc3339Nanoseconds(_ text: String) -> UInt64? {
    var rest = Substring(text)
    guard let year = number(4, before: "-", &rest), let month = number(2, before: "-", &rest),
        (1...12).contains(month),
        let day = number(2, before: nil, &rest), (1...daysInMonth(month, year)).contains(day),
        let separator = rest.popFirst(), "Tt ".contains(separator),
        let hour = number(2, before: ":", &rest), hour < 24, let minute = number(2, before: ":", &rest),
        minute < 60
    else { return nil }
    guard rest.first?.isNumber == true, let second = DecimalNumber(consuming: &rest), second.whole <= 60,
        let nanoseconds = second.scaled(by: nanosecondsPerSecond), let offset = offsetSeconds(rest)
    else { return nil }
    let seconds = daysSinceEpoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 - offset
    guard seconds >= 0 else { return nil }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: nanosecondsPerSecond)
    let (sum, sumOverflow) = whole.addingReportingOverflow(nanoseconds)
    return overflow || sumOverflow ? nil : sum
}

/// The seconds by which local time is ahead of UTC. A plus that was decoded to a blank is understood.
private func offsetSeconds(_ text: Substring) -> Int? {
    if text == "Z" || text == "z" { return 0 }
    var rest = text
    guard let sign = rest.popFirst(), "+- ".contains(sign), let hours = number(2, before: ":", &rest),
        hours < 24,
        let minutes = number(2, before: nil, &rest), minutes < 60, rest.isEmpty
    else { return nil }
    return (sign == "-" ? -1 : 1) * (hours * 3_600 + minutes * 60)
}

private func number(_ digitCount: Int, before separator: Character?, _ rest: inout Substring) -> Int? {
    let digits = rest.prefix(digitCount)
    guard digits.utf8.count == digitCount, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        return nil
    }
    rest.removeFirst(digitCount)
    if let separator {
        guard rest.popFirst() == separator else { return nil }
    }
    return Int(digits)
}

private func daysInMonth(_ month: Int, _ year: Int) -> Int {
    if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
    return [4, 6, 9, 11].contains(month) ? 30 : 31
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
///
/// - SeeAlso: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
private func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = shiftedYear / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

/// Digits with at most one point, exact.
private struct DecimalNumber {
    var whole: UInt64 = 0
    /// The digits after the point, as a number, and the power of ten that it is divided by; at most 18 digits count.
    private var fraction: UInt64 = 0
    private var scale: UInt64 = 1
    private(set) var hasFraction = false

    /// Takes a number from the front; nil if there is none or it is 2⁶⁴ or more.
    init?(consuming text: inout Substring) {
        var digitCount = 0
        while let byte = text.utf8.first {
            if byte == UInt8(ascii: "."), !hasFraction {
                hasFraction = true
            } else if (0x30...0x39).contains(byte) {
                digitCount += 1
                guard append(UInt64(byte - 0x30)) else { return nil }
            } else {
                break
            }
            text.removeFirst()
        }
        guard digitCount > 0 else { return nil }
    }

    private mutating func append(_ digit: UInt64) -> Bool {
        if hasFraction {
            guard scale < 1_000_000_000_000_000_000 else { return true }
            fraction = fraction * 10 + digit
            scale *= 10
            return true
        }
        let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
        let (sum, sumOverflow) = product.addingReportingOverflow(digit)
        whole = sum
        return !overflow && !sumOverflow
    }

    /// The number times `unit`, cut to a whole one; nil if that is 2⁶⁴ or more.
    func scaled(by unit: UInt64) -> UInt64? {
        let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
        let wide = fraction.multipliedFullWidth(by: unit)
        // The fraction is below the scale, so the quotient is below the unit.
        let part = scale.dividingFullWidth(wide).quotient
        let (sum, sumOverflow) = product.addingReportingOverflow(part)
        return overflow || sumOverflow ? nil : sum
    }
}
