// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

extension BlockReader {
    /// The values that some rows of one row group have of each subject.
    ///
    /// - Parameters:
    ///   - subjects: All but durations and span IDs. Of ``SpanSubject/isRoot`` roots alone have a value.
    ///   - parts: The columns of those that are of events or links.
    ///   - rows: Of the block, rising or equal, all in `group`.
    /// - Returns: By subject.
    package func values(
        of subjects: [SpanSubject], _ parts: PartColumns = PartColumns(), rows: [Int], group: Int
    ) async throws -> [PickedValues] {
        var columns: Set<UInt32> = []
        for subject in subjects { columns.formUnion(self.columns(of: subject).union(parts.columns(of: subject))) }
        let available = try await dictionaries(columns.filter { isString($0) })
        let directory = try await directory(of: group)
        var lookups: [[UInt8]: RestLookup] = [:]
        for case .spanAttribute(let key) in subjects {
            guard let lookup = try await RestLookup(key, of: .span, self), lookup.mayMatch(directory) else { continue }
            lookups[key] = lookup
            columns.formUnion(lookup.columns.all)
        }
        let decoder = try await decoder(of: group, directory, columns: columns)
        let probe = ColumnProbe(
            decoder: decoder, schema: schema, dictionaries: available, lookups: lookups, parts: parts,
            rows: rows.map { $0 - footer.rowGroups[group].firstRow })
        var values: [PickedValues] = []
        for subject in subjects { values.append(try probe.values(of: subject)) }
        return values
    }

    /// Reads the dictionaries of the subjects' values, which then are at hand.
    package func loadDictionaries(of subjects: [SpanSubject]) async throws {
        var columns: Set<UInt32> = []
        for subject in subjects { columns.formUnion(self.columns(of: subject)) }
        _ = try await dictionaries(columns.filter { isString($0) })
    }

    /// The row group that holds a row of the block.
    package func rowGroup(ofRow row: Int) -> Int { groups(of: row..<(row + 1)).lowerBound }

    /// The row groups that hold some rows of the block.
    package func rowGroups(of rows: Range<Int>) -> Range<Int> { groups(of: rows) }

    /// The first row behind a row group.
    package func endRow(ofGroup group: Int) -> Int {
        footer.rowGroups[group].firstRow + footer.rowGroups[group].rowCount
    }

    func columns(of subject: SpanSubject) -> Set<UInt32> {
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
        case .scopeAttribute, .scopeName, .scopeVersion: return [FixedColumn.scope.rawValue]
        case .isRoot: return [FixedColumn.parent.rawValue]
        // Those of events and links say it themselves.
        case .eventAttribute, .linkAttribute, .eventName, .eventTime, .linkTraceID, .linkSpanID, .duration, .spanID:
            return []
        }
    }
}

/// Picks the values of some rows out of a row group's columns.
private struct ColumnProbe: ~Copyable {
    let decoder: RowGroupDecoder
    let schema: BlockSchema
    let dictionaries: [UInt32: BlockReader.Shared<BlockDictionary>]
    /// By key, of those that the row group may have among the keys without a column.
    let lookups: [[UInt8]: RestLookup]
    let parts: PartColumns
    /// Counted from the group's first, rising or equal.
    let rows: [Int]

    init(
        decoder: consuming RowGroupDecoder, schema: BlockSchema,
        dictionaries: [UInt32: BlockReader.Shared<BlockDictionary>], lookups: [[UInt8]: RestLookup],
        parts: PartColumns, rows: [Int]
    ) {
        self.decoder = decoder
        self.schema = schema
        self.dictionaries = dictionaries
        self.lookups = lookups
        self.parts = parts
        self.rows = rows
    }

    func values(of subject: SpanSubject) throws(BlockError) -> PickedValues {
        switch subject {
        case .spanAttribute(let key): return try attributes(key)
        case .resourceAttribute(let key): return try resources(key)
        case .name: return try strings(FixedColumn.name.rawValue, count: decoder.entry.rowCount, at: rows, or: [])
        case .statusMessage:
            return try strings(FixedColumn.statusMessage.rawValue, count: decoder.entry.rowCount, at: rows, or: [])
        case .status, .kind:
            let column: FixedColumn = subject == .status ? .status : .kind
            let numbers = try numbers(column.rawValue, count: decoder.entry.rowCount, at: rows)
            var values = PickedValues()
            for index in rows.indices {
                let number = numbers[index]
                values.append(code: number) { .integer(Int64(Int32(truncatingIfNeeded: number))) }
            }
            return values
        case .scopeAttribute(let key): return try scopes { SpanValue(of: key, in: $0.rawSpan, .scope) }
        case .scopeName: return try scopes { .string(EncodedAttributes.text(.name, in: $0.rawSpan)) }
        case .scopeVersion: return try scopes { .string(EncodedAttributes.text(.version, in: $0.rawSpan)) }
        case .isRoot:
            let parents = try numbers(FixedColumn.parent.rawValue, count: decoder.entry.rowCount, at: rows)
            var values = PickedValues()
            for index in rows.indices {
                let isRoot = parents[index] == 0 || parents[index] == 2
                values.append(code: isRoot ? 1 : 0) { isRoot ? .boolean(true) : nil }
            }
            return values
        case .eventAttribute, .linkAttribute, .eventName, .eventTime, .linkTraceID, .linkSpanID:
            return try parts.values(of: subject, rows: rows, decoder)
        case .duration, .spanID: return PickedValues(absentCount: rows.count)
        }
    }

    /// - Parameter places: Rising or equal.
    private func numbers(_ column: UInt32, count: Int, at places: [Int]) throws(BlockError) -> FlatBuffer<UInt64> {
        var values = FlatBuffer<UInt64>(capacity: places.count)
        try decoder.integers(column, count: count, at: places.span, into: &values)
        return values
    }

    private func resources(_ key: [UInt8]) throws(BlockError) -> PickedValues {
        let codes = try numbers(FixedColumn.resource.rawValue, count: decoder.entry.rowCount, at: rows)
        var values = PickedValues()
        for index in rows.indices {
            let code = codes[index]
            guard code < UInt64(schema.resources.count) else { throw unfit() }
            values.append(code: code) {
                let message = schema.resources[Int(code)].encoded
                return SpanValue(of: key, in: message.rawSpan, .resource)
            }
        }
        return values
    }

    private func scopes(_ value: ([UInt8]) -> SpanValue?) throws(BlockError) -> PickedValues {
        let codes = try numbers(FixedColumn.scope.rawValue, count: decoder.entry.rowCount, at: rows)
        var values = PickedValues()
        for index in rows.indices {
            let code = codes[index]
            guard code < UInt64(schema.scopes.count) else { throw unfit() }
            values.append(code: code) { value(schema.scopes[Int(code)].encoded) }
        }
        return values
    }

    private func attributes(_ key: [UInt8]) throws(BlockError) -> PickedValues {
        var values = PickedValues(absentCount: rows.count)
        let columns = KeyColumns(key, of: .span, schema)
        guard let last = rows.last, !columns.columns.isEmpty || lookups[key] != nil else { return values }
        let shapes = try shapes(0..<(last + 1))
        var isInRest = [Bool](repeating: false, count: rows.count)
        if let lookup = lookups[key] { isInRest = try fill(&values, by: lookup, columns, shapes) }
        for (place, index) in columns.columns.enumerated() {
            let column = FixedColumn.firstAttribute + UInt32(index)
            guard let chunk = decoder.chunk(column) else { continue }
            let starts = try starts(columns.valueCounts[place], shapes, valueCount: chunk.valueCount)
            let owners = rows.indices.filter { !isInRest[$0] && columns.firsts[Int(shapes[rows[$0]])] == place }
            let found = try typed(
                column, schema.columns[index].type, count: chunk.valueCount, at: owners.map { starts[$0] })
            values.fill(owners, with: found)
        }
        return values
    }

    /// Gives rows whose first attribute with a key has no column its value.
    ///
    /// - Returns: By row: whether it is one of these.
    private func fill(
        _ values: inout PickedValues, by lookup: RestLookup, _ columns: KeyColumns,
        _ shapes: borrowing FlatBuffer<UInt64>
    ) throws(BlockError) -> [Bool] {
        var entries: [Int] = []
        var entryValues: [SpanValue?] = []
        try lookup.forEach(decoder) { entry, type, bits, bytes in
            entries.append(entry)
            entryValues.append(SpanValue(type, bits, bytes))
        }
        var places: [Int: Int] = [:]
        try columns.forEachFirst(
            of: entries, count: decoder.valueCount(lookup.columns.keys.rawValue), shapes, decoder
        ) { owner, place in places[owner] = place }
        var found = PickedValues()
        for row in rows { found.append(places[row].flatMap { entryValues[$0] }) }
        values.fill(Array(rows.indices), with: found)
        return rows.map { places[$0] != nil }
    }

    /// The shapes of some rows of the group, codes that there are.
    private func shapes(_ range: Range<Int>) throws(BlockError) -> FlatBuffer<UInt64> {
        let limit = UInt64(schema.shapes[Int(AttributeOwner.span.rawValue)].count)
        var codes = FlatBuffer<UInt64>(capacity: range.count)
        try decoder.integers(FixedColumn.shape.rawValue, count: decoder.entry.rowCount, range, into: &codes)
        for index in 0..<codes.count where codes[index] >= limit { throw unfit() }
        return codes
    }

    /// By row: where its values begin in an attribute column.
    ///
    /// - Parameters:
    ///   - counts: By shape: how many a row has.
    ///   - shapes: Of all rows of the group up to the last one that is wanted.
    private func starts(
        _ counts: [UInt32], _ shapes: borrowing FlatBuffer<UInt64>, valueCount: Int
    ) throws(BlockError) -> [Int] {
        var starts: [Int] = []
        starts.reserveCapacity(rows.count)
        var place = 0
        for row in 0..<shapes.count {
            while starts.count < rows.count, row == rows[starts.count] { starts.append(place) }
            place += Int(counts[Int(shapes[row])])
        }
        guard place <= valueCount else { throw unfit() }
        return starts
    }

    private func typed(
        _ column: UInt32, _ type: AttributeType, count: Int, at places: [Int]
    ) throws(BlockError) -> PickedValues {
        guard type.isByteString else {
            let numbers = try numbers(column, count: count, at: places)
            var values = PickedValues()
            for index in places.indices {
                let number = numbers[index]
                values.append(code: number) { SpanValue(type, AttributeScatter.bits(number, type), RawSpan()) }
            }
            return values
        }
        guard type == .string || type == .array else { return PickedValues(absentCount: places.count) }
        return try strings(column, count: count, at: places, or: [], type)
    }

    /// - Parameter nothing: What rows hold if the group lacks the column.
    private func strings(
        _ column: UInt32, count: Int, at places: [Int], or nothing: [UInt8], _ type: AttributeType = .string
    ) throws(BlockError) -> PickedValues {
        var values = PickedValues()
        guard decoder.chunk(column) != nil else {
            for _ in places { values.append(code: 0) { .string(nothing) } }
            return values
        }
        guard let dictionary = dictionaries[column] else {
            guard let local = try decoder.localStrings(column, count: count, 0..<count) else {
                return PickedValues(absentCount: places.count)
            }
            for place in places { values.append(SpanValue(type, 0, local[place])) }
            return values
        }
        var codes = FlatBuffer<UInt32>(capacity: places.count)
        try decoder.codes(column, count: count, at: places.span, into: &codes)
        for index in places.indices {
            let code = Int(codes[index])
            guard code < dictionary.value.count else { throw unfit() }
            values.append(code: UInt64(code)) {
                let bytes = dictionary.value.value(code).bytes
                return SpanValue(type, 0, bytes.rawSpan)
            }
        }
        return values
    }

    private func unfit() -> BlockError {
        BlockError(
            .corrupted, "the attributes in row group \(decoder.index) of block \(decoder.id) do not fit their shapes")
    }
}
