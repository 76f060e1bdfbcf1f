// SPDX-License-Identifier: Apache-2.0

/// A duration as Go writes it: `1h2m3.5s`, `1.5s`, `100.293µs`, `0s`.
///
/// The largest unit that leaves something before the point, at most hours; no zeros at the end of a fraction.
package func durationText(nanoseconds: Int64) -> String {
    let magnitude = nanoseconds.magnitude
    let sign = nanoseconds < 0 ? "-" : ""
    switch magnitude {
    case 0: return "0s"
    case ..<1_000: return "\(sign)\(magnitude)ns"
    case ..<1_000_000: return sign + decimal(magnitude, per: 1_000) + "µs"
    case ..<1_000_000_000: return sign + decimal(magnitude, per: 1_000_000) + "ms"
    default: break
    }
    let minutes = magnitude / 60_000_000_000
    let seconds = decimal(magnitude % 60_000_000_000, per: 1_000_000_000) + "s"
    if minutes == 0 { return sign + seconds }
    return minutes < 60 ? "\(sign)\(minutes)m\(seconds)" : "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
}

/// `value / unit` as a decimal fraction, where the unit is a power of ten.
private func decimal(_ value: UInt64, per unit: UInt64) -> String {
    let whole = value / unit
    var fraction = value % unit
    guard fraction != 0 else { return "\(whole)" }
    var digits = String(unit + fraction).utf8.count - 1
    while fraction % 10 == 0 {
        fraction /= 10
        digits -= 1
    }
    let text = String(fraction)
    return "\(whole)." + String(repeating: "0", count: digits - text.utf8.count) + text
}
