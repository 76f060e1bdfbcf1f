// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Turns spans in block order into the bytes of one block, part by part.
///
/// ``nextPart()`` yields the header, then a row group at a time, then everything else; joined, the parts are the block.
/// Memory: what the ordering holds, the distinct strings, and one row group.
///
/// - SeeAlso: docs/FORMAT.md
package struct BlockWriter: ~Copyable {
    let id: BlockID
    let ordering: SpanOrdering
    let critical: FlatBuffer<UInt64>
    var catalog: BlockCatalog
    let heavyColumns: HeavyColumns
    var groups: RowGroupWriter
    var rows: RowGroupRows
    /// One a row that was written.
    var traceRows: SegmentedColumn<TraceIndexRow>
    var footer = BlockFooter()
    var scratch = EncodingScratch()
    var nextRow = 0
    var nextTrace = 0
    private(set) var offset = 0
    private var state = State.header

    private enum State { case header, rowGroups, end }

    /// - Parameters:
    ///   - ordering: At least one row.
    ///   - criticalNanoseconds: The derived column, one value a row in block order; empty if there is none.
    ///   - criticalPathVersion: Of the definition by which it was made.
    ///   - pool: For scratch memory.
    ///   - limits: Which attributes get columns of their own.
    package init(
        id: BlockID, ordering: consuming SpanOrdering, criticalNanoseconds: consuming FlatBuffer<UInt64>,
        criticalPathVersion: UInt8, pool: SlabPool, limits: AttributeLimits = AttributeLimits()
    ) {
        precondition(ordering.rowCount > 0, "a block has at least one span")
        precondition(criticalNanoseconds.count == 0 || criticalNanoseconds.count == ordering.rowCount)
        self.id = id
        catalog = BlockCatalog(ordering, pool: pool, seed: id.low, limits: limits)
        heavyColumns = HeavyColumns(catalog)
        groups = RowGroupWriter(blockID: id, catalog)
        rows = RowGroupRows(seed: id.low)
        traceRows = SegmentedColumn(arena: SlabArena(pool: pool))
        footer.criticalPathVersion = criticalNanoseconds.count == 0 ? 0 : criticalPathVersion
        self.ordering = ordering
        critical = criticalNanoseconds
    }

    /// What the block holds; complete when ``nextPart()`` has returned nil.
    package var statistics: BlockStatistics { footer.statistics }

    /// Bytes of the block so far.
    package var byteCount: Int { offset }

    /// The next bytes of the block; nil when it is complete.
    package mutating func nextPart() -> [UInt8]? {
        let part: [UInt8]
        switch state {
        case .header:
            part = header()
            state = .rowGroups
        case .rowGroups where nextRow < ordering.rowCount:
            part = rowGroup()
        case .rowGroups:
            part = tail()
            state = .end
        case .end:
            return nil
        }
        offset += part.count
        return part
    }

    private func header() -> [UInt8] {
        var out = ByteWriter(capacity: BlockLayout.headerByteCount)
        BlockLayout.writeHeader(id, into: &out)
        return out.array()
    }

    private mutating func rowGroup() -> [UInt8] {
        rows.gather(from: nextRow, ordering, catalog, heavyColumns)
        let range = nextRow..<nextRow + rows.references.count
        groups.begin(group: footer.rowGroups.count, blockOffset: offset)
        var entry = writeStructure(range)
        writeFields()
        writeAttributes()
        writeEvents()
        writeLinks()
        (entry.directoryByteCount, entry.directoryChecksum) = groups.finish()
        entry.offset = offset
        entry.byteCount = groups.bytes.count
        footer.rowGroups.append(entry)
        nextRow = range.upperBound
        return groups.bytes.array()
    }
}
