// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

extension IntegerChunk {
    /// The rows of a chunk of `count` values whose value is wanted.
    ///
    /// What occurs often is judged once where the encoding has it so: constants, runs, the common value, entries of a
    /// dictionary, bins that lie on one side of a range. Packed values of up to 16 bits are judged sixteen at a time.
    ///
    /// - Parameter limit: What all values must lie below; `.max` for any.
    /// - Throws: `.truncated` or `.corrupted` if `bytes` is no chunk of exactly `count` values below the limit, or one
    ///   that needs a context.
    package static func rows(
        _ bytes: RawSpan, count: Int, _ wanted: ValueSet, limit: UInt64 = .max
    ) throws(ByteCodingError) -> BitMask {
        precondition(count >= 0)
        var cursor = ByteCursor(over: bytes)
        let rows = try rows(bytes, &cursor, count, wanted, limit)
        guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "integer chunk") }
        return rows
    }

    private static func rows(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ wanted: ValueSet, _ limit: UInt64
    ) throws(ByteCodingError) -> BitMask {
        let start = cursor
        switch IntegerEncoding(rawValue: try cursor.byte(bytes)) {
        case .constant:
            let value = try cursor.varint(bytes)
            if count > 0 { try check(value, limit) }
            return BitMask(repeating: wanted.contains(value), count: count)
        case .packed:
            let base = try cursor.varint(bytes)
            let width = Int(try cursor.byte(bytes))
            guard width <= 64, let byteCount = BitPacking.byteCount(count, width: width) else {
                throw ByteCodingError(.corrupted, "bit width")
            }
            guard width > 16 else {
                let packed = try cursor.take(byteCount).span(of: bytes)
                return try PackedSelection.rows(packed, count: count, width: width, base: base, wanted, limit: limit)
            }
        case .runs: return try rowsOfRuns(bytes, &cursor, count, wanted, limit: limit)
        case .dictionary: return try rowsOfDictionary(bytes, &cursor, count, wanted, limit)
        case .sparse: return try rowsOfSparse(bytes, &cursor, count, wanted, limit)
        case .binned:
            if case .range(let first, let extent) = wanted, limit == .max,
                let rows = try rowsOfBins(bytes, &cursor, count, from: first, extent: extent)
            {
                return rows
            }
        case .varint, .delta, nil: break
        }
        cursor = start
        var values = FlatBuffer<UInt64>(capacity: count)
        try decodeChunk(bytes, &cursor, count, 0..<count, nil, &values)
        for row in 0..<(limit == .max ? 0 : count) { try check(values[row], limit) }
        return wanted.rows(of: values.span)
    }

    private static func check(_ value: UInt64, _ limit: UInt64) throws(ByteCodingError) {
        guard value < limit || limit == .max else { throw ByteCodingError(.corrupted, "value") }
    }

    /// The body of runs, which is the same for codes.
    static func rowsOfRuns(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ wanted: ValueSet, limit: UInt64
    ) throws(ByteCodingError) -> BitMask {
        let runCount = try cursor.count(bytes, limit: count)
        var values = FlatBuffer<UInt64>(capacity: runCount)
        var lengths = FlatBuffer<UInt64>(capacity: runCount)
        try decodeFlat(bytes, &cursor, runCount, 0..<runCount, &values)
        try decodeFlat(bytes, &cursor, runCount, 0..<runCount, &lengths)
        var rows = BitMask(count: count)
        var row = 0
        for run in 0..<runCount {
            guard lengths[run] < UInt64(count &- row) else { throw ByteCodingError(.corrupted, "run length") }
            try check(values[run], limit)
            let end = row &+ Int(lengths[run]) &+ 1
            if wanted.contains(values[run]) { rows.mark(row..<end) }
            row = end
        }
        guard row == count else { throw ByteCodingError(.corrupted, "run lengths") }
        return rows
    }

    private static func rowsOfDictionary(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ wanted: ValueSet, _ limit: UInt64
    ) throws(ByteCodingError) -> BitMask {
        let dictionary = try dictionary(bytes, &cursor, count)
        var verdicts = [Bool](repeating: false, count: dictionary.count)
        for code in verdicts.indices {
            try check(dictionary[code], limit)
            verdicts[code] = wanted.contains(dictionary[code])
        }
        return try CodeChunk.rows(
            bytes, &cursor, count, ValueSet(verdicts: verdicts), limit: UInt64(dictionary.count))
    }

    private static func rowsOfSparse(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ wanted: ValueSet, _ limit: UInt64
    ) throws(ByteCodingError) -> BitMask {
        let common = try cursor.varint(bytes)
        var gaps = FlatBuffer<UInt64>()
        var others = FlatBuffer<UInt64>()
        let exceptionCount = try decodeExceptions(bytes, &cursor, count, gaps: &gaps, others: &others)
        let isCommonWanted = wanted.contains(common)
        var rows = BitMask(repeating: isCommonWanted, count: count)
        var next = 0
        for index in 0..<exceptionCount {
            guard gaps[index] < UInt64(count &- next) else { throw ByteCodingError(.corrupted, "exception") }
            let row = next &+ Int(gaps[index])
            let value = common &+ others[index] &+ 1
            try check(value, limit)
            if wanted.contains(value) != isCommonWanted { rows[row] = !isCommonWanted }
            next = row &+ 1
        }
        if exceptionCount < count { try check(common, limit) }
        return rows
    }
}
