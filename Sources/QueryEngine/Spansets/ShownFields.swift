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
            return value == .absent ? nil : SearchedAttribute(name: field.name, value: value)
        }
    }

    /// Spans of a block with what columns have of them, in the order of the rows.
    ///
    /// - Parameters:
    ///   - rows: Of the block, rising or equal.
    ///   - width: Row groups that are looked into at a time.
    ///   - check: Is given the spans part by part, and may stop the work by throwing.
    func spans(
        at rows: [Int], _ reader: BlockReader, width: Int, check: ([SearchedSpan]) throws -> Void
    ) async throws -> [SearchedSpan] {
        var parts: [ArraySlice<Int>] = []
        var next = 0
        while next < rows.count {
            let end = reader.endRow(ofGroup: reader.rowGroup(ofRow: rows[next]))
            let part = rows[next...].prefix { $0 < end }
            parts.append(part)
            next = part.endIndex
        }
        // Once, and not by each of those that work side by side.
        if !rows.isEmpty { try await reader.loadDictionaries(of: [.name] + fields.flatMap(\.subjects)) }
        var spans: [SearchedSpan] = []
        spans.reserveCapacity(rows.count)
        next = 0
        while next < parts.count {
            let some = Array(parts[next..<min(next + 4 * width, parts.count)])
            for part in try await inParallel(some, width: width, { try await self.spans(inGroup: Array($0), reader) }) {
                try check(part)
                spans += part
            }
            next += some.count
        }
        return spans
    }

    /// - Parameter rows: All in one row group.
    private func spans(inGroup rows: [Int], _ reader: BlockReader) async throws -> [SearchedSpan] {
        var spans = try await reader.matchedSpans(rows).map { SearchedSpan($0) }
        let subjects = fields.flatMap(\.subjects)
        guard !subjects.isEmpty, let first = rows.first else { return spans }
        add(try await reader.values(of: subjects, rows: rows, group: reader.rowGroup(ofRow: first)), to: &spans)
        return spans
    }

    /// Gives spans what columns have of each subject.
    private func add(_ values: [PickedValues], to spans: inout [SearchedSpan]) {
        var subject = 0
        for field in fields {
            var isShown: [Bool] = []
            for picked in values[subject..<(subject + field.subjects.count)] {
                // One list for all spans that have the same, where it is their only one.
                let lists = picked.values.map { [SearchedAttribute(name: field.name, value: field.field.value($0))] }
                for (index, place) in picked.places.enumerated() {
                    guard let place else { continue }
                    if isShown.isEmpty { isShown = Array(repeating: false, count: picked.places.count) }
                    guard !isShown[index] else { continue }
                    isShown[index] = true
                    if spans[index].attributes.isEmpty {
                        spans[index].attributes = lists[place]
                    } else {
                        spans[index].attributes += lists[place]
                    }
                }
            }
            subject += field.subjects.count
        }
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
