// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

/// One column's byte strings of one row group as bytes, for values that stand in no dictionary of the block.
///
/// ```
/// plain       │ 0 │ strings, one a row │
/// dictionary  │ 1 │ entry count d, varint (≤ count) │ CodeChunk of a code a row │ strings: d distinct ones, ascending
///                                                                               bytewise; code i is string i │
/// ```
/// `strings` is a list in one of the ``StringForm``s. The number of rows is not stored.
///
/// - SeeAlso: docs/FORMAT-ENCODINGS.md, "Byte string chunks".
package enum ByteStringChunk {
    /// What a chunk may decode to unless the caller says otherwise.
    package static let defaultByteLimit = 256 << 20

    private enum Layout {
        static let plain: UInt8 = 0
        static let dictionary: UInt8 = 1
    }

    /// Appends a chunk.
    ///
    /// - Parameters:
    ///   - codes: A row each: an index into `distinct`.
    ///   - distinct: The codes of different strings in `source`, in any order, all of them used.
    /// - Complexity: O(rows + bytes + d log d) for d distinct strings.
    package static func encode<Source: ByteStringSource & ~Copyable>(
        _ codes: borrowing FlatBuffer<UInt32>, _ distinct: borrowing FlatBuffer<UInt32>,
        _ source: borrowing Source, into out: inout ByteWriter, scratch: inout EncodingScratch
    ) {
        scratch.strings.strings.gather(distinct.span, from: source)
        append(codes, into: &out, &scratch.strings, &scratch.integers)
    }

    private static func append(
        _ codes: borrowing FlatBuffer<UInt32>, into out: inout ByteWriter, _ strings: inout StringScratch,
        _ scratch: inout IntegerScratch
    ) {
        if isPlain(codes, strings.strings) {
            out.append(Layout.plain)
            strings.sorted.removeAll()
            for row in 0..<codes.count { strings.sorted.append(strings.strings, Int(codes[row])) }
            StringList.append(strings.sorted, isSorted: false, into: &out, &strings.forms, &scratch)
            return
        }
        out.append(Layout.dictionary)
        out.append(varint: UInt64(strings.strings.count))
        strings.sort()
        scratch.codes.removeAll()
        for row in 0..<codes.count { scratch.codes.append(strings.ranks[Int(codes[row])]) }
        CodeChunk.append(scratch.codes, into: &out, &scratch.runs)
        StringList.append(strings.sorted, isSorted: true, into: &out, &strings.forms, &scratch)
    }

    /// A dictionary pays where values come back: below three quarters of them it saves more than its codes cost, and
    /// always where long ones come back.
    private static func isPlain(_ codes: borrowing FlatBuffer<UInt32>, _ distinct: borrowing StringGathering) -> Bool {
        guard distinct.count * 4 > codes.count * 3 else { return false }
        var byteCount = 0
        for row in 0..<codes.count { byteCount += distinct.byteCount(Int(codes[row])) }
        return byteCount <= distinct.byteCount * 2
    }

    /// Decodes all `count` rows of a chunk.
    ///
    /// - Throws: `.truncated` or `.corrupted` if `bytes` is no chunk of `count` rows, or its strings take more than
    ///   `byteLimit` bytes. Memory taken is bounded by both.
    package static func decode(
        _ bytes: RawSpan, count: Int, byteLimit: Int = defaultByteLimit
    ) throws(ByteCodingError) -> DecodedStrings {
        try decode(bytes, count: count, range: 0..<count, byteLimit: byteLimit)
    }

    /// Decodes the rows `range` of a chunk of `count` rows: row 0 of the result is the range's first.
    ///
    /// Traps on a range outside of 0..<count.
    package static func decode(
        _ bytes: RawSpan, count: Int, range: Range<Int>, byteLimit: Int = defaultByteLimit
    ) throws(ByteCodingError) -> DecodedStrings {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var strings = DecodedStrings()
        var cursor = ByteCursor(over: bytes)
        switch try cursor.byte(bytes) {
        case Layout.plain:
            try StringList.decode(
                bytes, &cursor, count: count, range: range, byteLimit: byteLimit, into: &strings)
        case Layout.dictionary:
            let size = try cursor.count(bytes, limit: count)
            strings.usesCodes = true
            try CodeChunk.decode(bytes, &cursor, count, range, nil, &strings.rowCodes)
            for row in 0..<strings.rowCodes.count where Int(strings.rowCodes[row]) >= size {
                throw ByteCodingError(.corrupted, "string code")
            }
            try StringList.decode(
                bytes, &cursor, count: size, range: 0..<size, byteLimit: byteLimit, into: &strings)
        default:
            throw ByteCodingError(.corrupted, "string layout")
        }
        return strings
    }
}
