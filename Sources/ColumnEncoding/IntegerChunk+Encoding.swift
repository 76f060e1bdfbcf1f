// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

extension IntegerChunk {
    /// Appends a chunk of `values` in the encoding that one statistics pass promises to be smallest.
    ///
    /// - Complexity: 2 to 8 ns a value, by encoding; allocates only where `out` and `scratch` grow.
    @discardableResult
    package static func encode(
        _ values: Span<UInt64>, into out: inout ByteWriter, scratch: inout EncodingScratch
    ) -> EncodedIntegers {
        append(values, into: &out, &scratch.integers)
    }

    /// As above; the codes of a dictionary are ranked under `context` where that is smaller.
    ///
    /// - Parameter context: Another column's code for each row; the reader must have it too.
    @discardableResult
    package static func encode(
        _ values: Span<UInt64>, context: Span<UInt32>, into out: inout ByteWriter,
        scratch: inout EncodingScratch
    ) -> EncodedIntegers {
        append(values, context: context, into: &out, &scratch.integers)
    }

    @discardableResult
    static func append(
        _ values: Span<UInt64>, context: Span<UInt32>? = nil, into out: inout ByteWriter,
        _ scratch: inout IntegerScratch
    ) -> EncodedIntegers {
        let shape = IntegerShape(values)
        var statistics = IntegerStatistics(minimum: shape.minimum, maximum: shape.maximum)
        if shape.minimum == shape.maximum {
            statistics.distinctCount = min(1, values.count)
            appendConstant(shape.minimum, into: &out)
            return EncodedIntegers(encoding: .constant, statistics: statistics)
        }
        // In bits: the cheapest of the forms whose size follows from the shape.
        let runsCost = estimateRuns(shape)
        let deltaCost = 80 + shape.count * min(shape.deltaWidth, shape.meanDeltaWidth + 2)
        let flatCost = min(80 + shape.count * min(shape.width, shape.meanWidth + 2), shape.sparseCost)
        if runsCost < min(deltaCost, flatCost) / (context == nil ? 2 : 8) {
            appendRuns(values, into: &out, &scratch.runs)
            return EncodedIntegers(encoding: .runs, statistics: statistics)
        }
        if let cost = collectDistinct(values, shape, hasContext: context != nil, &scratch) {
            statistics.distinctCount = scratch.distinct.values.count
            let otherCost = min(runsCost, deltaCost, flatCost)
            let isSmallest = cost < otherCost
            if isSmallest || context != nil {
                let start = out.count
                let isRanked = appendDictionary(context, into: &out, &scratch)
                if isSmallest || isRanked && (out.count - start) * 8 < otherCost {
                    return EncodedIntegers(encoding: .dictionary, statistics: statistics)
                }
                out.truncate(to: start)
            }
        }
        if runsCost < min(deltaCost, flatCost) {
            appendRuns(values, into: &out, &scratch.runs)
            return EncodedIntegers(encoding: .runs, statistics: statistics)
        }
        // Deltas are read from the first to the last: they have to save more than the estimates err.
        if deltaCost + deltaCost / 32 < flatCost {
            appendDelta(values, into: &out, &scratch)
            return EncodedIntegers(encoding: .delta, statistics: statistics)
        }
        let encoding = appendFlat(
            values, shape.minimum, shape.maximum, into: &out, &scratch.runs.flat)
        return EncodedIntegers(encoding: encoding, statistics: statistics)
    }

    private static func estimateRuns(_ shape: IntegerShape) -> Int {
        let lengthWidth = BitPacking.width(of: UInt64(shape.count / shape.runCount)) + 2
        return 160 + shape.runCount * (shape.width + lengthWidth)
    }

    /// Fills the distinct table and the codes; nil if a dictionary can't be worth it.
    private static func collectDistinct(
        _ values: Span<UInt64>, _ shape: IntegerShape, hasContext: Bool, _ scratch: inout IntegerScratch
    ) -> Int? {
        // At least one bit a value must be saved, unless a context may save them all.
        guard shape.width > 1, values.count >= 8 else { return nil }
        let useful = hasContext || shape.width > 8 ? DistinctTable.limit : 1 << (shape.width - 1)
        let most = min(useful, values.count / 2)
        guard scratch.distinct.collect(values, atMost: most, codes: &scratch.codes) else { return nil }
        let size = scratch.distinct.values.count
        let codeWidth = BitPacking.width(of: UInt64(size - 1))
        return 80 + size * (shape.width + 7) + values.count * codeWidth
    }

    /// Returns whether the codes are ranked under the context.
    private static func appendDictionary(
        _ context: Span<UInt32>?, into out: inout ByteWriter, _ scratch: inout IntegerScratch
    ) -> Bool {
        scratch.distinct.sort(remapping: &scratch.codes)
        out.append(IntegerEncoding.dictionary.rawValue)
        out.append(varint: UInt64(scratch.distinct.values.count))
        var previous: UInt64 = 0
        for index in 0..<scratch.distinct.values.count {
            let value = scratch.distinct.values[index]
            out.append(varint: value &- previous)
            previous = value
        }
        let codesStart = out.count
        CodeChunk.append(scratch.codes, into: &out, &scratch.runs)
        guard let context else { return false }
        return CodeChunk.appendRanked(scratch.codes, context, insteadOf: codesStart, of: &out, &scratch.ranked)
    }

    private static func appendDelta(
        _ values: Span<UInt64>, into out: inout ByteWriter, _ scratch: inout IntegerScratch
    ) {
        out.append(IntegerEncoding.delta.rawValue)
        out.append(varint: values[0])
        scratch.deltas.removeAll()
        for row in 1..<values.count {
            scratch.deltas.append(IntegerShape.zigzag(values[row] &- values[row &- 1]))
        }
        appendFlat(scratch.deltas, into: &out, &scratch.runs.flat)
    }

    private static func appendRuns(
        _ values: Span<UInt64>, into out: inout ByteWriter, _ scratch: inout RunScratch
    ) {
        scratch.values.removeAll()
        scratch.lengths.removeAll()
        var start = 0
        for row in 1..<values.count where values[row] != values[row &- 1] {
            scratch.values.append(values[start])
            scratch.lengths.append(UInt64(row &- start &- 1))
            start = row
        }
        scratch.values.append(values[start])
        scratch.lengths.append(UInt64(values.count &- start &- 1))
        out.append(IntegerEncoding.runs.rawValue)
        out.append(varint: UInt64(scratch.values.count))
        appendFlat(scratch.values, into: &out, &scratch.flat)
        appendFlat(scratch.lengths, into: &out, &scratch.flat)
    }
}
