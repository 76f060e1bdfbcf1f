// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// The encodings that may stand inside of others.
extension IntegerChunk {
    // Takes the buffer because a span of one field would hold up the scratch's other fields too.
    static func appendFlat(
        _ values: borrowing FlatBuffer<UInt64>, into out: inout ByteWriter, _ scratch: inout FlatScratch
    ) {
        appendFlat(values.span, into: &out, &scratch)
    }

    @discardableResult
    static func appendFlat(
        _ values: Span<UInt64>, into out: inout ByteWriter, _ scratch: inout FlatScratch
    ) -> IntegerEncoding {
        let (low, high) = range(values)
        return appendFlat(values, low, high, into: &out, &scratch)
    }

    @discardableResult
    static func appendFlat(
        _ values: Span<UInt64>, _ low: UInt64, _ high: UInt64, into out: inout ByteWriter,
        _ scratch: inout FlatScratch
    ) -> IntegerEncoding {
        if low < high, values.count >= 64 {
            let exceptions = countOthers(values, than: low)
            // Any other encoding takes at least a bit a value beside the exceptions themselves.
            if IntegerShape.sparseCost(values.count, exceptions, width: 0) < values.count {
                appendSparse(values, low, into: &out, &scratch)
                return .sparse
            }
        }
        return appendPlain(values, low, high, into: &out, &scratch.plain)
    }

    static func appendConstant(_ value: UInt64, into out: inout ByteWriter) {
        out.append(IntegerEncoding.constant.rawValue)
        out.append(varint: value)
    }

    private static func countOthers(_ values: Span<UInt64>, than common: UInt64) -> Int {
        var others = 0
        for row in values.indices { others &+= values[row] == common ? 0 : 1 }
        return others
    }

    private static func appendSparse(
        _ values: Span<UInt64>, _ common: UInt64, into out: inout ByteWriter, _ scratch: inout FlatScratch
    ) {
        scratch.gaps.removeAll()
        scratch.values.removeAll()
        var next = 0
        for row in values.indices where values[row] != common {
            scratch.gaps.append(UInt64(row &- next))
            scratch.values.append(values[row] &- common &- 1)
            next = row &+ 1
        }
        out.append(IntegerEncoding.sparse.rawValue)
        out.append(varint: common)
        out.append(varint: UInt64(scratch.gaps.count))
        appendPlain(scratch.gaps, into: &out, &scratch.plain)
        appendPlain(scratch.values, into: &out, &scratch.plain)
    }

    private static func appendPlain(
        _ values: borrowing FlatBuffer<UInt64>, into out: inout ByteWriter, _ scratch: inout PlainScratch
    ) {
        let (low, high) = range(values.span)
        appendPlain(values.span, low, high, into: &out, &scratch)
    }

    /// 0 and 0 for no values.
    private static func range(_ values: Span<UInt64>) -> (low: UInt64, high: UInt64) {
        var low = UInt64.max
        var high: UInt64 = 0
        for row in values.indices {
            low = min(low, values[row])
            high = max(high, values[row])
        }
        return (min(low, high), high)
    }

    @discardableResult
    private static func appendPlain(
        _ values: Span<UInt64>, _ low: UInt64, _ high: UInt64, into out: inout ByteWriter,
        _ scratch: inout PlainScratch
    ) -> IntegerEncoding {
        guard low < high else {
            appendConstant(low, into: &out)
            return .constant
        }
        let width = BitPacking.width(of: high &- low)
        let packedCost = 8 + values.count * width
        // For few values the tables of the other encodings would outweigh what they save.
        if values.count < 64 {
            return appendShort(values, low, width, into: &out)
        }
        if width > 1, let cost = scratch.bins.build(values, above: low), cost < packedCost - packedCost / 32 {
            appendBinned(values, low, into: &out, &scratch)
            return .binned
        }
        appendPacked(values, low, width, into: &out)
        return .packed
    }

    private static func appendShort(
        _ values: Span<UInt64>, _ low: UInt64, _ width: Int, into out: inout ByteWriter
    ) -> IntegerEncoding {
        var byteCount = 0
        for row in values.indices { byteCount &+= max(1, (BitPacking.width(of: values[row] &- low) &+ 6) / 7) }
        guard byteCount * 8 < 8 + values.count * width else {
            appendPacked(values, low, width, into: &out)
            return .packed
        }
        out.append(IntegerEncoding.varint.rawValue)
        out.append(varint: low)
        for row in values.indices { out.append(varint: values[row] &- low) }
        return .varint
    }

    private static func appendPacked(
        _ values: Span<UInt64>, _ low: UInt64, _ width: Int, into out: inout ByteWriter
    ) {
        out.append(IntegerEncoding.packed.rawValue)
        out.append(varint: low)
        out.append(UInt8(width))
        var bits = BitWriter()
        let width = UInt64(width)
        for row in values.indices { bits.append(values[row] &- low, width: width, into: &out) }
        bits.finish(into: &out)
    }

    private static func appendBinned(
        _ values: Span<UInt64>, _ low: UInt64, into out: inout ByteWriter, _ scratch: inout PlainScratch
    ) {
        out.append(IntegerEncoding.binned.rawValue)
        out.append(varint: low)
        out.append(UInt8(scratch.bins.bins.count))
        for code in 0..<scratch.bins.bins.count {
            let bin = scratch.bins.bins[code]
            out.append(varint: bin.lower)
            out.append(UInt8(bin.width))
        }
        scratch.bins.assignFields(above: low)
        appendCodes(scratch.bins, into: &out)
        appendMantissas(values, scratch.bins, into: &out)
    }

    // In two passes because the state of two writers is more than the registers hold.
    private static func appendCodes(_ bins: borrowing BinBuilder, into out: inout ByteWriter) {
        let buckets = bins.buckets.span
        let fields = bins.fields.span
        let width = UInt64(bins.codeWidth)
        var bits = BitWriter()
        for row in buckets.indices { bits.append(fields[Int(buckets[row])].code, width: width, into: &out) }
        bits.finish(into: &out)
    }

    private static func appendMantissas(
        _ values: Span<UInt64>, _ bins: borrowing BinBuilder, into out: inout ByteWriter
    ) {
        let buckets = bins.buckets.span
        let fields = bins.fields.span
        var bits = BitWriter()
        for row in values.indices {
            let field = fields[Int(buckets[row])]
            bits.append(values[row] &- field.lower, width: field.width, into: &out)
        }
        bits.finish(into: &out)
    }
}
