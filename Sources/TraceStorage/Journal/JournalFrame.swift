// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// A frame holds one record; frames follow one another without gaps. Little-endian:
//
//  0   8  marker, "\xF7VJRNL\xE3\x9A": no zero byte, not UTF-8
//  8   4  n, byte count of the body
// 12   4  zero
// 16   8  XXH3 of the body, seed 0
// 24   8  seal: XXH3 of the 24 bytes before, seeded with the segment's seed
// 32   n  body
//
// The seal, not the marker, says that a frame begins here: its seed has 128 random bits of the
// incarnation in it, so neither a payload nor a frame of another segment can bear it. The body's
// hash is in the sealed part, so that the body is hashed once, before the segment is known, and
// that a damaged body does not cast doubt on its length.
//
// A body of eight bytes is no record but the *end mark*, which follows the last record of a segment that ended well:
// the count of its records. It is written when they are all durable, so that whatever fails before it is damage.
//
// docs/FORMAT-JOURNAL.md, "Frame".
enum JournalFrame {
    static let headerByteCount = 32
    static let sealedByteCount = 24
    /// The end mark's body, and the whole of it.
    static let endBodyByteCount = 8
    static let endByteCount = headerByteCount + endBodyByteCount
    static let markerBytes: [UInt8] = [0xF7, 0x56, 0x4A, 0x52, 0x4E, 0x4C, 0xE3, 0x9A]
    static let marker: UInt64 = 0x9AE3_4C4E_524A_56F7

    /// What a sealed header says.
    struct Header {
        var bodyByteCount: Int
        var bodyChecksum: UInt64
    }

    /// The header at `offset`; nil if there is none whose seal holds.
    static func header(in bytes: RawSpan, at offset: Int, seed: UInt64) -> Header? {
        guard offset + headerByteCount <= bytes.byteCount,
            bytes.littleEndianWord(at: offset) == marker
        else { return nil }
        let sealed = bytes.extracting(offset..<offset + sealedByteCount)
        let seal = bytes.littleEndianWord(at: offset + sealedByteCount)
        guard XXH3.hash(sealed, seed: seed) == seal else { return nil }
        let lengths = bytes.littleEndianWord(at: offset + 8)
        guard lengths >> 32 == 0 else { return nil }
        return Header(
            bodyByteCount: Int(lengths), bodyChecksum: bytes.littleEndianWord(at: offset + 16))
    }

    /// Where the marker stands next, at `offset` or later; nil if nowhere.
    static func nextMarker(in bytes: RawSpan, from offset: Int) -> Int? {
        var offset = offset
        while offset + headerByteCount <= bytes.byteCount {
            let word = bytes.littleEndianWord(at: offset)
            if word == marker { return offset }
            // Preallocated room is all zeros, and the marker has none.
            offset += word == 0 ? 8 : 1
        }
        return nil
    }
}

/// A record as a frame without its seal.
package struct EncodedJournalRecord: Sendable {
    /// The whole frame.
    private(set) var bytes: [UInt8]

    /// What it takes in a segment.
    package var byteCount: Int { bytes.count }

    /// - Parameter out: Room for the frame's header, then the body.
    init(closing out: inout ByteWriter) {
        let bodyByteCount = out.count - JournalFrame.headerByteCount
        let checksum = XXH3.hash(out.bytes.extracting(JournalFrame.headerByteCount..<out.count))
        out.overwrite(littleEndian: JournalFrame.marker, at: 0)
        out.overwrite(littleEndian: UInt32(bodyByteCount), at: 8)
        out.overwrite(littleEndian: checksum, at: 16)
        bytes = out.array()
    }

    /// A segment's end mark.
    init(endOf recordCount: Int) {
        var out = ByteWriter(capacity: JournalFrame.endByteCount)
        out.appendZeros(JournalFrame.headerByteCount)
        out.append(littleEndian: UInt64(recordCount))
        self.init(closing: &out)
    }

    /// Appends the frame to others of the segment with this seed.
    func append(to frames: inout [UInt8], sealedWith seed: UInt64) {
        let seal = XXH3.hash(bytes.rawSpan.extracting(0..<JournalFrame.sealedByteCount), seed: seed)
        let start = frames.count
        frames += bytes
        for index in 0..<8 {
            frames[start + JournalFrame.sealedByteCount + index] = UInt8(truncatingIfNeeded: seal >> UInt64(8 * index))
        }
    }
}

extension ByteWriter {
    fileprivate mutating func overwrite(littleEndian value: UInt64, at offset: Int) {
        overwrite(littleEndian: UInt32(truncatingIfNeeded: value), at: offset)
        overwrite(littleEndian: UInt32(truncatingIfNeeded: value >> 32), at: offset + 4)
    }
}
