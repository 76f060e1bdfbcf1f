// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// The attribute values of one row group of a merge's output, sorted by column.
struct MergedAttributes: ~Copyable {
    /// By attribute column, and behind them by ``MergeSchema/restPlace(_:)``: where its values begin; one more at the end.
    var starts = FlatBuffer<Int>()
    /// By attribute column: where its next value goes.
    var next = FlatBuffer<Int>()
    var values = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit * 12)
    private var uses = FlatBuffer<Int>()

    init() {}

    /// Finds where each column's values go.
    ///
    /// - Parameter shapes: Of all owners.
    mutating func locate(
        _ owner: AttributeOwner, _ shapes: borrowing FlatBuffer<UInt64>, _ tables: borrowing MergeSchema
    ) {
        let list = tables.schema.shapes[Int(owner.rawValue)]
        let rest = UInt32(tables.restPlace(owner))
        uses.removeAll()
        uses.resize(to: list.count, filling: 0)
        for index in 0..<shapes.count { uses[Int(shapes[index])] &+= 1 }
        starts.removeAll()
        starts.resize(to: tables.schema.columns.count + MergeSchema.restColumnCount + 1, filling: 0)
        for shape in 0..<uses.count where uses[shape] > 0 {
            for column in list[shape] { starts[Int(min(column, rest)) + 1] += uses[shape] }
        }
        next.removeAll()
        for column in 0..<(starts.count - 1) {
            next.append(starts[column])
            starts[column + 1] += starts[column]
        }
        values.resize(to: starts[starts.count - 1], filling: 0)
    }
}

extension MergedBlockWriter {
    /// Writes the shapes and all attribute columns of a kind of owner.
    ///
    /// - Parameter owners: By their places in the row groups.
    mutating func writeAttributes(
        _ owner: AttributeOwner, _ shapeColumn: FixedColumn, _ owners: borrowing FlatBuffer<MergeSegment>,
        _ slots: [MergeGroup?], _ catalog: MergeCatalog
    ) {
        gather(shapeColumn, owners, slots, absent: 0)
        swap(&values, &shapes)
        groups.write(shapeColumn, shapes)
        scatter.locate(owner, shapes, catalog.tables)
        walk(owner, shapeColumn, owners, slots, catalog)
        writeColumns(slots, catalog)
        writeRest(owner, slots, catalog)
    }

    /// Moves the attributes of all owners into their columns, and passes over those that are left out.
    mutating func walk(
        _ owner: AttributeOwner, _ shapeColumn: FixedColumn, _ owners: borrowing FlatBuffer<MergeSegment>,
        _ slots: [MergeGroup?], _ catalog: MergeCatalog
    ) {
        let first = catalog.tables.shapes.firstShape(of: owner)
        for index in 0..<owners.count {
            let segment = owners[index]
            guard let group = slots[Int(segment.slot)] else { continue }
            let start = group.starts[Int(shapeColumn.rawValue)] + Int(segment.first)
            let base = Int(segment.slot) * columnCount + Int(FixedColumn.firstAttribute)
            let codes = start..<start + Int(segment.count)
            if segment.isSkipped {
                Self.passOver(codes, first, catalog.tables.shapes, group.values, base, &cursors)
            } else {
                Self.take(
                    codes, first, catalog.tables.shapes, group.values, base, &cursors, &scatter.next, &scatter.values)
            }
        }
    }

    private static func take(
        _ shapes: Range<Int>, _ first: Int, _ table: borrowing ShapeTable, _ source: borrowing FlatBuffer<UInt64>,
        _ base: Int,
        _ cursors: inout FlatBuffer<Int>, _ next: inout FlatBuffer<Int>, _ values: inout FlatBuffer<UInt64>
    ) {
        let slots = table.slots.span
        let source = source.span
        var cursors = cursors.mutableSpan
        var next = next.mutableSpan
        var target = values.mutableSpan
        for index in shapes {
            for position in table.range(first &+ Int(truncatingIfNeeded: source[index])) {
                let column = slots[position].column
                let place = cursors[base &+ column]
                let goal = next[column]
                target[goal] = source[place]
                cursors[base &+ column] = place &+ 1
                next[column] = goal &+ 1
            }
        }
    }

    private static func passOver(
        _ shapes: Range<Int>, _ first: Int, _ table: borrowing ShapeTable, _ source: borrowing FlatBuffer<UInt64>,
        _ base: Int, _ cursors: inout FlatBuffer<Int>
    ) {
        for index in shapes {
            for position in table.range(first &+ Int(truncatingIfNeeded: source[index])) {
                cursors[base &+ table.slots[position].column] &+= 1
            }
        }
    }

    private mutating func writeColumns(_ slots: [MergeGroup?], _ catalog: MergeCatalog) {
        for column in catalog.tables.schema.columns.indices
        where scatter.starts[column + 1] > scatter.starts[column] {
            let range = scatter.starts[column]..<scatter.starts[column + 1]
            let number = FixedColumn.firstAttribute + UInt32(column)
            if catalog.tables.schema.columns[column].type.isByteString {
                Self.writeStrings(
                    number, scatter.values, range, omitsEmpty: false, slots, catalog, &strings, &groups)
            } else {
                groups.write(number, scatter.values, range, omitsZeros: false)
            }
        }
    }

    /// Writes a column of strings.
    ///
    /// - Parameters:
    ///   - values: Codes of the column's dictionary, or ``StringTag``s where it has none.
    ///   - omitsEmpty: Whether a column of nothing but empty strings is left out, as fixed columns are.
    static func writeStrings(
        _ column: UInt32, _ values: borrowing FlatBuffer<UInt64>, _ range: Range<Int>, omitsEmpty: Bool,
        _ slots: [MergeGroup?], _ catalog: MergeCatalog, _ strings: inout MergedLocalStrings,
        _ groups: inout RowGroupWriter
    ) {
        guard let dictionary = catalog.dictionary(column) else {
            return strings.write(column, values, range, omitsEmpty: omitsEmpty, slots, into: &groups)
        }
        if omitsEmpty, dictionary.strings.hasEmpty, isZero(values.span.extracting(range)) { return }
        groups.writeCodes(column, values, range, firstPlace: dictionary.firstPlace)
    }

    private static func isZero(_ values: Span<UInt64>) -> Bool {
        for index in values.indices where values[index] != 0 { return false }
        return true
    }
}
