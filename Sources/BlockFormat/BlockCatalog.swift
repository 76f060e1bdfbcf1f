// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// What the writer learns of the spans before it writes the first row: the block's columns, shapes, resources and
/// scopes, how each source's codes map to the block's, and which columns get a dictionary for the whole block.
struct BlockCatalog: ~Copyable {
    private(set) var schema = BlockSchema()
    let strings: UnifiedStrings
    var distinct: DistinctValues
    /// By source.
    private(set) var resourceCodes = CodeMap()
    /// By source.
    private(set) var scopeCodes = CodeMap()
    /// By ``shapeList(_:_:)``.
    private(set) var shapeCodes = CodeMap()
    private(set) var shapes = ShapeTable()
    /// By column number (fixed and attribute): values in the block.
    var valueCounts: FlatBuffer<Int>
    /// Columns with a block dictionary, rising.
    var dictionaries: [PlannedDictionary] = []
    /// By column number.
    var hasDictionary = FlatBuffer<Bool>()
    /// By entry of `distinct` that stands in a dictionary: its place among those of all dictionaries, one behind the
    /// other.
    var places = FlatBuffer<UInt32>()
    /// By column number: the place of its dictionary's first string.
    var firstPlaces = FlatBuffer<UInt32>()
    /// By column number: whether the column holds only its default, so that no group has it.
    var isDefault = FlatBuffer<Bool>()

    /// The flags of all spans, if they are the same.
    var commonFlags: UInt32?
    /// For the attributes and names of the sources.
    var stored = StoredStrings()
    /// By resource of the schema: the index of its service.
    private(set) var services = FlatBuffer<UInt32>()

    private var resourceTable = CodeTable<StoredResource>()
    private var scopeTable = CodeTable<StoredScope>()
    private var serviceTable = CodeTable<[UInt8]>()

    init(_ ordering: borrowing SpanOrdering, pool: SlabPool, seed: UInt64, limits: AttributeLimits) {
        strings = UnifiedStrings(ordering.sources, pool: pool, seed: seed)
        valueCounts = FlatBuffer(repeating: 0, count: Int(FixedColumn.firstAttribute))
        distinct = DistinctValues(stringCount: 0, columnCount: 0)
        for source in ordering.sources {
            mapResources(of: source)
            mapScopes(of: source)
        }
        for resource in schema.resources { services.append(UInt32(truncatingIfNeeded: resource.service)) }
        mapShapes(ordering.sources, limits)
        shapes = ShapeTable(schema)
        distinct = DistinctValues(stringCount: strings.count, columnCount: columnCount)
        for (index, source) in ordering.sources.enumerated() { collect(source, UInt32(index)) }
        chooseDictionaries()
        mapStoredStrings(ordering.sources.map { $0.strings.count })
        findDefaults(ordering.sources)
        for column in schema.columns.indices {
            schema.columns[column].valueCount = valueCounts[Int(FixedColumn.firstAttribute) + column]
        }
    }

    /// Numbers of columns: all are below.
    var columnCount: Int { valueCounts.count }

    /// The list in `shapeCodes` that an owner's shapes have in a source.
    static func shapeList(_ source: Int, _ owner: AttributeOwner) -> Int { source &* 3 &+ Int(owner.rawValue) }

    /// Whether a column holds strings.
    func isString(_ column: Int) -> Bool {
        let attribute = column - Int(FixedColumn.firstAttribute)
        if attribute >= 0 { return schema.columns[attribute].type.isByteString }
        return FixedColumn(rawValue: UInt32(column))?.isString ?? false
    }

    @inline(__always) func isDefault(_ column: FixedColumn) -> Bool { isDefault[Int(column.rawValue)] }

    // MARK: - Resources, scopes, shapes

    private mutating func mapResources(of source: SpanBatchView) {
        resourceCodes.beginList()
        let isUsed = Self.used(source.resource, count: source.resources.count)
        for code in 0..<source.resources.count {
            guard isUsed[code] else {
                resourceCodes.append(0)
                continue
            }
            let record: ResourceRecord = source.resources.record(UInt32(code), or: .none)
            let service = serviceTable.code(
                of: [UInt8](source.strings[record.serviceName]), in: &schema.services)
            let resource = StoredResource(
                isPresent: record.isPresent != 0, encoded: [UInt8](source.strings[record.encoded]),
                schemaURL: [UInt8](source.strings[record.schemaURL]), service: Int(service))
            resourceCodes.append(resourceTable.code(of: resource, in: &schema.resources))
        }
    }

    private mutating func mapScopes(of source: SpanBatchView) {
        scopeCodes.beginList()
        let isUsed = Self.used(source.scope, count: source.scopes.count)
        for code in 0..<source.scopes.count {
            guard isUsed[code] else {
                scopeCodes.append(0)
                continue
            }
            let record: ScopeRecord = source.scopes.record(UInt32(code), or: .none)
            let scope = StoredScope(
                isPresent: record.isPresent != 0, encoded: [UInt8](source.strings[record.encoded]),
                schemaURL: [UInt8](source.strings[record.schemaURL]))
            scopeCodes.append(scopeTable.code(of: scope, in: &schema.scopes))
        }
    }

    /// By code: whether a row has it, and always 0. A resource or scope whose spans were all rejected has none.
    private static func used(_ codes: ColumnView<UInt32>, count: Int) -> [Bool] {
        var isUsed = [Bool](repeating: false, count: count)
        if count > 0 { isUsed[0] = true }
        for row in 0..<codes.count { isUsed[Int(codes[row])] = true }
        return isUsed
    }

    /// A source has one list of shapes for spans, events and links: each is mapped where it is used.
    ///
    /// Values of the columns are counted on the way.
    private mutating func mapShapes(_ sources: [SpanBatchView], _ limits: AttributeLimits) {
        var plan = AttributePlan()
        for (index, source) in sources.enumerated() {
            plan.add(.span, source.attributes.shape, of: source, UInt32(index), strings)
            plan.add(.event, source.eventAttributes.shape, of: source, UInt32(index), strings)
            plan.add(.link, source.linkAttributes.shape, of: source, UInt32(index), strings)
        }
        plan.finish(limits, strings)
        for column in plan.candidates {
            schema.columns.append(
                AttributeColumn(
                    owner: column.owner, key: [UInt8](strings[column.key]), type: column.type, valueCount: 0))
        }
        schema.shapes = plan.shapes
        shapeCodes = plan.shapeCodes()
        valueCounts.resize(to: valueCounts.count + schema.columns.count, filling: 0)
        for (shapes, uses) in zip(plan.shapes, plan.uses) {
            for (shape, count) in zip(shapes, uses) {
                for column in shape where column != BlockSchema.rest {
                    valueCounts[Int(FixedColumn.firstAttribute + column)] += count
                }
            }
        }
    }

    // MARK: - Distinct values

    /// Goes over all rows in the order in which they are stored, which is kind to the caches.
    private mutating func collect(_ view: SpanBatchView, _ source: UInt32) {
        collect(.name, view.name, source)
        collect(.statusMessage, view.statusMessage, source)
        collect(.traceState, view.traceState, source)
        collect(.eventName, view.eventName, source)
        collect(.linkTraceID, view.linkTraceID, source)
        collect(.linkSpanID, view.linkSpanID, source)
        collect(.linkTraceState, view.linkTraceState, source)
        let column = FixedColumn.unusualParent.rawValue
        let presence = view.presence
        for row in 0..<view.rowCount where SpanPresence(rawValue: presence[row]).contains(.unusualParent) {
            let code = strings.code(source, UInt32(truncatingIfNeeded: view.parentSpanID[row]))
            _ = distinct.entry(column: column, string: code)
            valueCounts[Int(column)] += 1
        }
        collect(.span, view.attributes, source, of: view)
        collect(.event, view.eventAttributes, source, of: view)
        collect(.link, view.linkAttributes, source, of: view)
    }

    private mutating func collect(_ column: FixedColumn, _ codes: ColumnView<UInt32>, _ source: UInt32) {
        valueCounts[Int(column.rawValue)] += codes.count
        distinct.collect(column, codes, of: source, strings)
    }

    private mutating func collect(
        _ owner: AttributeOwner, _ attributes: AttributeColumnsView, _ source: UInt32, of view: SpanBatchView
    ) {
        distinct.collect(
            attributes, of: source, shapesFrom: shapes.firstShape(of: owner), shapes, shapeCodes,
            list: Self.shapeList(Int(source), owner), strings)
        if shapes.hasRest { collectRest(owner, attributes, source, of: view) }
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
