// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

extension IntegerChunk {
    /// Appends the `count` values of a chunk to `values`.
    ///
    /// - Throws: `.truncated` or `.corrupted` if `bytes` is no chunk of exactly `count` values; `values` is then as
    ///   it was. Memory taken is bounded by `count`.
    package static func decode(
        _ bytes: RawSpan, count: Int, into values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        try decode(bytes, count: count, range: 0..<count, context: nil, into: &values)
    }

    /// Appends the values of the rows `range` of a chunk of `count` values.
    ///
    /// Packed and dictionary chunks go straight to the rows; the others read what lies before them.
    ///
    /// - Parameter context: What the chunk was encoded under, for the rows of the range: `range.count` codes. Needed
    ///   where ``needsContext(_:)``; without it such a chunk counts as corrupted.
    /// - Precondition: The range lies in 0..<count.
    package static func decode(
        _ bytes: RawSpan, count: Int, range: Range<Int>, context: Span<UInt32>? = nil,
        into values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        precondition(context == nil || context?.count == range.count)
        let before = values.count
        do throws(ByteCodingError) {
            var cursor = ByteCursor(over: bytes)
            try decodeChunk(bytes, &cursor, count, range, context, &values)
            guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "integer chunk") }
        } catch {
            values.truncate(to: before)
            throw error
        }
    }

    /// The value of one row, for a chunk that needs no context. Traps on a row outside of 0..<count.
    package static func value(
        _ bytes: RawSpan, count: Int, at row: Int
    ) throws(ByteCodingError) -> UInt64 {
        var values = FlatBuffer<UInt64>(capacity: 1)
        try decode(bytes, count: count, range: row..<row + 1, context: nil, into: &values)
        return values[0]
    }

    /// The encoding of a chunk.
    package static func encoding(of bytes: RawSpan) throws(ByteCodingError) -> IntegerEncoding {
        var cursor = ByteCursor(over: bytes)
        guard let encoding = IntegerEncoding(rawValue: try cursor.byte(bytes)) else {
            throw ByteCodingError(.corrupted, "integer encoding")
        }
        return encoding
    }

    static func decodeChunk(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>,
        _ context: Span<UInt32>?, _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        guard let encoding = IntegerEncoding(rawValue: try cursor.byte(bytes)) else {
            throw ByteCodingError(.corrupted, "integer encoding")
        }
        switch encoding {
        case .delta: try decodeDelta(bytes, &cursor, count, range, &values)
        case .runs: try decodeRuns(bytes, &cursor, count, range, &values)
        case .dictionary: try decodeDictionary(bytes, &cursor, count, range, context, &values)
        default: try decodeFlat(encoding, bytes, &cursor, count, range, &values)
        }
    }

    private static func decodeDelta(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>,
        _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        guard count > 0 else { throw ByteCodingError(.corrupted, "delta chunk") }
        var value = try cursor.varint(bytes)
        let start = values.count
        // The differences of the rows up to the end of the range take the places of their values, the first is 0.
        values.append(0)
        try decodeFlat(bytes, &cursor, count - 1, 0..<max(0, range.upperBound - 1), &values)
        var target = values.mutableSpan
        var row = 0
        while row < range.lowerBound {
            value = value &+ IntegerShape.unzigzag(target[start &+ row])
            row &+= 1
        }
        while row < range.upperBound {
            value = value &+ IntegerShape.unzigzag(target[start &+ row])
            target[start &+ row &- range.lowerBound] = value
            row &+= 1
        }
        values.truncate(to: start + range.count)
    }

    private static func decodeRuns(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>,
        _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        let runCount = try cursor.count(bytes, limit: count)
        var runValues = FlatBuffer<UInt64>(capacity: runCount)
        var lengths = FlatBuffer<UInt64>(capacity: runCount)
        try decodeFlat(bytes, &cursor, runCount, 0..<runCount, &runValues)
        try decodeFlat(bytes, &cursor, runCount, 0..<runCount, &lengths)
        let start = values.count
        values.resize(to: start + range.count, filling: 0)
        var target = values.mutableSpan
        var row = 0
        for run in 0..<runCount {
            guard lengths[run] < UInt64(count &- row) else { throw ByteCodingError(.corrupted, "run length") }
            let end = row &+ Int(lengths[run]) &+ 1
            let value = runValues[run]
            var at = max(row, range.lowerBound)
            while at < min(end, range.upperBound) {
                target[start &+ at &- range.lowerBound] = value
                at &+= 1
            }
            row = end
        }
        guard row == count else { throw ByteCodingError(.corrupted, "run lengths") }
    }

    private static func decodeDictionary(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>,
        _ context: Span<UInt32>?, _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        let dictionary = try dictionary(bytes, &cursor, count)
        var codes = FlatBuffer<UInt32>(capacity: range.count)
        try CodeChunk.decode(bytes, &cursor, count, range, context, &codes)
        let start = values.count
        values.resize(to: start + range.count, filling: 0)
        var target = values.mutableSpan
        for row in 0..<codes.count {
            let code = Int(codes[row])
            guard code < dictionary.count else { throw ByteCodingError(.corrupted, "integer dictionary code") }
            target[start &+ row] = dictionary[code]
        }
    }

    /// The values that the codes of a dictionary chunk stand for, rising.
    static func dictionary(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int
    ) throws(ByteCodingError) -> FlatBuffer<UInt64> {
        let size = try cursor.count(bytes, limit: min(count, DistinctTable.limit))
        guard size > 0 else { throw ByteCodingError(.corrupted, "integer dictionary") }
        var dictionary = FlatBuffer<UInt64>(capacity: size)
        var value: UInt64 = 0
        for _ in 0..<size {
            value = value &+ (try cursor.varint(bytes))
            dictionary.append(value)
        }
        return dictionary
    }

    /// Whether the chunk can only be decoded beside the codes that it was encoded under.
    package static func needsContext(_ bytes: RawSpan, count: Int) throws(ByteCodingError) -> Bool {
        var cursor = ByteCursor(over: bytes)
        guard try cursor.byte(bytes) == IntegerEncoding.dictionary.rawValue else { return false }
        _ = try dictionary(bytes, &cursor, count)
        return try CodeChunk.needsContext(cursor.span(of: bytes))
    }
}
