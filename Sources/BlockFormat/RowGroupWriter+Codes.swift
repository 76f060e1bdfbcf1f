// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

// Strings that are given in the form in which they are stored, as a merge has them.

extension RowGroupWriter {
    /// Writes a column of codes of its dictionary.
    ///
    /// - Parameter firstPlace: The place of the dictionary's first string among those of all dictionaries.
    mutating func writeCodes(
        _ column: UInt32, _ values: borrowing FlatBuffer<UInt64>, _ range: Range<Int>, firstPlace: Int
    ) {
        codes.removeAll()
        for index in range {
            let code = UInt32(truncatingIfNeeded: values[index])
            stringCounts[firstPlace &+ Int(code)] &+= 1
            codes.append(code)
        }
        chunk.removeAll()
        // Whole bytes help lz4 in the names of spans only; elsewhere narrow fields are smaller.
        let prefersBytes = column == FixedColumn.name.rawValue
        let encoded = Self.encode(codes, prefersBytes, into: &chunk, scratch: &scratch)
        append(
            column, valueCount: range.count, UInt64(encoded.minimum), UInt64(encoded.maximum),
            mayCompress: encoded.encoding.mayCompress)
    }

    /// Writes a column of strings that stand in the row group.
    ///
    /// - Parameters:
    ///   - codes: A row each: an index into `distinct`.
    ///   - distinct: The codes of different strings in `source`, all of them used.
    mutating func writeStrings<Source: ByteStringSource & ~Copyable>(
        _ column: UInt32, _ codes: borrowing FlatBuffer<UInt32>, _ distinct: borrowing FlatBuffer<UInt32>,
        _ source: borrowing Source
    ) {
        chunk.removeAll()
        ByteStringChunk.encode(codes, distinct, source, into: &chunk, scratch: &scratch)
        append(column, valueCount: codes.count, 0, 0, mayCompress: true)
    }
}
