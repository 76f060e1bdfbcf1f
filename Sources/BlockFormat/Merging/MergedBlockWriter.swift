// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Writes the rows that a merge has put in order: gathers each column from the inputs' row groups and encodes it.
struct MergedBlockWriter: ~Copyable {
    let id: BlockID
    let hasDerivedColumn: Bool
    let effort: CompressionEffort
    var groups: RowGroupWriter
    var footer = BlockFooter()
    var index: MergedTraceIndex
    private(set) var offset = 0
    private var rowCount = 0
    /// By slot and column: the next value of an attribute. Owners are passed in their order, so one place a column is
    /// enough.
    var cursors = FlatBuffer<Int>()
    let columnCount: Int

    // Filled for one row group after the other; they keep their memory.
    var values = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    var shapes = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    var children = FlatBuffer<MergeSegment>()
    var counts = FlatBuffer<UInt64>()
    var scatter = MergedAttributes()
    var strings = MergedLocalStrings()
    var rest = MergedRest()
    var restKeyHashes = RestKeyHashes()
    private var structure: MergedStructure
    /// By code: whether a row has them.
    private(set) var usedResources: BitMask
    private(set) var usedScopes: BitMask
    private var tailState = TailState.tables

    private enum TailState { case tables, index, end }

    init(_ id: BlockID, _ catalog: MergeCatalog, criticalPathVersion: UInt8, effort: CompressionEffort) {
        self.id = id
        self.effort = effort
        hasDerivedColumn = criticalPathVersion > 0
        columnCount = catalog.columnCount
        groups = RowGroupWriter(
            blockID: id, columnCount: catalog.columnCount, dictionaryEntryCount: catalog.dictionaryEntryCount,
            effort: effort)
        index = MergedTraceIndex(serviceCount: catalog.tables.schema.services.count)
        structure = MergedStructure(seed: id.low)
        usedResources = BitMask(count: max(1, catalog.tables.schema.resources.count))
        usedScopes = BitMask(count: max(1, catalog.tables.schema.scopes.count))
        footer.criticalPathVersion = criticalPathVersion
    }

    mutating func header() -> [UInt8] {
        var out = ByteWriter(capacity: BlockLayout.headerByteCount)
        BlockLayout.writeHeader(id, into: &out)
        offset = out.count
        return out.array()
    }

    /// Makes room for the attributes of one more row group.
    mutating func addSlot(_ catalog: MergeCatalog) {
        cursors.resize(to: cursors.count + columnCount, filling: 0)
    }

    /// A row group has come into a slot.
    mutating func placeCursors(_ slot: Int, _ group: MergeGroup) {
        for column in 0..<columnCount { cursors[slot * columnCount + column] = max(0, group.starts[column]) }
    }

    // MARK: - Row groups

    mutating func rowGroup(
        _ rows: borrowing TakenRows, _ slots: [MergeGroup?], _ catalog: MergeCatalog
    ) -> [UInt8] {
        groups.begin(group: footer.rowGroups.count, blockOffset: offset)
        gather(.resource, rows.segments, slots, absent: 0)
        index.take(resources: values, catalog)
        gather(.status, rows.segments, slots, absent: 0)
        index.take(statuses: values)
        gather(.name, rows.segments, slots, absent: catalog.emptyCodes[Int(FixedColumn.name.rawValue)])
        index.take(names: values)
        var entry = structure.gather(rows, slots, firstRow: rowCount)
        index.add(rows.traces, structure, firstRow: rowCount, &footer, slots, catalog)
        entry.firstTrace = index.traceCount - structure.runs.count
        writeStructure(rows.criticals, slots, catalog)
        writeFields(rows.segments, slots, catalog)
        writeAttributes(.span, .shape, rows.segments, slots, catalog)
        writeEvents(rows.segments, slots, catalog)
        writeLinks(rows.segments, slots, catalog)
        (entry.directoryByteCount, entry.directoryChecksum) = groups.finish()
        entry.offset = offset
        entry.byteCount = groups.bytes.count
        footer.rowGroups.append(entry)
        rowCount += entry.rowCount
        offset += entry.byteCount
        return groups.bytes.array()
    }

    private mutating func writeStructure(
        _ criticals: borrowing FlatBuffer<UInt64>, _ slots: [MergeGroup?], _ catalog: MergeCatalog
    ) {
        let unusual = structure.unusualParents.count
        if unusual > 0 {
            Self.writeStrings(
                FixedColumn.unusualParent.rawValue, structure.unusualParents, 0..<unusual, omitsEmpty: false, slots,
                catalog, &strings, &groups)
        }
        groups.writeAlways(.traceRun, structure.runs)
        groups.writeAlways(.spanID, structure.ids)
        groups.write(.parent, structure.parents)
        groups.write(.explicitParent, structure.explicitParents)
        groups.writeAlways(.start, structure.starts)
        groups.writeAlways(.duration, structure.durations)
        if hasDerivedColumn { groups.writeAlways(.critical, criticals) }
    }

    private mutating func writeFields(
        _ rows: borrowing FlatBuffer<MergeSegment>, _ slots: [MergeGroup?], _ catalog: MergeCatalog
    ) {
        for column in [FixedColumn.kind, .status] { write(column, rows, slots) }
        gather(.presence, rows, slots, absent: 0)
        // Only what the parent column does not say.
        for index in 0..<values.count { values[index] &= UInt64(SpanPresence.status.rawValue) }
        groups.write(.presence, values)
        for column in [FixedColumn.name, .statusMessage, .traceState] { writeStrings(column, rows, slots, catalog) }
        for column in [
            FixedColumn.flags, .droppedAttributes, .droppedEvents, .droppedLinks, .resource, .scope, .arrivalSeconds,
        ] {
            write(column, rows, slots)
            if column == .resource { Self.mark(values, in: &usedResources) }
            if column == .scope { Self.mark(values, in: &usedScopes) }
        }
        for index in 0..<values.count {
            let seconds = UInt32(truncatingIfNeeded: values[index])
            footer.statistics.minimumArrivalSeconds = min(footer.statistics.minimumArrivalSeconds, seconds)
            footer.statistics.maximumArrivalSeconds = max(footer.statistics.maximumArrivalSeconds, seconds)
        }
    }

    private static func mark(_ codes: borrowing FlatBuffer<UInt64>, in used: inout BitMask) {
        var last = UInt64.max
        for index in 0..<codes.count where codes[index] != last {
            last = codes[index]
            used[Int(truncatingIfNeeded: last)] = true
        }
    }

    private mutating func write(
        _ column: FixedColumn, _ rows: borrowing FlatBuffer<MergeSegment>, _ slots: [MergeGroup?]
    ) {
        gather(column, rows, slots, absent: 0)
        groups.write(column, values)
    }

    private mutating func writeStrings(
        _ column: FixedColumn, _ rows: borrowing FlatBuffer<MergeSegment>, _ slots: [MergeGroup?],
        _ catalog: MergeCatalog
    ) {
        guard Self.hasChunk(column, rows, slots) else { return }
        gather(column, rows, slots, absent: catalog.emptyCodes[Int(column.rawValue)])
        Self.writeStrings(
            column.rawValue, values, 0..<values.count, omitsEmpty: true, slots, catalog, &strings, &groups)
    }

    private static func hasChunk(
        _ column: FixedColumn, _ rows: borrowing FlatBuffer<MergeSegment>, _ slots: [MergeGroup?]
    ) -> Bool {
        for slot in slots {
            if let slot, slot.starts[Int(column.rawValue)] >= 0 { return true }
        }
        return false
    }

    // MARK: - Children

    private mutating func writeEvents(
        _ rows: borrowing FlatBuffer<MergeSegment>, _ slots: [MergeGroup?], _ catalog: MergeCatalog
    ) {
        guard gatherChildren(.event, rows, slots) else {
            let skipped = takeChildren()
            return walk(.event, .eventShape, skipped, slots, catalog)
        }
        groups.write(.eventCount, counts)
        let events = takeChildren()
        write(.eventTime, events, slots)
        writeStrings(.eventName, events, slots, catalog)
        write(.eventDropped, events, slots)
        writeAttributes(.event, .eventShape, events, slots, catalog)
        children = events
    }

    private mutating func writeLinks(
        _ rows: borrowing FlatBuffer<MergeSegment>, _ slots: [MergeGroup?], _ catalog: MergeCatalog
    ) {
        guard gatherChildren(.link, rows, slots) else {
            let skipped = takeChildren()
            return walk(.link, .linkShape, skipped, slots, catalog)
        }
        groups.write(.linkCount, counts)
        let links = takeChildren()
        for column in [FixedColumn.linkTraceID, .linkSpanID, .linkTraceState] {
            writeStrings(column, links, slots, catalog)
        }
        for column in [FixedColumn.linkDropped, .linkFlags] { write(column, links, slots) }
        writeAttributes(.link, .linkShape, links, slots, catalog)
        children = links
    }

    private mutating func takeChildren() -> FlatBuffer<MergeSegment> {
        var taken = FlatBuffer<MergeSegment>()
        swap(&taken, &children)
        return taken
    }

    /// Puts the events or links of the rows into `children`, and how many each row has into `counts`.
    ///
    /// - Returns: Whether there are any that are not left out; the others must be passed over all the same.
    private mutating func gatherChildren(
        _ owner: AttributeOwner, _ rows: borrowing FlatBuffer<MergeSegment>, _ slots: [MergeGroup?]
    ) -> Bool {
        children.removeAll()
        counts.removeAll()
        var total = 0
        for index in 0..<rows.count {
            let segment = rows[index]
            guard let group = slots[Int(segment.slot)] else { continue }
            let owners = group.owners(owner, of: segment.rows)
            if !owners.isEmpty {
                children.append(
                    MergeSegment(
                        slot: segment.slot, first: UInt32(owners.lowerBound), count: UInt32(owners.count),
                        isSkipped: segment.isSkipped))
            }
            guard !segment.isSkipped else { continue }
            total += owners.count
            if owners.isEmpty {
                counts.resize(to: counts.count + Int(segment.count), filling: 0)
            } else {
                for row in segment.rows { counts.append(UInt64(group.owners(owner, of: row..<row + 1).count)) }
            }
        }
        return total > 0
    }

    // MARK: - Gathering

    /// Puts a column into `values`, row by row.
    mutating func gather(
        _ column: FixedColumn, _ rows: borrowing FlatBuffer<MergeSegment>, _ slots: [MergeGroup?], absent: UInt64
    ) {
        values.removeAll()
        for index in 0..<rows.count {
            let segment = rows[index]
            guard !segment.isSkipped, let group = slots[Int(segment.slot)] else { continue }
            let start = group.starts[Int(column.rawValue)]
            if start < 0 {
                values.resize(to: values.count + Int(segment.count), filling: absent)
            } else {
                let first = start + Int(segment.first)
                values.append(copying: group.values, first..<first + Int(segment.count))
            }
        }
    }

    // MARK: - The end

    /// The next of the parts behind the row groups: dictionaries, schema, trace index, bloom filter, footer and trailer;
    /// nil when all are written. In parts, as a trace index may be large.
    mutating func nextTailPart(_ catalog: MergeCatalog) -> [UInt8]? {
        var out = ByteWriter(capacity: 256 << 10)
        switch tailState {
        case .tables:
            index.close(&footer)
            writeTables(catalog, into: &out)
            tailState = .index
        case .index:
            if index.writePages(&footer, id, at: offset, into: &out) { break }
            index.writeBloomFilter(&footer, id, at: offset, into: &out)
            footer.statistics.rowCount = rowCount
            footer.statistics.traceCount = index.traceCount
            footer.close(id, into: &out)
            tailState = .end
        case .end: return nil
        }
        offset += out.count
        return out.array()
    }
}
