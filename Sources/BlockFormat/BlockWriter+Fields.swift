// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

// The columns of the row group at hand: structure, fields, attributes, events, links.
extension BlockWriter {
    mutating func writeStructure(_ range: Range<Int>) -> RowGroupEntry {
        let entry = rows.structure.gather(range, firstTrace: nextTrace, ordering, critical, catalog)
        nextTrace += rows.structure.runs.count
        if ordering.traceRows(nextTrace - 1).upperBound > range.upperBound { nextTrace -= 1 }
        let unusual = rows.structure.unusualParents.count
        if unusual > 0 {
            groups.writeStrings(
                FixedColumn.unusualParent.rawValue, rows.structure.unusualParents, 0..<unusual, omitsEmpty: false,
                &catalog)
        }
        groups.writeAlways(.traceRun, rows.structure.runs)
        groups.writeAlways(.spanID, rows.structure.ids)
        groups.write(.parent, rows.structure.parents)
        groups.write(.explicitParent, rows.structure.explicitParents)
        groups.writeAlways(.start, rows.structure.starts)
        groups.writeAlways(.duration, rows.structure.durations)
        if critical.count > 0 { groups.writeAlways(.critical, rows.structure.critical) }
        return entry
    }

    mutating func writeFields() {
        writeKind()
        rows.gatherStatuses(ordering.sources)
        rows.noteErrors()
        groups.write(.status, rows.values)
        rows.takePresence()
        groups.write(.presence, rows.values)
        writeNames()
        writeStatusMessages()
        writeStrings(.traceState) { $0.traceState }
        writeFlags()
        if !catalog.isDefault(.droppedAttributes) { writeDropped() }
        RowGroupGather.codes(
            rows.references, ordering.sources, catalog.resourceCodes, of: { $0.resource }, into: &rows.values)
        groups.write(.resource, rows.values)
        noteServices()
        RowGroupGather.codes(
            rows.references, ordering.sources, catalog.scopeCodes, of: { $0.scope }, into: &rows.values)
        groups.write(.scope, rows.values)
        write(.arrivalSeconds) { $0.arrivalSeconds }
        footer.statistics.addArrivals(rows.values)
    }

    private mutating func write<T: FixedWidthInteger & BitwiseCopyable>(
        _ column: FixedColumn, of members: RowGroupRows.Members = .rows,
        _ select: (SpanBatchView) -> ColumnView<T>
    ) where T.Magnitude: BitwiseCopyable {
        guard !catalog.isDefault(column) else { return }
        rows.gather(members, ordering.sources, select)
        groups.write(column, rows.values)
    }

    private mutating func writeStrings(
        _ column: FixedColumn, of members: RowGroupRows.Members = .rows,
        _ select: (SpanBatchView) -> ColumnView<UInt32>
    ) {
        guard !catalog.isDefault(column) else { return }
        rows.gatherStrings(members, ordering.sources, catalog.strings, select)
        groups.writeStrings(column.rawValue, rows.values, 0..<rows.values.count, omitsEmpty: true, &catalog)
    }

    /// The ordering has gathered the kinds already.
    private mutating func writeKind() {
        rows.values.removeAll()
        for row in nextRow..<nextRow + rows.references.count {
            rows.values.append(UInt64(UInt32(bitPattern: ordering.kind[row])))
        }
        groups.write(.kind, rows.values)
    }

    /// Keeps for the trace index whose span each row is; the resources are in `rows.values`.
    private mutating func noteServices() {
        for row in 0..<rows.values.count {
            traceRows.append(
                TraceIndexRow(service: catalog.services[Int(rows.values[row])], isError: rows.errors[row]))
        }
    }

    private mutating func writeNames() {
        guard !catalog.isDefault(.name), rows.gatherNames(ordering.sources, catalog) else { return }
        groups.writeStored(FixedColumn.name.rawValue, rows.values, 0..<rows.values.count, catalog)
    }

    private mutating func writeStatusMessages() {
        guard !catalog.isDefault(.statusMessage) else { return }
        rows.gatherStatusMessages(ordering.sources, catalog.strings)
        groups.writeStrings(
            FixedColumn.statusMessage.rawValue, rows.values, 0..<rows.values.count, omitsEmpty: true, &catalog)
    }

    /// Most senders give all spans the same.
    private mutating func writeFlags() {
        guard let flags = catalog.commonFlags else { return write(.flags) { $0.flags } }
        rows.values.removeAll()
        rows.values.resize(to: rows.references.count, filling: UInt64(flags))
        groups.write(.flags, rows.values)
    }

    private mutating func writeDropped() {
        rows.gather(.rows, ordering.sources) { $0.dropped }
        var attributes = FlatBuffer<UInt64>(repeating: 0, count: rows.values.count)
        var events = FlatBuffer<UInt64>(repeating: 0, count: rows.values.count)
        var links = FlatBuffer<UInt64>(repeating: 0, count: rows.values.count)
        for index in 0..<rows.values.count where rows.values[index] != 0 {
            let source = ordering.sources[Int(rows.references[index].source)]
            let code = UInt32(truncatingIfNeeded: rows.values[index])
            let counts: DroppedCounts = source.droppedCounts.record(code, or: .none)
            attributes[index] = UInt64(counts.attributes)
            events[index] = UInt64(counts.events)
            links[index] = UInt64(counts.links)
        }
        groups.write(.droppedAttributes, attributes)
        groups.write(.droppedEvents, events)
        groups.write(.droppedLinks, links)
    }

    /// The shapes of the spans and the values of all their attribute columns.
    mutating func writeAttributes() {
        groups.write(.shape, rows.shapes)
        writeAttributes(of: .span)
    }

    private mutating func writeAttributes(of owner: AttributeOwner) {
        rows.scatterAttributes(owner, ordering.sources, catalog)
        rows.scatter.write(into: &groups, catalog)
        if catalog.shapes.hasRest { rows.writeRest(owner, ordering.sources, into: &groups, &catalog) }
    }

    mutating func writeEvents() {
        guard rows.eventCounts.count > 0 else { return }
        rows.gatherChildren(.event, ordering.sources, catalog.shapeCodes)
        guard rows.children.count > 0 else { return }
        groups.write(.eventCount, rows.eventCounts)
        rows.gather(.children, ordering.sources) { $0.eventTime }
        var event = 0
        for row in 0..<rows.eventCounts.count {
            for _ in 0..<rows.eventCounts[row] {
                rows.values[event] = Self.zigzag(rows.values[event] &- ordering.start[nextRow + row])
                event += 1
            }
        }
        groups.write(.eventTime, rows.values)
        writeStrings(.eventName, of: .children) { $0.eventName }
        write(.eventDropped, of: .children) { $0.eventDropped }
        groups.write(.eventShape, rows.childShapes)
        writeAttributes(of: .event)
    }

    mutating func writeLinks() {
        guard rows.linkCounts.count > 0 else { return }
        rows.gatherChildren(.link, ordering.sources, catalog.shapeCodes)
        guard rows.children.count > 0 else { return }
        groups.write(.linkCount, rows.linkCounts)
        writeStrings(.linkTraceID, of: .children) { $0.linkTraceID }
        writeStrings(.linkSpanID, of: .children) { $0.linkSpanID }
        writeStrings(.linkTraceState, of: .children) { $0.linkTraceState }
        write(.linkDropped, of: .children) { $0.linkDropped }
        write(.linkFlags, of: .children) { $0.linkFlags }
        groups.write(.linkShape, rows.childShapes)
        writeAttributes(of: .link)
    }

    private static func zigzag(_ value: UInt64) -> UInt64 {
        let signed = Int64(bitPattern: value)
        return UInt64(bitPattern: (signed &<< 1) ^ (signed &>> 63))
    }
}

extension BlockStatistics {
    /// - Parameter seconds: The arrivals of some rows, 32 bits each.
    fileprivate mutating func addArrivals(_ seconds: borrowing FlatBuffer<UInt64>) {
        for index in 0..<seconds.count {
            minimumArrivalSeconds = min(minimumArrivalSeconds, UInt32(truncatingIfNeeded: seconds[index]))
            maximumArrivalSeconds = max(maximumArrivalSeconds, UInt32(truncatingIfNeeded: seconds[index]))
        }
    }
}
