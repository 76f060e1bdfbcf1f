// SPDX-License-Identifier: Apache-2.0

/// Durations as people write them.
package enum DurationText {
    private static let nanosecondsPerSecond: UInt64 = 1_000_000_000

    /// A duration in three digits: "57 µs", "31.2 ms", "1.24 s", "2 min 5 s", "3 h 7 min", "12 d 4 h".
    package static func format(_ nanoseconds: UInt64) -> String {
        if nanoseconds < 1_000 { return "\(nanoseconds) ns" }
        if nanoseconds >= 59_950_000_000 { return formatLong(nanoseconds) }
        let units: [(UInt64, String)] = [(1_000, "µs"), (1_000_000, "ms"), (nanosecondsPerSecond, "s")]
        for (unit, name) in units {
            for (decimals, scale) in [(2, 100), (1, 10), (0, 1)] as [(Int, UInt64)] {
                let digits = (nanoseconds * scale + unit / 2) / unit
                if digits < 1_000 { return "\(decimal(digits, decimals)) \(name)" }
            }
        }
        return formatLong(nanoseconds)
    }

    private static func formatLong(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / nanosecondsPerSecond + (nanoseconds % nanosecondsPerSecond >= 500_000_000 ? 1 : 0)
        let (large, small): ((UInt64, String), (UInt64, String)) =
            switch seconds {
            case ..<3_600: ((seconds / 60, "min"), (seconds % 60, "s"))
            case ..<86_400: ((seconds / 3_600, "h"), (seconds % 3_600 / 60, "min"))
            default: ((seconds / 86_400, "d"), (seconds % 86_400 / 3_600, "h"))
            }
        let whole = "\(large.0) \(large.1)"
        return small.0 == 0 ? whole : "\(whole) \(small.0) \(small.1)"
    }

    /// `digits` with the point before the last `decimals` of them, without zeros at the end.
    private static func decimal(_ digits: UInt64, _ decimals: Int) -> String {
        var digits = digits
        var decimals = decimals
        while decimals > 0, digits % 10 == 0 {
            digits /= 10
            decimals -= 1
        }
        if decimals == 0 { return "\(digits)" }
        let scale: UInt64 = decimals == 1 ? 10 : 100
        let rest = "\(digits % scale)"
        return "\(digits / scale)." + String(repeating: "0", count: decimals - rest.utf8.count) + rest
    }

    /// Reads "500ms", "1.5s", "1h30m", "14d": numbers, each with a unit out of ns, us, µs, ms, s, m, min, h, d, w.
    ///
    /// - Returns: Nanoseconds; nil if the text is no duration, has a number without unit, or is over 584 years.
    package static func parse(_ text: String) -> UInt64? {
        if text == "0" { return 0 }
        var rest = Substring(text)
        var total: UInt64 = 0
        repeat {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest[number.endIndex...].drop { $0 == " " }
            let unit = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." && $0 != " " }
            rest = rest[unit.endIndex...].drop { $0 == " " }
            guard let scale = unitNanoseconds(unit), let value = scaled(number, by: scale) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(value)
            if overflow { return nil }
            total = sum
        } while !rest.isEmpty
        return total
    }

    private static func unitNanoseconds(_ name: Substring) -> UInt64? {
        switch name {
        case "ns": 1
        case "us", "µs", "μs": 1_000
        case "ms": 1_000_000
        case "s", "sec": nanosecondsPerSecond
        case "m", "min": 60 * nanosecondsPerSecond
        case "h": 3_600 * nanosecondsPerSecond
        case "d": 86_400 * nanosecondsPerSecond
        case "w": 604_800 * nanosecondsPerSecond
        default: nil
        }
    }

    /// A decimal number times `scale`; what is smaller than 1 after that is dropped.
    private static func scaled(_ number: Substring, by scale: UInt64) -> UInt64? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = UInt64(parts[0]) else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return product }
        guard (1...18).contains(parts[1].utf8.count), let fraction = UInt64(parts[1]) else { return nil }
        var divisor: UInt64 = 1
        for _ in 0..<parts[1].utf8.count { divisor *= 10 }
        let (high, low) = fraction.multipliedFullWidth(by: scale)
        let (sum, tooLarge) = product.addingReportingOverflow(divisor.dividingFullWidth((high, low)).quotient)
        return tooLarge ? nil : sum
    }
}
