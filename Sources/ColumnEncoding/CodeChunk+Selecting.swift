// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

extension CodeChunk {
    /// The rows of a chunk of `count` codes whose code is wanted.
    ///
    /// Constants and runs are judged once, packed codes of up to 16 bits sixteen at a time.
    ///
    /// - Parameter limit: How many entries the dictionary has.
    /// - Throws: `.truncated` or `.corrupted` if `bytes` is no chunk of exactly `count` codes below the limit, or one
    ///   that needs a context.
    package static func rows(
        _ bytes: RawSpan, count: Int, _ wanted: ValueSet, limit: Int
    ) throws(ByteCodingError) -> BitMask {
        precondition(count >= 0 && limit >= 0)
        var cursor = ByteCursor(over: bytes)
        let rows = try rows(bytes, &cursor, count, wanted, limit: UInt64(limit))
        guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "code chunk") }
        return rows
    }

    /// As above for a chunk that starts at the cursor, which is then behind it.
    static func rows(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ wanted: ValueSet, limit: UInt64
    ) throws(ByteCodingError) -> BitMask {
        let start = cursor
        switch CodeEncoding(rawValue: try cursor.byte(bytes)) {
        case .constant:
            let code = try cursor.varint(bytes)
            guard code < limit || count == 0 else { throw ByteCodingError(.corrupted, "code") }
            return BitMask(repeating: wanted.contains(code), count: count)
        case .packed:
            let base = try cursor.varint(bytes)
            let width = Int(try cursor.byte(bytes))
            guard base <= UInt64(UInt32.max), width <= 32,
                let byteCount = BitPacking.byteCount(count, width: width)
            else { throw ByteCodingError(.corrupted, "bit-packed codes") }
            guard width > 16 else {
                let packed = try cursor.take(byteCount).span(of: bytes)
                return try PackedSelection.rows(packed, count: count, width: width, base: base, wanted, limit: limit)
            }
        case .runs:
            return try IntegerChunk.rowsOfRuns(bytes, &cursor, count, wanted, limit: limit)
        case .ranked, nil: break
        }
        cursor = start
        return try decodedRows(bytes, &cursor, count, wanted, limit: limit)
    }

    private static func decodedRows(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ wanted: ValueSet, limit: UInt64
    ) throws(ByteCodingError) -> BitMask {
        var codes = FlatBuffer<UInt32>(capacity: count)
        try decode(bytes, &cursor, count, 0..<count, nil, &codes)
        let span = codes.span
        return try BitMask(count: count) { (row) throws(ByteCodingError) in
            guard span[row] < limit else { throw ByteCodingError(.corrupted, "code") }
            return wanted.contains(UInt64(span[row]))
        }
    }
}
