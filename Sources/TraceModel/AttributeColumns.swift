// SPDX-License-Identifier: Apache-2.0

public import ByteCoding

/// What an attribute's value is. The raw values are part of the block format.
public enum AttributeType: UInt8, Sendable, CaseIterable {
    /// A key without a value.
    case absent = 0
    case string = 1
    case bool = 2
    case int = 3
    case double = 4
    /// The protobuf encoding of an OTLP ArrayValue.
    case array = 5
    /// The protobuf encoding of an OTLP KeyValueList.
    case keyValueList = 6
    case bytes = 7
    /// A value in which no kind is set.
    case empty = 8

    /// Whether a value is a code into the batch's strings (else it is the value's 64 bits).
    @inlinable public var isByteString: Bool {
        switch self {
        case .string, .array, .keyValueList, .bytes: true
        case .absent, .bool, .int, .double, .empty: false
        }
    }
}

/// One place in an attribute shape: the key's string code and the value's type, as 32 bits `key << 4 | type`.
public struct AttributeSlot: Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt32

    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// - Parameter key: Below 2²⁸.
    @inlinable public init(key: UInt32, type: AttributeType) {
        precondition(key < 1 << 28)
        rawValue = key << 4 | UInt32(type.rawValue)
    }

    @inlinable public var key: UInt32 { rawValue >> 4 }
    @inlinable public var type: AttributeType { AttributeType(rawValue: UInt8(rawValue & 15)) ?? .empty }
}

/// The attributes of many owners (spans, events or links).
///
/// An owner's *shape* is the ordered list of its ``AttributeSlot``s, as a code into the batch's shapes; its values lie
/// one after another, 64 bits each: Booleans as 0 or 1, integers and doubles as their bits, everything of bytes as a
/// code into the batch's strings, nothing as 0.
public struct AttributeColumns: ~Copyable {
    /// One shape code an owner.
    public var shape: SegmentedColumn<UInt32>
    /// Where each owner's values end; they start where those of the owner before it end.
    public var end: SegmentedColumn<UInt32>
    public var values: SegmentedColumn<UInt64>

    init(arena: SlabArena) {
        shape = SegmentedColumn(arena: arena)
        end = SegmentedColumn(arena: arena)
        values = SegmentedColumn(arena: arena)
    }

    /// Ends an owner whose values were appended.
    @inlinable @inline(__always) public mutating func closeOwner(shape code: UInt32) {
        shape.append(code)
        end.append(UInt32(truncatingIfNeeded: values.count))
    }

    /// Takes back owners and what was appended for the next one.
    public mutating func truncate(toOwners count: Int) {
        shape.truncate(to: count)
        end.truncate(to: count)
        values.truncate(to: count == 0 ? 0 : Int(end[count - 1]))
    }

    public func view() -> AttributeColumnsView {
        AttributeColumnsView(shape: shape.view(), end: end.view(), values: values.view())
    }
}

/// ``AttributeColumns`` at one moment.
public struct AttributeColumnsView: Sendable {
    public let shape: ColumnView<UInt32>
    public let end: ColumnView<UInt32>
    public let values: ColumnView<UInt64>

    /// Index of the owner's first value.
    @inlinable @inline(__always) public func firstValue(of owner: Int) -> Int {
        owner == 0 ? 0 : Int(end[owner - 1])
    }
}
