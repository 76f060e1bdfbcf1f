// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

/// One column's dictionary codes of one row group as bytes.
///
/// The number of codes is not stored; whoever reads checks the codes against his dictionary.
///
/// ```
/// constant   │ 0 │ code, varint │                                                  no codes: code 0
/// packed     │ 1 │ base, varint │ width, 1 byte (1…32) │ count × width bits │      code = base + field
/// runs       │ 2 │ run count r, varint (1…count) │ IntegerChunk.flat of r codes │ flat of r (lengths - 1) │
/// ranked     │ 3 │ context count c, varint (1…count) │ flat of c contexts, ascending: the first, then gaps less 1 │
///            │ flat of c (list lengths - 1) │ flat of all lists' codes, context by context │ flat of count ranks │
///              code = the rank-th of the list of the row's context
/// ```
/// Ranked chunks are read beside another column's codes, the *context* (for most columns the span's name): see
/// ContextRanking.swift. Which column that is, is the schema's business.
///
/// - SeeAlso: docs/FORMAT-ENCODINGS.md, "Code chunks".
package enum CodeChunk {}

/// The first byte of a ``CodeChunk``; part of the format.
package enum CodeEncoding: UInt8, Sendable, CaseIterable {
    case constant = 0
    case packed = 1
    case runs = 2
    case ranked = 3

    /// Whether a general compressor may still find something in a chunk of this encoding.
    package var mayCompress: Bool { self == .packed || self == .runs }
}

/// What ``CodeChunk/encode(_:into:scratch:prefersByteAlignment:)`` did.
package struct EncodedCodes: Equatable, Sendable {
    package var encoding: CodeEncoding
    /// 0 for no codes.
    package var minimum: UInt32
    /// 0 for no codes.
    package var maximum: UInt32
}

extension CodeChunk {
    /// Appends a chunk of `codes`.
    ///
    /// - Parameter prefersByteAlignment: Stores codes of 5 to 8 bits as whole bytes, in which lz4 finds sequences that
    ///   repeat. That pays for a column whose codes follow each other in patterns (span names: 0.62 bytes a span
    ///   against 0.74); for most others bit packing is smaller even after lz4.
    @discardableResult
    package static func encode(
        _ codes: Span<UInt32>, into out: inout ByteWriter, scratch: inout EncodingScratch,
        prefersByteAlignment: Bool = false
    ) -> EncodedCodes {
        append(codes, into: &out, &scratch.integers.runs, prefersByteAlignment: prefersByteAlignment)
    }

    /// Appends a chunk of `codes`, ranked under `context` where that is smaller.
    ///
    /// - Parameter context: Another column's code for each row; the reader must have it too.
    @discardableResult
    package static func encode(
        _ codes: Span<UInt32>, context: Span<UInt32>, into out: inout ByteWriter,
        scratch: inout EncodingScratch,
        prefersByteAlignment: Bool = false
    ) -> EncodedCodes {
        let start = out.count
        let plain = append(
            codes, into: &out, &scratch.integers.runs, prefersByteAlignment: prefersByteAlignment)
        guard appendRanked(codes, context, insteadOf: start, of: &out, &scratch.integers.ranked) else {
            return plain
        }
        return EncodedCodes(encoding: .ranked, minimum: plain.minimum, maximum: plain.maximum)
    }

    // Takes the buffer because a span of one field would hold up the scratch's other fields too.
    static func append(
        _ codes: borrowing FlatBuffer<UInt32>, into out: inout ByteWriter, _ scratch: inout RunScratch
    ) {
        append(codes.span, into: &out, &scratch)
    }

    @discardableResult
    static func append(
        _ codes: Span<UInt32>, into out: inout ByteWriter, _ scratch: inout RunScratch,
        prefersByteAlignment: Bool = false
    ) -> EncodedCodes {
        var low = UInt32.max
        var high: UInt32 = 0
        var changes = 0
        var previous: UInt32 = 0
        for row in codes.indices {
            let code = codes[row]
            low = min(low, code)
            high = max(high, code)
            changes &+= code == previous ? 0 : 1
            previous = code
        }
        low = min(low, high)
        guard low < high else {
            out.append(CodeEncoding.constant.rawValue)
            out.append(varint: UInt64(low))
            return EncodedCodes(encoding: .constant, minimum: low, maximum: high)
        }
        var width = BitPacking.width(of: UInt64(high &- low))
        let lengthWidth = BitPacking.width(of: UInt64(codes.count / (changes + 1))) + 2
        if (changes + 1) * (width + lengthWidth) + 160 < codes.count * width {
            appendRuns(codes, into: &out, &scratch)
            return EncodedCodes(encoding: .runs, minimum: low, maximum: high)
        }
        if prefersByteAlignment && width > 4 && width < 8 { width = 8 }
        appendPacked(codes, low, width, into: &out)
        return EncodedCodes(encoding: .packed, minimum: low, maximum: high)
    }

    static func appendRanked(
        _ codes: borrowing FlatBuffer<UInt32>, _ context: Span<UInt32>, insteadOf start: Int,
        of out: inout ByteWriter, _ scratch: inout RankedScratch
    ) -> Bool {
        appendRanked(codes.span, context, insteadOf: start, of: &out, &scratch)
    }

    /// Puts a ranked chunk in the place of what `out` has from `start`, if it is at least a tenth shorter.
    static func appendRanked(
        _ codes: Span<UInt32>, _ context: Span<UInt32>, insteadOf start: Int, of out: inout ByteWriter,
        _ scratch: inout RankedScratch
    ) -> Bool {
        // Runs and constants of so few bytes can hardly be bettered.
        guard out.count - start > 48, scratch.ranking.rank(codes, under: context) else { return false }
        scratch.bytes.removeAll()
        scratch.bytes.append(CodeEncoding.ranked.rawValue)
        scratch.bytes.append(varint: UInt64(scratch.ranking.contextGaps.count))
        IntegerChunk.appendFlat(scratch.ranking.contextGaps, into: &scratch.bytes, &scratch.flat)
        IntegerChunk.appendFlat(scratch.ranking.listLengths, into: &scratch.bytes, &scratch.flat)
        IntegerChunk.appendFlat(scratch.ranking.codes, into: &scratch.bytes, &scratch.flat)
        guard scratch.bytes.count < out.count - start else { return false }
        IntegerChunk.appendFlat(scratch.ranking.ranks, into: &scratch.bytes, &scratch.flat)
        guard scratch.bytes.count * 10 < (out.count - start) * 9 else { return false }
        out.truncate(to: start)
        out.append(scratch.bytes.bytes)
        return true
    }

    private static func appendPacked(
        _ codes: Span<UInt32>, _ low: UInt32, _ width: Int, into out: inout ByteWriter
    ) {
        out.append(CodeEncoding.packed.rawValue)
        out.append(varint: UInt64(low))
        out.append(UInt8(width))
        var bits = BitWriter()
        let width = UInt64(width)
        for row in codes.indices { bits.append(UInt64(codes[row] &- low), width: width, into: &out) }
        bits.finish(into: &out)
    }

    private static func appendRuns(
        _ codes: Span<UInt32>, into out: inout ByteWriter, _ scratch: inout RunScratch
    ) {
        scratch.values.removeAll()
        scratch.lengths.removeAll()
        var start = 0
        for row in 1..<codes.count where codes[row] != codes[row &- 1] {
            scratch.values.append(UInt64(codes[start]))
            scratch.lengths.append(UInt64(row &- start &- 1))
            start = row
        }
        scratch.values.append(UInt64(codes[start]))
        scratch.lengths.append(UInt64(codes.count &- start &- 1))
        out.append(CodeEncoding.runs.rawValue)
        out.append(varint: UInt64(scratch.values.count))
        IntegerChunk.appendFlat(scratch.values, into: &out, &scratch.flat)
        IntegerChunk.appendFlat(scratch.lengths, into: &out, &scratch.flat)
    }
}
