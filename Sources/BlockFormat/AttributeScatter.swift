// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Sorts the attribute values of a row group by column: a counting sort whose counts follow from the shapes.
struct AttributeScatter: ~Copyable {
    /// By shape of the owner: how many have it.
    private var uses = FlatBuffer<Int>()
    /// By attribute column, then for what is in the rest columns, which nobody takes from here: where its values begin
    /// in `values`; one more at the end.
    private var starts = FlatBuffer<Int>()
    /// By attribute column: where its next value goes.
    private var next = FlatBuffer<Int>()
    /// Made as large as a group of spans usually needs: growing would touch fresh memory again and again.
    private var values = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit * 12)
    /// By owner of a run: where its values begin in its source, and the last one.
    private var firstValues = FlatBuffer<Int>(repeating: 0, count: runLength)
    private var lastValues = FlatBuffer<Int>(repeating: 0, count: runLength)

    /// By attribute column: the last string that another column had first. It often comes again at once.
    private var lastOthers = FlatBuffer<Other>()

    /// A string of a source beside what it is stored as.
    private struct Other: BitwiseCopyable {
        var key: UInt64
        var value: UInt64

        @inline(__always) static func key(_ source: UInt32, _ code: UInt32) -> UInt64 {
            UInt64(source) &<< 32 | UInt64(code)
        }
    }

    /// Nobody reads it: it keeps the loads that fetch memory from being left out.
    private var fetched: UInt64 = 0

    /// So many owners' values are fetched at a time.
    private static let runLength = 64

    /// Takes the values of all owners in their order; strings as they are stored in their columns.
    ///
    /// - Parameter shapes: The block's shape code of every owner of the group.
    mutating func scatter(
        _ owner: AttributeOwner, _ references: borrowing FlatBuffer<RowReference>,
        _ shapes: borrowing FlatBuffer<UInt64>, _ sources: [SpanBatchView], _ catalog: borrowing BlockCatalog,
        of attributes: (SpanBatchView) -> AttributeColumnsView
    ) {
        let first = catalog.shapes.firstShape(of: owner)
        locate(shapes, catalog, first)
        lastOthers.removeAll()
        lastOthers.resize(to: catalog.schema.columns.count, filling: Other(key: .max, value: 0))
        let ends = RowGroupGather.views(sources) { attributes($0).end }
        let columns = RowGroupGather.views(sources) { attributes($0).values }
        var begin = 0
        while begin < references.count {
            let end = min(begin + Self.runLength, references.count)
            fetched |= Self.fetch(
                references.span.extracting(begin..<end), ends.span, columns.span, &firstValues, &lastValues)
            Self.scatter(
                references.span.extracting(begin..<end), shapes.span.extracting(begin..<end), firstValues,
                columns.span, catalog, first, &next, &values, &lastOthers)
            begin = end
        }
    }

    /// Finds where the values of some owners begin, and touches the first and the last: rows of a trace lie here and
    /// there in the sources, and in so short a loop the waits for their memory overlap.
    private static func fetch(
        _ references: Span<RowReference>, _ ends: Span<ColumnView<UInt32>>, _ columns: Span<ColumnView<UInt64>>,
        _ firstValues: inout FlatBuffer<Int>, _ lastValues: inout FlatBuffer<Int>
    ) -> UInt64 {
        var first = firstValues.mutableSpan
        var last = lastValues.mutableSpan
        for index in references.indices {
            let row = Int(references[index].row)
            let end = ends[Int(references[index].source)]
            first[index] = row == 0 ? 0 : Int(end[row &- 1])
            last[index] = Int(end[row]) &- 1
        }
        var touched: UInt64 = 0
        for index in references.indices where last[index] >= first[index] {
            let column = columns[Int(references[index].source)]
            touched |= column[first[index]] | column[last[index]]
        }
        return touched
    }

    /// Finds where each column's values go.
    private mutating func locate(
        _ shapes: borrowing FlatBuffer<UInt64>, _ catalog: borrowing BlockCatalog, _ first: Int
    ) {
        uses.removeAll()
        uses.resize(to: catalog.shapes.starts.count - 1 - first, filling: 0)
        for index in 0..<shapes.count { uses[Int(shapes[index])] &+= 1 }
        starts.removeAll()
        starts.resize(to: catalog.schema.columns.count + 2, filling: 0)
        for shape in 0..<uses.count where uses[shape] > 0 {
            for position in catalog.shapes.range(first + shape) {
                starts[catalog.shapes.slots[position].column + 1] += uses[shape]
            }
        }
        next.removeAll()
        for column in 0..<(starts.count - 1) {
            next.append(starts[column])
            starts[column + 1] += starts[column]
        }
        values.resize(to: starts[starts.count - 1], filling: 0)
    }

    // Apart from the fields because a span of one would hold up the others too.
    private static func scatter(
        _ references: Span<RowReference>, _ shapes: Span<UInt64>, _ firstValues: borrowing FlatBuffer<Int>,
        _ columns: Span<ColumnView<UInt64>>, _ catalog: borrowing BlockCatalog, _ first: Int,
        _ next: inout FlatBuffer<Int>, _ values: inout FlatBuffer<UInt64>, _ others: inout FlatBuffer<Other>
    ) {
        let slots = catalog.shapes.slots.span
        let firstValues = firstValues.span
        var next = next.mutableSpan
        var target = values.mutableSpan
        for index in references.indices {
            let range = catalog.shapes.range(first &+ Int(shapes[index]))
            guard !range.isEmpty else { continue }
            let reference = references[index]
            let column = columns[Int(reference.source)]
            var value = firstValues[index]
            for position in range {
                let slot = slots[position]
                let raw = column[value]
                let place = next[slot.column]
                target[place] = slot.isString ? stored(raw, slot, reference.source, catalog, &others) : raw
                next[slot.column] = place &+ 1
                value &+= 1
            }
        }
    }

    /// What a string of a source is stored as.
    @inline(__always)
    private static func stored(
        _ code: UInt64, _ slot: ShapeTable.Slot, _ source: UInt32, _ catalog: borrowing BlockCatalog,
        _ others: inout FlatBuffer<Other>
    ) -> UInt64 {
        let code = UInt32(truncatingIfNeeded: code)
        let column = FixedColumn.firstAttribute &+ UInt32(truncatingIfNeeded: slot.column)
        if let value = catalog.stored.value(source, code, column: column) { return UInt64(value) }
        let key = Other.key(source, code)
        let last = others[slot.column]
        if last.key == key { return last.value }
        let value = UInt64(catalog.storedValue(column, source, code))
        others[slot.column] = Other(key: key, value: value)
        return value
    }

    /// Writes the chunks of all columns that have values; these are gone then.
    mutating func write(into groups: inout RowGroupWriter, _ catalog: borrowing BlockCatalog) {
        for column in 0..<(starts.count - 2) where starts[column + 1] > starts[column] {
            let range = starts[column]..<starts[column + 1]
            let number = FixedColumn.firstAttribute + UInt32(column)
            let type = catalog.schema.columns[column].type
            if type.isByteString {
                groups.writeStored(number, values, range, catalog)
            } else {
                if type == .int || type == .double {
                    for index in range { values[index] = Self.stored(values[index], type) }
                }
                groups.write(number, values, range, omitsZeros: false)
            }
        }
    }

    /// Numbers are stored in an unsigned order that is theirs, so that minimum and maximum mean something.
    static func stored(_ bits: UInt64, _ type: AttributeType) -> UInt64 {
        switch type {
        case .int: OrderedKey.key(Int64(bitPattern: bits))
        case .double: OrderedKey.key(Double(bitPattern: bits))
        case .absent, .string, .bool, .array, .keyValueList, .bytes, .empty: bits
        }
    }

    /// Undoes ``stored(_:_:)``.
    static func bits(_ stored: UInt64, _ type: AttributeType) -> UInt64 {
        switch type {
        case .int: UInt64(bitPattern: OrderedKey.integer(stored))
        case .double: OrderedKey.double(stored).bitPattern
        case .absent, .string, .bool, .array, .keyValueList, .bytes, .empty: stored
        }
    }
}
