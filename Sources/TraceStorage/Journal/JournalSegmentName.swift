// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Which segment a file is; said by its name, so that no damaged byte can make it another.
///
///     0000000003-8f3c…32 digits…-0000000017-0000000042.journal
///     start      incarnation     generation segment
///
/// The start orders incarnations: it is one more than the greatest that lay in the directory when
/// the incarnation began. Segments are counted through all generations of an incarnation.
package struct JournalSegmentName: Hashable, Sendable, Comparable {
    static let suffix = ".journal"

    package let start: UInt64
    package let generation: JournalGenerationID
    package let segment: UInt64

    init(start: UInt64, generation: JournalGenerationID, segment: UInt64) {
        self.start = start
        self.generation = generation
        self.segment = segment
    }

    /// Reads a file's name; nil if it is no segment's.
    package init?(_ name: String) {
        guard name.hasSuffix(Self.suffix) else { return nil }
        let parts = name.dropLast(Self.suffix.count).split(
            separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, let start = UInt64(parts[0]),
            let incarnation = IncarnationID(digits: parts[1]),
            let number = UInt64(parts[2]), let segment = UInt64(parts[3])
        else { return nil }
        let generation = JournalGenerationID(incarnation: incarnation, number: number)
        self.init(start: start, generation: generation, segment: segment)
        guard text == name else { return nil }
    }

    /// The file's name.
    package var text: String {
        let number = Self.padded(generation.number)
        return "\(Self.padded(start))-\(generation.incarnation)-\(number)-\(Self.padded(segment))"
            + Self.suffix
    }

    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 10 - digits.count)) + digits
    }

    /// The order in which records were handed over.
    package static func < (left: Self, right: Self) -> Bool {
        if left.start != right.start { return left.start < right.start }
        if left.generation != right.generation { return left.generation < right.generation }
        return left.segment < right.segment
    }

    /// Seeds every checksum of the segment: XXH3 of incarnation (16 bytes as they are written),
    /// generation and segment (8 bytes each, little-endian).
    var seed: UInt64 {
        var bytes = ByteWriter(capacity: 32)
        bytes.append(bigEndian: generation.incarnation.high)
        bytes.append(bigEndian: generation.incarnation.low)
        bytes.append(littleEndian: generation.number)
        bytes.append(littleEndian: segment)
        return XXH3.hash(bytes.bytes)
    }
}
