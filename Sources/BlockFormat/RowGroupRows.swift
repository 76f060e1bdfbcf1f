// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Which rows the row group at hand has, and the memory in which its columns are gathered.
///
/// One value serves group after group and keeps its memory.
struct RowGroupRows: ~Copyable {
    private(set) var references = FlatBuffer<RowReference>(capacity: BlockLayout.rowGroupRowLimit)
    /// By row: its shape in the block.
    private(set) var shapes = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    /// By row, as the sources have it.
    private(set) var presence = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    /// By row; empty if the block has none.
    private(set) var eventCounts = FlatBuffer<UInt64>()
    /// By row; empty if the block has none.
    private(set) var linkCounts = FlatBuffer<UInt64>()
    var structure: RowGroupStructure
    /// By row: whether its status is an error.
    private(set) var errors = FlatBuffer<Bool>(capacity: BlockLayout.rowGroupRowLimit)
    /// Events or links.
    private(set) var children = FlatBuffer<RowReference>()
    private(set) var childShapes = FlatBuffer<UInt64>()
    /// One column after the other.
    var values = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    var scatter = AttributeScatter()
    private var rest = RestGather()

    /// Whose column is gathered.
    enum Members { case rows, children }

    /// - Parameter seed: Random.
    init(seed: UInt64) { structure = RowGroupStructure(seed: seed) }

    /// Takes the rows from `first` up to the limit; fewer where attributes, events or links are many or strings long,
    /// but always one; whole traces unless that leaves less than half.
    mutating func gather(
        from first: Int, _ ordering: borrowing SpanOrdering, _ catalog: borrowing BlockCatalog,
        _ heavyColumns: borrowing HeavyColumns
    ) {
        references.removeAll()
        let most = min(first + BlockLayout.rowGroupRowLimit, ordering.rowCount)
        for row in first..<most { references.append(ordering.references[row]) }
        let sources = ordering.sources
        RowGroupGather.codes(
            references, sources, catalog.shapeCodes, shapesOf: .span, of: { $0.attributes.shape }, into: &shapes)
        RowGroupGather.values(references, sources, of: { $0.presence }, into: &presence)
        if sources.contains(where: { $0.eventTime.count > 0 }) {
            RowGroupGather.childCounts(
                references, sources, where: presence, has: .events, ends: { $0.eventEnd }, into: &eventCounts)
        }
        if sources.contains(where: { $0.linkFlags.count > 0 }) {
            RowGroupGather.childCounts(
                references, sources, where: presence, has: .links, ends: { $0.linkEnd }, into: &linkCounts)
        }
        var count = rowCount(sources, catalog, heavyColumns)
        let boundary = ordering.boundary(upTo: first + count) - first
        if boundary >= BlockLayout.rowGroupRowLimit / 2 { count = boundary }
        references.truncate(to: count)
        shapes.truncate(to: count)
        presence.truncate(to: count)
        if eventCounts.count > count { eventCounts.truncate(to: count) }
        if linkCounts.count > count { linkCounts.truncate(to: count) }
    }

    /// How many of the rows at hand the group takes.
    private func rowCount(
        _ sources: [SpanBatchView], _ catalog: borrowing BlockCatalog, _ heavyColumns: borrowing HeavyColumns
    ) -> Int {
        let firstShape = catalog.shapes.firstShape(of: .span)
        var values = 0
        var longByteCount = 0
        for row in 0..<references.count {
            values &+= catalog.shapes.range(firstShape &+ Int(shapes[row])).count
            if eventCounts.count > 0 && eventCounts[row] > 0 || linkCounts.count > 0 && linkCounts[row] > 0 {
                values += Self.childValueCount(references[row], sources)
            }
            if !heavyColumns.isEmpty {
                let source = sources[Int(references[row].source)]
                longByteCount += heavyColumns.byteCount(of: references[row], in: source, catalog)
            }
            let isFull =
                values > BlockLayout.rowGroupValueLimit || longByteCount > BlockLayout.rowGroupStringByteLimit
            if isFull && row > 0 { return row }
        }
        return references.count
    }

    /// Events and links of a row, and their attributes.
    private static func childValueCount(_ reference: RowReference, _ sources: [SpanBatchView]) -> Int {
        let source = sources[Int(reference.source)]
        return valueCount(source.eventAttributes, source.events(of: Int(reference.row)))
            + valueCount(source.linkAttributes, source.links(of: Int(reference.row)))
    }

    private static func valueCount(_ attributes: AttributeColumnsView, _ owners: Range<Int>) -> Int {
        guard let last = owners.last else { return 0 }
        return owners.count + Int(attributes.end[last]) - attributes.firstValue(of: owners.lowerBound)
    }
}

// MARK: - Columns

extension RowGroupRows {
    /// Keeps which rows are errors; the statuses are in `values`.
    mutating func noteErrors() {
        errors.removeAll()
        for row in 0..<values.count { errors.append(values[row] == 2) }
    }

    /// Puts a column into `values`.
    mutating func gather<T: FixedWidthInteger & BitwiseCopyable>(
        _ members: Members, _ sources: [SpanBatchView], _ select: (SpanBatchView) -> ColumnView<T>
    ) where T.Magnitude: BitwiseCopyable {
        switch members {
        case .rows: RowGroupGather.values(references, sources, of: select, into: &values)
        case .children: RowGroupGather.values(children, sources, of: select, into: &values)
        }
    }

    /// Puts the codes of statuses into `values`.
    mutating func gatherStatuses(_ sources: [SpanBatchView]) {
        RowGroupGather.values(
            references, sources, where: presence, has: .statusFields, of: { $0.status }, into: &values)
    }

    /// Puts status messages into `values`, as codes of the block.
    mutating func gatherStatusMessages(_ sources: [SpanBatchView], _ strings: borrowing UnifiedStrings) {
        RowGroupGather.values(
            references, sources, where: presence, has: .statusFields, of: { $0.statusMessage }, into: &values)
        for row in 0..<values.count where values[row] != 0 {
            values[row] = UInt64(strings.code(references[row].source, UInt32(truncatingIfNeeded: values[row])))
        }
    }

    /// Puts into `values` what the spans' own presence says beside other columns.
    mutating func takePresence() {
        values.removeAll()
        let stored = UInt64(SpanPresence.status.rawValue)
        for row in 0..<presence.count { values.append(presence[row] & stored) }
    }

    /// Puts the names of the spans into `values`, as they are stored; false if all are empty.
    mutating func gatherNames(_ sources: [SpanBatchView], _ catalog: borrowing BlockCatalog) -> Bool {
        RowGroupGather.storedStrings(
            references, sources, catalog, FixedColumn.name.rawValue, of: { $0.name }, into: &values)
    }

    /// Puts a column of strings into `values`, as codes of the block.
    mutating func gatherStrings(
        _ members: Members, _ sources: [SpanBatchView], _ strings: borrowing UnifiedStrings,
        _ select: (SpanBatchView) -> ColumnView<UInt32>
    ) {
        switch members {
        case .rows: RowGroupGather.strings(references, sources, strings, of: select, into: &values)
        case .children: RowGroupGather.strings(children, sources, strings, of: select, into: &values)
        }
    }

    /// Puts the events or links of the rows into `children`, their shapes into `childShapes`.
    mutating func gatherChildren(_ owner: AttributeOwner, _ sources: [SpanBatchView], _ codes: borrowing CodeMap) {
        if owner == .event {
            RowGroupGather.children(references, sources, eventCounts, ends: { $0.eventEnd }, into: &children)
            RowGroupGather.codes(
                children, sources, codes, shapesOf: owner, of: { $0.eventAttributes.shape }, into: &childShapes)
        } else {
            RowGroupGather.children(references, sources, linkCounts, ends: { $0.linkEnd }, into: &children)
            RowGroupGather.codes(
                children, sources, codes, shapesOf: owner, of: { $0.linkAttributes.shape }, into: &childShapes)
        }
    }

    /// Sorts the attributes of all owners of a kind by column.
    mutating func scatterAttributes(
        _ owner: AttributeOwner, _ sources: [SpanBatchView], _ catalog: borrowing BlockCatalog
    ) {
        switch owner {
        case .span:
            scatter.scatter(owner, references, shapes, sources, catalog) { $0.attributes }
        case .event:
            scatter.scatter(owner, children, childShapes, sources, catalog) { $0.eventAttributes }
        case .link:
            scatter.scatter(owner, children, childShapes, sources, catalog) { $0.linkAttributes }
        }
    }

    /// Writes the attributes of a kind of owner that have no column of their own.
    mutating func writeRest(
        _ owner: AttributeOwner, _ sources: [SpanBatchView], into groups: inout RowGroupWriter,
        _ catalog: inout BlockCatalog
    ) {
        switch owner {
        case .span: rest.gather(owner, references, shapes, sources, catalog) { $0.attributes }
        case .event: rest.gather(owner, children, childShapes, sources, catalog) { $0.eventAttributes }
        case .link: rest.gather(owner, children, childShapes, sources, catalog) { $0.linkAttributes }
        }
        rest.write(owner, into: &groups, &catalog)
    }
}
