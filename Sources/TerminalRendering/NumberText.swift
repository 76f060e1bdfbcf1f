// SPDX-License-Identifier: Apache-2.0

/// Numbers as people read them.
package enum NumberText {
    /// "1,234,567".
    package static func count(_ value: Int) -> String {
        let digits = Array("\(value.magnitude)")
        var result = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return result
    }

    /// "1 span", "2,000 spans".
    package static func count(_ value: Int, _ noun: String) -> String {
        count(value) + " " + noun + (value == 1 ? "" : "s")
    }

    /// A share of 1 as "42.1 %".
    package static func percent(_ share: Double) -> String {
        guard share.isFinite else { return "-" }
        let tenths = Int((max(-1e9, min(1e9, share)) * 1_000).rounded())
        return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10) %"
    }

    /// "54.10": a number that is not negative, with two digits after the point.
    package static func hundredths(_ value: Double) -> String {
        guard value.isFinite, value >= 0, value < 1e15 else { return "-" }
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
    }

    /// Bytes in three digits with binary units: "512 B", "1.5 KiB", "20 MiB".
    package static func bytes(_ value: Int) -> String {
        if value.magnitude < 1_024 { return "\(value) B" }
        var size = Double(value)
        for unit in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
            size /= 1_024
            if abs(size) < 999.5 || unit == "EiB" { return "\(threeDigits(size)) \(unit)" }
        }
        return "\(value) B"
    }

    private static func threeDigits(_ value: Double) -> String {
        for scale in [100.0, 10.0] where abs(value) * scale < 999.5 {
            let digits = Int((value * scale).rounded())
            let rest = "\(abs(digits) % Int(scale))"
            let fraction = String(repeating: "0", count: scale == 100 ? 2 - rest.utf8.count : 0) + rest
            let trimmed = fraction.reversed().drop { $0 == "0" }.reversed()
            let whole = "\(digits / Int(scale))"
            return trimmed.isEmpty ? whole : whole + "." + String(trimmed)
        }
        return "\(Int(value.rounded()))"
    }

    /// Reads "1GiB", "64 MB", "4096": a number, perhaps with a fraction and a unit; nil for anything else.
    package static func parseBytes(_ text: String) -> Int? {
        let number = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let unit = text[number.endIndex...].drop { $0 == " " }
        guard let value = Double(number), let scale = unitBytes(unit.lowercased()) else { return nil }
        let bytes = value * scale
        return bytes < 0x1p62 ? Int(bytes) : nil
    }

    private static func unitBytes(_ name: String) -> Double? {
        switch name {
        case "", "b": 1
        case "k", "kib": 0x1p10
        case "m", "mib": 0x1p20
        case "g", "gib": 0x1p30
        case "t", "tib": 0x1p40
        case "kb": 1e3
        case "mb": 1e6
        case "gb": 1e9
        case "tb": 1e12
        default: nil
        }
    }
}
