// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import NIOCore
internal import TraceModel

/// Writes JSON front to back, with the commas where they belong.
///
/// Fields stand in the order in which they are written. 64-bit numbers are written as strings, as Protobuf's JSON
/// has them, since JavaScript has no such numbers.
struct JSONWriter: ~Copyable {
    private(set) var bytes = ByteWriter(capacity: 1 << 10)
    private var needsComma = false

    var count: Int { bytes.count }

    /// What was written since the last call, which is then forgotten.
    mutating func takeBuffer() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.write(bytes.bytes)
        bytes.removeAll()
        return buffer
    }

    func array() -> [UInt8] { bytes.array() }

    mutating func object(_ fields: (inout JSONWriter) throws -> Void) rethrows {
        beginObject()
        try fields(&self)
        endObject()
    }

    mutating func beginObject() { open(UInt8(ascii: "{")) }
    mutating func endObject() { close(UInt8(ascii: "}")) }
    mutating func beginList() { open(UInt8(ascii: "[")) }
    mutating func endList() { close(UInt8(ascii: "]")) }

    /// Writes a field's name; its value comes next.
    mutating func name(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(name.rawSpan)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// As ``name(_:)`` does, of a text that only the running program knows.
    mutating func name(text: String) {
        string(text)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func field(_ name: StaticString, _ value: String) {
        self.name(name)
        string(value)
    }

    /// A 64-bit number as a string.
    mutating func field(_ name: StaticString, _ value: UInt64) {
        self.name(name)
        bytes.append(UInt8(ascii: "\""))
        append(decimal: value)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    mutating func field(_ name: StaticString, number: Int) {
        self.name(name)
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        append(decimal: UInt64(number.magnitude))
        needsComma = true
    }

    /// The shortest text that gives the same number; what JSON can't write becomes 0.
    mutating func field(_ name: StaticString, number: Double) {
        self.name(name)
        append(raw: number.isFinite ? number.description : "0")
        needsComma = true
    }

    mutating func field(_ name: StaticString, _ value: Bool) {
        self.name(name)
        append(raw: value ? "true" : "false")
        needsComma = true
    }

    mutating func field(_ name: StaticString, _ values: [String]) {
        self.name(name)
        beginList()
        for value in values { string(value) }
        endList()
    }

    mutating func string(_ value: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(escaping: value.utf8Span.span)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// The inside of a text, or a part of it.
    mutating func append(escaping utf8: Span<UInt8>) {
        if Self.isPlain(utf8) {
            for index in 0..<utf8.count { bytes.append(utf8[index]) }
        } else {
            for index in 0..<utf8.count { append(escaping: utf8[index]) }
        }
    }

    /// Whether a text stands in JSON as it is.
    private static func isPlain(_ text: Span<UInt8>) -> Bool {
        var isPlain = true
        for index in 0..<text.count {
            let byte = text[index]
            let isSpecial = byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
            isPlain = isPlain && !isSpecial
        }
        return isPlain
    }

    /// An ID of 16 hexadecimal digits, with its quotation marks.
    mutating func field(_ name: StaticString, hexadecimal value: UInt64) {
        self.name(name)
        bytes.append(UInt8(ascii: "\""))
        append(hexadecimal: value)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// An ID of 32 hexadecimal digits.
    mutating func field(_ name: StaticString, _ id: TraceID) {
        self.name(name)
        bytes.append(UInt8(ascii: "\""))
        append(hexadecimal: id.high)
        append(hexadecimal: id.low)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes JSON as it is, whose commas are its own matter; what is written next begins without one.
    @inline(__always) mutating func append(json: StaticString) {
        bytes.append(json.rawSpan)
        needsComma = false
    }

    @inline(__always) mutating func append(json: RawSpan) {
        bytes.append(json)
        needsComma = false
    }

    /// What was written in the range, while the count was in it, once more.
    mutating func append(jsonAt range: Range<Int>) {
        let copy = [UInt8](bytes.bytes.extracting(range))
        bytes.append(copy.rawSpan)
        needsComma = false
    }

    /// Forgets what was written behind `count` bytes; what is written next begins without a comma.
    mutating func truncate(to count: Int) {
        bytes.truncate(to: count)
        needsComma = false
    }

    /// The bytes that were written in the range.
    func written(_ range: Range<Int>) -> [UInt8] { [UInt8](bytes.bytes.extracting(range)) }

    mutating func append(hexadecimal value: UInt64) {
        bytes.append(littleEndian: JSONDigits.hexadecimal(UInt32(truncatingIfNeeded: value &>> 32)))
        bytes.append(littleEndian: JSONDigits.hexadecimal(UInt32(truncatingIfNeeded: value)))
    }

    mutating func append(decimal value: UInt64) {
        let unit: UInt64 = 100_000_000
        guard value >= unit else { return appendFirst(value) }
        let high = value / unit
        if high < unit {
            appendFirst(high)
        } else {
            appendFirst(high / unit)
            bytes.append(littleEndian: JSONDigits.decimal(high % unit))
        }
        bytes.append(littleEndian: JSONDigits.decimal(value % unit))
    }

    /// A number below 100,000,000 without leading zeros.
    private mutating func appendFirst(_ value: UInt64) {
        let digits = JSONDigits.decimal(value)
        // The first digit is in the lowest byte.
        let zeros = min(7, (digits ^ JSONDigits.zeros).trailingZeroBitCount / 8)
        bytes.append(littleEndian: digits &>> UInt64(8 * zeros))
        bytes.truncate(to: bytes.count - zeros)
    }

    /// A value that is JSON already.
    mutating func value(json: RawSpan) {
        separate()
        bytes.append(json)
        needsComma = true
    }

    private mutating func append(escaping byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case UInt8(ascii: "\n"): append(raw: "\\n")
        case UInt8(ascii: "\r"): append(raw: "\\r")
        case UInt8(ascii: "\t"): append(raw: "\\t")
        case 0..<0x20:
            append(raw: "\\u00")
            bytes.append(hexadecimalDigit(byte >> 4))
            bytes.append(hexadecimalDigit(byte & 15))
        default: bytes.append(byte)
        }
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func append(raw text: String) {
        for byte in text.utf8 { bytes.append(byte) }
    }
}
