// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// A value of a span, as a search shows it.
package enum SpanValue: Hashable, Sendable {
    case string([UInt8])
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    /// The encoding of an OTLP ArrayValue.
    case array([UInt8])
}

extension BlockReader {
    /// The values that some rows of one row group have of each subject; nil where a row has none.
    ///
    /// - Parameters:
    ///   - subjects: Attributes of spans and resources, names, status messages, statuses, kinds.
    ///   - rows: Of the block, rising, all in `group`.
    /// - Returns: By subject, then by row.
    package func values(
        of subjects: [SpanSubject], rows: [Int], group: Int
    ) async throws -> [[SpanValue?]] {
        var columns: Set<UInt32> = []
        for subject in subjects { columns.formUnion(self.columns(of: subject)) }
        let available = try await dictionaries(columns.filter { isString($0) })
        let decoder = try await decoder(of: group, try await directory(of: group), columns: columns)
        let probe = ColumnProbe(
            decoder: decoder, schema: schema, dictionaries: available,
            rows: rows.map { $0 - footer.rowGroups[group].firstRow })
        var values: [[SpanValue?]] = []
        for subject in subjects { values.append(try probe.values(of: subject)) }
        return values
    }

    /// The row group that holds a row of the block.
    package func rowGroup(ofRow row: Int) -> Int { groups(of: row..<(row + 1)).lowerBound }

    /// The first row behind a row group.
    package func endRow(ofGroup group: Int) -> Int {
        footer.rowGroups[group].firstRow + footer.rowGroups[group].rowCount
    }

    private func columns(of subject: SpanSubject) -> Set<UInt32> {
        switch subject {
        case .spanAttribute(let key):
            var columns: Set<UInt32> = [FixedColumn.shape.rawValue]
            for (index, column) in schema.columns.enumerated() where column.owner == .span && column.key == key {
                columns.insert(FixedColumn.firstAttribute + UInt32(index))
            }
            return columns
        case .resourceAttribute: return [FixedColumn.resource.rawValue]
        case .name: return [FixedColumn.name.rawValue]
        case .statusMessage: return [FixedColumn.statusMessage.rawValue]
        case .status: return [FixedColumn.status.rawValue]
        case .kind: return [FixedColumn.kind.rawValue]
        case .scopeAttribute, .eventAttribute, .linkAttribute, .eventName, .eventTime, .linkTraceID, .linkSpanID,
            .scopeName, .scopeVersion, .duration, .spanID, .isRoot:
            return []
        }
    }
}

/// Picks the values of some rows out of a row group's columns.
private struct ColumnProbe: ~Copyable {
    let decoder: RowGroupDecoder
    let schema: BlockSchema
    let dictionaries: [UInt32: BlockReader.Shared<BlockDictionary>]
    /// Counted from the group's first, rising.
    let rows: [Int]

    init(
        decoder: consuming RowGroupDecoder, schema: BlockSchema,
        dictionaries: [UInt32: BlockReader.Shared<BlockDictionary>], rows: [Int]
    ) {
        self.decoder = decoder
        self.schema = schema
        self.dictionaries = dictionaries
        self.rows = rows
    }

    func values(of subject: SpanSubject) throws(BlockError) -> [SpanValue?] {
        switch subject {
        case .spanAttribute(let key): return try attributes(key)
        case .resourceAttribute(let key): return try resources(key)
        case .name: return try strings(FixedColumn.name.rawValue, count: decoder.entry.rowCount, at: rows, or: [])
        case .statusMessage:
            return try strings(FixedColumn.statusMessage.rawValue, count: decoder.entry.rowCount, at: rows, or: [])
        case .status, .kind:
            let column: FixedColumn = subject == .status ? .status : .kind
            let values = try numbers(column.rawValue, count: decoder.entry.rowCount)
            return rows.map { .integer(Int64(Int32(truncatingIfNeeded: values[$0]))) }
        case .scopeAttribute, .eventAttribute, .linkAttribute, .eventName, .eventTime, .linkTraceID, .linkSpanID,
            .scopeName, .scopeVersion, .duration, .spanID, .isRoot:
            return rows.map { _ in nil }
        }
    }

    private func numbers(_ column: UInt32, count: Int) throws(BlockError) -> [UInt64] {
        var values = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(column, count: count, 0..<count, into: &values)
        return (0..<count).map { values[$0] }
    }

    private func resources(_ key: [UInt8]) throws(BlockError) -> [SpanValue?] {
        var known: [SpanValue??] = Array(repeating: nil, count: schema.resources.count)
        let codes = try numbers(FixedColumn.resource.rawValue, count: decoder.entry.rowCount)
        var values: [SpanValue?] = []
        for row in rows {
            guard codes[row] < UInt64(known.count) else { throw unfit() }
            let code = Int(codes[row])
            let value = known[code] ?? Self.value(key, in: schema.resources[code].encoded)
            known[code] = .some(value)
            values.append(value)
        }
        return values
    }

    private static func value(_ key: [UInt8], in resource: [UInt8]) -> SpanValue? {
        var value: SpanValue?
        EncodedAttributes.forEach(in: resource.rawSpan, of: .resource) { found, type, bits, bytes in
            guard value == nil, found.isEqual(to: key.rawSpan) else { return }
            value = SpanValue(type, bits, bytes)
        }
        return value
    }

    /// The first value that each row has of any type.
    private func attributes(_ key: [UInt8]) throws(BlockError) -> [SpanValue?] {
        var values: [SpanValue?] = Array(repeating: nil, count: rows.count)
        for (index, column) in schema.columns.enumerated() where column.owner == .span && column.key == key {
            let number = FixedColumn.firstAttribute + UInt32(index)
            guard let chunk = decoder.chunk(number) else { continue }
            let (owners, places) = try places(UInt32(index), valueCount: chunk.valueCount)
            let found = try typed(number, column.type, count: chunk.valueCount, at: places)
            for (owner, value) in zip(owners, found) where values[owner] == nil { values[owner] = value }
        }
        return values
    }

    /// Which of the rows have a value of an attribute column, and where their first one stands in it.
    private func places(_ column: UInt32, valueCount: Int) throws(BlockError) -> (owners: [Int], places: [Int]) {
        let shapes = schema.shapes[Int(AttributeOwner.span.rawValue)]
        let counts = shapes.map { shape in shape.count { $0 == column } }
        let codes = try numbers(FixedColumn.shape.rawValue, count: decoder.entry.rowCount)
        var owners: [Int] = []
        var places: [Int] = []
        var place = 0
        var next = 0
        for row in 0..<codes.count where next < rows.count {
            guard codes[row] < UInt64(counts.count) else { throw unfit() }
            let count = counts[Int(codes[row])]
            if row == rows[next] {
                if count > 0 {
                    owners.append(next)
                    places.append(place)
                }
                next += 1
            }
            place += count
        }
        guard places.last ?? 0 < valueCount || places.isEmpty else { throw unfit() }
        return (owners, places)
    }

    private func typed(
        _ column: UInt32, _ type: AttributeType, count: Int, at places: [Int]
    ) throws(BlockError) -> [SpanValue?] {
        guard type.isByteString else {
            let values = try numbers(column, count: count)
            return places.map { SpanValue(type, AttributeScatter.bits(values[$0], type), RawSpan()) }
        }
        let strings = try strings(column, count: count, at: places, or: [])
        guard type == .array else { return type == .string ? strings : places.map { _ in nil } }
        return strings.map { value in
            if case .string(let bytes)? = value { .array(bytes) } else { nil }
        }
    }

    /// - Parameter nothing: What rows hold if the group lacks the column.
    private func strings(
        _ column: UInt32, count: Int, at places: [Int], or nothing: [UInt8]
    ) throws(BlockError) -> [SpanValue?] {
        guard decoder.chunk(column) != nil else { return places.map { _ in .string(nothing) } }
        guard let dictionary = dictionaries[column] else {
            guard let local = try decoder.localStrings(column, count: count, 0..<count) else {
                return places.map { _ in nil }
            }
            return places.map { .string([UInt8](local[$0])) }
        }
        var codes = FlatBuffer<UInt32>(capacity: count)
        try decoder.codes(column, count: count, 0..<count, into: &codes)
        var values: [SpanValue?] = []
        for place in places {
            guard Int(codes[place]) < dictionary.value.count else { throw unfit() }
            values.append(.string(dictionary.value.value(Int(codes[place])).bytes))
        }
        return values
    }

    private func unfit() -> BlockError {
        BlockError(
            .corrupted, "the attributes in row group \(decoder.index) of block \(decoder.id) do not fit their shapes")
    }
}

extension SpanValue {
    /// Nil of what a search does not show.
    init?(_ type: AttributeType, _ bits: UInt64, _ bytes: RawSpan) {
        switch type {
        case .string: self = .string([UInt8](bytes))
        case .bool: self = .boolean(bits != 0)
        case .int: self = .integer(Int64(bitPattern: bits))
        case .double: self = .double(Double(bitPattern: bits))
        case .array: self = .array([UInt8](bytes))
        case .absent, .empty, .keyValueList, .bytes: return nil
        }
    }
}
