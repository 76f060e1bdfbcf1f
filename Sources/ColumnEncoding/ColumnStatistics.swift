// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

/// What a reader may know of a chunk without reading it.
///
/// ```
/// │ flags, 1 byte │ value count, varint │ null count, varint, if bit 0 │ distinct count, varint, if bit 1 │
/// │ minimum, varint │ maximum - minimum, varint │                         if bit 2
/// │ lower bound: length 0…16, varint, bytes │ upper bound: the same │     if bit 3; bit 4: both bounds are values
/// ```
package struct ColumnStatistics: Equatable, Sendable {
    /// The range of the values.
    package enum Bounds: Equatable, Sendable {
        case unknown
        /// Codes, numbers as stored or ``OrderedKey``s: both occur.
        case integers(minimum: UInt64, maximum: UInt64)
        /// No string sorts before `lower` or after `upper`; both occur if `areExact`.
        case strings(lower: [UInt8], upper: [UInt8], areExact: Bool)
    }

    /// Longer strings are cut to a bound of so many bytes.
    package static let boundByteLimit = 16

    package var valueCount: Int
    package var nullCount: Int
    package var distinctCount: Int?
    package var bounds: Bounds

    package init(valueCount: Int, nullCount: Int = 0, distinctCount: Int? = nil, bounds: Bounds = .unknown) {
        self.valueCount = valueCount
        self.nullCount = nullCount
        self.distinctCount = distinctCount
        self.bounds = bounds
    }

    /// The bounds of strings between `minimum` and `maximum`, cut to ``boundByteLimit`` bytes.
    ///
    /// A maximum that has to be cut but begins with that many 0xff bytes has no short bound: `.unknown`.
    package static func stringBounds(minimum: RawSpan, maximum: RawSpan) -> Bounds {
        let limit = boundByteLimit
        let lower = [UInt8](minimum.extracting(0..<min(limit, minimum.byteCount)))
        var upper = [UInt8](maximum.extracting(0..<min(limit, maximum.byteCount)))
        if maximum.byteCount > limit {
            // The cut maximum sorts before the whole one: the next larger string of that length does not.
            while upper.last == 0xff { upper.removeLast() }
            guard let last = upper.popLast() else { return .unknown }
            upper.append(last + 1)
        }
        return .strings(
            lower: lower, upper: upper, areExact: minimum.byteCount <= limit && maximum.byteCount <= limit)
    }

    private enum Flag {
        static let nulls: UInt8 = 1
        static let distinct: UInt8 = 2
        static let integers: UInt8 = 4
        static let strings: UInt8 = 8
        static let exact: UInt8 = 16
    }

    package func write(into out: inout ByteWriter) {
        var flags: UInt8 = nullCount > 0 ? Flag.nulls : 0
        if distinctCount != nil { flags |= Flag.distinct }
        switch bounds {
        case .unknown: break
        case .integers: flags |= Flag.integers
        case .strings(_, _, let areExact): flags |= Flag.strings | (areExact ? Flag.exact : 0)
        }
        out.append(flags)
        out.append(varint: UInt64(valueCount))
        if nullCount > 0 { out.append(varint: UInt64(nullCount)) }
        if let distinctCount { out.append(varint: UInt64(distinctCount)) }
        switch bounds {
        case .unknown: break
        case .integers(let minimum, let maximum):
            out.append(varint: minimum)
            out.append(varint: maximum &- minimum)
        case .strings(let lower, let upper, _):
            out.append(lengthPrefixed: lower.rawSpan)
            out.append(lengthPrefixed: upper.rawSpan)
        }
    }

    /// Reads statistics that begin at the cursor.
    ///
    /// - Throws: `.corrupted` at unknown flags, counts above 2⁶² or bounds that are too long or in no order.
    package init(_ bytes: RawSpan, _ cursor: inout ByteCursor) throws(ByteCodingError) {
        let flags = try cursor.byte(bytes)
        guard flags < 32, flags & 12 != 12, flags & Flag.exact == 0 || flags & Flag.strings != 0 else {
            throw ByteCodingError(.corrupted, "statistics")
        }
        valueCount = try cursor.count(bytes, limit: 1 << 62)
        nullCount = flags & Flag.nulls != 0 ? try cursor.count(bytes, limit: 1 << 62) : 0
        distinctCount = flags & Flag.distinct != 0 ? try cursor.count(bytes, limit: 1 << 62) : nil
        bounds = .unknown
        if flags & Flag.integers != 0 {
            let minimum = try cursor.varint(bytes)
            let (maximum, overflow) = minimum.addingReportingOverflow(try cursor.varint(bytes))
            guard !overflow else { throw ByteCodingError(.corrupted, "statistics") }
            bounds = .integers(minimum: minimum, maximum: maximum)
        } else if flags & Flag.strings != 0 {
            let lower = try Self.bound(bytes, &cursor)
            let upper = try Self.bound(bytes, &cursor)
            guard !upper.rawSpan.precedes(lower.rawSpan) else {
                throw ByteCodingError(.corrupted, "statistics")
            }
            bounds = .strings(lower: lower, upper: upper, areExact: flags & Flag.exact != 0)
        }
    }

    private static func bound(_ bytes: RawSpan, _ cursor: inout ByteCursor) throws(ByteCodingError) -> [UInt8] {
        let bound = try cursor.lengthPrefixed(bytes)
        guard bound.remaining <= boundByteLimit else { throw ByteCodingError(.corrupted, "statistics") }
        return [UInt8](bound.span(of: bytes))
    }
}
