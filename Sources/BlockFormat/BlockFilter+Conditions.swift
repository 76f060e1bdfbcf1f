// SPDX-License-Identifier: Apache-2.0

internal import ColumnEncoding
internal import TraceModel

// What the conditions of a filter are in the terms of one block.

extension BlockFilter {
    /// What a span has several of.
    enum SpanPart: Sendable {
        case event, link

        /// How many a row has.
        var count: FixedColumn { self == .event ? .eventCount : .linkCount }
    }

    /// A condition on an event or link.
    enum PartCondition: Sendable {
        case strings(StringCondition)
        case time(ValueTest)
        case attribute(AttributeCondition)
        case rest(RestCondition)
    }

    /// What a test says of the entries of a table or dictionary that rows refer to.
    struct Verdicts: Sendable {
        let byCode: [Bool]
        /// The same for scans: codes that pass.
        let wanted: ValueSet

        init(_ byCode: [Bool]) {
            self.byCode = byCode
            wanted = ValueSet(verdicts: byCode)
        }

        @inline(__always) func holds(_ code: UInt64) -> Bool {
            code < UInt64(byCode.count) && byCode[Int(code)]
        }

        /// Whether some entry passes.
        var mayHold: Bool { if case .none = wanted { false } else { true } }
    }

    /// A test of a column of strings that every row has.
    struct StringCondition: Sendable {
        var column: UInt32
        var test: ValueTest
        /// Of the entries of the block's dictionary; nil where the row group has the strings.
        var codes: Verdicts?
    }

    /// A test of the values of one attribute column, of those that come first with their key.
    struct AttributeCondition: Sendable {
        var strings: StringCondition
        var type: AttributeType
        /// The column of the owners' shapes.
        var shape: FixedColumn
        /// By shape code: how many values of the column an owner has.
        var valueCounts: [UInt32]
        /// By shape code: whether the first of them is the one that counts; empty where ``owners`` say it.
        var isFirst: [Bool]
        /// The codes of shapes that have a value of the column; nil if some have several, or one that does not count.
        var owners: ValueSet?
        /// Of values that are no bytes: those that pass.
        var wanted: ValueSet
        /// Finds the owners of which an entry in the rest columns counts instead; nil if there are none.
        var hiding: RestCondition?

        /// - Parameter place: Of the column among those of the key.
        init(
            _ strings: StringCondition, _ type: AttributeType, _ columns: KeyColumns, _ place: Int,
            hiddenBy hiding: RestCondition?
        ) {
            self.strings = strings
            self.type = type
            self.hiding = hiding
            shape = columns.owner.shape
            valueCounts = columns.valueCounts[place]
            owners = columns.plainHolders(place)
            isFirst = owners == nil ? columns.firsts.map { $0 == place } : []
            wanted = strings.test.wanted(type)
        }

        var column: UInt32 { strings.column }
        var columns: Set<UInt32> { (hiding?.columns ?? []).union([shape.rawValue, column]) }
    }
}

extension AttributeOwner {
    /// The column of its shapes.
    var shape: FixedColumn {
        switch self {
        case .span: .shape
        case .event: .eventShape
        case .link: .linkShape
        }
    }
}
