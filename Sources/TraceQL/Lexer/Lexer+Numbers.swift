// SPDX-License-Identifier: Apache-2.0

extension Lexer {
    /// An integer, a float (with a point or an exponent) or a duration (numbers with units, one after the other).
    mutating func number() throws(Misfit) -> StaticValue {
        let start = offset
        let (whole, fraction) = digits()
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e"), skipExponent() { return try float(from: start) }
        if let byte = peek(), isLetter(byte) || byte == 0xc2 || byte == 0xce {
            return try duration(whole, fraction ?? offset..<offset, at: start)
        }
        guard fraction == nil else { return try float(from: start) }
        guard let value = Int64(String(decoding: text[whole], as: UTF8.self)) else {
            throw Misfit(
                .syntax, at: start, "the integer is larger than 9223372036854775807",
                suggestion: "`maxInt` and `minInt` are the largest and the smallest")
        }
        return .int(value)
    }

    /// Digits, and those after a point if there is one.
    private mutating func digits() -> (whole: Range<Int>, fraction: Range<Int>?) {
        let whole = digitRun()
        guard peek() == UInt8(ascii: ".") else { return (whole, nil) }
        offset += 1
        return (whole, digitRun())
    }

    private mutating func digitRun() -> Range<Int> {
        let start = offset
        while let byte = peek(), isDigit(byte) { offset += 1 }
        return start..<offset
    }

    private mutating func skipExponent() -> Bool {
        let hasSign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
        guard let digit = peek(hasSign ? 2 : 1), isDigit(digit) else { return false }
        offset += hasSign ? 2 : 1
        _ = digitRun()
        return true
    }

    private func float(from start: Int) throws(Misfit) -> StaticValue {
        // Swift wants digits on both sides of a point.
        var literal = String(decoding: text[start..<offset], as: UTF8.self)
        if literal.hasPrefix(".") { literal = "0" + literal }
        if literal.hasSuffix(".") { literal += "0" }
        literal = literal.replacing(".e", with: ".0e").replacing(".E", with: ".0e")
        guard let value = Double(literal), value.isFinite else {
            throw Misfit(.syntax, at: start, "the number is too large for a float")
        }
        return .float(value)
    }

    private mutating func duration(
        _ whole: Range<Int>, _ fraction: Range<Int>, at start: Int
    ) throws(Misfit) -> StaticValue {
        var total = try part(whole, fraction, at: start)
        while let byte = peek(), isDigit(byte) {
            let (whole, fraction) = digits()
            let (sum, isBeyond) = total.addingReportingOverflow(try part(whole, fraction ?? offset..<offset, at: start))
            if isBeyond { throw tooLong(start) }
            total = sum
        }
        return .duration(total)
    }

    /// Nanoseconds of one number with its unit; what is less than a nanosecond is cut.
    private mutating func part(
        _ whole: Range<Int>, _ fraction: Range<Int>, at start: Int
    ) throws(Misfit) -> Int64 {
        let unit = try unit(at: start)
        guard let count = Int64("0" + String(decoding: text[whole], as: UTF8.self)) else { throw tooLong(start) }
        let (wholePart, isBeyond) = count.multipliedReportingOverflow(by: unit)
        // 18 digits are more than an hour has nanoseconds.
        var numerator: Int128 = 0
        var denominator: Int128 = 1
        for index in fraction.prefix(18) {
            numerator = numerator * 10 + Int128(text[index] - UInt8(ascii: "0"))
            denominator *= 10
        }
        let scaled = Int64(numerator * Int128(unit) / denominator)
        let (sum, isSumBeyond) = wholePart.addingReportingOverflow(scaled)
        if isBeyond || isSumBeyond { throw tooLong(start) }
        return sum
    }

    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    private mutating func unit(at start: Int) throws(Misfit) -> Int64 {
        let unitStart = offset
        while let byte = peek(), isLetter(byte) || byte >= 0x80 { offset += 1 }
        let name = String(decoding: text[unitStart..<offset], as: UTF8.self)
        if let unit = Self.units.first(where: { $0.name == name }) { return unit.nanoseconds }
        let suggestion =
            name == "d" || name == "w" ? "write days and weeks in hours: `24h`" : "units are ns, us, ms, s, m and h"
        let message = name.isEmpty ? "a number in a duration lacks its unit" : "`\(name.prefix(24))` is no unit of time"
        throw Misfit(.syntax, at: unitStart, message, suggestion: suggestion)
    }

    private func tooLong(_ start: Int) -> Misfit {
        Misfit(.syntax, at: start, "the duration is longer than 292 years")
    }
}
