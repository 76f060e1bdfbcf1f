// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Reads columns of several sources in the order of a list of references.
///
/// Column by column and without reference counts: the loads are independent, so that cache misses overlap.
enum RowGroupGather {
    /// Puts the referenced values of a column into `out`; signed ones by their bits.
    static func values<T: FixedWidthInteger & BitwiseCopyable>(
        _ references: borrowing FlatBuffer<RowReference>, _ sources: [SpanBatchView],
        of column: (SpanBatchView) -> ColumnView<T>, into out: inout FlatBuffer<UInt64>
    ) where T.Magnitude: BitwiseCopyable {
        let rows = references.span
        out.resize(to: rows.count, filling: 0)
        var target = out.mutableSpan
        if sources.count == 1, let only = sources.first {
            let view = column(only)
            for index in rows.indices {
                target[index] = UInt64(T.Magnitude(truncatingIfNeeded: view[Int(rows[index].row)]))
            }
            return
        }
        let columns = views(sources, column)
        let views = columns.span
        for index in rows.indices {
            let reference = rows[index]
            let value = views[Int(reference.source)][Int(reference.row)]
            target[index] = UInt64(T.Magnitude(truncatingIfNeeded: value))
        }
    }

    /// Puts the referenced codes of a column into `out`, each as what it is in the block.
    ///
    /// - Parameters:
    ///   - map: By source; or by ``BlockCatalog/shapeList(_:_:)`` of `owner`.
    static func codes(
        _ references: borrowing FlatBuffer<RowReference>, _ sources: [SpanBatchView], _ map: borrowing CodeMap,
        shapesOf owner: AttributeOwner? = nil, of column: (SpanBatchView) -> ColumnView<UInt32>,
        into out: inout FlatBuffer<UInt64>
    ) {
        let first = owner.map { BlockCatalog.shapeList(0, $0) } ?? 0
        let stride = owner == nil ? 1 : BlockCatalog.shapeList(1, .span)
        let rows = references.span
        let columns = views(sources, column)
        let views = columns.span
        out.resize(to: rows.count, filling: 0)
        var target = out.mutableSpan
        for index in rows.indices {
            let reference = rows[index]
            let code = views[Int(reference.source)][Int(reference.row)]
            target[index] = UInt64(map[Int(reference.source) &* stride &+ first, code])
        }
    }

    /// Puts the referenced strings of a column into `out`, as codes of the block.
    static func strings(
        _ references: borrowing FlatBuffer<RowReference>, _ sources: [SpanBatchView],
        _ strings: borrowing UnifiedStrings, of column: (SpanBatchView) -> ColumnView<UInt32>,
        into out: inout FlatBuffer<UInt64>
    ) {
        let rows = references.span
        let columns = views(sources, column)
        let views = columns.span
        out.resize(to: rows.count, filling: 0)
        var target = out.mutableSpan
        for index in rows.indices {
            let reference = rows[index]
            let code = views[Int(reference.source)][Int(reference.row)]
            target[index] = UInt64(strings.code(reference.source, code))
        }
    }

    /// Puts the referenced strings of a column into `out`, as they are stored there.
    ///
    /// - Returns: False, with `out` as it may be, if all of them are empty.
    static func storedStrings(
        _ references: borrowing FlatBuffer<RowReference>, _ sources: [SpanBatchView],
        _ catalog: borrowing BlockCatalog, _ number: UInt32, of column: (SpanBatchView) -> ColumnView<UInt32>,
        into out: inout FlatBuffer<UInt64>
    ) -> Bool {
        let rows = references.span
        let columns = views(sources, column)
        let views = columns.span
        out.resize(to: rows.count, filling: 0)
        var target = out.mutableSpan
        var bits: UInt32 = 0
        for index in rows.indices {
            let reference = rows[index]
            let code = views[Int(reference.source)][Int(reference.row)]
            bits |= code
            let stored = catalog.stored.value(reference.source, code, column: number)
            target[index] = UInt64(stored ?? catalog.storedValue(number, reference.source, code))
        }
        return bits != 0
    }

    /// As ``values(_:_:of:into:)`` for a column that is 0 where `presence` lacks a bit: others are not looked at.
    static func values<T: FixedWidthInteger & BitwiseCopyable>(
        _ references: borrowing FlatBuffer<RowReference>, _ sources: [SpanBatchView],
        where presence: borrowing FlatBuffer<UInt64>, has bit: SpanPresence,
        of column: (SpanBatchView) -> ColumnView<T>, into out: inout FlatBuffer<UInt64>
    ) where T.Magnitude: BitwiseCopyable {
        let columns = views(sources, column)
        out.removeAll()
        out.resize(to: references.count, filling: 0)
        for index in 0..<references.count where presence[index] & UInt64(bit.rawValue) != 0 {
            let reference = references[index]
            let value = columns[Int(reference.source)][Int(reference.row)]
            out[index] = UInt64(T.Magnitude(truncatingIfNeeded: value))
        }
    }

    /// Puts into `out` how many children (events, links) each of the referenced rows has.
    ///
    /// - Parameters:
    ///   - presence: Of the rows; has `bit` where a row has any.
    ///   - column: Where the children of each row end in their own columns.
    static func childCounts(
        _ references: borrowing FlatBuffer<RowReference>, _ sources: [SpanBatchView],
        where presence: borrowing FlatBuffer<UInt64>, has bit: SpanPresence,
        ends column: (SpanBatchView) -> ColumnView<UInt32>, into out: inout FlatBuffer<UInt64>
    ) {
        let columns = views(sources, column)
        out.removeAll()
        out.resize(to: references.count, filling: 0)
        for index in 0..<references.count where presence[index] & UInt64(bit.rawValue) != 0 {
            let row = Int(references[index].row)
            let ends = columns[Int(references[index].source)]
            out[index] = UInt64(ends[row] &- (row == 0 ? 0 : ends[row &- 1]))
        }
    }

    /// Puts into `out` the children of the referenced rows, as references into their own columns.
    static func children(
        _ references: borrowing FlatBuffer<RowReference>, _ sources: [SpanBatchView],
        _ counts: borrowing FlatBuffer<UInt64>, ends column: (SpanBatchView) -> ColumnView<UInt32>,
        into out: inout FlatBuffer<RowReference>
    ) {
        out.removeAll()
        let columns = views(sources, column)
        for index in 0..<references.count where counts[index] > 0 {
            let source = Int(references[index].source)
            let end = Int(columns[source][Int(references[index].row)])
            for child in end - Int(counts[index])..<end { out.append(RowReference(source: source, row: child)) }
        }
    }

    /// A column of each source.
    @inline(__always)
    static func views<T: BitwiseCopyable>(
        _ sources: [SpanBatchView], _ column: (SpanBatchView) -> ColumnView<T>
    ) -> FlatBuffer<ColumnView<T>> {
        var views = FlatBuffer<ColumnView<T>>(capacity: sources.count)
        for source in sources { views.append(column(source)) }
        return views
    }
}
