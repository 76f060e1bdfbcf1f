// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// What the writer learns of the spans before it writes the first row: the block's columns, shapes, resources and
/// scopes, how each source's codes map to the block's, and which columns get a dictionary for the whole block.
struct BlockCatalog: ~Copyable {
    private(set) var schema = BlockSchema()
    let strings: UnifiedStrings
    let longStrings: LongStrings
    private(set) var distinct: DistinctValues
    /// By source, then the source's code: the block's.
    private(set) var resourceCodes: [[UInt32]] = []
    private(set) var scopeCodes: [[UInt32]] = []
    /// By owner, then source, then the source's shape code: the block's.
    private(set) var shapeCodes: [[[UInt32]]] = [[], [], []]
    /// Flat shapes, so that hot loops touch no arrays of arrays: by owner, where each shape's columns begin (one more
    /// at the end), and the columns.
    private(set) var shapeStarts: [[UInt32]] = [[0, 0], [0, 0], [0, 0]]
    private(set) var shapeColumns: [[UInt32]] = [[], [], []]
    /// By column number (fixed and attribute): whether its values are strings.
    private(set) var isString: FlatBuffer<Bool>
    /// By column number: values in the block.
    private(set) var valueCounts: FlatBuffer<Int>
    /// By entry of `distinct`: its code in the column's block dictionary, or ``noRank``.
    private(set) var ranks = FlatBuffer<UInt32>()
    /// Columns with a block dictionary, rising, with their entries in the order of the strings.
    private(set) var dictionaries: [(column: UInt32, entries: [UInt32])] = []
    private(set) var hasDictionary: FlatBuffer<Bool>

    static let noRank = UInt32.max

    private var columnNumbers: [ColumnKey: UInt32] = [:]

    private struct ColumnKey: Hashable {
        var owner: AttributeOwner
        var key: UInt32
        var type: AttributeType
    }

    init(_ ordering: borrowing SpanOrdering, pool: SlabPool, seed: UInt64) {
        strings = UnifiedStrings(ordering.sources, pool: pool, seed: seed)
        longStrings = LongStrings(strings)
        distinct = DistinctValues(stringCount: strings.count)
        isString = FlatBuffer(repeating: false, count: Int(FixedColumn.firstAttribute))
        valueCounts = FlatBuffer(repeating: 0, count: Int(FixedColumn.firstAttribute))
        hasDictionary = FlatBuffer(repeating: false, count: 0)
        for column in FixedColumn.strings { isString[Int(column.rawValue)] = true }
        for (index, source) in ordering.sources.enumerated() { mapTables(of: source, UInt32(index)) }
        flattenShapes()
        countValues(ordering)
        chooseDictionaries()
        for column in schema.columns.indices {
            schema.columns[column].valueCount = valueCounts[Int(FixedColumn.firstAttribute) + column]
        }
    }

    /// The entry of a value, for its rank; see ``DistinctValues/entry(column:string:)``.
    @inline(__always) mutating func entry(column: UInt32, string: UInt32) -> Int {
        distinct.entry(column: column, string: string)
    }

    // MARK: - Resources, scopes, shapes

    private mutating func mapTables(of source: SpanBatchView, _ index: UInt32) {
        mapResources(of: source)
        mapScopes(of: source)
        for owner in AttributeOwner.allCases { mapShapes(of: source, index, owner) }
    }

    private mutating func mapResources(of source: SpanBatchView) {
        var codes: [UInt32] = []
        for code in 0..<source.resources.count {
            let record: ResourceRecord = source.resources.record(UInt32(code), or: .none)
            let resource = StoredResource(
                isPresent: record.isPresent != 0, encoded: [UInt8](source.strings[record.encoded]),
                schemaURL: [UInt8](source.strings[record.schemaURL]),
                service: serviceIndex([UInt8](source.strings[record.serviceName])))
            codes.append(resourceTable.code(of: resource, in: &schema.resources))
        }
        resourceCodes.append(codes)
    }

    private mutating func mapScopes(of source: SpanBatchView) {
        var codes: [UInt32] = []
        for code in 0..<source.scopes.count {
            let record: ScopeRecord = source.scopes.record(UInt32(code), or: .none)
            let scope = StoredScope(
                isPresent: record.isPresent != 0, encoded: [UInt8](source.strings[record.encoded]),
                schemaURL: [UInt8](source.strings[record.schemaURL]))
            codes.append(scopeTable.code(of: scope, in: &schema.scopes))
        }
        scopeCodes.append(codes)
    }

    private var resourceTable = CodeTable<StoredResource>()
    private var scopeTable = CodeTable<StoredScope>()
    private var serviceTable = CodeTable<[UInt8]>()
    private var shapeTables = [CodeTable<[UInt32]>](repeating: CodeTable(seeded: []), count: 3)

    private mutating func serviceIndex(_ name: [UInt8]) -> Int {
        Int(serviceTable.code(of: name, in: &schema.services))
    }

    /// A source has one list of shapes for spans, events and links: each is mapped where it is used.
    private mutating func mapShapes(of source: SpanBatchView, _ index: UInt32, _ owner: AttributeOwner) {
        var used = [Bool](repeating: false, count: source.shapes.count)
        let column =
            switch owner {
            case .span: source.attributes.shape
            case .event: source.eventAttributes.shape
            case .link: source.linkAttributes.shape
            }
        for row in 0..<column.count { used[Int(column[row])] = true }
        var codes = [UInt32](repeating: 0, count: source.shapes.count)
        for code in used.indices where used[code] {
            let slots = source.shapes[UInt32(code)]
            var shape: [UInt32] = []
            for word in 0..<slots.wordCount {
                let slot = AttributeSlot(rawValue: slots.word(word))
                shape.append(columnNumber(owner, strings.code(index, slot.key), slot.type))
            }
            codes[code] = shapeTables[Int(owner.rawValue)].code(of: shape, in: &schema.shapes[Int(owner.rawValue)])
        }
        shapeCodes[Int(owner.rawValue)].append(codes)
    }

    private mutating func columnNumber(_ owner: AttributeOwner, _ key: UInt32, _ type: AttributeType) -> UInt32 {
        let columnKey = ColumnKey(owner: owner, key: key, type: type)
        if let number = columnNumbers[columnKey] { return number }
        let number = UInt32(schema.columns.count)
        schema.columns.append(AttributeColumn(owner: owner, key: [UInt8](strings[key]), type: type, valueCount: 0))
        columnNumbers[columnKey] = number
        isString.append(type.isByteString)
        valueCounts.append(0)
        return number
    }

    private mutating func flattenShapes() {
        for owner in 0..<3 {
            shapeStarts[owner] = [0]
            shapeColumns[owner] = []
            for shape in schema.shapes[owner] {
                shapeColumns[owner] += shape
                shapeStarts[owner].append(UInt32(shapeColumns[owner].count))
            }
        }
    }

    // MARK: - Distinct values

    /// One pass over all rows in the order in which they are stored, which is kind to the caches.
    private mutating func countValues(_ ordering: borrowing SpanOrdering) {
        for (index, source) in ordering.sources.enumerated() {
            let source32 = UInt32(index)
            collect(.name, source.name, source32)
            collect(.statusMessage, source.statusMessage, source32)
            collect(.traceState, source.traceState, source32)
            collect(.eventName, source.eventName, source32)
            collect(.linkTraceID, source.linkTraceID, source32)
            collect(.linkSpanID, source.linkSpanID, source32)
            collect(.linkTraceState, source.linkTraceState, source32)
            for row in 0..<source.rowCount
            where SpanPresence(rawValue: source.presence[row]).contains(.unusualParent) {
                let code = strings.code(source32, UInt32(truncatingIfNeeded: source.parentSpanID[row]))
                _ = distinct.entry(column: FixedColumn.unusualParent.rawValue, string: code)
                valueCounts[Int(FixedColumn.unusualParent.rawValue)] += 1
            }
            collect(.span, source.attributes, source32)
            collect(.event, source.eventAttributes, source32)
            collect(.link, source.linkAttributes, source32)
        }
    }

    private mutating func collect(_ column: FixedColumn, _ codes: ColumnView<UInt32>, _ source: UInt32) {
        valueCounts[Int(column.rawValue)] += codes.count
        for row in 0..<codes.count {
            _ = distinct.entry(column: column.rawValue, string: strings.code(source, codes[row]))
        }
    }

    private mutating func collect(_ owner: AttributeOwner, _ attributes: AttributeColumnsView, _ source: UInt32) {
        let shapes = shapeCodes[Int(owner.rawValue)][Int(source)]
        let starts = shapeStarts[Int(owner.rawValue)]
        let columns = shapeColumns[Int(owner.rawValue)]
        var value = 0
        for row in 0..<attributes.shape.count {
            let shape = Int(shapes[Int(attributes.shape[row])])
            for position in Int(starts[shape])..<Int(starts[shape + 1]) {
                let number = FixedColumn.firstAttribute + columns[position]
                valueCounts[Int(number)] += 1
                if isString[Int(number)] {
                    let code = strings.code(source, UInt32(truncatingIfNeeded: attributes.values[value]))
                    _ = distinct.entry(column: number, string: code)
                }
                value += 1
            }
        }
    }

    /// Columns with few distinct values for their number of values get a dictionary for the block.
    private mutating func chooseDictionaries() {
        let columnCount = isString.count
        hasDictionary = FlatBuffer(repeating: false, count: columnCount)
        var entryCounts = FlatBuffer<Int>(repeating: 0, count: columnCount)
        var byteCounts = FlatBuffer<Int>(repeating: 0, count: columnCount)
        for index in 0..<distinct.entries.count {
            let entry = distinct.entries[index]
            entryCounts[Int(entry.column)] += 1
            byteCounts[Int(entry.column)] += strings[entry.string].byteCount
        }
        for column in 0..<columnCount where isString[column] && entryCounts[column] > 0 {
            let count = entryCounts[column]
            hasDictionary[column] =
                count <= BlockLayout.dictionaryEntryLimit && byteCounts[column] <= BlockLayout.dictionaryByteLimit
                && (count <= 64 || count * 4 <= valueCounts[column])
        }
        rankEntries()
    }

    private mutating func rankEntries() {
        ranks.resize(to: distinct.entries.count, filling: Self.noRank)
        var byColumn: [UInt32: [UInt32]] = [:]
        for index in 0..<distinct.entries.count {
            let column = distinct.entries[index].column
            if hasDictionary[Int(column)] { byColumn[column, default: []].append(UInt32(index)) }
        }
        for column in byColumn.keys.sorted() {
            var entries = byColumn[column] ?? []
            sortByString(&entries)
            for (rank, entry) in entries.enumerated() { ranks[Int(entry)] = UInt32(rank) }
            dictionaries.append((column, entries))
        }
    }

    private func sortByString(_ entries: inout [UInt32]) {
        entries.sort { strings[distinct.entries[Int($0)].string].precedes(strings[distinct.entries[Int($1)].string]) }
    }
}

/// Dense codes for values that stand in a list.
struct CodeTable<Value: Hashable> {
    private var codes: [Value: UInt32] = [:]

    init() {}

    /// A table that knows the first value of the list already.
    init(seeded value: Value) { codes[value] = 0 }

    /// The position of `value` in `list`, to which it is appended if it is new.
    mutating func code(of value: Value, in list: inout [Value]) -> UInt32 {
        if let code = codes[value] { return code }
        let code = UInt32(list.count)
        list.append(value)
        codes[value] = code
        return code
    }
}
