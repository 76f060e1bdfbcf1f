// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Bytes written as digits: hexadecimal and base64.
enum Digits {
    /// The value of a hexadecimal digit of either case.
    @inline(__always) static func hexadecimal(_ byte: UInt8) -> UInt8? {
        let number = byte &- UInt8(ascii: "0")
        if number < 10 { return number }
        let letter = (byte | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? letter + 10 : nil
    }

    /// Appends the bytes that pairs of hexadecimal digits stand for.
    ///
    /// - Returns: false if there is anything else in `text`.
    static func appendHexadecimal(_ text: RawSpan, to out: inout ByteWriter) -> Bool {
        guard text.byteCount.isMultiple(of: 2) else { return false }
        for at in stride(from: 0, to: text.byteCount, by: 2) {
            guard let high = hexadecimal(text[at]), let low = hexadecimal(text[at + 1]) else { return false }
            out.append(high << 4 | low)
        }
        return true
    }

    /// Appends the bytes of base64, of either alphabet and with or without padding (RFC 4648, sections 4 and 5).
    ///
    /// - Returns: false if there is anything else in `text`.
    static func appendBase64(_ text: RawSpan, to out: inout ByteWriter) -> Bool {
        var end = text.byteCount
        while end > 0, text.byteCount - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        let isPadded = end < text.byteCount
        guard end % 4 != 1, !isPadded || text.byteCount.isMultiple(of: 4) else { return false }
        var group: UInt32 = 0
        for at in 0..<end {
            guard let digit = base64(text[at]) else { return false }
            group = group << 6 | UInt32(digit)
            // Every digit but the first of four completes a byte.
            let place = at % 4
            if place > 0 { out.append(UInt8(truncatingIfNeeded: group >> UInt32(6 - 2 * place))) }
        }
        return true
    }

    private static func base64(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
