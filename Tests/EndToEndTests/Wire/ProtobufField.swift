// SPDX-License-Identifier: Apache-2.0

/// A field of a protobuf message, read without the product's code.
enum ProtobufField {
    /// A varint, or a number of four or eight bytes.
    case number(UInt64)
    case content(ArraySlice<UInt8>)

    var number: UInt64? { if case .number(let number) = self { number } else { nil } }
    var content: ArraySlice<UInt8>? { if case .content(let content) = self { content } else { nil } }
    var text: String? { content.map { String(decoding: $0, as: UTF8.self) } }

    /// Calls `body` with the number and value of each field, in order.
    ///
    /// - Throws: ``TestFailure`` if the bytes are no message.
    static func each(
        of message: ArraySlice<UInt8>, _ body: (UInt64, ProtobufField) throws -> Void
    ) throws {
        var rest = message
        while !rest.isEmpty {
            let tag = try varint(&rest)
            switch tag & 7 {
            case 0: try body(tag >> 3, .number(varint(&rest)))
            case 1: try body(tag >> 3, .number(fixed(&rest, byteCount: 8)))
            case 2: try body(tag >> 3, .content(take(&rest, Int(clamping: varint(&rest)))))
            case 5: try body(tag >> 3, .number(fixed(&rest, byteCount: 4)))
            default: throw TestFailure("a protobuf message has a field of wire type \(tag & 7)")
            }
        }
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
        var value: UInt64 = 0
        var shift = 0
        while let byte = rest.popFirst() {
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
            shift += 7
        }
        throw TestFailure("a protobuf message is cut off")
    }

    private static func fixed(_ rest: inout ArraySlice<UInt8>, byteCount: Int) throws -> UInt64 {
        try take(&rest, byteCount).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func take(_ rest: inout ArraySlice<UInt8>, _ count: Int) throws -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw TestFailure("a protobuf message is cut off") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
