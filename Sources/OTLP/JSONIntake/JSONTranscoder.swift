// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// An OTLP/JSON request is rewritten in the protobuf encoding, and from there on is a request like any other: one
// decoder judges it, one kind of record lies in the journal. The protobuf form is never longer than the JSON.
//
// Understood beside what the specification asks for: names with underscores, names of enumerations, null for an absent
// field, whole numbers written with fraction or exponent. Members that the schema does not know are passed over.

/// Rewrites OTLP/JSON (ExportTraceServiceRequest, the same as TracesData) in the protobuf encoding.
package struct JSONTranscoder: ~Copyable {
    private let anyValueDepth: Int
    private var cursor = JSONCursor()
    private var name = ByteWriter(capacity: 64)

    private init(anyValueDepth: Int) { self.anyValueDepth = anyValueDepth }

    /// - Parameter limits: Values that lie deeper than `anyValueDepth` are cut one level below it, so that the decoder
    ///   sees that they are too deep.
    /// - Throws: `.malformed` with the byte at which the text is no JSON, or a field's value not of its type.
    /// - Complexity: O(bytes); the recursion is as deep as values may lie in each other, whatever the text holds.
    package static func protobuf(
        _ text: RawSpan, limits: OTLPDecoderLimits = OTLPDecoderLimits()
    ) throws(OTLPError) -> [UInt8] {
        var transcoder = JSONTranscoder(anyValueDepth: limits.anyValueDepth)
        var out = ByteWriter(capacity: text.byteCount / 2)
        do throws(JSONFault) {
            try transcoder.members(of: .request, depth: 0, text, &out)
            try transcoder.cursor.expectEnd(text)
        } catch {
            throw OTLPError(.malformed, "\(error.reason), at byte \(error.offset) of the JSON request")
        }
        return out.array()
    }

    /// - Parameter depth: How many AnyValues this message lies in, itself included.
    private mutating func members(
        of message: JSONMessage, depth: Int, _ text: RawSpan, _ out: inout ByteWriter
    ) throws(JSONFault) {
        try cursor.expect(UInt8(ascii: "{"), text)
        if try cursor.take(UInt8(ascii: "}"), text) { return }
        repeat {
            let field = try field(of: message, text)
            try cursor.expect(UInt8(ascii: ":"), text)
            if let field, try !cursor.takeNull(text) {
                try value(of: field, depth: depth, text, &out)
            } else if field == nil {
                try cursor.skipValue(text)
            }
        } while try cursor.takeComma(orClosing: UInt8(ascii: "}"), text)
    }

    private mutating func field(of message: JSONMessage, _ text: RawSpan) throws(JSONFault) -> JSONMessage.Field? {
        guard try cursor.peek(text) == UInt8(ascii: "\"") else { throw cursor.unexpected("a member's name", text) }
        var ahead = cursor
        let (range, hasEscapes) = try ahead.rawString(text)
        guard hasEscapes else {
            cursor = ahead
            return message.field(text.extracting(range))
        }
        name.removeAll()
        try cursor.string(text, into: &name)
        return message.field(name.bytes)
    }

    private mutating func value(
        of field: JSONMessage.Field, depth: Int, _ text: RawSpan, _ out: inout ByteWriter
    ) throws(JSONFault) {
        switch field.kind {
        case .message(let message): try self.message(message, field.tag, depth: depth, text, &out)
        case .messages, .texts: try list(field, depth: depth, text, &out)
        default: try scalar(field, text, &out)
        }
    }

    private mutating func message(
        _ message: JSONMessage, _ tag: UInt64, depth: Int, _ text: RawSpan, _ out: inout ByteWriter
    ) throws(JSONFault) {
        let body = out.openMessage(tag)
        let inside = message == .anyValue ? depth + 1 : depth
        if inside > anyValueDepth + 1 {
            try cursor.skipValue(text)
        } else {
            try members(of: message, depth: inside, text, &out)
        }
        out.closeMessage(from: body)
    }

    private mutating func list(
        _ field: JSONMessage.Field, depth: Int, _ text: RawSpan, _ out: inout ByteWriter
    ) throws(JSONFault) {
        try cursor.expect(UInt8(ascii: "["), text)
        if try cursor.take(UInt8(ascii: "]"), text) { return }
        repeat {
            if case .messages(let element) = field.kind {
                try message(element, field.tag, depth: depth, text, &out)
            } else {
                try self.text(field.tag, text, &out)
            }
        } while try cursor.takeComma(orClosing: UInt8(ascii: "]"), text)
    }

    private mutating func text(_ tag: UInt64, _ text: RawSpan, _ out: inout ByteWriter) throws(JSONFault) {
        let body = out.openMessage(tag)
        try cursor.string(text, into: &out)
        out.closeMessage(from: body)
    }
}

// MARK: - Scalars

extension JSONTranscoder {
    private mutating func scalar(
        _ field: JSONMessage.Field, _ text: RawSpan, _ out: inout ByteWriter
    ) throws(JSONFault) {
        switch field.kind {
        case .text: try self.text(field.tag, text, &out)
        case .identifier:
            try digits(field, "hexadecimal digits, two a byte", text, &out, Digits.appendHexadecimal)
        case .bytes: try digits(field, "base64", text, &out, Digits.appendBase64)
        case .bool:
            out.append(varint: field.tag)
            out.append(try cursor.bool(text) ? 1 : 0 as UInt8)
        case .double:
            out.append(varint: field.tag)
            out.append(littleEndian: try double(field, text).bitPattern)
        case .int64:
            out.append(varint: field.tag)
            out.append(varint: UInt64(bitPattern: try integer(field, as: Int64.self, text)))
        case .uint32:
            out.append(varint: field.tag)
            out.append(varint: UInt64(try integer(field, as: UInt32.self, text)))
        case .fixed32:
            out.append(varint: field.tag)
            out.append(littleEndian: try integer(field, as: UInt32.self, text))
        case .fixed64:
            out.append(varint: field.tag)
            out.append(littleEndian: try integer(field, as: UInt64.self, text))
        case .enumeration(let names):
            out.append(varint: field.tag)
            out.append(varint: UInt64(bitPattern: Int64(try enumeration(field, names, text))))
        case .message, .messages, .texts: preconditionFailure("no scalar")
        }
    }

    private mutating func digits(
        _ field: JSONMessage.Field, _ form: String, _ text: RawSpan, _ out: inout ByteWriter,
        _ append: (RawSpan, inout ByteWriter) -> Bool
    ) throws(JSONFault) {
        _ = try cursor.peek(text)
        let start = cursor.position
        name.removeAll()
        try cursor.string(text, into: &name)
        let body = out.openMessage(field.tag)
        guard append(name.bytes, &out) else { throw JSONFault("\(field.name) is not written in \(form)", at: start) }
        out.closeMessage(from: body)
    }

    /// A number, or a string that holds one.
    private mutating func number(_ field: JSONMessage.Field, _ text: RawSpan) throws(JSONFault) -> Range<Int> {
        guard try cursor.take(UInt8(ascii: "\""), text) else { return try cursor.number(text) }
        let range = try cursor.number(text)
        try cursor.expect(UInt8(ascii: "\""), text)
        return range
    }

    private mutating func integer<Integer: FixedWidthInteger>(
        _ field: JSONMessage.Field, as type: Integer.Type, _ text: RawSpan
    ) throws(JSONFault) -> Integer {
        let range = try number(field, text)
        guard let value = Self.integer(text.extracting(range), as: type) else {
            throw JSONFault("\(field.name) is no whole number of \(Integer.bitWidth) bits", at: range.lowerBound)
        }
        return value
    }

    private static func integer<Integer: FixedWidthInteger>(_ digits: RawSpan, as type: Integer.Type) -> Integer? {
        let isNegative = digits[0] == UInt8(ascii: "-")
        var value: Integer = 0
        for at in (isNegative ? 1 : 0)..<digits.byteCount {
            let digit = digits[at] &- UInt8(ascii: "0")
            guard digit < 10 else { return double(digits).flatMap { Integer(exactly: $0) } }
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let step = Integer(digit)
            let (sum, isFull) =
                isNegative ? tens.subtractingReportingOverflow(step) : tens.addingReportingOverflow(step)
            if isTooLarge || isFull { return nil }
            value = sum
        }
        return value
    }

    private mutating func double(_ field: JSONMessage.Field, _ text: RawSpan) throws(JSONFault) -> Double {
        let start = cursor.position
        if try cursor.peek(text) == UInt8(ascii: "\"") {
            var ahead = cursor
            let (range, _) = try ahead.rawString(text)
            if let special = Self.special(text.extracting(range)) {
                cursor = ahead
                return special
            }
        }
        guard let value = Self.double(text.extracting(try number(field, text))) else {
            throw JSONFault("\(field.name) is no number", at: start)
        }
        return value
    }

    private static func special(_ word: RawSpan) -> Double? {
        if word.isEqual(to: ("NaN" as StaticString).rawSpan) { return .nan }
        if word.isEqual(to: ("Infinity" as StaticString).rawSpan) { return .infinity }
        return word.isEqual(to: ("-Infinity" as StaticString).rawSpan) ? -.infinity : nil
    }

    /// The double nearest to a number, which was checked to be one; nil if it is longer than any that means anything.
    private static func double(_ digits: RawSpan) -> Double? {
        guard digits.byteCount <= 1_100 else { return nil }
        return Double(String(decoding: [UInt8](digits), as: UTF8.self))
    }

    private mutating func enumeration(
        _ field: JSONMessage.Field, _ names: [StaticString], _ text: RawSpan
    ) throws(JSONFault) -> Int32 {
        if try cursor.peek(text) == UInt8(ascii: "\"") {
            var ahead = cursor
            let (range, _) = try ahead.rawString(text)
            let word = text.extracting(range)
            for (number, name) in names.enumerated() where word.isEqual(to: name.rawSpan) {
                cursor = ahead
                return Int32(number)
            }
        }
        return try integer(field, as: Int32.self, text)
    }
}
