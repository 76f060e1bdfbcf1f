// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Judging bit-packed values of up to 16 bits without making numbers of them.
enum PackedSelection {
    /// The rows whose value, `base` and the field, is wanted.
    ///
    /// - Parameters:
    ///   - packed: Exactly the bytes of `count` fields.
    ///   - width: 0…16.
    ///   - limit: What values must lie below, or `.max` for any.
    /// - Throws: `.corrupted` if a value does not lie below the limit.
    static func rows(
        _ packed: RawSpan, count: Int, width: Int, base: UInt64, _ wanted: ValueSet, limit: UInt64
    ) throws(ByteCodingError) -> BitMask {
        switch width {
        case 0:
            if count > 0 { try check(base, 0, limit) }
            return BitMask(repeating: wanted.contains(base), count: count)
        case 8: return try rows(bytes: packed.extracting(0..<count), width, base, wanted, limit)
        case 16: return try rows(words: packed.extracting(0..<count * 2), width, base, wanted, limit)
        case 1..<8:
            let fields = FieldWidening.fields(packed, count: count, width: width)
            return try rows(bytes: fields.rawSpan.extracting(0..<count), width, base, wanted, limit)
        default:
            let fields = FieldWidening.fields(packed, count: count, width: width)
            return try rows(words: fields.rawSpan.extracting(0..<count * 2), width, base, wanted, limit)
        }
    }

    private static func check(_ base: UInt64, _ field: UInt64, _ limit: UInt64) throws(ByteCodingError) {
        guard limit != .max else { return }
        let (value, overflow) = base.addingReportingOverflow(field)
        guard !overflow, value < limit else { throw ByteCodingError(.corrupted, "value") }
    }

    /// Whether a field of that width could be too great.
    private static func mayReach(_ limit: UInt64, _ base: UInt64, _ width: Int) -> Bool {
        limit != .max && (base >= limit || limit - base <= BitPacking.mask(width))
    }

    private static func rows(
        bytes: RawSpan, _ width: Int, _ base: UInt64, _ wanted: ValueSet, _ limit: UInt64
    ) throws(ByteCodingError) -> BitMask {
        if mayReach(limit, base, width), bytes.byteCount > 0 { try check(base, UInt64(bytes.greatestByte), limit) }
        switch wanted {
        case .none: return BitMask(count: bytes.byteCount)
        case .all: return BitMask(repeating: true, count: bytes.byteCount)
        case .range(let first, let extent):
            guard let fields = ValueSet.fields(from: first, extent: extent, above: base, count: 256) else {
                return BitMask(count: bytes.byteCount)
            }
            return BitMask(
                bytes: bytes, from: UInt8(fields.first), extent: UInt8(truncatingIfNeeded: fields.last &- fields.first))
        case .table, .judged:
            var table = [UInt8](repeating: 0, count: 256)
            for field in 0..<(1 << width) where wanted.contains(base &+ UInt64(field)) { table[field] = 1 }
            return BitMask(bytes: bytes, in: table.span)
        }
    }

    private static func rows(
        words: RawSpan, _ width: Int, _ base: UInt64, _ wanted: ValueSet, _ limit: UInt64
    ) throws(ByteCodingError) -> BitMask {
        let count = words.byteCount / 2
        if mayReach(limit, base, width), count > 0 { try check(base, UInt64(words.greatestHalf), limit) }
        switch wanted {
        case .none: return BitMask(count: count)
        case .all: return BitMask(repeating: true, count: count)
        case .range(let first, let extent):
            guard let fields = ValueSet.fields(from: first, extent: extent, above: base, count: 1 << 16) else {
                return BitMask(count: count)
            }
            return BitMask(
                words: words, from: UInt16(fields.first),
                extent: UInt16(truncatingIfNeeded: fields.last &- fields.first))
        case .table(let verdicts):
            let verdicts = verdicts.span
            return BitMask(count: count) { row in
                let value = base &+ UInt64(words.littleEndianHalf(at: row &* 2))
                return value < UInt64(verdicts.count) && verdicts[Int(value)]
            }
        case .judged(let holds):
            return BitMask(count: count) { holds(base &+ UInt64(words.littleEndianHalf(at: $0 &* 2))) }
        }
    }
}
