// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// A filter in the terms of one block: what dictionaries, resources and shapes decide is decided.
struct BlockFilter: Sendable {
    indirect enum Node: Sendable {
        case never
        case always
        case all([Node])
        case any([Node])
        /// By resource code.
        case resources([Bool])
        case integers(FixedColumn, ValueTest)
        case duration(ValueTest)
        case strings(StringCondition)
        case attribute(AttributeCondition)
        case rest(RestCondition)
    }

    /// A test of a column of strings that every row has.
    struct StringCondition: Sendable {
        var column: UInt32
        var test: ValueTest
        /// By code of the block's dictionary; nil where the row group has the strings.
        var codes: [Bool]?
    }

    /// A test of the values of one attribute column.
    struct AttributeCondition: Sendable {
        var strings: StringCondition
        var type: AttributeType
        /// By shape code: how many values of the column an owner has.
        var valueCounts: [UInt32]

        var column: UInt32 { strings.column }
    }

    let root: Node

    /// Whether no row of the block can match.
    var isNever: Bool { if case .never = root { true } else { false } }
    var isAlways: Bool { if case .always = root { true } else { false } }

    init(_ filter: SpanFilter, _ reader: BlockReader) async throws {
        root = try await Self.node(filter, reader)
    }

    /// The columns that judging takes.
    var columns: Set<UInt32> {
        var columns: Set<UInt32> = []
        Self.collect(root, into: &columns)
        return columns
    }

    private static func collect(_ node: Node, into columns: inout Set<UInt32>) {
        switch node {
        case .never, .always: break
        case .all(let parts), .any(let parts): for part in parts { collect(part, into: &columns) }
        case .resources: columns.insert(FixedColumn.resource.rawValue)
        case .integers(let column, _): columns.insert(column.rawValue)
        case .duration:
            columns.formUnion([FixedColumn.duration.rawValue, FixedColumn.start.rawValue])
        case .strings(let condition): columns.insert(condition.column)
        case .attribute(let condition):
            columns.formUnion([FixedColumn.shape.rawValue, condition.column])
        case .rest(let condition):
            columns.formUnion(condition.lookup.columns.all.union([FixedColumn.shape.rawValue]))
        }
    }

    // MARK: - From a filter

    private static func node(_ filter: SpanFilter, _ reader: BlockReader) async throws -> Node {
        switch filter {
        case .all(let parts):
            var nodes: [Node] = []
            for part in parts {
                let node = try await node(part, reader)
                if case .never = node { return .never }
                if case .always = node { continue }
                nodes.append(node)
            }
            return nodes.isEmpty ? .always : nodes.count == 1 ? nodes[0] : .all(nodes)
        case .any(let parts):
            var nodes: [Node] = []
            for part in parts { nodes.append(try await node(part, reader)) }
            return any(nodes)
        case .holds(let subject, let test): return try await node(subject, test, reader)
        }
    }

    private static func any(_ parts: [Node]) -> Node {
        var nodes: [Node] = []
        for node in parts {
            if case .always = node { return .always }
            if case .never = node { continue }
            nodes.append(node)
        }
        return nodes.isEmpty ? .never : nodes.count == 1 ? nodes[0] : .any(nodes)
    }

    private static func node(_ subject: SpanSubject, _ test: ValueTest, _ reader: BlockReader) async throws -> Node {
        switch subject {
        case .spanAttribute(let key):
            var nodes: [Node] = []
            for (index, column) in reader.schema.columns.enumerated()
            where column.owner == .span && column.key == key {
                nodes.append(try await attribute(index, column.type, test, reader))
            }
            if let lookup = try await RestLookup(key, of: .span, reader) {
                nodes.append(.rest(RestCondition(lookup, test, reader.schema)))
            }
            return any(nodes)
        case .resourceAttribute(let key):
            let resources = reader.schema.resources.map {
                EncodedAttributes.holds(test, key: key, in: $0.encoded.rawSpan, of: .resource)
            }
            return resources.contains(false) ? resources.contains(true) ? .resources(resources) : .never : .always
        case .name: return try await strings(.name, test, reader)
        case .statusMessage: return try await strings(.statusMessage, test, reader)
        case .status: return .integers(.status, test)
        case .kind: return .integers(.kind, test)
        case .duration: return .duration(test)
        }
    }

    private static func strings(_ column: FixedColumn, _ test: ValueTest, _ reader: BlockReader) async throws -> Node {
        let condition = try await condition(column.rawValue, .string, test, reader)
        // Rows of a group without the column hold the empty string, which need not be in the dictionary.
        let mayMatch = condition.codes?.contains(true) ?? true || test.holds(string: RawSpan())
        return mayMatch ? .strings(condition) : .never
    }

    private static func attribute(
        _ index: Int, _ type: AttributeType, _ test: ValueTest, _ reader: BlockReader
    ) async throws -> Node {
        let condition = try await condition(FixedColumn.firstAttribute + UInt32(index), type, test, reader)
        guard condition.codes?.contains(true) ?? true else { return .never }
        if type == .absent || type == .empty { return .never }
        let shapes = reader.schema.shapes[Int(AttributeOwner.span.rawValue)]
        let counts = shapes.map { shape in UInt32(truncatingIfNeeded: shape.count { $0 == UInt32(index) }) }
        return .attribute(AttributeCondition(strings: condition, type: type, valueCounts: counts))
    }

    private static func condition(
        _ column: UInt32, _ type: AttributeType, _ test: ValueTest, _ reader: BlockReader
    ) async throws -> StringCondition {
        guard let dictionary = try await reader.dictionaries([column])[column] else {
            return StringCondition(column: column, test: test, codes: nil)
        }
        let codes = dictionary.value.codes { test.holds(bytes: $0, type) }
        return StringCondition(column: column, test: test, codes: codes)
    }
}
