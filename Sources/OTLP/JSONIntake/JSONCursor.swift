// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Why and where a text is no JSON, or no JSON of the OTLP schema, before it becomes an ``OTLPError``.
struct JSONFault: Error {
    var reason: String
    /// Bytes from the start of the text.
    var offset: Int

    @inline(never) init(_ reason: String, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// Where a reader stands in a JSON text (RFC 8259).
///
/// Every method takes the text; none recurses, and none allocates more than the text has bytes.
struct JSONCursor {
    private(set) var position = 0

    /// The next byte that is no white space; it stays where it is.
    @inline(__always) mutating func peek(_ text: RawSpan) throws(JSONFault) -> UInt8 {
        while position < text.byteCount {
            let byte = text[position]
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
            position &+= 1
        }
        throw JSONFault("the text ends early", at: position)
    }

    /// Passes over `byte` if it comes next.
    @inline(__always) mutating func take(_ byte: UInt8, _ text: RawSpan) throws(JSONFault) -> Bool {
        guard try peek(text) == byte else { return false }
        position &+= 1
        return true
    }

    /// Passes over `byte`, which has to come next.
    @inline(__always) mutating func expect(_ byte: UInt8, _ text: RawSpan) throws(JSONFault) {
        guard try take(byte, text) else { throw unexpected("\"\(Character(Unicode.Scalar(byte)))\"", text) }
    }

    /// After a member or an element: whether another follows. The other way out is `closing`.
    @inline(__always)
    mutating func takeComma(orClosing closing: UInt8, _ text: RawSpan) throws(JSONFault) -> Bool {
        if try take(UInt8(ascii: ","), text) { return true }
        guard try take(closing, text) else {
            throw unexpected("a comma or \"\(Character(Unicode.Scalar(closing)))\"", text)
        }
        return false
    }

    /// Nothing but white space may follow.
    mutating func expectEnd(_ text: RawSpan) throws(JSONFault) {
        while position < text.byteCount {
            _ = try? peek(text)
            guard position == text.byteCount else { throw unexpected("the end", text) }
        }
    }

    /// Passes over `null` if it comes next.
    mutating func takeNull(_ text: RawSpan) throws(JSONFault) -> Bool {
        guard try peek(text) == UInt8(ascii: "n") else { return false }
        try word("null", text)
        return true
    }

    mutating func bool(_ text: RawSpan) throws(JSONFault) -> Bool {
        switch try peek(text) {
        case UInt8(ascii: "t"): try word("true", text)
        case UInt8(ascii: "f"):
            try word("false", text)
            return false
        default: throw unexpected("true or false", text)
        }
        return true
    }

    private mutating func word(_ word: StaticString, _ text: RawSpan) throws(JSONFault) {
        let end = position + word.utf8CodeUnitCount
        guard end <= text.byteCount, text.extracting(position..<end).isEqual(to: word.rawSpan) else {
            throw unexpected("a value", text)
        }
        position = end
    }

    func unexpected(_ wanted: String, _ text: RawSpan) -> JSONFault {
        guard position < text.byteCount else { return JSONFault("the text ends where \(wanted) belongs", at: position) }
        return JSONFault("\(wanted) belongs here", at: position)
    }
}

// MARK: - Numbers

extension JSONCursor {
    /// The bytes of a number.
    mutating func number(_ text: RawSpan) throws(JSONFault) -> Range<Int> {
        _ = try peek(text)
        let start = position
        takeByte(UInt8(ascii: "-"), text)
        let integer = takeDigits(text)
        guard integer > 0, integer == 1 || text[position - integer] != UInt8(ascii: "0") else {
            position = start
            throw unexpected("a number", text)
        }
        if takeByte(UInt8(ascii: "."), text), takeDigits(text) == 0 { throw unexpected("a digit", text) }
        if takeByte(UInt8(ascii: "e"), text) || takeByte(UInt8(ascii: "E"), text) {
            if !takeByte(UInt8(ascii: "+"), text) { takeByte(UInt8(ascii: "-"), text) }
            if takeDigits(text) == 0 { throw unexpected("a digit", text) }
        }
        return start..<position
    }

    @discardableResult
    private mutating func takeByte(_ byte: UInt8, _ text: RawSpan) -> Bool {
        guard position < text.byteCount, text[position] == byte else { return false }
        position &+= 1
        return true
    }

    private mutating func takeDigits(_ text: RawSpan) -> Int {
        let start = position
        while position < text.byteCount, text[position] &- UInt8(ascii: "0") < 10 { position &+= 1 }
        return position - start
    }
}

// MARK: - Strings

extension JSONCursor {
    /// The bytes between the quotes of a string, escapes as they stand, and whether there are any.
    mutating func rawString(_ text: RawSpan) throws(JSONFault) -> (range: Range<Int>, hasEscapes: Bool) {
        try expect(UInt8(ascii: "\""), text)
        let start = position
        var hasEscapes = false
        while position < text.byteCount {
            let byte = text[position]
            if byte == UInt8(ascii: "\"") {
                defer { position &+= 1 }
                return (start..<position, hasEscapes)
            }
            guard byte >= 0x20 else { throw JSONFault("a control character stands in a string", at: position) }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                position &+= 1
            }
            position &+= 1
        }
        position = text.byteCount
        throw JSONFault("a string does not end", at: start - 1)
    }

    /// Appends a string without its quotes and escapes.
    ///
    /// Halves of a surrogate pair that stand alone become U+FFFD; bytes are not checked to be UTF-8.
    mutating func string(_ text: RawSpan, into out: inout ByteWriter) throws(JSONFault) {
        let (range, hasEscapes) = try rawString(text)
        guard hasEscapes else { return out.append(text.extracting(range)) }
        var at = range.lowerBound
        while at < range.upperBound {
            var end = at
            while end < range.upperBound, text[end] != UInt8(ascii: "\\") { end &+= 1 }
            out.append(text.extracting(at..<end))
            at = end
            if at < range.upperBound { try Self.escape(text, &at, range.upperBound, &out) }
        }
    }

    private static func escape(
        _ text: RawSpan, _ at: inout Int, _ end: Int, _ out: inout ByteWriter
    ) throws(JSONFault) {
        let letter = text[at + 1]
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(letter)
        case UInt8(ascii: "b"): out.append(0x08 as UInt8)
        case UInt8(ascii: "f"): out.append(0x0c as UInt8)
        case UInt8(ascii: "n"): out.append(0x0a as UInt8)
        case UInt8(ascii: "r"): out.append(0x0d as UInt8)
        case UInt8(ascii: "t"): out.append(0x09 as UInt8)
        case UInt8(ascii: "u"):
            var scalar = try unit(text, at, end)
            at += 6
            if scalar & 0xfc00 == 0xd800, let low = try? unit(text, at, end), low & 0xfc00 == 0xdc00 {
                scalar = 0x10000 + (scalar & 0x3ff) << 10 + low & 0x3ff
                at += 6
            }
            for byte in String(Unicode.Scalar(scalar) ?? "\u{fffd}").utf8 { out.append(byte) }
            return
        default: throw JSONFault("there is no such escape", at: at)
        }
        at += 2
    }

    /// The four digits of the `\u` escape at `at`.
    private static func unit(_ text: RawSpan, _ at: Int, _ end: Int) throws(JSONFault) -> UInt32 {
        guard at + 6 <= end, text[at] == UInt8(ascii: "\\"), text[at + 1] == UInt8(ascii: "u") else {
            throw JSONFault("\\u needs four hexadecimal digits", at: at)
        }
        var value: UInt32 = 0
        for place in at + 2..<at + 6 {
            guard let digit = Digits.hexadecimal(text[place]) else {
                throw JSONFault("\\u needs four hexadecimal digits", at: at)
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}

// MARK: - Passing over

extension JSONCursor {
    /// Passes over a value of any kind, however deep it is nested; a bit a level is remembered.
    mutating func skipValue(_ text: RawSpan) throws(JSONFault) {
        var open = OpenContainers()
        repeat {
            switch try peek(text) {
            case UInt8(ascii: "{"):
                position &+= 1
                if try !take(UInt8(ascii: "}"), text) {
                    open.push(isObject: true)
                    try skipName(text)
                    continue
                }
            case UInt8(ascii: "["):
                position &+= 1
                if try !take(UInt8(ascii: "]"), text) {
                    open.push(isObject: false)
                    continue
                }
            case UInt8(ascii: "\""): _ = try rawString(text)
            case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try bool(text)
            case UInt8(ascii: "n"): try word("null", text)
            default: _ = try number(text)
            }
            try closeContainers(&open, text)
        } while !open.isEmpty
    }

    /// After a value: passes over what ends with it, up to the next value.
    private mutating func closeContainers(_ open: inout OpenContainers, _ text: RawSpan) throws(JSONFault) {
        while let isObject = open.last {
            let closing = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
            if try takeComma(orClosing: closing, text) {
                if isObject { try skipName(text) }
                return
            }
            open.pop()
        }
    }

    private mutating func skipName(_ text: RawSpan) throws(JSONFault) {
        guard try peek(text) == UInt8(ascii: "\"") else { throw unexpected("a member's name", text) }
        _ = try rawString(text)
        try expect(UInt8(ascii: ":"), text)
    }

    /// Which brackets are open, one bit each.
    private struct OpenContainers {
        private var bits: [UInt64] = []
        private var count = 0

        var isEmpty: Bool { count == 0 }

        var last: Bool? { count == 0 ? nil : bits[(count - 1) / 64] >> UInt64((count - 1) % 64) & 1 == 1 }

        mutating func push(isObject: Bool) {
            if count % 64 == 0 && count / 64 == bits.count { bits.append(0) }
            let bit = UInt64(1) << UInt64(count % 64)
            if isObject { bits[count / 64] |= bit } else { bits[count / 64] &= ~bit }
            count += 1
        }

        mutating func pop() { count -= 1 }
    }
}
