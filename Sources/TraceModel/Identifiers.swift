// SPDX-License-Identifier: Apache-2.0

/// Identifies a trace: 16 bytes, shown as 32 lower-case hexadecimal digits, ordered by its bytes.
public struct TraceID: Hashable, Sendable, BitwiseCopyable, Comparable, CustomStringConvertible {
    /// Bytes 0 to 7 as a big-endian number.
    public var high: UInt64
    /// Bytes 8 to 15 as a big-endian number.
    public var low: UInt64

    @inlinable public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 1 to 32 hexadecimal digits of either case, padded with zeros on the left; nil if it is anything else.
    public init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8
        guard (1...32).contains(digits.count) else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for digit in digits {
            guard let value = hexadecimalValue(digit) else { return nil }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(value)
        }
        self.init(high: high, low: low)
    }

    @inlinable public var isZero: Bool { high == 0 && low == 0 }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }

    public var description: String { hexadecimalString(high) + hexadecimalString(low) }

    /// A number for hash tables, of which all bits depend on all of the ID: whoever sends IDs but does not know the seed
    /// can't choose those that share their place.
    @inlinable @inline(__always) public func hash(seed: UInt64) -> UInt64 {
        // Each half is mixed with a secret before they meet, as in wyhash, and what comes out once more.
        let other = (seed ^ 0x9e37_79b9_7f4a_7c15) &* 0xd6e8_feb8_6659_fd93
        let product = (high ^ seed ^ 0xe703_7ed1_a0b4_28db).multipliedFullWidth(by: low ^ other)
        let mixed = (product.low ^ other).multipliedFullWidth(by: product.high ^ 0xa076_1d64_78bd_642f)
        return mixed.high ^ mixed.low
    }
}

/// Identifies a span in its trace: 8 bytes, shown as 16 lower-case hexadecimal digits.
public struct SpanID: Hashable, Sendable, BitwiseCopyable, Comparable, CustomStringConvertible {
    /// The bytes as a big-endian number; 0 is no span.
    public var rawValue: UInt64

    @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    public var description: String { hexadecimalString(rawValue) }
}

/// A half-open range of Unix nanoseconds.
public struct TimeRange: Hashable, Sendable, BitwiseCopyable {
    public var start: UInt64
    public var end: UInt64

    public init(start: UInt64, end: UInt64) {
        self.start = start
        self.end = end
    }

    /// Everything.
    public static let all = TimeRange(start: 0, end: .max)
}

/// The value of a hexadecimal digit of either case.
@inlinable public func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// 16 lower-case hexadecimal digits.
public func hexadecimalString(_ value: UInt64) -> String {
    var digits: [UInt8] = []
    digits.reserveCapacity(16)
    for shift in stride(from: 60, through: 0, by: -4) {
        digits.append(hexadecimalDigit(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15))
    }
    return String(decoding: digits, as: UTF8.self)
}

/// The lower-case digit of a value below 16.
@inlinable public func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
