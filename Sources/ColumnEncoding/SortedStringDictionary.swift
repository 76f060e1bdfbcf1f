// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

/// The sorted distinct strings of a block's column with how often each occurs, readable in place.
///
/// ```
/// │ entry count n, varint │ total byte count of all strings, varint │ byte count c of the counts, varint │
/// │ counts: IntegerChunk of n values, c bytes │
/// │ ⌈n / 16⌉ × where the group begins behind the last of these, UInt32 little-endian │
/// │ groups of 16 strings, the last one maybe fewer:
/// │   length, varint │ bytes │                                              the group's first
/// │   shared with the string before, varint │ rest length, varint │ rest │  each other one
/// ```
/// Strings ascend bytewise and differ, so a code's order is its string's order. A string by code costs at most one
/// group, a code by string log₂(n / 16) comparisons and one group.
///
/// - SeeAlso: docs/FORMAT-ENCODINGS.md, "Sorted string dictionary".
package struct SortedStringDictionary: Sendable {
    static let groupSize = 16

    /// Entries; codes are 0..<count.
    package let count: Int
    /// Bytes of all strings.
    package let byteCount: Int
    private let counts: Range<Int>
    private let groupOffsets: Int
    private let groups: Range<Int>

    /// Reads the head of a dictionary. The same bytes are then passed to every call.
    ///
    /// - Throws: `.truncated` or `.corrupted` if the parts do not fit into the bytes.
    package init(_ bytes: RawSpan) throws(ByteCodingError) {
        var cursor = ByteCursor(over: bytes)
        // No string takes less than a byte.
        count = try cursor.count(bytes, limit: bytes.byteCount)
        byteCount = try cursor.count(bytes, limit: Int(UInt32.max))
        let countBytes = try cursor.lengthPrefixed(bytes)
        counts = countBytes.position..<countBytes.end
        groupOffsets = cursor.position
        _ = try cursor.take((count + Self.groupSize - 1) / Self.groupSize * 4)
        groups = cursor.position..<cursor.end
    }

    /// How often each string occurs, by code.
    package func counts(_ bytes: RawSpan) throws(ByteCodingError) -> FlatBuffer<UInt64> {
        var values = FlatBuffer<UInt64>(capacity: count)
        let cursor = try ByteCursor(position: counts.lowerBound, end: counts.upperBound, in: bytes)
        try IntegerChunk.decode(cursor.span(of: bytes), count: count, into: &values)
        return values
    }

    /// Sets `string` to the bytes of a code.
    ///
    /// - Throws: `.corrupted` if there is no such code, or its group is damaged.
    package func string(_ code: UInt32, in bytes: RawSpan, into string: inout ByteWriter)
        throws(ByteCodingError)
    {
        guard Int(code) < count else { throw ByteCodingError(.corrupted, "dictionary code") }
        var group = try GroupReader(group: Int(code) / Self.groupSize, of: self, bytes)
        for _ in 0...Int(code) % Self.groupSize { try group.next(bytes, into: &string) }
    }

    /// The code of the first string that does not sort before `wanted`; ``count`` if all do.
    ///
    /// With a prefix and the prefix's successor this gives the range of codes that have the prefix.
    package func lowerBound(of wanted: RawSpan, in bytes: RawSpan) throws(ByteCodingError) -> Int {
        var string = ByteWriter()
        // The last group whose first string sorts before the wanted one, if there is any.
        var low = 0
        var high = (count + Self.groupSize - 1) / Self.groupSize
        while low < high {
            let middle = (low + high) / 2
            var group = try GroupReader(group: middle, of: self, bytes)
            try group.next(bytes, into: &string)
            if string.bytes.precedes(wanted) { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return 0 }
        var group = try GroupReader(group: low - 1, of: self, bytes)
        let first = (low - 1) * Self.groupSize
        for code in first..<min(count, first + Self.groupSize) {
            try group.next(bytes, into: &string)
            if !string.bytes.precedes(wanted) { return code }
        }
        return min(count, first + Self.groupSize)
    }

    /// The code of `wanted`, nil if it is not in the dictionary.
    package func code(of wanted: RawSpan, in bytes: RawSpan) throws(ByteCodingError) -> UInt32? {
        let bound = try lowerBound(of: wanted, in: bytes)
        guard bound < count else { return nil }
        var string = ByteWriter()
        try self.string(UInt32(bound), in: bytes, into: &string)
        return string.bytes.isEqual(to: wanted) ? UInt32(bound) : nil
    }

    fileprivate func groupStart(_ group: Int, _ bytes: RawSpan) throws(ByteCodingError) -> Int {
        var cursor = try ByteCursor(position: groupOffsets + group * 4, end: groups.lowerBound, in: bytes)
        return groups.lowerBound + Int(try cursor.littleEndian(bytes, as: UInt32.self))
    }

    fileprivate var groupsEnd: Int { groups.upperBound }
}

/// Reads a group's strings one after the other.
private struct GroupReader {
    private var cursor: ByteCursor
    private var isFirst = true

    init(group: Int, of dictionary: SortedStringDictionary, _ bytes: RawSpan) throws(ByteCodingError) {
        let start = try dictionary.groupStart(group, bytes)
        cursor = try ByteCursor(position: start, end: dictionary.groupsEnd, in: bytes)
    }

    /// Turns the string before into the next one.
    mutating func next(_ bytes: RawSpan, into string: inout ByteWriter) throws(ByteCodingError) {
        let shared = isFirst ? 0 : try cursor.count(bytes, limit: string.count)
        isFirst = false
        let rest = try cursor.lengthPrefixed(bytes)
        string.truncate(to: shared)
        string.append(rest.span(of: bytes))
    }

    var position: Int { cursor.position }
}

extension SortedStringDictionary {
    /// Appends a dictionary.
    ///
    /// - Parameters:
    ///   - codes: Different strings of `source`, ascending bytewise. Traps if they do not ascend.
    ///   - counts: How often each occurs, in the same order.
    package static func encode<Source: ByteStringSource & ~Copyable>(
        _ codes: borrowing FlatBuffer<UInt32>, _ source: borrowing Source, counts: borrowing FlatBuffer<UInt64>,
        into out: inout ByteWriter, scratch: inout EncodingScratch
    ) {
        precondition(codes.count == counts.count)
        scratch.strings.strings.gather(codes.span, from: source)
        append(scratch.strings.strings, counts, into: &out, &scratch.integers)
    }

    private static func append(
        _ strings: borrowing StringGathering, _ counts: borrowing FlatBuffer<UInt64>,
        into out: inout ByteWriter,
        _ scratch: inout IntegerScratch
    ) {
        out.append(varint: UInt64(strings.count))
        out.append(varint: UInt64(strings.byteCount))
        var part = ByteWriter()
        IntegerChunk.append(counts.span, into: &part, &scratch)
        out.append(lengthPrefixed: part.bytes)
        part.removeAll()
        for index in 0..<strings.count {
            let string = strings[index]
            if index % groupSize == 0 {
                out.append(littleEndian: UInt32(part.count))
                precondition(index == 0 || strings[index - 1].precedes(string))
                part.append(lengthPrefixed: string)
                continue
            }
            let shared = string.sharedPrefixByteCount(with: strings[index - 1])
            precondition(
                shared < string.byteCount
                    && (shared == strings.byteCount(index - 1) || strings[index - 1][shared] < string[shared]))
            part.append(varint: UInt64(shared))
            part.append(lengthPrefixed: string.extracting(shared..<string.byteCount))
        }
        out.append(part.bytes)
    }

    /// Decodes a whole dictionary.
    ///
    /// - Parameters:
    ///   - counts: Is set to how often each string occurs, by code.
    ///   - byteLimit: Of all strings together.
    /// - Throws: `.truncated` or `.corrupted` if the bytes are no dictionary, its strings do not ascend, or they take
    ///   more than `byteLimit` bytes. Memory taken is bounded by the bytes given and the limit.
    package static func decode(
        _ bytes: RawSpan, counts: inout FlatBuffer<UInt64>, byteLimit: Int = ByteStringChunk.defaultByteLimit
    ) throws(ByteCodingError) -> DecodedStrings {
        let dictionary = try SortedStringDictionary(bytes)
        guard dictionary.byteCount <= byteLimit else { throw ByteCodingError(.corrupted, "dictionary size") }
        counts = try dictionary.counts(bytes)
        var strings = DecodedStrings()
        var string = ByteWriter()
        var end = dictionary.groups.lowerBound
        for first in stride(from: 0, to: dictionary.count, by: groupSize) {
            var group = try GroupReader(group: first / groupSize, of: dictionary, bytes)
            guard group.position == end else { throw ByteCodingError(.corrupted, "dictionary group") }
            for index in first..<min(dictionary.count, first + groupSize) {
                try group.next(bytes, into: &string)
                guard strings.byteCount + string.count <= dictionary.byteCount,
                    index == 0 || strings.entry(index - 1).precedes(string.bytes)
                else { throw ByteCodingError(.corrupted, "dictionary order") }
                strings.append(string.bytes)
            }
            end = group.position
        }
        guard end == dictionary.groupsEnd, strings.byteCount == dictionary.byteCount else {
            throw ByteCodingError(.corrupted, "dictionary size")
        }
        return strings
    }
}
