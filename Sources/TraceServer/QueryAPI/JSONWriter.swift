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

    mutating func beginObject() { open("{") }
    mutating func endObject() { close("}") }
    mutating func beginList() { open("[") }
    mutating func endList() { close("]") }

    /// Writes a field's name; its value comes next.
    mutating func name(_ name: StaticString) {
        separate()
        append(raw: "\"")
        bytes.append(name.rawSpan)
        append(raw: "\":")
        needsComma = false
    }

    /// Writes the name of a field that is known only now.
    mutating func name(text: String) {
        string(text)
        append(raw: ":")
        needsComma = false
    }

    mutating func field(_ name: StaticString, _ value: String) {
        self.name(name)
        string(value)
    }

    /// A 64-bit number as a string.
    mutating func field(_ name: StaticString, _ value: UInt64) {
        field(name, String(value))
    }

    mutating func field(_ name: StaticString, number: Int) {
        self.name(name)
        append(raw: String(number))
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
        let utf8 = value.utf8Span.span
        if Self.isPlain(utf8) {
            for index in 0..<utf8.count { bytes.append(utf8[index]) }
        } else {
            for index in 0..<utf8.count { append(escaping: utf8[index]) }
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Whether a text stands in JSON as it is.
    private static func isPlain(_ text: Span<UInt8>) -> Bool {
        for index in 0..<text.count {
            let byte = text[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
        }
        return true
    }

    /// A copy of what was written since the count was `start`.
    func written(since start: Int) -> [UInt8] { [UInt8](bytes.bytes.extracting(start...)) }

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

    private mutating func open(_ bracket: String) {
        separate()
        append(raw: bracket)
    }

    private mutating func close(_ bracket: String) {
        append(raw: bracket)
        needsComma = true
    }

    private mutating func append(raw text: String) {
        for byte in text.utf8 { bytes.append(byte) }
    }
}
