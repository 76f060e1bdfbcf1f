// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// The schemas of several blocks as one, and what the codes of each are in it.
struct MergeSchema: ~Copyable {
    private(set) var schema = BlockSchema()
    private(set) var shapes = ShapeTable()
    /// By input.
    private(set) var resourceCodes = CodeMap()
    private(set) var scopeCodes = CodeMap()
    /// By input: the index of each of its attribute columns.
    private(set) var columnCodes = CodeMap()
    /// By ``BlockCatalog/shapeList(_:_:)`` of the input.
    private(set) var shapeCodes = CodeMap()
    /// By resource: its service.
    private(set) var services = FlatBuffer<UInt32>()

    private struct ColumnKey: Hashable {
        var owner: AttributeOwner
        var key: [UInt8]
        var type: AttributeType
    }

    // A throwing initializer of a noncopyable type must not throw once fields are set.
    private init() {}

    /// - Throws: `.corrupted` if an input has two columns for one attribute.
    static func merged(_ inputs: [BlockSchema]) throws(BlockError) -> MergeSchema {
        var merged = MergeSchema()
        try merged.add(inputs)
        return merged
    }

    private mutating func add(_ inputs: [BlockSchema]) throws(BlockError) {
        var columns: [ColumnKey: UInt32] = [:]
        var serviceTable = CodeTable<[UInt8]>()
        var resourceTable = CodeTable<StoredResource>()
        var scopeTable = CodeTable<StoredScope>()
        var shapeTables = [CodeTable<[UInt32]>](repeating: CodeTable(seeded: []), count: 3)
        for input in inputs {
            resourceCodes.beginList()
            for resource in input.resources {
                var merged = resource
                merged.service = Int(serviceTable.code(of: input.services[resource.service], in: &schema.services))
                let code = resourceTable.code(of: merged, in: &schema.resources)
                if Int(code) == services.count { services.append(UInt32(merged.service)) }
                resourceCodes.append(code)
            }
            scopeCodes.beginList()
            for scope in input.scopes { scopeCodes.append(scopeTable.code(of: scope, in: &schema.scopes)) }
            let codes = try addColumns(input, &columns)
            columnCodes.beginList()
            for code in codes { columnCodes.append(code) }
            for owner in AttributeOwner.allCases {
                shapeCodes.beginList()
                for shape in input.shapes[Int(owner.rawValue)] {
                    let merged = shape.map { $0 == BlockSchema.rest ? $0 : codes[Int($0)] }
                    shapeCodes.append(
                        shapeTables[Int(owner.rawValue)].code(of: merged, in: &schema.shapes[Int(owner.rawValue)]))
                }
            }
        }
        shapes = ShapeTable(schema, tellsRestByOwner: true)
    }

    // Behind the attribute columns stand two more of each kind of owner, for the entries of its rest columns.

    static let restColumnCount = AttributeOwner.allCases.count * 2

    /// The place among attribute columns of what the rest entries of a kind of owner are called: see ``MergedRest``.
    func restPlace(_ owner: AttributeOwner) -> Int { schema.columns.count + Int(owner.rawValue) }

    /// The number of the column of their values.
    func restValueColumn(_ owner: AttributeOwner) -> Int {
        Int(FixedColumn.firstAttribute) + restPlace(owner) + AttributeOwner.allCases.count
    }

    private mutating func addColumns(
        _ input: BlockSchema, _ columns: inout [ColumnKey: UInt32]
    ) throws(BlockError) -> [UInt32] {
        var codes: [UInt32] = []
        for column in input.columns {
            let key = ColumnKey(owner: column.owner, key: column.key, type: column.type)
            let code = columns[key] ?? UInt32(schema.columns.count)
            if code == schema.columns.count {
                columns[key] = code
                schema.columns.append(column)
            } else {
                schema.columns[Int(code)].valueCount += column.valueCount
            }
            guard !codes.contains(code) else { throw BlockError(.corrupted, "two columns hold the same attribute") }
            codes.append(code)
        }
        return codes
    }
}
