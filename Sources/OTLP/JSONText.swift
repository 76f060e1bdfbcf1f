// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// Writing JSON (RFC 8259) into bytes. A comma is written where the last byte does not open an object or a list, so that
// nothing has to be remembered.

extension ByteWriter {
    /// A comma unless this is the first member or element.
    @inline(__always) mutating func separate() {
        let last = count == 0 ? UInt8(ascii: "[") : bytes[count - 1]
        if last != UInt8(ascii: "{") && last != UInt8(ascii: "[") { append(UInt8(ascii: ",")) }
    }

    /// `"name":` with a comma where one is due. Names need no escapes.
    @inline(__always) mutating func member(_ name: StaticString) {
        separate()
        append(UInt8(ascii: "\""))
        append(name.rawSpan)
        append(literal: "\":")
    }

    /// A list of what `write` writes of each of `elements`.
    mutating func member(
        _ name: StaticString, list elements: Range<Int>, _ write: (Int, inout ByteWriter) -> Void
    ) {
        member(name)
        append(UInt8(ascii: "["))
        for element in elements {
            separate()
            write(element, &self)
        }
        append(UInt8(ascii: "]"))
    }

    /// A time or a duration, as a string: most readers of JSON round numbers of so many digits.
    mutating func member(_ name: StaticString, nanoseconds: UInt64) {
        member(name)
        append(UInt8(ascii: "\""))
        append(decimal: nanoseconds)
        append(UInt8(ascii: "\""))
    }

    /// The bytes of an ID in hexadecimal digits, or in base64.
    mutating func member(_ name: StaticString, identifier bytes: RawSpan, inBase64: Bool = false) {
        member(name)
        inBase64 ? append(base64String: bytes) : append(hexadecimalString: bytes)
    }

    /// An ID of 8 bytes.
    mutating func member(_ name: StaticString, identifier id: UInt64, inBase64: Bool = false) {
        member(name)
        append(byteCount: 8, inBase64: inBase64) { UInt8(truncatingIfNeeded: id >> UInt64(56 - 8 * $0)) }
    }

    /// An ID of 16 bytes.
    mutating func member(_ name: StaticString, identifier high: UInt64, _ low: UInt64, inBase64: Bool = false) {
        member(name)
        append(byteCount: 16, inBase64: inBase64) { place in
            UInt8(truncatingIfNeeded: (place < 8 ? high : low) >> UInt64(56 - 8 * (place & 7)))
        }
    }

    @inline(__always) mutating func append(literal: StaticString) { append(literal.rawSpan) }

    /// `bytes` as a JSON string; what is no UTF-8 becomes U+FFFD.
    mutating func append(jsonString text: RawSpan) {
        append(UInt8(ascii: "\""))
        var run = 0
        var at = 0
        while at < text.byteCount {
            let byte = text[at]
            if byte < 0x80 {
                if byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") {
                    at &+= 1
                    continue
                }
                append(text.extracting(run..<at))
                append(escapeOf: byte)
                at &+= 1
            } else {
                let step = UTF8Text.step(text, at: at)
                if step.isWellFormed {
                    at &+= step.byteCount
                    continue
                }
                append(text.extracting(run..<at))
                append(UTF8Text.replacement)
                at &+= step.byteCount
            }
            run = at
        }
        append(text.extracting(run..<at))
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escapeOf byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
        case 0x0a: append(UInt8(ascii: "n"))
        case 0x0d: append(UInt8(ascii: "r"))
        case 0x09: append(UInt8(ascii: "t"))
        default:
            append(literal: "u00")
            append(hexadecimal: byte)
        }
    }

    /// Two lower-case digits.
    @inline(__always) mutating func append(hexadecimal byte: UInt8) {
        append(Self.lowerDigits[Int(byte >> 4)])
        append(Self.lowerDigits[Int(byte & 15)])
    }

    private static var lowerDigits: RawSpan {
        @_lifetime(immortal) @inline(__always) get { ("0123456789abcdef" as StaticString).rawSpan }
    }

    /// A decimal number.
    mutating func append(decimal value: UInt64) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = 20
        var rest = value
        repeat {
            start &-= 1
            digits[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest != 0
        for index in start..<20 { append(digits[index]) }
    }

    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// The shortest decimal that reads back as the same number; a string where JSON has no number.
    mutating func append(jsonNumber value: Double) {
        if value.isNaN { return append(literal: "\"NaN\"") }
        if value.isInfinite { return append(literal: value < 0 ? "\"-Infinity\"" : "\"Infinity\"") }
        let start = count
        for byte in value.description.utf8 { append(byte) }
        // Swift writes 5.0 where others write 5.
        if count - start > 2, bytes[count - 1] == UInt8(ascii: "0"), bytes[count - 2] == UInt8(ascii: ".") {
            truncate(to: count - 2)
        }
    }

    /// `bytes` in base64 with padding, as a JSON string.
    mutating func append(base64String bytes: RawSpan) {
        append(byteCount: bytes.byteCount, inBase64: true) { bytes[$0] }
    }

    /// `bytes` in hexadecimal digits, as a JSON string.
    mutating func append(hexadecimalString bytes: RawSpan) {
        append(byteCount: bytes.byteCount, inBase64: false) { bytes[$0] }
    }

    /// A JSON string of the bytes that `byte` gives by their places.
    @inline(__always)
    private mutating func append(byteCount: Int, inBase64: Bool, _ byte: (Int) -> UInt8) {
        append(UInt8(ascii: "\""))
        if inBase64 {
            for start in stride(from: 0, to: byteCount, by: 3) {
                append(base64Group: start, Swift.min(3, byteCount - start), byte)
            }
        } else {
            for place in 0..<byteCount { append(hexadecimal: byte(place)) }
        }
        append(UInt8(ascii: "\""))
    }

    /// Four letters for the 1 to 3 bytes from `start` on.
    @inline(__always)
    private mutating func append(base64Group start: Int, _ count: Int, _ byte: (Int) -> UInt8) {
        let alphabet =
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" as StaticString).rawSpan
        var group = UInt32(byte(start)) << 16
        if count > 1 { group |= UInt32(byte(start + 1)) << 8 }
        if count > 2 { group |= UInt32(byte(start + 2)) }
        append(alphabet[Int(group >> 18)])
        append(alphabet[Int(group >> 12 & 63)])
        append(count > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
        append(count > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "="))
    }
}
