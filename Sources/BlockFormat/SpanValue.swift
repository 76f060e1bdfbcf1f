// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// A value of a span, as a search shows it.
package enum SpanValue: Hashable, Sendable {
    case string([UInt8])
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    /// The encoding of an OTLP ArrayValue.
    case array([UInt8])
}

extension SpanValue {
    /// Nil of what a search does not show.
    init?(_ type: AttributeType, _ bits: UInt64, _ bytes: RawSpan) {
        switch type {
        case .string: self = .string([UInt8](bytes))
        case .bool: self = .boolean(bits != 0)
        case .int: self = .integer(Int64(bitPattern: bits))
        case .double: self = .double(Double(bitPattern: bits))
        case .array: self = .array([UInt8](bytes))
        case .absent, .empty, .keyValueList, .bytes: return nil
        }
    }

    /// The value of an attribute of a resource or scope.
    init?(of key: [UInt8], in message: RawSpan, _ kind: EncodedAttributes.Message) {
        var value: SpanValue?
        EncodedAttributes.first(key, in: message, of: kind) { type, bits, bytes in
            value = SpanValue(type, bits, bytes)
        }
        guard let value else { return nil }
        self = value
    }
}
