// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

/// What general compression lies over a chunk's bytes; part of the format.
///
/// ```
/// none   the bytes
/// lz4    │ raw byte count, varint │ lz4 block │
/// ```
package enum Codec: UInt8, Sendable, CaseIterable {
    case none = 0
    case lz4 = 1

    /// Appends the compressed form of `bytes` to `out` if that saves at least a tenth, else nothing.
    ///
    /// - Parameter effort: How long it may take.
    /// - Returns: ``lz4``, or ``none`` if nothing was appended and the bytes are to be stored as they are.
    package static func append(
        _ bytes: RawSpan, to out: inout ByteWriter, effort: CompressionEffort = .fast
    ) -> Codec {
        // lz4 leaves the last twelve bytes alone and needs some to find a repetition in.
        guard bytes.byteCount >= 32 else { return .none }
        let start = out.count
        out.append(varint: UInt64(bytes.byteCount))
        guard LZ4.compress(bytes, into: &out) != nil, (out.count - start) * 10 <= bytes.byteCount * 9 else {
            out.truncate(to: start)
            return .none
        }
        guard effort == .thorough else { return .lz4 }
        // Only what is known to shrink is worth the time.
        let fastCount = out.count - start
        out.truncate(to: start)
        out.append(varint: UInt64(bytes.byteCount))
        if LZ4.compressThoroughly(bytes, into: &out, level: CompressionEffort.thoroughLevel) != nil,
            out.count - start <= fastCount
        { return .lz4 }
        out.truncate(to: start)
        out.append(varint: UInt64(bytes.byteCount))
        _ = LZ4.compress(bytes, into: &out)
        return .lz4
    }

    /// The bytes that were given to ``append(_:to:)``.
    ///
    /// Uncompressed bytes are copied; whoever is in a hurry reads them in place.
    ///
    /// - Throws: `.corrupted` if there are or would be more than `limit`, or the lz4 block is damaged.
    package func decode(_ stored: RawSpan, limit: Int) throws(ByteCodingError) -> [UInt8] {
        switch self {
        case .none:
            guard stored.byteCount <= limit else { throw ByteCodingError(.corrupted, "uncompressed bytes") }
            return [UInt8](stored)
        case .lz4:
            var cursor = ByteCursor(over: stored)
            let byteCount = try cursor.count(stored, limit: limit)
            return try LZ4.decompress(cursor.span(of: stored), byteCount: byteCount)
        }
    }
}

/// How long compressing may take; the bytes are read the same way.
package enum CompressionEffort: Sendable {
    case fast
    /// Many times as long for what ``fast`` shrinks: for blocks that are kept.
    case thorough

    static let thoroughLevel: Int32 = 9
}
