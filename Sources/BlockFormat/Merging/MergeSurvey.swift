// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Looks over the inputs of a merge: which columns have how many values, and which deserve a dictionary.
struct MergeSurvey: ~Copyable {
    private var tables: MergeSchema
    let columnCount: Int
    /// False if an input has parts that a merge of columns does not know.
    private(set) var isPossible: Bool
    /// By output column: values in all inputs.
    private var valueCounts: [Int]
    /// By input, then output column: values in chunks of an input that has no dictionary for the column.
    private var localCounts: [[Int]]
    /// By output column: whether a row group lacks it.
    private var isOmitted: [Bool]
    /// By output column: distinct values of the inputs without a dictionary; nil: too many.
    private var localValues: [UInt32: LocalValues] = [:]
    private var tooMany: Set<UInt32> = []

    private final class LocalValues {
        var strings = ByteDictionary(arena: SlabArena(pool: SlabPool(retainedByteLimit: 0)))
        var hasEmpty = false
    }

    /// A column that an input keeps in its row groups has more distinct values than a dictionary may have, if it has
    /// more values than this: the writer would have made one.
    private static let surveyedValueLimit = BlockLayout.dictionaryEntryLimit * 4

    /// - Throws: ``BlockError`` `.corrupted`.
    static func begun(_ readers: [BlockReader]) throws(BlockError) -> MergeSurvey {
        let isKnown = readers.allSatisfy { Self.knows($0) }
        return MergeSurvey(
            try MergeSchema.merged(isKnown ? readers.map(\.schema) : []), isKnown: isKnown, inputCount: readers.count)
    }

    private init(_ merged: consuming MergeSchema, isKnown: Bool, inputCount: Int) {
        let schema = merged.schema
        isPossible = isKnown && Self.isSmall(schema)
        columnCount = Int(FixedColumn.firstAttribute) + schema.columns.count + MergeSchema.restColumnCount
        tables = merged
        valueCounts = Array(repeating: 0, count: columnCount)
        localCounts = Array(repeating: valueCounts, count: inputCount)
        isOmitted = Array(repeating: false, count: columnCount)
    }

    /// What a merge of columns carries over. Whoever adds a column or section to the format teaches the merge first, or
    /// blocks that have it are merged by rows.
    private static let knownSections: Set<SectionKind> = [
        .schema, .dictionary, .traceIndexPage, .bloomFilter, .restKeyFilter,
    ]
    private static let knownColumns: Set<FixedColumn> = [
        .traceRun, .spanID, .parent, .explicitParent, .start, .duration, .kind, .status, .presence, .name,
        .statusMessage, .traceState, .flags, .droppedAttributes, .droppedEvents, .droppedLinks, .resource, .scope,
        .arrivalSeconds, .shape, .critical, .unusualParent, .eventCount, .eventTime, .eventName, .eventDropped,
        .eventShape, .linkCount, .linkTraceID, .linkSpanID, .linkTraceState, .linkDropped, .linkFlags, .linkShape,
        .spanRestKey, .spanRestType, .spanRestNumber, .spanRestString, .eventRestKey, .eventRestType, .eventRestNumber,
        .eventRestString, .linkRestKey, .linkRestType, .linkRestNumber, .linkRestString,
    ]
    private static let restKeys = Set(AttributeOwner.allCases.map { RestColumns($0).keys.rawValue })
    /// Columns of which a row group without them has not one empty string, but nothing.
    private static let restStrings: Set<FixedColumn> = [
        .spanRestKey, .spanRestString, .eventRestKey, .eventRestString, .linkRestKey, .linkRestString,
    ]

    private static func isSmall(_ schema: BlockSchema) -> Bool {
        guard schema.columns.count <= BlockLayout.mergedColumnLimit else { return false }
        var columnCount = 0
        for list in schema.shapes {
            guard list.count <= BlockLayout.mergedShapeLimit else { return false }
            for shape in list { columnCount += shape.count }
        }
        return columnCount <= BlockLayout.mergedShapeColumnLimit
    }

    private static func knows(_ reader: BlockReader) -> Bool {
        let columnCount = UInt32(reader.schema.columns.count)
        return reader.footer.sections.allSatisfy { section in
            SectionKind(rawValue: section.kind).map(knownSections.contains) ?? false
        } && reader.schema.shapes.joined().joined().allSatisfy { $0 < columnCount || $0 == BlockSchema.rest }
    }

    /// Columns of strings, rising.
    var stringColumns: [UInt32] {
        let fixed = FixedColumn.strings.filter { Self.knownColumns.contains($0) }.map(\.rawValue)
        let attributes = tables.schema.columns.indices.filter { tables.schema.columns[$0].type.isByteString }
        return fixed.sorted() + attributes.map { FixedColumn.firstAttribute + UInt32($0) }
    }

    /// The number that an input has for a column of the output; nil if it has none.
    func inputColumn(_ column: UInt32, _ input: Int) -> UInt32? {
        guard column >= FixedColumn.firstAttribute else { return column }
        let count = tables.columnCodes.count(of: input)
        let wanted = column - FixedColumn.firstAttribute
        for code in 0..<UInt32(count) where tables.columnCodes[input, code] == wanted {
            return FixedColumn.firstAttribute + code
        }
        return nil
    }

    consuming func takeTables() -> MergeSchema { tables }

    // MARK: - Counting

    /// Reads the column directories of all row groups.
    ///
    /// - Returns: False if there are columns that a merge of columns does not know.
    mutating func countValues(_ readers: [BlockReader]) async throws -> Bool {
        for (input, reader) in readers.enumerated() {
            for group in reader.footer.rowGroups.indices {
                let directory = try await reader.directory(of: group)
                guard count(directory, input, reader) else { return false }
            }
        }
        return true
    }

    private mutating func count(_ directory: RowGroupDirectory, _ input: Int, _ reader: BlockReader) -> Bool {
        for chunk in directory.chunks {
            guard let column = outputColumn(chunk.column, input, reader) else { return false }
            valueCounts[Int(column)] += chunk.valueCount
            if reader.footer.section(.dictionary, chunk.column) == nil {
                localCounts[input][Int(column)] += chunk.valueCount
            }
        }
        for column in FixedColumn.strings
        where !Self.restStrings.contains(column) && directory.chunk(column.rawValue) == nil {
            isOmitted[Int(column.rawValue)] = true
        }
        return true
    }

    /// Nil if the column is unknown.
    private func outputColumn(_ column: UInt32, _ input: Int, _ reader: BlockReader) -> UInt32? {
        guard column >= FixedColumn.firstAttribute else {
            return FixedColumn(rawValue: column).flatMap { Self.knownColumns.contains($0) ? column : nil }
        }
        let index = column - FixedColumn.firstAttribute
        guard index < reader.schema.columns.count else { return nil }
        return FixedColumn.firstAttribute + tables.columnCodes[input, index]
    }

    // MARK: - Values without a dictionary

    /// Collects distinct values where an input keeps a column in its row groups, until they are too many.
    mutating func collectLocalValues(_ readers: [BlockReader]) async throws {
        for column in stringColumns {
            for input in readers.indices where localCounts[input][Int(column)] > Self.surveyedValueLimit {
                tooMany.insert(column)
            }
        }
        for (input, reader) in readers.enumerated() {
            let wanted = stringColumns.filter { localCounts[input][Int($0)] > 0 }
            for group in reader.footer.rowGroups.indices {
                let open = wanted.filter { !tooMany.contains($0) }
                guard !open.isEmpty else { break }
                let numbers = Set(open.compactMap { inputColumn($0, input) })
                let directory = try await reader.directory(of: group)
                let decoder = try await reader.decoder(of: group, directory, columns: numbers)
                for column in open { try collect(column, input, decoder) }
            }
        }
    }

    private mutating func collect(
        _ column: UInt32, _ input: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) {
        guard let number = inputColumn(column, input) else { return }
        let count = decoder.valueCount(number)
        guard count > 0, let strings = try decoder.localStrings(number, count: count, 0..<count) else { return }
        let values = localValues[column] ?? LocalValues()
        localValues[column] = values
        for entry in 0..<strings.entryCount {
            let string = strings.entry(entry)
            if string.isEmpty { values.hasEmpty = true } else { _ = values.strings.code(for: string) }
        }
        if !isSmall(values.strings.count, values.strings.byteCount, column) {
            tooMany.insert(column)
            localValues[column] = nil
        }
    }

    private func isSmall(_ entryCount: Int, _ byteCount: Int, _ column: UInt32) -> Bool {
        entryCount <= BlockLayout.dictionaryEntryLimit && byteCount <= BlockLayout.dictionaryByteLimit
            && deservesDictionary(column, entryCount: entryCount)
    }

    /// Whether a dictionary is worth considering.
    func mayHaveDictionary(_ column: UInt32) -> Bool { valueCounts[Int(column)] > 0 && !tooMany.contains(column) }

    /// As a block's writer decides: keys of rest columns are listed, and searched for, without reading a row.
    func deservesDictionary(_ column: UInt32, entryCount: Int) -> Bool {
        guard entryCount > 0 else { return false }
        return entryCount <= 64 || entryCount * 4 <= valueCounts[Int(column)] || Self.restKeys.contains(column)
    }

    /// Values that stand in no dictionary of an input, as a dictionary: those of the row groups, and the empty string
    /// where a group leaves the column out.
    func extraValues(_ column: UInt32) throws(BlockError) -> [MergedDictionary.Source] {
        guard !tooMany.contains(column) else { return [] }
        let values = localValues[column] ?? LocalValues()
        defer { withExtendedLifetime(values) {} }
        let strings = values.strings.view()
        var sorted = (1..<UInt32(max(1, strings.count))).sorted { strings[$0].precedes(strings[$1]) }
        if isOmitted[Int(column)] || values.hasEmpty { sorted.insert(0, at: 0) }
        return sorted.isEmpty ? [] : [try Self.dictionary(sorted, strings)]
    }

    private static func dictionary(
        _ codes: [UInt32], _ strings: ByteDictionaryView
    ) throws(BlockError) -> MergedDictionary.Source {
        var list = FlatBuffer<UInt32>(capacity: codes.count)
        for code in codes { list.append(code) }
        // All of them are used.
        let counts = FlatBuffer<UInt64>(repeating: 1, count: codes.count)
        var section = ByteWriter()
        var scratch = EncodingScratch()
        SortedStringDictionary.encode(list, strings, counts: counts, into: &section, scratch: &scratch)
        return try reading("values without a dictionary") { () throws(ByteCodingError) in
            BlockReader.Shared(try BlockDictionary(section.bytes))
        }
    }
}

extension BlockLayout {
    /// Blocks that have more attribute columns together, …
    static let mergedColumnLimit = 1024
    /// … or more shapes of a kind of owner, …
    static let mergedShapeLimit = 16_384
    /// … or shapes with more columns in all, are merged by rows.
    static let mergedShapeColumnLimit = 1 << 20
}
