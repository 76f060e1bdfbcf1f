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
    private(set) var byteCount = 0

    /// - Parameter limits: By the scopes that are wanted: the keys of all spans.
    init(limits: [TagScope: Set<[UInt8]>]) { self.limits = limits }

    var isComplete: Bool { limits.allSatisfy { names[$0.key, default: []].count == $0.value.count } }

    func take(_ rows: [Int32], of trace: AssembledTrace) {
        for (_, rows) in Dictionary(grouping: rows, by: { ObjectIdentifier(trace.rows[Int($0)].view) }) {
            guard let first = rows.first else { continue }
            add(trace.rows[Int(first)].view, rows.map { trace.rows[Int($0)].row })
        }
    }

    func take(
        _ rows: [Int], group: Int, of reader: BlockReader, _ pool: SlabPool, check: (Int) throws -> Void
    ) async throws {
        var batch = SpanBatch(pool: pool, seed: .random(in: .min ... .max))
        try await reader.read(rowGroup: group, into: &batch)
        try check(byteCount + batch.byteCount)
        let first = reader.endRow(ofGroup: group) - batch.rowCount
        add(batch.view(), rows.map { $0 - first })
    }

    private func add(_ view: SpanBatchView, _ rows: [Int]) {
        for scope in limits.keys {
            for key in view.attributeKeys(of: scope.place, rows: rows)
            where names[scope, default: []].insert(key).inserted {
                byteCount += 64 + key.count
            }
        }
    }
}

/// The values that spans have of a tag, and how many have each.
final class TagValueTally: SpanSink {
    private let fields: [SpanField]
    /// Where columns have the fields; nil if they don't.
    private let subjects: [SpanSubject]?
    private(set) var counts: [ListedValues.Value: Int] = [:]
    /// Once as they are found, and twice as texts while they are put in order.
    private(set) var byteCount = 0
    let isComplete = false

    init(_ subject: TagSubject) {
        fields = subject.fields
        let subjects = fields.compactMap(\.columnSubject)
        self.subjects = subjects.count == fields.count ? subjects : nil
    }

    private func add(_ value: ListedValues.Value, count: Int = 1) {
        if counts[value, default: 0] == 0 {
            byteCount += 3 * 64
            if case .string(let bytes) = value { byteCount += 3 * (bytes.count + 32) }
        }
        counts[value, default: 0] += count
    }

    func take(_ rows: [Int32], of trace: AssembledTrace) {
        for row in rows {
            var found: Set<ListedValues.Value> = []
            for field in fields {
                let parts = field.isOfEvent ? trace.eventCount(of: row) : field.isOfLink ? trace.linkCount(of: row) : 1
                for part in 0..<parts {
                    let place = SpanPlace(
                        row: row, event: field.isOfEvent ? part : nil, link: field.isOfLink ? part : nil)
                    if let value = ListedValues.Value(trace.value(of: field, place)) { found.insert(value) }
                }
            }
            for value in found { add(value) }
        }
    }

    func take(
        _ rows: [Int], group: Int, of reader: BlockReader, _ pool: SlabPool, check: (Int) throws -> Void
    ) async throws {
        if let subjects {
            add(try await reader.values(of: subjects, rows: rows, group: group))
            return try check(byteCount)
        }
        var batch = SpanBatch(pool: pool, seed: .random(in: .min ... .max))
        try await reader.read(rowGroup: group, into: &batch)
        try check(byteCount + batch.byteCount)
        let view = batch.view()
        let first = reader.endRow(ofGroup: group) - batch.rowCount
        var summaries: [TraceID: TraceSummary] = [:]
        for row in rows {
            let id = view.traceID(row - first)
            if fields.contains(where: \.isOfTrace), summaries[id] == nil {
                summaries[id] = try await reader.find(id)?.summary
            }
            add(row - first, of: view, root: summaries[id]?.root)
        }
        try check(byteCount)
    }

    /// Adds what columns have of some rows, by subject.
    private func add(_ picked: [PickedValues]) {
        let values = picked.map { $0.values.map { ListedValues.Value($0) } }
        guard picked.count == 1 else {
            for row in 0..<(picked.first?.places.count ?? 0) {
                let found = picked.indices.compactMap { subject in
                    picked[subject].places[row].flatMap { values[subject][$0] }
                }
                for (index, value) in found.enumerated() where !found[..<index].contains(value) { add(value) }
            }
            return
        }
        var counts = [Int](repeating: 0, count: values[0].count)
        for case let place? in picked[0].places { counts[place] += 1 }
        for (value, count) in zip(values[0], counts) where count > 0 { if let value { add(value, count: count) } }
    }

    /// Adds what a row has by itself, and what its trace has.
    private func add(_ row: Int, of view: SpanBatchView, root: (service: [UInt8], name: [UInt8])?) {
        var found: Set<ListedValues.Value> = []
        for field in fields {
            if field.isOfTrace {
                if let text = field.intrinsic == .rootName ? root?.name : root?.service { found.insert(.string(text)) }
                continue
            }
            let parts = field.isOfEvent ? view.events(of: row).count : field.isOfLink ? view.links(of: row).count : 1
            for part in 0..<parts {
                let place = SpanPlace(
                    row: Int32(truncatingIfNeeded: row), event: field.isOfEvent ? part : nil,
                    link: field.isOfLink ? part : nil)
                if let value = ListedValues.Value(view.value(of: field, place)) { found.insert(value) }
            }
        }
        for value in found { add(value) }
    }
}

extension SpanBatchView {
    fileprivate func value(of field: SpanField, _ place: SpanPlace) -> StaticValue {
        switch field {
        case .attribute(let reference): value(of: reference, Int(place.row), place)
        case .intrinsic(let reference): value(of: reference.intrinsic, Int(place.row), place)
        }
    }
}

extension SpanField {
    fileprivate var intrinsic: Intrinsic? {
        if case .intrinsic(let reference) = self { reference.intrinsic } else { nil }
    }

    fileprivate var isOfTrace: Bool { intrinsic?.isOfTrace ?? false }

    /// Where columns of blocks have it; nil if rows have to be read.
    fileprivate var columnSubject: SpanSubject? {
        switch self {
        case .attribute(let reference):
            let key = Array(reference.name.utf8)
            return switch reference.scope {
            case .span: .spanAttribute(key)
            case .resource: .resourceAttribute(key)
            case .any, .event, .link, .instrumentation: nil
            }
        case .intrinsic(let reference):
            return switch reference.intrinsic {
            case .name: .name
            case .statusMessage: .statusMessage
            case .status: .status
            case .kind: .kind
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
        case .absent, .duration, .array: return nil
        }
    }

    fileprivate init?(_ value: SpanValue) {
        switch value {
        case .string(let bytes): self = .string(bytes)
        case .integer(let number): self = .integer(number)
        case .double(let number): self = .double(number.bitPattern)
        case .boolean(let value): self = .boolean(value)
        case .array: return nil
        }
    }
}
