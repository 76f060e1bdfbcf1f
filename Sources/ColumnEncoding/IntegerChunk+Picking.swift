// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

extension IntegerChunk {
    /// Appends the values of some rows of a chunk of `count` values.
    ///
    /// What lies between them is passed over where the encoding allows it: packed chunks go straight to the rows, of
    /// binned ones only the codes are summed up. The others are decoded from the first row to the last.
    ///
    /// - Parameter rows: Rising or equal, in 0..<count; otherwise traps.
    /// - Throws: `.truncated` or `.corrupted` as ``decode(_:count:range:context:into:)``; `values` is then as it was.
    package static func pick(
        _ bytes: RawSpan, count: Int, at rows: Span<Int>, into values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        guard rows.count > 0 else { return }
        let first = rows[0]
        let last = rows[rows.count - 1]
        precondition(first >= 0 && first <= last && last < count)
        let before = values.count
        do throws(ByteCodingError) {
            var cursor = ByteCursor(over: bytes)
            let encoding = IntegerEncoding(rawValue: try cursor.byte(bytes))
            switch encoding {
            case .packed: try pickPacked(bytes, &cursor, count, rows, &values)
            // Where most rows are wanted it is quicker to decode them all.
            case .binned where rows.count < (last - first) / 2: try pickBinned(bytes, &cursor, count, rows, &values)
            default: try pickDecoded(bytes, count, rows, &values)
            }
        } catch {
            values.truncate(to: before)
            throw error
        }
    }

    private static func pickDecoded(
        _ bytes: RawSpan, _ count: Int, _ rows: Span<Int>, _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        let first = rows[0]
        let end = rows[rows.count - 1] + 1
        var decoded = FlatBuffer<UInt64>(capacity: end - first)
        try decode(bytes, count: count, range: first..<end, into: &decoded)
        for index in rows.indices { values.append(decoded[rows[index] - first]) }
    }

    private static func pickPacked(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ rows: Span<Int>,
        _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        let base = try cursor.varint(bytes)
        let width = Int(try cursor.byte(bytes))
        guard width <= 64, let byteCount = BitPacking.byteCount(count, width: width), byteCount == cursor.remaining
        else { throw ByteCodingError(.corrupted, "bit-packed values") }
        let packed = cursor.span(of: bytes)
        let mask = BitPacking.mask(width)
        for index in rows.indices {
            precondition(index == 0 || rows[index] >= rows[index - 1])
            let field = try BitPacking.wideField(packed, at: rows[index] &* width, mask: mask, width: width)
            values.append(base &+ field)
        }
    }

    private static func pickBinned(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ rows: Span<Int>,
        _ values: inout FlatBuffer<UInt64>
    ) throws(ByteCodingError) {
        let base = try cursor.varint(bytes)
        let bins = try BinTable(bytes, &cursor, base: base)
        guard let byteCount = BitPacking.byteCount(count, width: bins.codeWidth) else {
            throw ByteCodingError(.truncated, "bit-packed values")
        }
        let codes = try cursor.take(byteCount).span(of: bytes)
        let mantissas = cursor.span(of: bytes)
        let sums = BinSums(bins)
        let lowers = bins.lowers.span
        let masks = bins.masks.span
        let widths = bins.widths.span
        var bit = 0
        // Behind the mantissa of the row before this one lies `bit`.
        var row = 0
        for index in rows.indices {
            let wanted = rows[index]
            if index > 0, wanted == row &- 1 {
                values.append(values[values.count - 1])
                continue
            }
            precondition(wanted >= row)
            if wanted > row { bit &+= try sums.bitCount(of: row..<wanted, in: codes) }
            let code = try sums.code(ofRow: wanted, in: codes)
            guard code < bins.count else { throw ByteCodingError(.corrupted, "bin code") }
            let field = try BitPacking.wideField(mantissas, at: bit, mask: masks[code], width: widths[code])
            values.append(lowers[code] &+ field)
            bit &+= widths[code]
            row = wanted &+ 1
        }
    }
}
