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
        case not(Node)
        /// By resource or scope code.
        case table(FixedColumn, Verdicts)
        case integers(FixedColumn, ValueTest)
        case duration(ValueTest)
        case spanID(ValueTest)
        /// Whether the span has no parent.
        case isRoot(ValueTest)
        case strings(StringCondition)
        case attribute(AttributeCondition)
        case rest(RestCondition)
        /// One of the span's events or links has it.
        case part(SpanPart, PartCondition)
    }

    let root: Node

    /// Whether no row of the block can match.
    var isNever: Bool { if case .never = root { true } else { false } }
    var isAlways: Bool { if case .always = root { true } else { false } }

    init(_ filter: SpanFilter, _ reader: BlockReader) async throws {
        root = try await Self.node(filter, reader)
    }

    /// - Parameter services: The span's resource has to be of each of these services.
    init(_ filter: SpanFilter, services: [[UInt8]], _ reader: BlockReader) async throws {
        var nodes = services.map { service in
            Self.table(.resource, reader.schema.resources) { reader.schema.services[$0.service] == service }
        }
        nodes.append(try await Self.node(filter, reader))
        root = Self.all(nodes)
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
        case .not(let part): collect(part, into: &columns)
        case .table(let column, _), .integers(let column, _): columns.insert(column.rawValue)
        case .duration:
            columns.formUnion([FixedColumn.duration.rawValue, FixedColumn.start.rawValue])
        case .spanID: columns.insert(FixedColumn.spanID.rawValue)
        case .isRoot: columns.insert(FixedColumn.parent.rawValue)
        case .strings(let condition): columns.insert(condition.column)
        case .attribute(let condition): columns.formUnion(condition.columns)
        case .rest(let condition): columns.formUnion(condition.columns)
        case .part(let part, let condition):
            columns.insert(part.count.rawValue)
            switch condition {
            case .strings(let condition): columns.insert(condition.column)
            case .time: columns.insert(FixedColumn.eventTime.rawValue)
            case .attribute(let condition): columns.formUnion(condition.columns)
            case .rest(let condition): columns.formUnion(condition.columns)
            }
        }
    }

    // MARK: - From a filter

    private static func node(_ filter: SpanFilter, _ reader: BlockReader) async throws -> Node {
        switch filter {
        case .all(let parts):
            var nodes: [Node] = []
            for part in parts { nodes.append(try await node(part, reader)) }
            return all(nodes)
        case .any(let parts):
            var nodes: [Node] = []
            for part in parts { nodes.append(try await node(part, reader)) }
            return any(nodes)
        case .not(let part):
            let node = try await node(part, reader)
            if case .never = node { return .always }
            if case .always = node { return .never }
            return .not(node)
        case .holds(let subject, let test): return try await node(subject, test, reader)
        }
    }

    private static func all(_ parts: [Node]) -> Node {
        var nodes: [Node] = []
        for node in parts {
            if case .never = node { return .never }
            if case .always = node { continue }
            nodes.append(node)
        }
        nodes.sort { $0.rank < $1.rank }
        return nodes.isEmpty ? .always : nodes.count == 1 ? nodes[0] : .all(nodes)
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
            let (columns, rest) = try await attributes(.span, key, test, reader)
            return any(columns.map(Node.attribute) + rest.map(Node.rest))
        case .eventAttribute(let key): return try await part(.event, .event, key, test, reader)
        case .linkAttribute(let key): return try await part(.link, .link, key, test, reader)
        case .resourceAttribute(let key):
            return table(.resource, reader.schema.resources) {
                EncodedAttributes.holds(test, key: key, in: $0.encoded.rawSpan, of: .resource)
            }
        case .scopeAttribute(let key):
            return table(.scope, reader.schema.scopes) {
                EncodedAttributes.holds(test, key: key, in: $0.encoded.rawSpan, of: .scope)
            }
        case .scopeName:
            return table(.scope, reader.schema.scopes) {
                test.holds(string: EncodedAttributes.text(.name, in: $0.encoded.rawSpan).rawSpan)
            }
        case .scopeVersion:
            return table(.scope, reader.schema.scopes) {
                test.holds(string: EncodedAttributes.text(.version, in: $0.encoded.rawSpan).rawSpan)
            }
        case .eventName: return try await partStrings(.event, .eventName, test, reader)
        case .linkTraceID: return try await partStrings(.link, .linkTraceID, test, reader)
        case .linkSpanID: return try await partStrings(.link, .linkSpanID, test, reader)
        case .eventTime: return .part(.event, .time(test))
        case .name: return try await strings(.name, test, reader)
        case .statusMessage: return try await strings(.statusMessage, test, reader)
        case .status: return .integers(.status, test)
        case .kind: return .integers(.kind, test)
        case .duration: return .duration(test)
        case .spanID: return .spanID(test)
        case .isRoot: return .isRoot(test)
        }
    }

    /// What the test says of each entry of a table that rows refer to.
    private static func table<Entry>(_ column: FixedColumn, _ entries: [Entry], _ holds: (Entry) -> Bool) -> Node {
        let verdicts = entries.map(holds)
        guard verdicts.contains(true) else { return .never }
        return verdicts.contains(false) ? .table(column, Verdicts(verdicts)) : .always
    }

    private static func partStrings(
        _ part: SpanPart, _ column: FixedColumn, _ test: ValueTest, _ reader: BlockReader
    ) async throws -> Node {
        guard case .strings(let condition) = try await strings(column, test, reader) else { return .never }
        return .part(part, .strings(condition))
    }

    private static func strings(_ column: FixedColumn, _ test: ValueTest, _ reader: BlockReader) async throws -> Node {
        let condition = try await condition(column.rawValue, .string, test, reader)
        // Rows of a group without the column hold the empty string, which need not be in the dictionary.
        let mayMatch = condition.codes?.mayHold ?? true || test.holds(string: RawSpan())
        return mayMatch ? .strings(condition) : .never
    }

    /// A condition on the attributes of a span's events or links.
    private static func part(
        _ part: SpanPart, _ owner: AttributeOwner, _ key: [UInt8], _ test: ValueTest, _ reader: BlockReader
    ) async throws -> Node {
        let (columns, rest) = try await attributes(owner, key, test, reader)
        return any(columns.map { .part(part, .attribute($0)) } + rest.map { .part(part, .rest($0)) })
    }

    /// Conditions on a key: on its columns, one for each type of its values, and on the rest columns if they have it.
    private static func attributes(
        _ owner: AttributeOwner, _ key: [UInt8], _ test: ValueTest, _ reader: BlockReader
    ) async throws -> ([AttributeCondition], [RestCondition]) {
        let columns = KeyColumns(key, of: owner, reader.schema)
        let lookup = try await RestLookup(key, of: owner, reader)
        let hiding = columns.restMayComeFirst ? lookup.map { RestCondition($0, columns, nil) } : nil
        var conditions: [AttributeCondition] = []
        for (place, index) in columns.columns.enumerated() where columns.firsts.contains(place) {
            let type = reader.schema.columns[index].type
            guard type != .absent, type != .empty else { continue }
            let strings = try await condition(FixedColumn.firstAttribute + UInt32(index), type, test, reader)
            guard strings.codes?.mayHold ?? true else { continue }
            conditions.append(AttributeCondition(strings, type, columns, place, hiddenBy: hiding))
        }
        return (conditions, lookup.map { [RestCondition($0, columns, test)] } ?? [])
    }

    private static func condition(
        _ column: UInt32, _ type: AttributeType, _ test: ValueTest, _ reader: BlockReader
    ) async throws -> StringCondition {
        guard let dictionary = try await reader.dictionaries([column])[column] else {
            return StringCondition(column: column, test: test, codes: nil)
        }
        let codes = dictionary.value.codes { test.holds(bytes: $0, type) }
        return StringCondition(column: column, test: test, codes: Verdicts(codes))
    }
}
