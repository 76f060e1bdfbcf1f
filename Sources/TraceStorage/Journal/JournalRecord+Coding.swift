// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

// The body of a frame, little-endian:
//
//  0   8  arrival, Unix nanoseconds
//  8   1  media type: 0 OTLP protobuf, 1 OTLP JSON
//  9   1  content encoding, as received: 0 identity, 1 gzip
// 10   1  codec of the stored payload: 0 none, 1 lz4 block
// 11   1  t, byte count of the tenant's name, 1 to 150
// 12   4  v, byte count of the verdict
// 16   4  p, byte count of the stored payload
// 20   4  byte count of the payload as received; p if the codec is none
// 24   t  the tenant's name
//      v  the verdict
//      p  the stored payload; the body ends here
//
// docs/FORMAT-JOURNAL.md, "Record".

private let fixedByteCount = 24

private enum PayloadCodec: UInt8 {
    case none = 0
    case lz4 = 1
}

extension JournalRecord {
    /// The largest payload and the largest verdict. Requests are limited to 20 MiB before they come
    /// here; this keeps a record's length far from the four bytes that hold it.
    package static let byteCountLimit = 256 << 20

    /// The record as a frame, complete but for the seal of the segment that it will go to.
    /// - Throws: `.tooLarge`.
    package func encoded(
        with compression: JournalCompression
    ) throws(JournalError) -> EncodedJournalRecord {
        guard payload.count <= Self.byteCountLimit, verdict.count <= Self.byteCountLimit else {
            throw JournalError(
                .tooLarge, "a record may have \(Self.byteCountLimit) bytes of payload and verdict")
        }
        let name = Array(tenant.name.utf8)
        let room = payload.count + payload.count / 255 + 16  // lz4's bound
        let headByteCount = JournalFrame.headerByteCount + fixedByteCount + name.count
        var out = ByteWriter(capacity: headByteCount + verdict.count + room)
        out.appendZeros(JournalFrame.headerByteCount)
        out.append(littleEndian: arrivalNanoseconds)
        let kindsOffset = out.count
        out.append(littleEndian: UInt32(0))
        out.append(littleEndian: UInt32(verdict.count))
        let storedCountOffset = out.count
        out.append(littleEndian: UInt32(0))
        out.append(littleEndian: UInt32(payload.count))
        out.append(name.rawSpan)
        out.append(verdict.rawSpan)
        let payloadOffset = out.count
        let codec = appendPayload(with: compression, to: &out)
        out.overwrite(littleEndian: UInt32(out.count - payloadOffset), at: storedCountOffset)
        let kinds = UInt32(mediaType.rawValue) | UInt32(contentEncoding.rawValue) << 8
        let kindsAndCount = kinds | UInt32(codec.rawValue) << 16 | UInt32(name.count) << 24
        out.overwrite(littleEndian: kindsAndCount, at: kindsOffset)
        return EncodedJournalRecord(closing: &out)
    }

    private func appendPayload(
        with compression: JournalCompression, to out: inout ByteWriter
    ) -> PayloadCodec {
        let start = out.count
        if case .lz4(let acceleration) = compression, contentEncoding == .identity,
            let count = LZ4.compress(payload.rawSpan, into: &out, acceleration: acceleration)
        {
            if count <= payload.count - payload.count / 10, count < payload.count { return .lz4 }
            out.truncate(to: start)
        }
        out.append(payload.rawSpan)
        return .none
    }

    /// Reads a frame's body, whose checksum held.
    /// - Throws: if it is no record's body; allocates no more than 255 times its size, which is
    ///   what lz4 can yield.
    init(body: RawSpan) throws(ByteCodingError) {
        var cursor = ByteCursor(over: body)
        let arrival = try cursor.littleEndian(body, as: UInt64.self)
        let mediaType = JournalMediaType(rawValue: try cursor.byte(body))
        let contentEncoding = JournalContentEncoding(rawValue: try cursor.byte(body))
        let codec = PayloadCodec(rawValue: try cursor.byte(body))
        let nameCount = Int(try cursor.byte(body))
        let verdictCount = Int(try cursor.littleEndian(body, as: UInt32.self))
        let storedCount = Int(try cursor.littleEndian(body, as: UInt32.self))
        let payloadCount = Int(try cursor.littleEndian(body, as: UInt32.self))
        let name = [UInt8](try cursor.take(nameCount).span(of: body))
        let verdict = [UInt8](try cursor.take(verdictCount).span(of: body))
        let stored = try cursor.take(storedCount).span(of: body)
        guard let mediaType, let contentEncoding, let codec, cursor.isAtEnd,
            let tenant = TenantID(String(decoding: name, as: UTF8.self))
        else { throw ByteCodingError(.corrupted, "journal record") }
        self.init(
            arrivalNanoseconds: arrival, tenant: tenant, mediaType: mediaType,
            contentEncoding: contentEncoding, verdict: verdict,
            payload: try Self.payload(stored, codec, byteCount: payloadCount))
    }

    private static func payload(
        _ stored: RawSpan, _ codec: PayloadCodec, byteCount: Int
    ) throws(ByteCodingError) -> [UInt8] {
        if codec == .lz4 { return try LZ4.decompress(stored, byteCount: byteCount) }
        guard stored.byteCount == byteCount else {
            throw ByteCodingError(.corrupted, "journal payload")
        }
        return [UInt8](stored)
    }
}
