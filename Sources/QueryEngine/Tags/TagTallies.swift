// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceQL

/// The keys that spans have in some scopes.
final class TagNameTally: SpanSink {
    private(set) var names: [TagScope: Set<[UInt8]>] = [:]
    /// What there is at most, by scope.
    private let limits: [TagScope: Set<[UInt8]>]
    /// Of the block at hand.
    private var finders: [TagScope: KeyFinder] = [:]

    /// Keys are among those of ``limits``.
    var byteCount: Int { finders.values.reduce(0) { $0 + $1.byteCount } }

    /// - Parameter limits: By the scopes that are wanted: the keys of all spans.
    init(limits: [TagScope: Set<[UInt8]>]) { self.limits = limits }

    var isComplete: Bool { limits.allSatisfy { names[$0.key, default: []].count == $0.value.count } }

    func take(_ rows: [Int32], of trace: AssembledTrace) {
        for (_, rows) in Dictionary(grouping: rows, by: { ObjectIdentifier(trace.rows[Int($0)].view) }) {
            guard let first = rows.first else { continue }
            add(trace.rows[Int(first)].view, rows.map { trace.rows[Int($0)].row })
        }
    }

    func take(_ rows: RowMask, group: Int, of reader: BlockReader) async throws -> Int {
        var readByteCount = 0
        for (scope, limit) in limits where names[scope, default: []].count < limit.count {
            if finders[scope]?.reader !== reader { finders[scope] = try await KeyFinder(scope.place, reader) }
            readByteCount += try await finders[scope]?.add(rows, group: group, to: &names[scope, default: []]) ?? 0
        }
        return readByteCount
    }

    private func add(_ view: SpanBatchView, _ rows: [Int]) {
        for scope in limits.keys {
            names[scope, default: []].formUnion(view.attributeKeys(of: scope.place, rows: rows))
        }
    }
}

/// The values that spans have of a tag, and how many have each.
final class TagValueTally: SpanSink {
    private let fields: [SpanField]
    private var tally = ValueTally()
    /// Of the block at hand.
    private var counter: TagCounter?
    let isComplete = false

    init(_ subject: TagSubject) { fields = subject.fields }

    /// Once as they are found, and twice as texts while they are put in order.
    var byteCount: Int { 3 * tally.byteCount + (counter?.byteCount ?? 0) }

    /// Values and how many spans have each.
    var counts: some Sequence<(ListedValues.Value, Int)> { zip(tally.values, tally.counts).lazy.filter { $0.1 > 0 } }

    func take(_ rows: [Int32], of trace: AssembledTrace) {
        for row in rows {
            var found: [ListedValues.Value] = []
            for field in fields {
                let parts = field.isOfEvent ? trace.eventCount(of: row) : field.isOfLink ? trace.linkCount(of: row) : 1
                for part in 0..<parts {
                    let place = SpanPlace(
                        row: row, event: field.isOfEvent ? part : nil, link: field.isOfLink ? part : nil)
                    switch trace.value(of: field, place) {
                    case .array(let elements): found += elements.compactMap(ListedValues.Value.init)
                    case let value: if let value = ListedValues.Value(value) { found.append(value) }
                    }
                }
            }
            tally.add(found)
        }
    }

    func take(_ rows: RowMask, group: Int, of reader: BlockReader) async throws -> Int {
        if let text = fields.first?.rootText {
            try await reader.countRoots(text, rows, group: group, into: &tally)
            return 0
        }
        if counter?.reader !== reader { counter = try await TagCounter(fields.compactMap(\.subject), reader) }
        return try await counter?.add(rows, group: group, to: &tally) ?? 0
    }
}

extension SpanField {
    /// What of the root of its trace a span has.
    fileprivate var rootText: RootText? {
        guard case .intrinsic(let reference) = self else { return nil }
        return switch reference.intrinsic {
        case .rootName: .name
        case .rootServiceName: .service
        default: nil
        }
    }

    /// Where blocks have it; nil if it is not listed, or if it is the root's.
    fileprivate var subject: SpanSubject? {
        switch self {
        case .attribute(let reference):
            let key = Array(reference.name.utf8)
            return switch reference.scope {
            case .span: .spanAttribute(key)
            case .resource: .resourceAttribute(key)
            case .event: .eventAttribute(key)
            case .link: .linkAttribute(key)
            case .instrumentation: .scopeAttribute(key)
            case .any: nil
            }
        case .intrinsic(let reference):
            return switch reference.intrinsic {
            case .name: .name
            case .statusMessage: .statusMessage
            case .status: .status
            case .kind: .kind
            case .eventName: .eventName
            case .instrumentationName: .scopeName
            case .instrumentationVersion: .scopeVersion
            default: nil
            }
        }
    }
}

extension TagSubject {
    fileprivate var fields: [SpanField] {
        switch self {
        case .intrinsic(let intrinsic):
            [.intrinsic(IntrinsicReference(intrinsic, isScoped: intrinsic.plainName == nil))]
        case .attribute(let key, let scopes):
            TagScope.allCases.filter(scopes.contains).map { .attribute(AttributeReference($0.attributeScope, key)) }
        }
    }
}

extension TagScope {
    fileprivate var attributeScope: AttributeScope {
        switch self {
        case .resource: .resource
        case .span: .span
        case .event: .event
        case .link: .link
        case .instrumentation: .instrumentation
        }
    }
}

extension ListedValues.Value {
    /// Nil for what is not listed.
    fileprivate init?(_ value: StaticValue) {
        switch value {
        case .string(let text): self = .string(Array(text.utf8))
        case .int(let number): self = .integer(number)
        case .float(let number): self = .double(number.bitPattern)
        case .boolean(let value): self = .boolean(value)
        case .status(let status): self = .integer(Int64(status.rawValue))
        case .kind(let kind): self = .integer(Int64(kind.rawValue))
        case .absent, .duration, .array, .opaque: return nil
        }
    }
}
