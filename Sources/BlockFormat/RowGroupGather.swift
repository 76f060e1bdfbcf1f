// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Reads columns of several sources in the order of a list of references.
///
/// Column by column and without reference counts: the loads are independent, so that cache misses overlap.
enum RowGroupGather {
    /// Appends the referenced values of a column to `out`.
    static func values<T: BitwiseCopyable>(
        _ references: borrowing FlatBuffer<RowReference>, _ sources: [SpanBatchView],
        of column: (SpanBatchView) -> ColumnView<T>, into out: inout FlatBuffer<T>
    ) {
        if sources.count == 1, let only = sources.first {
            let view = column(only)
            for index in 0..<references.count { out.append(view[Int(references[index].row)]) }
            return
        }
        var views = FlatBuffer<ColumnView<T>>(capacity: sources.count)
        for source in sources { views.append(column(source)) }
        for index in 0..<references.count {
            let reference = references[index]
            out.append(views[Int(reference.source)][Int(reference.row)])
        }
    }

    /// The children (events, links) of the referenced rows, as references into their own columns, and how many each
    /// row has.
    static func children(
        _ references: borrowing FlatBuffer<RowReference>, _ sources: [SpanBatchView],
        ends column: (SpanBatchView) -> ColumnView<UInt32>, counts: inout FlatBuffer<UInt64>,
        into out: inout FlatBuffer<RowReference>
    ) {
        var views = FlatBuffer<ColumnView<UInt32>>(capacity: sources.count)
        for source in sources { views.append(column(source)) }
        for index in 0..<references.count {
            let reference = references[index]
            let row = Int(reference.row)
            let ends = views[Int(reference.source)]
            let first = row == 0 ? 0 : ends[row - 1]
            let end = ends[row]
            counts.append(UInt64(end - first))
            for child in first..<end { out.append(RowReference(source: Int(reference.source), row: Int(child))) }
        }
    }
}
