// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

extension StringList {
    /// Appends the strings `range` of a list of `count` that begins at the cursor and ends with the bytes.
    ///
    /// - Throws: `.corrupted` also if the list says that it has more than `byteLimit` bytes, or has other than it says.
    static func decode(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, count: Int, range: Range<Int>, byteLimit: Int,
        into strings: inout DecodedStrings
    ) throws(ByteCodingError) {
        guard let form = StringForm(rawValue: try cursor.byte(bytes)) else {
            throw ByteCodingError(.corrupted, "string form")
        }
        let byteCount = try cursor.count(bytes, limit: min(byteLimit, Int(UInt32.max)))
        switch form {
        case .raw: try decodeRaw(bytes, &cursor, count, range, byteCount, &strings)
        case .front: try decodeFront(bytes, &cursor, count, range, byteCount, &strings)
        case .template: try decodeTemplate(bytes, &cursor, count, range, byteCount, &strings)
        case .decimal: try decodeDecimal(bytes, &cursor, count, range, byteCount, &strings)
        case .ipv4: try decodeAddresses(bytes, &cursor, count, range, byteCount, &strings)
        }
    }

    private static func decodeRaw(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>, _ byteCount: Int,
        _ strings: inout DecodedStrings
    ) throws(ByteCodingError) {
        var lengths = FlatBuffer<UInt64>(capacity: count)
        try IntegerChunk.decodeChunk(bytes, &cursor, count, 0..<count, nil, &lengths)
        guard cursor.remaining == byteCount else { throw ByteCodingError(.corrupted, "string bytes") }
        for row in 0..<count {
            guard let length = Int(exactly: lengths[row]) else {
                throw ByteCodingError(.corrupted, "string length")
            }
            let string = try cursor.take(length)
            if range.contains(row) { strings.append(string.span(of: bytes)) }
        }
        guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "string bytes") }
    }

    private static func decodeFront(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>, _ byteCount: Int,
        _ strings: inout DecodedStrings
    ) throws(ByteCodingError) {
        var shared = FlatBuffer<UInt64>(capacity: count)
        var lengths = FlatBuffer<UInt64>(capacity: count)
        try IntegerChunk.decodeChunk(bytes, &cursor, count, 0..<count, nil, &shared)
        try IntegerChunk.decodeChunk(bytes, &cursor, count, 0..<count, nil, &lengths)
        var string = ByteWriter()
        var left = byteCount
        for row in 0..<count {
            guard shared[row] <= UInt64(string.count), let length = Int(exactly: lengths[row]) else {
                throw ByteCodingError(.corrupted, "shared prefix")
            }
            let rest = try cursor.take(length)
            string.truncate(to: Int(shared[row]))
            string.append(rest.span(of: bytes))
            guard string.count <= left else { throw ByteCodingError(.corrupted, "string bytes") }
            left -= string.count
            if range.contains(row) { strings.append(string.bytes) }
        }
        guard cursor.isAtEnd, left == 0 else { throw ByteCodingError(.corrupted, "string bytes") }
    }

    private static func decodeTemplate(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>, _ byteCount: Int,
        _ strings: inout DecodedStrings
    ) throws(ByteCodingError) {
        let length = try cursor.count(bytes, limit: StringForm.templateByteLimit)
        let template = try cursor.take(length).span(of: bytes)
        let flags = try cursor.take((length + 7) / 8).span(of: bytes)
        var varying = FlatBuffer<Int>(capacity: length)
        for position in 0..<length where flags[position / 8] &>> UInt8(position % 8) & 1 == 1 {
            varying.append(position)
        }
        let packed = cursor.span(of: bytes)
        guard length.multipliedReportingOverflow(by: count) == (byteCount, false),
            BitPacking.byteCount(count, width: varying.count * 4) == packed.byteCount
        else { throw ByteCodingError(.corrupted, "string template") }
        cursor.position = cursor.end
        var digit = range.lowerBound * varying.count
        for _ in range {
            var constant = 0
            for index in 0..<varying.count {
                if constant < varying[index] {
                    strings.extendEntry(template.extracting(constant..<varying[index]))
                }
                let pair = packed[digit &>> 1]
                strings.extendEntry(StringTemplate.digit(digit & 1 == 0 ? pair & 15 : pair &>> 4))
                constant = varying[index] &+ 1
                digit &+= 1
            }
            strings.extendEntry(template.extracting(constant..<length))
            strings.closeEntry()
        }
    }

    private static func decodeDecimal(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>, _ byteCount: Int,
        _ strings: inout DecodedStrings
    ) throws(ByteCodingError) {
        let prefix = try cursor.lengthPrefixed(bytes).span(of: bytes)
        let suffix = try cursor.lengthPrefixed(bytes).span(of: bytes)
        var numbers = FlatBuffer<UInt64>(capacity: range.count)
        try IntegerChunk.decodeChunk(bytes, &cursor, count, range, nil, &numbers)
        guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "decimal strings") }
        var left = byteCount
        for row in 0..<numbers.count {
            let digits = DecimalDigits(numbers[row])
            let length = prefix.byteCount &+ suffix.byteCount &+ digits.count
            guard length <= left else { throw ByteCodingError(.corrupted, "string bytes") }
            left -= length
            strings.extendEntry(prefix)
            strings.extendEntry(digits)
            strings.extendEntry(suffix)
            strings.closeEntry()
        }
        guard left == 0 || range.count < count else { throw ByteCodingError(.corrupted, "string bytes") }
    }

    private static func decodeAddresses(
        _ bytes: RawSpan, _ cursor: inout ByteCursor, _ count: Int, _ range: Range<Int>, _ byteCount: Int,
        _ strings: inout DecodedStrings
    ) throws(ByteCodingError) {
        var addresses = FlatBuffer<UInt64>(capacity: range.count)
        try IntegerChunk.decodeChunk(bytes, &cursor, count, range, nil, &addresses)
        guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "addresses") }
        var left = byteCount
        for row in 0..<addresses.count {
            guard addresses[row] <= UInt64(UInt32.max), left >= 0 else {
                throw ByteCodingError(.corrupted, "addresses")
            }
            let before = strings.byteCount
            for part: UInt64 in 0..<4 {
                if part > 0 { strings.extendEntry(0x2e) }
                strings.extendEntry(DecimalDigits(addresses[row] &>> (24 &- part &* 8) & 255))
            }
            strings.closeEntry()
            left -= strings.byteCount - before
        }
        guard left == 0 || range.count < count && left > 0 else {
            throw ByteCodingError(.corrupted, "string bytes")
        }
    }
}

/// The decimal digits of a number, most significant first.
private struct DecimalDigits {
    private var digits = InlineArray<20, UInt8>(repeating: 0)
    private let start: Int

    init(_ number: UInt64) {
        var rest = number
        var at = 20
        repeat {
            at -= 1
            digits[at] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        start = at
    }

    var count: Int { 20 - start }

    subscript(place: Int) -> UInt8 { digits[start &+ place] }
}

extension DecodedStrings {
    fileprivate mutating func extendEntry(_ digits: DecimalDigits) {
        for place in 0..<digits.count { extendEntry(digits[place]) }
    }
}
