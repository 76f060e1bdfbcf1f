// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Where attributes are kept.
package enum AttributePlace: Hashable, Sendable {
    /// In columns of their own.
    case owner(AttributeOwner)
    /// In the messages of resources or scopes.
    case message(EncodedAttributes.Message)
}

/// Distinct values of an attribute or of another column; of arrays their elements. Lists of pairs and raw bytes are left
/// out.
package struct ListedValues: Sendable {
    package enum Value: Hashable, Sendable {
        case string([UInt8])
        case integer(Int64)
        /// By its bits, so that every NaN is one.
        case double(UInt64)
        case boolean(Bool)
    }

    package private(set) var all: Set<Value> = []
    /// Bytes in memory, about.
    package private(set) var byteCount = 0

    package init() {}

    mutating func insert(_ value: Value) {
        guard all.insert(value).inserted else { return }
        byteCount += 64
        if case .string(let bytes) = value { byteCount += bytes.count + 32 }
    }

    mutating func insert(_ other: Self) { for value in other.all { insert(value) } }

    mutating func insert(string: RawSpan) { insert(.string([UInt8](string))) }

    /// A value of bytes: a string, or the encoding of an array.
    mutating func insert(bytes: RawSpan, _ type: AttributeType) {
        for value in Value.all(type, 0, bytes) { insert(value) }
    }

    /// A value that is no byte string.
    mutating func insert(bits: UInt64, _ type: AttributeType) {
        switch type {
        case .bool: insert(.boolean(bits != 0))
        case .int: insert(.integer(Int64(bitPattern: bits)))
        case .double: insert(.double(bits))
        case .absent, .empty, .string, .array, .keyValueList, .bytes: break
        }
    }

    /// What a resource or scope has of a key.
    mutating func insert(key: [UInt8], in message: RawSpan, of kind: EncodedAttributes.Message) {
        for value in Value.all(key, in: message, of: kind) { insert(value) }
    }
}

extension EncodedAttributes {
    /// The keys of all attributes.
    static func keys(in bytes: RawSpan, of message: Message) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        forEach(in: bytes, of: message) { key, _, _, _ in keys.append([UInt8](key)) }
        return keys
    }
}
