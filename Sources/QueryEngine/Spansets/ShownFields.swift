// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceQL

/// The fields that a search shows of the spans that it found.
struct ShownFields: Sendable {
    private struct Field: Sendable {
        var field: SpanField
        var name: String
        /// Where columns have it, the first that does counts; empty if only a whole trace can say.
        var subjects: [SpanSubject]
    }

    private let fields: [Field]

    init(_ fields: [SpanField]) {
        self.fields = fields.compactMap { field in
            // What is shown of every span and trace anyway.
            if case .intrinsic(let reference) = field, reference.intrinsic.isShownAlways { return nil }
            return Field(field: field, name: field.shownName, subjects: field.subjects)
        }
    }

    /// Whether there are some that columns can't say.
    var needsWholeTraces: Bool { fields.contains { $0.subjects.isEmpty } }

    /// What a span of a trace that was put together has.
    func attributes(of row: Int32, _ trace: AssembledTrace) -> [SearchedAttribute] {
        fields.compactMap { field in
            let value = trace.values(of: field.field, row)
            return value == .absent || value == .opaque ? nil : SearchedAttribute(name: field.name, value: value)
        }
    }

    /// What columns have of some spans of one row group.
    private struct GroupSpans: Sendable {
        var matched: MatchedColumns
        /// By subject.
        var values: [PickedValues]
    }

    /// Adds spans of a block to an answer, with what columns have of them, in the order of the rows.
    ///
    /// - Parameters:
    ///   - rows: Of the block, rising or equal.
    ///   - width: Row groups that are looked into at a time.
    ///   - check: Is given the answer after some of them, and may stop the work by throwing.
    func addSpans(
        at rows: [Int], _ reader: BlockReader, width: Int, to found: inout SearchedTraces,
        check: (borrowing SearchedTraces) throws -> Void
    ) async throws {
        var parts: [(group: Int, rows: ArraySlice<Int>)] = []
        var next = 0
        while next < rows.count {
            let group = reader.rowGroup(ofRow: rows[next])
            let end = reader.endRow(ofGroup: group)
            let part = rows[next...].prefix { $0 < end }
            parts.append((group, part))
            next = part.endIndex
        }
        // Once, and not by each of those that work side by side.
        if !rows.isEmpty { try await reader.loadDictionaries(of: [.name] + fields.flatMap(\.subjects)) }
        var names = NameNumbers()
        found.spans.reserveCapacity(found.spans.count + rows.count)
        next = 0
        while next < parts.count {
            let some = Array(parts[next..<min(next + 4 * width, parts.count)])
            for spans in try await inParallel(some, width: width, { try await self.spans($0, reader) }) {
                try await names.prepare(spans.matched, reader, &found.texts)
                add(spans, names, to: &found)
                try check(found)
            }
            next += some.count
        }
    }

    private func spans(_ part: (group: Int, rows: ArraySlice<Int>), _ reader: BlockReader) async throws -> GroupSpans {
        let matched = try await reader.matchedColumns(part.rows, group: part.group)
        let subjects = fields.flatMap(\.subjects)
        guard !subjects.isEmpty else { return GroupSpans(matched: matched, values: []) }
        return GroupSpans(
            matched: matched,
            values: try await reader.values(of: subjects, rows: Array(part.rows), group: part.group))
    }

    private func add(_ spans: GroupSpans, _ names: NameNumbers, to found: inout SearchedTraces) {
        // By subject, then by value: the attribute in the answer.
        var attributes: [[Int32]] = []
        var subject = 0
        for field in fields {
            for picked in spans.values[subject..<(subject + field.subjects.count)] {
                attributes.append(
                    picked.values.map {
                        found.add(SearchedAttribute(name: field.name, value: field.field.value($0)))
                    })
            }
            subject += field.subjects.count
        }
        let matched = spans.matched
        for index in matched.spanIDs.indices {
            let first = found.references.count
            subject = 0
            for field in fields {
                let end = subject + field.subjects.count
                for place in subject..<end {
                    guard let value = spans.values[place].places[index] else { continue }
                    found.references.append(attributes[place][value])
                    break
                }
                subject = end
            }
            found.spans.append(
                SearchedTraces.Span(
                    spanID: matched.spanIDs[index], start: matched.starts[index], duration: matched.durations[index],
                    name: names.number(of: index, matched),
                    references: .init(first: first, count: found.references.count - first)))
        }
    }
}

/// The numbers that names of a block have in an answer.
private struct NameNumbers {
    /// By code of the block's dictionary; -1 of those that did not occur yet.
    private var ofCodes: [Int32] = []
    /// By place, of the names that the row group at hand has itself.
    private var local: [Int32] = []

    /// Gives all names of some spans numbers.
    mutating func prepare(_ matched: MatchedColumns, _ reader: BlockReader, _ texts: inout TextTable) async throws {
        if let names = matched.localNames {
            local = names.map { texts.number(of: $0) }
            return
        }
        var missing: [UInt32] = []
        for name in matched.names {
            let code = Int(name)
            if code >= ofCodes.count { ofCodes += Array(repeating: -1, count: code + 1 - ofCodes.count) }
            guard ofCodes[code] == -1 else { continue }
            missing.append(name)
            ofCodes[code] = -2
        }
        guard !missing.isEmpty else { return }
        for (code, name) in zip(missing, try await reader.names(ofCodes: missing)) {
            ofCodes[Int(code)] = texts.number(of: name)
        }
    }

    func number(of index: Int, _ matched: MatchedColumns) -> Int32 {
        let name = Int(matched.names[index])
        return matched.localNames == nil ? ofCodes[name] : local[name]
    }
}

extension SpanField {
    /// As an answer names it: attributes without their scope.
    fileprivate var shownName: String {
        switch self {
        case .attribute(let reference): reference.name
        case .intrinsic(let reference): reference.intrinsic.plainName ?? reference.name
        }
    }

    fileprivate var subjects: [SpanSubject] {
        switch self {
        case .attribute(let reference):
            let key = Array(reference.name.utf8)
            switch reference.scope {
            case .span: return [.spanAttribute(key)]
            case .resource: return [.resourceAttribute(key)]
            case .any: return [.spanAttribute(key), .resourceAttribute(key)]
            case .event, .link, .instrumentation: return []
            }
        case .intrinsic(let reference):
            switch reference.intrinsic {
            case .status: return [.status]
            case .statusMessage: return [.statusMessage]
            case .kind: return [.kind]
            default: return []
            }
        }
    }

    /// What a query sees of a column's value.
    fileprivate func value(_ value: SpanValue) -> StaticValue {
        switch value {
        case .string(let bytes): .string(String(decoding: bytes, as: UTF8.self))
        case .double(let value): .float(value)
        case .boolean(let value): .boolean(value)
        case .array(let bytes): StaticValue(.array, 0, bytes.rawSpan)
        case .integer(let value):
            switch type {
            case .status: StatusKeyword(rawValue: Int(value)).map { .status($0) } ?? .int(value)
            case .kind: KindKeyword(rawValue: Int(value)).map { .kind($0) } ?? .int(value)
            default: .int(value)
            }
        }
    }
}

extension Intrinsic {
    /// Whether every answer has it, or says it of the whole trace.
    fileprivate var isShownAlways: Bool {
        switch self {
        case .name, .duration, .spanID, .spanStartTime, .traceDuration, .rootName, .rootServiceName, .traceID,
            .traceStartTime, .parent:
            true
        default: false
        }
    }
}
