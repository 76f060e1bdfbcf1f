// SPDX-License-Identifier: Apache-2.0

internal import TraceModel

/// 16 random bytes that name a `Kind` of thing; nobody has to ask anybody so that no two are equal.
///
/// Written as `high` and then `low`, big-endian, so that the bytes read like the digits.
package struct RandomID<Kind>: Hashable, Sendable, BitwiseCopyable, Comparable,
    CustomStringConvertible
{
    package static var byteCount: Int { 16 }

    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new one; the generator has to be a good one outside of tests.
    package static func random(using generator: inout some RandomNumberGenerator) -> Self {
        Self(high: generator.next(), low: generator.next())
    }

    /// Reads exactly 32 hexadecimal digits of lower case; nil if it is anything else.
    package init?(digits: some StringProtocol) {
        guard digits.utf8.count == 2 * Self.byteCount else { return nil }
        guard let value = TraceID(hexadecimal: digits) else { return nil }
        self.init(high: value.high, low: value.low)
        guard description == digits else { return nil }
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }

    /// 32 lower-case hexadecimal digits.
    package var description: String { hexadecimalString(high) + hexadecimalString(low) }
}

/// Kinds of ``RandomID``; they have no values.
package enum IncarnationKind {}

/// Names one life of a journal, from the start of its process to the end.
package typealias IncarnationID = RandomID<IncarnationKind>
