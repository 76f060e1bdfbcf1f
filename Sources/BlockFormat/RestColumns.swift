// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// The four columns that one kind of owner has for its attributes without a column of their own.
///
/// ```
/// keys     │ of each entry: owner by owner, and of an owner in the order of its attributes
/// types    │ of each entry
/// numbers  │ of the entries that are Booleans, integers or doubles, in the same order
/// strings  │ of the entries that are byte strings
/// ```
/// Which attributes of an owner they are, its shape says.
///
/// - SeeAlso: docs/FORMAT.md, "Rest columns".
struct RestColumns: Sendable {
    let keys: FixedColumn
    let types: FixedColumn
    let numbers: FixedColumn
    let strings: FixedColumn

    init(_ owner: AttributeOwner) {
        switch owner {
        case .span:
            (keys, types, numbers, strings) = (.spanRestKey, .spanRestType, .spanRestNumber, .spanRestString)
        case .event:
            (keys, types, numbers, strings) = (.eventRestKey, .eventRestType, .eventRestNumber, .eventRestString)
        case .link:
            (keys, types, numbers, strings) = (.linkRestKey, .linkRestType, .linkRestNumber, .linkRestString)
        }
    }

    /// Their column numbers.
    var all: Set<UInt32> { [keys.rawValue, types.rawValue, numbers.rawValue, strings.rawValue] }

    /// What stands for a key in the bloom filter over the keys of all rest columns.
    static func filterHash(_ key: RawSpan, _ owner: AttributeOwner) -> UInt64 {
        XXH3.hash(key, seed: UInt64(owner.rawValue))
    }
}

extension AttributeType {
    /// Whether a value has 64 bits to be stored.
    var isNumber: Bool {
        switch self {
        case .bool, .int, .double: true
        case .absent, .empty, .string, .array, .keyValueList, .bytes: false
        }
    }
}

/// What a writer gives columns of their own; the attributes of all other keys go to the rest columns. Readers take any
/// number.
package struct AttributeLimits: Sendable {
    /// Attribute columns of a block: those that most owners have. Each costs a reader memory and a block some fifty
    /// bytes, whatever it holds.
    package var columnCount = 1024
    /// Where there are more attributes, one that fewer owners have than one for so many spans gets no column either: that
    /// is sixteen in a row group, where a column costs as much as it saves.
    package var rowsPerOwner = 512
    /// Longer keys get no column.
    package var keyByteCount = 256
    /// Shapes of each kind of owner, besides those of rest entries alone: the most used ones.
    package var shapeCount = 16_384
    /// Attributes in all of these together. Schemas are kept in memory.
    package var slotCount = 1 << 20

    package init() {}
}
