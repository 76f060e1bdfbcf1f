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
        /// Whether columns have it of every span.
        var isOfColumns: Bool
    }

    private let fields: [Field]
    /// Of all fields, one behind the other.
    private let subjects: [SpanSubject]
    /// Whether a parent's number is shown of roots alone, as columns have it.
    private let showsRootsOnly: Bool

    /// - Parameter isOfWholeTraces: Whether all spans that are shown are of traces that were put together.
    init(_ fields: [SpanField], isOfWholeTraces: Bool = false) {
        showsRootsOnly = !isOfWholeTraces
        self.fields = fields.compactMap { field in
            // What is shown of every span and trace anyway.
            if case .intrinsic(let reference) = field, reference.intrinsic.isShownAlways { return nil }
            let isOfColumns = !field.subjects.isEmpty
            // Of roots the columns can say it; they are what is mostly asked for.
            let subjects = isOfColumns ? field.subjects : field.isNestedSetParent ? [.isRoot] : []
            return Field(field: field, name: field.shownName, subjects: subjects, isOfColumns: isOfColumns)
        }
        subjects = self.fields.flatMap(\.subjects)
    }

    /// Whether there are some that columns can't say.
    var needsWholeTraces: Bool { !fields.allSatisfy(\.isOfColumns) }

    /// What a span of a trace that was put together has.
    func attributes(of row: Int32, _ trace: AssembledTrace) -> [SearchedAttribute] {
        fields.compactMap { field in
            var value = trace.values(of: field.field, row)
            // As by columns: the first that can be shown.
            if value == .opaque, let resource = field.field.ofResource { value = trace.values(of: resource, row) }
            if value == .absent || value == .opaque { return nil }
            if showsRootsOnly, field.field.isNestedSetParent, value != .int(-1) { return nil }
            return SearchedAttribute(name: field.name, value: value)
        }
    }

    /// What columns have of some spans of one row group or view.
    private struct GroupSpans: Sendable {
        var matched: MatchedColumns
        /// By subject.
        var values: [PickedValues]

        /// Bytes, about, that they take in an answer, beside names that the block has.
        var byteCount: Int {
            let names = matched.localNames?.reduce(0) { $0 + 96 + 2 * $1.count } ?? 0
            return names + matched.spanIDs.count * (MemoryLayout<SearchedTraces.Span>.stride + 4 * values.count)
                + values.reduce(0) { $1.values.reduce($0) { $0 + 128 + $1.byteCount } }
        }
    }

    /// Spans that are wanted of one row group.
    private struct GroupRows: Sendable {
        var group: Int
        /// Of the block, at their places among all that are wanted.
        var rows: ArraySlice<Int>
    }

    /// Which spans were added to an answer.
    struct Added {
        /// By row: where its span is in the answer; nil if it could not be added. Of a row group all rows are there, one
        /// behind the other, or none.
        var places: [Int?]
        /// Why some are not there: a ``BlockError`` or a ``QueryError``.
        var failure: (any Error)?
    }

    /// Adds spans of a block to an answer, with what columns have of them, in the order of the rows.
    ///
    /// - Parameters:
    ///   - rows: Of the block, rising or equal.
    ///   - width: Row groups that are looked into at a time.
    ///   - check: Is told how many bytes the next ones take beside the answer, and may stop the work by throwing.
    func addSpans(
        at rows: [Int], _ reader: BlockReader, width: Int, to found: inout SearchedTraces,
        check: (borrowing SearchedTraces, Int) throws(QueryError) -> Void
    ) async throws -> Added {
        var added = Added(places: Array(repeating: nil, count: rows.count))
        do {
            // Once, and not by each of those that work side by side.
            if !rows.isEmpty { try await reader.loadDictionaries(of: [.name] + subjects) }
            let columns = try await reader.partColumns(of: rows.isEmpty ? [] : subjects)
            let parts = groupRows(rows, reader)
            var names = NameNumbers()
            var next = 0
            while next < parts.count {
                let some = try await fitting(parts[next...].prefix(4 * width), columns, reader, beside: found, check)
                next = some.endIndex
                let read = try await inParallel(Array(some), width: width) { await spans($0, columns, reader) }
                for (part, spans) in zip(some, read) {
                    do {
                        let (spans, first) = (try spans.get(), found.spans.count)
                        try check(found, spans.byteCount)
                        try await names.prepare(spans.matched, reader, &found.texts)
                        add(spans, names, to: &found)
                        for (place, index) in part.rows.indices.enumerated() { added.places[index] = first + place }
                    } catch let error as BlockError {
                        // Of this row group alone.
                        added.failure = added.failure ?? error
                    }
                }
            }
        } catch let error as BlockError {
            added.failure = error
        } catch let error as QueryError {
            added.failure = error
        }
        return added
    }

    /// Adds spans of a head to an answer, with what columns have of them, in the order of the rows.
    ///
    /// - Parameter check: As for those of a block.
    /// - Returns: Where the first is in the answer; the others stand behind it.
    func addSpans(
        at rows: [Int], _ view: SpanBatchView, to found: inout SearchedTraces,
        check: (borrowing SearchedTraces, Int) throws(QueryError) -> Void
    ) throws(QueryError) -> Int {
        var byteCount = rows.count * (MemoryLayout<SearchedTraces.Span>.stride + 32)
        for code in Set(rows.map { view.name[$0] }) { byteCount += 96 + 2 * view.byteCount(ofString: code) }
        try check(found, byteCount)
        let matched = view.matchedColumns(rows)
        let values = try view.values(of: subjects, rows: rows) { (more) throws(QueryError) in
            // In what is picked, and in the answer.
            byteCount += 2 * more
            try check(found, byteCount)
        }
        var names = NameNumbers()
        names.prepare(matched, &found.texts)
        let first = found.spans.count
        add(GroupSpans(matched: matched, values: values), names, to: &found)
        return first
    }

    private func groupRows(_ rows: [Int], _ reader: BlockReader) -> [GroupRows] {
        var parts: [GroupRows] = []
        var next = 0
        while next < rows.count {
            let group = reader.rowGroup(ofRow: rows[next])
            let end = reader.endRow(ofGroup: group)
            parts.append(GroupRows(group: group, rows: rows[next...].prefix { $0 < end }))
            next = parts[parts.count - 1].rows.endIndex
        }
        return parts
    }

    /// As many of some row groups, from the first, as there is memory to look into at a time.
    ///
    /// - Throws: ``QueryError`` if there is not enough for one.
    private func fitting(
        _ parts: ArraySlice<GroupRows>, _ columns: PartColumns, _ reader: BlockReader,
        beside found: borrowing SearchedTraces,
        _ check: (borrowing SearchedTraces, Int) throws(QueryError) -> Void
    ) async throws -> ArraySlice<GroupRows> {
        var byteCount = 0
        for place in parts.indices {
            // What can't be told of a damaged one is told when it is read.
            byteCount += (try? await reader.shownByteCount(of: subjects, columns, group: parts[place].group)) ?? 0
            do {
                try check(found, byteCount)
            } catch {
                guard place > parts.startIndex else { throw error }
                return parts[..<place]
            }
        }
        return parts
    }

    private func spans(
        _ part: GroupRows, _ columns: PartColumns, _ reader: BlockReader
    ) async -> Result<GroupSpans, any Error> {
        do {
            var spans = GroupSpans(
                matched: try await reader.matchedColumns(part.rows, group: part.group), values: [])
            if !subjects.isEmpty {
                spans.values = try await reader.values(
                    of: subjects, columns, rows: Array(part.rows), group: part.group)
            }
            return .success(spans)
        } catch {
            return .failure(error)
        }
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
        if matched.localNames != nil { return prepare(matched, &texts) }
        var missing: [UInt32] = []
        for name in matched.names {
            let code = Int(name)
            if code >= ofCodes.count { ofCodes += Array(repeating: -1, count: code + 1 - ofCodes.count) }
            guard ofCodes[code] == -1 else { continue }
            missing.append(name)
            ofCodes[code] = -2
        }
        guard !missing.isEmpty else { return }
        // Those that could not be read are missing further on.
        defer { for code in missing where ofCodes[Int(code)] == -2 { ofCodes[Int(code)] = -1 } }
        for (code, name) in zip(missing, try await reader.names(ofCodes: missing)) {
            ofCodes[Int(code)] = texts.number(of: name)
        }
    }

    /// Gives the names that they have themselves numbers.
    mutating func prepare(_ matched: MatchedColumns, _ texts: inout TextTable) {
        local = matched.localNames?.map { texts.number(of: $0) } ?? []
    }

    func number(of index: Int, _ matched: MatchedColumns) -> Int32 {
        let name = Int(matched.names[index])
        return matched.localNames == nil ? ofCodes[name] : local[name]
    }
}
