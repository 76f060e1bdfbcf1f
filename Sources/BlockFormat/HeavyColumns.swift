// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// The columns of a block whose long strings may make a row group heavy: it ends early where they do.
///
/// Columns without a long string don't, since a group has at most ``BlockLayout/rowGroupValueLimit`` strings; nor do
/// columns with a dictionary of the block, of which the group has codes; nor does any if all of them together stay
/// below the limit even where every value is the longest.
struct HeavyColumns: ~Copyable {
    private(set) var isEmpty = true
    /// By column number.
    private var columns: FlatBuffer<Bool>
    /// By place in the catalog's shape table: whether one of the shape's columns is heavy.
    private var shapes: FlatBuffer<Bool>

    /// - Parameter catalog: Complete.
    init(_ catalog: borrowing BlockCatalog) {
        columns = FlatBuffer(repeating: false, count: catalog.columnCount)
        shapes = FlatBuffer(repeating: false, count: catalog.shapes.starts.count)
        var longest = FlatBuffer(repeating: 0, count: catalog.columnCount)
        for index in 0..<catalog.distinct.entries.count {
            let entry = catalog.distinct.entries[index]
            let column = Int(entry.column)
            let byteCount = catalog.strings[entry.string].byteCount
            guard byteCount > BlockLayout.shortStringByteLimit, !catalog.hasDictionary[column] else { continue }
            columns[column] = true
            longest[column] = max(longest[column], byteCount)
        }
        var most = 0
        for column in 0..<longest.count where longest[column] > 0 {
            let (bytes, overflows) = longest[column].multipliedReportingOverflow(
                by: min(catalog.valueCounts[column], BlockLayout.rowGroupValueLimit))
            most = overflows ? Int.max : most.addingReportingOverflow(bytes).overflow ? Int.max : most + bytes
        }
        isEmpty = most <= BlockLayout.rowGroupStringByteLimit
        if !isEmpty { markShapes(catalog) }
    }

    private mutating func markShapes(_ catalog: borrowing BlockCatalog) {
        let isRestHeavy = AttributeOwner.allCases.contains { owner in
            let rest = RestColumns(owner)
            return columns[Int(rest.keys.rawValue)] || columns[Int(rest.strings.rawValue)]
        }
        for shape in 0..<(catalog.shapes.starts.count - 1) {
            shapes[shape] = isRestHeavy && catalog.shapes.restCounts[shape] > 0
            for position in catalog.shapes.range(shape) where !shapes[shape] {
                shapes[shape] = contains(Int(FixedColumn.firstAttribute) + catalog.shapes.slots[position].column)
            }
        }
    }

    /// False for the number behind the last, that of what is in the rest columns.
    @inline(__always) func contains(_ column: Int) -> Bool { column < columns.count && columns[column] }

    @inline(__always) func areIn(shape: Int) -> Bool { shapes[shape] }

    /// Bytes of a row's long strings in these columns, repeated ones as often as they occur.
    func byteCount(of reference: RowReference, in view: SpanBatchView, _ catalog: borrowing BlockCatalog) -> Int {
        let row = Int(reference.row)
        let source = reference.source
        var sum = byteCount(.name, view.name[row], source, catalog)
        sum += byteCount(.statusMessage, view.statusMessage[row], source, catalog)
        sum += byteCount(.traceState, view.traceState[row], source, catalog)
        if SpanPresence(rawValue: view.presence[row]).contains(.unusualParent) {
            let code = UInt32(truncatingIfNeeded: view.parentSpanID[row])
            sum += byteCount(.unusualParent, code, source, catalog)
        }
        sum += byteCount(.span, row, view.attributes, of: view, source, catalog)
        for event in view.events(of: row) {
            sum += byteCount(.eventName, view.eventName[event], source, catalog)
            sum += byteCount(.event, event, view.eventAttributes, of: view, source, catalog)
        }
        for link in view.links(of: row) {
            sum += byteCount(.linkTraceID, view.linkTraceID[link], source, catalog)
            sum += byteCount(.linkSpanID, view.linkSpanID[link], source, catalog)
            sum += byteCount(.linkTraceState, view.linkTraceState[link], source, catalog)
            sum += byteCount(.link, link, view.linkAttributes, of: view, source, catalog)
        }
        return sum
    }

    private func byteCount(
        _ column: FixedColumn, _ code: UInt32, _ source: UInt32, _ catalog: borrowing BlockCatalog
    ) -> Int {
        contains(Int(column.rawValue)) ? Self.byteCount(code, source, catalog) : 0
    }

    private func byteCount(
        _ owner: AttributeOwner, _ index: Int, _ attributes: AttributeColumnsView, of view: SpanBatchView,
        _ source: UInt32, _ catalog: borrowing BlockCatalog
    ) -> Int {
        let code = catalog.shapeCodes[BlockCatalog.shapeList(Int(source), owner), attributes.shape[index]]
        let shape = catalog.shapes.firstShape(of: owner) + Int(code)
        guard areIn(shape: shape) else { return 0 }
        var value = attributes.firstValue(of: index)
        var sum = 0
        for position in catalog.shapes.range(shape) {
            if contains(Int(FixedColumn.firstAttribute) + catalog.shapes.slots[position].column) {
                sum += Self.byteCount(UInt32(truncatingIfNeeded: attributes.values[value]), source, catalog)
            }
            value += 1
        }
        guard catalog.shapes.restCounts[shape] > 0 else { return sum }
        let rest = RestColumns(owner)
        catalog.forEachRest(index, attributes, of: view, source, shape) { key, type, value in
            if contains(Int(rest.keys.rawValue)) { sum += Self.byteCount(catalog.strings[key]) }
            if type.isByteString, contains(Int(rest.strings.rawValue)) {
                sum += Self.byteCount(catalog.strings[UInt32(truncatingIfNeeded: value)])
            }
        }
        return sum
    }

    private static func byteCount(_ code: UInt32, _ source: UInt32, _ catalog: borrowing BlockCatalog) -> Int {
        byteCount(catalog.strings[catalog.strings.code(source, code)])
    }

    private static func byteCount(_ string: RawSpan) -> Int {
        let byteCount = string.byteCount
        return byteCount > BlockLayout.shortStringByteLimit ? byteCount : 0
    }
}
