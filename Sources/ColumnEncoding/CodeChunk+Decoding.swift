// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

extension CodeChunk {
    /// Appends the `count` codes of a chunk to `codes`.
    ///
    /// - Throws: `.truncated` or `.corrupted` if `bytes` is no chunk of exactly `count` codes; `codes` is then as it
    ///   was. Memory taken is bounded by `count`. That a code lies in its dictionary is for the caller to check.
    package static func decode(
        _ bytes: RawSpan, count: Int, into codes: inout FlatBuffer<UInt32>
    ) throws(ByteCodingError) {
        try decode(bytes, count: count, range: 0..<count, context: nil, into: &codes)
    }

    /// Appends the codes of the rows `range` of a chunk of `count` codes.
    ///
    /// - Parameter context: What the chunk was encoded under, for the rows of the range: `range.count` codes. Needed
    ///   where ``needsContext(_:)``; without it such a chunk counts as corrupted.
    /// - Precondition: The range lies in 0..<count.
    package static func decode(
        _ bytes: RawSpan, count: Int, range: Range<Int>, context: Span<UInt32>? = nil,
        into codes: inout FlatBuffer<UInt32>
    ) throws(ByteCodingError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        precondition(context == nil || context?.count == range.count)
        let before = codes.count
        do throws(ByteCodingError) {
            var cursor = ByteCursor(over: bytes)
            try decode(bytes, &cursor, count, range, context, &codes)
            guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "code chunk") }
        } catch {
            codes.truncate(to: before)
            throw error
        }
    }

    /// Appends the codes of some rows of a chunk of `count` codes that needs no context.
    ///
    /// - Parameter rows: Rising or equal, in 0..<count; otherwise traps.
    package static func pick(
        _ bytes: RawSpan, count: Int, at rows: Span<Int>, into codes: inout FlatBuffer<UInt32>
    ) throws(ByteCodingError) {
        guard rows.count > 0 else { return }
        let (first, end) = (rows[0], rows[rows.count - 1] + 1)
        precondition(first >= 0 && first < end && end <= count)
        let before = codes.count
        do throws(ByteCodingError) {
            var cursor = ByteCursor(over: bytes)
            guard try cursor.byte(bytes) == CodeEncoding.packed.rawValue else {
                var decoded = FlatBuffer<UInt32>(capacity: end - first)
                try decode(bytes, count: count, range: first..<end, context: nil, into: &decoded)
                for index in rows.indices { codes.append(decoded[rows[index] - first]) }
                return
            }
            let base = try code(bytes, &cursor)
            let width = Int(try cursor.byte(bytes))
            guard width <= 32, BitPacking.byteCount(count, width: width) == cursor.remaining else {
                throw ByteCodingError(.corrupted, "bit width")
            }
            let packed = cursor.span(of: bytes)
            let mask = BitPacking.mask(width)
            for index in rows.indices {
                precondition(index == 0 || rows[index] >= rows[index - 1])
                let field = try BitPacking.wideField(packed, at: rows[index] &* width, mask: mask, width: width)
                codes.append(base &+ UInt32(truncatingIfNeeded: field))
            }
        } catch {
            codes.truncate(to: before)
            throw error
        }
    }

    /// The code of one row, for a chunk that needs no context. Traps on a row outside of 0..<count.
    package static func value(
        _ bytes: RawSpan, count: Int, at row: Int
    ) throws(ByteCodingError) -> UInt32 {
        var codes = FlatBuffer<UInt32>(capacity: 1)
        try decode(bytes, count: count, range: row..<row + 1, context: nil, into: &codes)
        return codes[0]
    }

    /// Whether the chunk can only be decoded beside the codes that it was encoded under.
    package static func needsContext(_ bytes: RawSpan) throws(ByteCodingError) -> Bool {
        var cursor = ByteCursor(over: bytes)
        return try cursor.byte(bytes) == CodeEncoding.ranked.rawValue
    }

    /// The one code that all rows have, or nil if the chunk is not of the constant encoding.
    package static func constant(_ bytes: RawSpan) throws(ByteCodingError) -> UInt32? {
        var cursor = ByteCursor(over: bytes)
        guard try cursor.byte(bytes) == CodeEncoding.constant.rawValue else { return nil }
        return try code(bytes, &cursor)
    }

    /// Decodes a chunk that starts at the cursor, which is then behind it.
    static func decode(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>,
        _ context: Span<UInt32>?, _ codes: inout FlatBuffer<UInt32>
    ) throws(ByteCodingError) {
        guard let encoding = CodeEncoding(rawValue: try cursor.byte(bytes)) else {
            throw ByteCodingError(.corrupted, "code encoding")
        }
        switch encoding {
        case .constant:
            codes.resize(to: codes.count + range.count, filling: try code(bytes, &cursor))
        case .packed:
            let base = try code(bytes, &cursor)
            let width = Int(try cursor.byte(bytes))
            guard width <= 32, let byteCount = BitPacking.byteCount(count, width: width) else {
                throw ByteCodingError(.corrupted, "bit width")
            }
            let packed = try cursor.take(byteCount).span(of: bytes)
            try BitPacking.unpack(packed, range: range, width: width, adding: base, into: &codes)
        case .runs:
            try decodeRuns(bytes, &cursor, count, range, &codes)
        case .ranked:
            guard let context else { throw ByteCodingError(.corrupted, "context of codes") }
            let lists = try ContextLists(bytes, &cursor, limit: count)
            var ranks = FlatBuffer<UInt64>(capacity: range.count)
            try IntegerChunk.decodeFlat(bytes, &cursor, count, range, &ranks)
            try lists.append(ranks.span, under: context, to: &codes)
        }
    }

    private static func code(_ bytes: RawSpan, _ cursor: inout ByteCursor) throws(ByteCodingError) -> UInt32 {
        guard let code = UInt32(exactly: try cursor.varint(bytes)) else {
            throw ByteCodingError(.corrupted, "code")
        }
        return code
    }

    private static func decodeRuns(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>,
        _ codes: inout FlatBuffer<UInt32>
    ) throws(ByteCodingError) {
        let runCount = try cursor.count(bytes, limit: count)
        var runCodes = FlatBuffer<UInt64>(capacity: runCount)
        var lengths = FlatBuffer<UInt64>(capacity: runCount)
        try IntegerChunk.decodeFlat(bytes, &cursor, runCount, 0..<runCount, &runCodes)
        try IntegerChunk.decodeFlat(bytes, &cursor, runCount, 0..<runCount, &lengths)
        let start = codes.count
        codes.resize(to: start + range.count, filling: 0)
        var target = codes.mutableSpan
        var row = 0
        for run in 0..<runCount {
            guard lengths[run] < UInt64(count &- row), let code = UInt32(exactly: runCodes[run]) else {
                throw ByteCodingError(.corrupted, "run of codes")
            }
            let end = row &+ Int(lengths[run]) &+ 1
            var at = max(row, range.lowerBound)
            while at < min(end, range.upperBound) {
                target[start &+ at &- range.lowerBound] = code
                at &+= 1
            }
            row = end
        }
        guard row == count else { throw ByteCodingError(.corrupted, "run lengths") }
    }
}
