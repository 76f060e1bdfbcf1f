// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

extension IntegerChunk {
    /// The same values packed at one or two bytes each, so that any of them is read at once.
    ///
    /// For chunks that are kept in memory and read again and again: what saves bytes on disk costs time each time.
    ///
    /// - Parameter values: Within these bounds all values lie, as the chunk's statistics say.
    /// - Returns: Nil if the values don't fit in two bytes each, or are read as quickly already.
    package static func quickened(
        _ bytes: RawSpan, count: Int, values: ClosedRange<UInt64>
    ) throws(ByteCodingError) -> [UInt8]? {
        let encoding = try encoding(of: bytes)
        guard encoding != .constant, encoding != .packed, try !needsContext(bytes, count: count) else { return nil }
        let base = values.lowerBound
        let width = BitPacking.width(of: values.upperBound - base) <= 8 ? 8 : 16
        guard BitPacking.width(of: values.upperBound - base) <= width else { return nil }
        var decoded = FlatBuffer<UInt64>(capacity: count)
        try decode(bytes, count: count, into: &decoded)
        var out = ByteWriter(capacity: 16 + count * width / 8)
        out.append(IntegerEncoding.packed.rawValue)
        out.append(varint: base)
        out.append(UInt8(width))
        for index in 0..<decoded.count {
            guard values.contains(decoded[index]) else { return nil }
            if width == 8 {
                out.append(UInt8(truncatingIfNeeded: decoded[index] - base))
            } else {
                out.append(littleEndian: UInt16(truncatingIfNeeded: decoded[index] - base))
            }
        }
        return out.array()
    }
}
