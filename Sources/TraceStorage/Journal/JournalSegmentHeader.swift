// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// A segment begins with 64 bytes, little-endian but for the incarnation:
//
//  0   8  "VIVACEJ1"
//  8   4  version, 1
// 12   4  flags: 1 the file held another segment before, whose frames may lie behind the last of this one
// 16  16  incarnation
// 32   8  generation
// 40   8  segment
// 48   8  when it was created, Unix nanoseconds
// 56   8  XXH3 of the 56 bytes before, seed 0
//
// It says which version wrote the file; everything else in it only confirms the file's name, so
// that a damaged header costs no record.
//
// docs/FORMAT-JOURNAL.md, "Segment".
enum JournalSegmentHeader {
    static let byteCount = 64
    static let version: UInt32 = 1
    private static let magic: UInt64 = 0x314A_4543_4156_4956

    /// What a segment's first bytes turned out to be.
    enum State: Sendable {
        case intact(isRecycled: Bool)
        /// Nothing was written there before the power went.
        case absent
        case damaged
    }

    private static let recycledFlag: UInt32 = 1

    static func encoded(
        _ name: JournalSegmentName, createdNanoseconds: UInt64, isRecycled: Bool
    ) -> [UInt8] {
        var out = ByteWriter(capacity: byteCount)
        out.append(littleEndian: magic)
        out.append(littleEndian: version)
        out.append(littleEndian: isRecycled ? recycledFlag : 0)
        out.append(bigEndian: name.generation.incarnation.high)
        out.append(bigEndian: name.generation.incarnation.low)
        out.append(littleEndian: name.generation.number)
        out.append(littleEndian: name.segment)
        out.append(littleEndian: createdNanoseconds)
        out.append(littleEndian: XXH3.hash(out.bytes))
        return out.array()
    }

    /// Looks at a segment's first bytes.
    /// - Throws: `.unsupported` if a newer program wrote the segment.
    static func state(_ bytes: RawSpan, of name: JournalSegmentName) throws(JournalError) -> State {
        let head = bytes.extracting(0..<min(byteCount, bytes.byteCount))
        if [UInt8](head).allSatisfy({ $0 == 0 }) { return .absent }
        guard head.byteCount == byteCount, head.littleEndianWord(at: 0) == magic,
            XXH3.hash(head.extracting(0..<56)) == head.littleEndianWord(at: 56)
        else { return .damaged }
        let written = UInt32(truncatingIfNeeded: head.littleEndianWord(at: 8))
        guard written <= version else {
            throw JournalError(
                .unsupported, "\(name.text) has version \(written), and this program reads up to "
                    + "\(version): start the newer program, or let it empty the journal first")
        }
        let generation = JournalGenerationID(
            incarnation: IncarnationID(
                high: head.littleEndianWord(at: 16).byteSwapped,
                low: head.littleEndianWord(at: 24).byteSwapped),
            number: head.littleEndianWord(at: 32))
        let segment = head.littleEndianWord(at: 40)
        guard generation == name.generation, segment == name.segment else { return .damaged }
        let flags = UInt32(truncatingIfNeeded: head.littleEndianWord(at: 8) >> 32)
        return .intact(isRecycled: flags & recycledFlag != 0)
    }
}
