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
    private let id: BlockID
    private let ordering: SpanOrdering
    private let critical: FlatBuffer<UInt64>
    private var catalog: BlockCatalog
    private var groups: RowGroupWriter
    private var footer = BlockFooter()
    private var parents = FlatBuffer<UInt32>()
    private var scratch = EncodingScratch()
    private var nextRow = 0
    private var nextTrace = 0
    private var offset = 0
    private var state = State.header

    private enum State { case header, rowGroups, end }

    /// - Parameters:
    ///   - ordering: At least one row.
    ///   - criticalNanoseconds: The derived column, one value a row in block order; empty if there is none.
    ///   - criticalPathVersion: Of the definition by which it was made.
    ///   - pool: For scratch memory.
    package init(
        id: BlockID, ordering: consuming SpanOrdering, criticalNanoseconds: consuming FlatBuffer<UInt64>,
        criticalPathVersion: UInt8, pool: SlabPool
    ) {
        precondition(ordering.rowCount > 0, "a block has at least one span")
        precondition(criticalNanoseconds.count == 0 || criticalNanoseconds.count == ordering.rowCount)
        self.id = id
        catalog = BlockCatalog(ordering, pool: pool, seed: id.low)
        groups = RowGroupWriter(
            blockID: id, stringCount: catalog.strings.count, entryCount: catalog.distinct.entries.count,
            columnCount: catalog.isString.count)
        footer.criticalPathVersion = criticalNanoseconds.count == 0 ? 0 : criticalPathVersion
        var resolver = ParentRows(seed: id.low)
        for trace in 0..<ordering.traceCount {
            resolver.resolve(
                ordering.traceRows(trace), spanIDs: ordering.spanID, parents: ordering.parent, into: &parents)
        }
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

    // MARK: - Row groups

    private mutating func rowGroup() -> [UInt8] {
        let range = nextRow..<groupEnd(from: nextRow)
        let group = footer.rowGroups.count
        groups.begin(group: group, blockOffset: offset)
        var references = FlatBuffer<RowReference>(capacity: range.count)
        for row in range { references.append(ordering.references[row]) }
        var entry = writeStructure(range)
        writeFields(range, references)
        writeAttributes(of: .span, references, shapeColumn: .shape) { $0.attributes }
        writeEvents(range, references)
        writeLinks(references)
        (entry.directoryByteCount, entry.directoryChecksum) = groups.finish()
        entry.byteCount = groups.bytes.count
        footer.rowGroups.append(entry)
        nextRow = range.upperBound
        return groups.bytes.array()
    }

    /// Rows up to the limit; fewer where attributes, events or links are many or strings long, but always one.
    private func groupEnd(from first: Int) -> Int {
        let most = min(first + BlockLayout.rowGroupRowLimit, ordering.rowCount)
        var values = 0
        var longByteCount = 0
        var row = first
        while row < most {
            let reference = ordering.references[row]
            let source = ordering.sources[Int(reference.source)]
            let index = Int(reference.row)
            values += Int(source.attributes.end[index]) - source.attributes.firstValue(of: index)
            values += Self.valueCount(source.eventAttributes, source.events(of: index))
            values += Self.valueCount(source.linkAttributes, source.links(of: index))
            if !catalog.longStrings.isEmpty { longByteCount += catalog.longByteCount(of: reference, in: source) }
            let isFull =
                values > BlockLayout.rowGroupValueLimit || longByteCount > BlockLayout.rowGroupStringByteLimit
            if isFull && row > first { break }
            row += 1
        }
        return row
    }

    /// Events or links, and their attributes.
    private static func valueCount(_ attributes: AttributeColumnsView, _ owners: Range<Int>) -> Int {
        guard let last = owners.last else { return 0 }
        return owners.count + Int(attributes.end[last]) - attributes.firstValue(of: owners.lowerBound)
    }

    /// Trace runs, IDs, parents, times and the derived column; they come from the ordering.
    private mutating func writeStructure(_ range: Range<Int>) -> RowGroupEntry {
        var runs = FlatBuffer<UInt64>()
        var ids = FlatBuffer<UInt64>(capacity: range.count)
        var starts = FlatBuffer<UInt64>(capacity: range.count)
        var durations = FlatBuffer<UInt64>(capacity: range.count)
        var parentValues = FlatBuffer<UInt32>(capacity: range.count)
        var explicit = FlatBuffer<UInt64>()
        var entry = RowGroupEntry(
            offset: offset, byteCount: 0, directoryByteCount: 0, directoryChecksum: 0, firstRow: range.lowerBound,
            rowCount: range.count, firstTrace: nextTrace, continuesTrace: false, minimumStart: .max, maximumStart: 0,
            maximumDuration: 0)
        entry.continuesTrace = ordering.traceRows(nextTrace).lowerBound < range.lowerBound
        var row = range.lowerBound
        while row < range.upperBound {
            let trace = ordering.traceRows(nextTrace)
            let end = min(trace.upperBound, range.upperBound)
            runs.append(UInt64(end - row))
            var previous = ordering.start[trace.lowerBound]
            for index in row..<end {
                let start = ordering.start[index]
                starts.append(start &- previous)
                previous = start
                ids.append(ordering.spanID[index])
                let duration = ordering.end[index] &- start
                durations.append(duration)
                let rows = max(trace.lowerBound, range.lowerBound)..<end
                let parent = Self.parentInGroup(parents[index], trace, rows)
                parentValues.append(parent)
                if parent == 1 { explicit.append(ordering.parent[index]) }
                entry.minimumStart = min(entry.minimumStart, start)
                entry.maximumStart = max(entry.maximumStart, start)
                if ordering.end[index] >= start { entry.maximumDuration = max(entry.maximumDuration, duration) }
            }
            row = end
            if end == trace.upperBound { nextTrace += 1 }
        }
        markUnusualParents(range, &parentValues)
        groups.write(FixedColumn.traceRun.rawValue, runs, omitsZeros: false)
        groups.write(FixedColumn.spanID.rawValue, ids, omitsZeros: false)
        groups.write(.parent, parentValues)
        groups.write(.explicitParent, explicit)
        groups.write(FixedColumn.start.rawValue, starts, omitsZeros: false)
        groups.write(FixedColumn.duration.rawValue, durations, omitsZeros: false)
        writeCritical(range, durations)
        return entry
    }

    /// The parent column's value where only the trace's rows in this group can be referred to.
    private static func parentInGroup(_ parent: UInt32, _ trace: Range<Int>, _ rows: Range<Int>) -> UInt32 {
        guard parent >= 3 else { return parent }
        let parentRow = trace.lowerBound + Int(parent) - 3
        return rows.contains(parentRow) ? UInt32(parentRow - rows.lowerBound) + 3 : 1
    }

    private mutating func writeCritical(_ range: Range<Int>, _ durations: borrowing FlatBuffer<UInt64>) {
        guard critical.count > 0 else { return }
        var values = FlatBuffer<UInt64>(capacity: range.count)
        for row in range {
            let time = critical[row]
            values.append(time == 0 ? 0 : time == durations[row - range.lowerBound] ? 1 : time &+ 1)
        }
        groups.write(FixedColumn.critical.rawValue, values, omitsZeros: false)
    }

    /// Sets the parent value 2 where the parent's bytes are no ID, and writes those bytes.
    private mutating func markUnusualParents(_ range: Range<Int>, _ values: inout FlatBuffer<UInt32>) {
        var unusual = FlatBuffer<UInt32>()
        for row in range where ordering.parent[row] == 0 {
            let reference = ordering.references[row]
            let source = ordering.sources[Int(reference.source)]
            let index = Int(reference.row)
            guard SpanPresence(rawValue: source.presence[index]).contains(.unusualParent) else { continue }
            values[row - range.lowerBound] = 2
            let code = UInt32(truncatingIfNeeded: source.parentSpanID[index])
            unusual.append(catalog.strings.code(reference.source, code))
        }
        if unusual.count > 0 {
            groups.writeStrings(FixedColumn.unusualParent.rawValue, unusual, omitsEmpty: false, &catalog)
        }
    }
}

// MARK: - Fields, attributes, events, links

extension BlockWriter {
    private mutating func writeFields(_ range: Range<Int>, _ references: borrowing FlatBuffer<RowReference>) {
        let sources = ordering.sources
        var kinds = FlatBuffer<Int32>(capacity: range.count)
        for row in range { kinds.append(ordering.kind[row]) }
        groups.write(.kind, kinds)
        writeGathered(.status, references) { $0.status }
        writePresence(references)
        writeStrings(.name, references) { $0.name }
        writeStrings(.statusMessage, references) { $0.statusMessage }
        writeStrings(.traceState, references) { $0.traceState }
        writeGathered(.flags, references) { $0.flags }
        writeDropped(references)
        writeMapped(.resource, references, catalog.resourceCodes) { $0.resource }
        writeMapped(.scope, references, catalog.scopeCodes) { $0.scope }
        var arrivals = FlatBuffer<UInt32>(capacity: range.count)
        RowGroupGather.values(references, sources, of: { $0.arrivalSeconds }, into: &arrivals)
        groups.write(.arrivalSeconds, arrivals)
        for index in 0..<arrivals.count {
            footer.statistics.minimumArrivalSeconds = min(footer.statistics.minimumArrivalSeconds, arrivals[index])
            footer.statistics.maximumArrivalSeconds = max(footer.statistics.maximumArrivalSeconds, arrivals[index])
        }
    }

    private mutating func writeGathered(
        _ column: FixedColumn, _ references: borrowing FlatBuffer<RowReference>,
        _ select: (SpanBatchView) -> ColumnView<UInt32>
    ) {
        var values = FlatBuffer<UInt32>(capacity: references.count)
        RowGroupGather.values(references, ordering.sources, of: select, into: &values)
        groups.write(column, values)
    }

    private mutating func writeGathered(
        _ column: FixedColumn, _ references: borrowing FlatBuffer<RowReference>,
        _ select: (SpanBatchView) -> ColumnView<Int32>
    ) {
        var values = FlatBuffer<Int32>(capacity: references.count)
        RowGroupGather.values(references, ordering.sources, of: select, into: &values)
        groups.write(column, values)
    }

    /// Only what the parent column does not say.
    private mutating func writePresence(_ references: borrowing FlatBuffer<RowReference>) {
        var values = FlatBuffer<UInt8>(capacity: references.count)
        RowGroupGather.values(references, ordering.sources, of: { $0.presence }, into: &values)
        for index in 0..<values.count {
            values[index] = SpanPresence(rawValue: values[index]).subtracting(.unusualParent).rawValue
        }
        groups.write(.presence, values)
    }

    private mutating func writeStrings(
        _ column: FixedColumn, _ references: borrowing FlatBuffer<RowReference>,
        _ select: (SpanBatchView) -> ColumnView<UInt32>
    ) {
        var values = FlatBuffer<UInt32>(capacity: references.count)
        RowGroupGather.values(references, ordering.sources, of: select, into: &values)
        for index in 0..<values.count {
            values[index] = catalog.strings.code(references[index].source, values[index])
        }
        groups.writeStrings(column.rawValue, values, omitsEmpty: true, &catalog)
    }

    private mutating func writeMapped(
        _ column: FixedColumn, _ references: borrowing FlatBuffer<RowReference>, _ codes: [[UInt32]],
        _ select: (SpanBatchView) -> ColumnView<UInt32>
    ) {
        var values = FlatBuffer<UInt32>(capacity: references.count)
        RowGroupGather.values(references, ordering.sources, of: select, into: &values)
        for index in 0..<values.count { values[index] = codes[Int(references[index].source)][Int(values[index])] }
        groups.write(column, values)
    }

    private mutating func writeDropped(_ references: borrowing FlatBuffer<RowReference>) {
        var values = FlatBuffer<UInt32>(capacity: references.count)
        RowGroupGather.values(references, ordering.sources, of: { $0.dropped }, into: &values)
        var attributes = FlatBuffer<UInt32>(repeating: 0, count: values.count)
        var events = FlatBuffer<UInt32>(repeating: 0, count: values.count)
        var links = FlatBuffer<UInt32>(repeating: 0, count: values.count)
        var found = false
        for index in 0..<values.count where values[index] != 0 {
            let source = ordering.sources[Int(references[index].source)]
            let counts: DroppedCounts = source.droppedCounts.record(values[index], or: .none)
            attributes[index] = counts.attributes
            events[index] = counts.events
            links[index] = counts.links
            found = true
        }
        guard found else { return }
        groups.write(.droppedAttributes, attributes)
        groups.write(.droppedEvents, events)
        groups.write(.droppedLinks, links)
    }

    /// Writes the shapes of the referenced owners and the values of all their attribute columns.
    private mutating func writeAttributes(
        of owner: AttributeOwner, _ references: borrowing FlatBuffer<RowReference>, shapeColumn: FixedColumn,
        _ select: (SpanBatchView) -> AttributeColumnsView
    ) {
        var shapes = FlatBuffer<UInt32>(capacity: references.count)
        RowGroupGather.values(references, ordering.sources, of: { select($0).shape }, into: &shapes)
        let codes = catalog.shapeCodes[Int(owner.rawValue)]
        for index in 0..<shapes.count { shapes[index] = codes[Int(references[index].source)][Int(shapes[index])] }
        groups.write(shapeColumn, shapes)
        var values = AttributeScatter(owner, shapes, catalog)
        values.scatter(references, shapes, ordering.sources.map(select), catalog)
        values.write(into: &groups, &catalog)
    }

    private mutating func writeEvents(_ range: Range<Int>, _ references: borrowing FlatBuffer<RowReference>) {
        var counts = FlatBuffer<UInt64>(capacity: references.count)
        var events = FlatBuffer<RowReference>()
        RowGroupGather.children(
            references, ordering.sources, ends: { $0.eventEnd }, counts: &counts, into: &events)
        guard events.count > 0 else { return }
        groups.write(.eventCount, counts)
        var times = FlatBuffer<UInt64>(capacity: events.count)
        RowGroupGather.values(events, ordering.sources, of: { $0.eventTime }, into: &times)
        var event = 0
        for row in 0..<counts.count {
            for _ in 0..<counts[row] {
                times[event] = Self.zigzag(times[event] &- ordering.start[range.lowerBound + row])
                event += 1
            }
        }
        groups.write(FixedColumn.eventTime.rawValue, times, omitsZeros: true)
        writeStrings(.eventName, events) { $0.eventName }
        writeGathered(.eventDropped, events) { $0.eventDropped }
        writeAttributes(of: .event, events, shapeColumn: .eventShape) { $0.eventAttributes }
    }

    private mutating func writeLinks(_ references: borrowing FlatBuffer<RowReference>) {
        var counts = FlatBuffer<UInt64>(capacity: references.count)
        var links = FlatBuffer<RowReference>()
        RowGroupGather.children(references, ordering.sources, ends: { $0.linkEnd }, counts: &counts, into: &links)
        guard links.count > 0 else { return }
        groups.write(.linkCount, counts)
        writeStrings(.linkTraceID, links) { $0.linkTraceID }
        writeStrings(.linkSpanID, links) { $0.linkSpanID }
        writeStrings(.linkTraceState, links) { $0.linkTraceState }
        writeGathered(.linkDropped, links) { $0.linkDropped }
        writeGathered(.linkFlags, links) { $0.linkFlags }
        writeAttributes(of: .link, links, shapeColumn: .linkShape) { $0.linkAttributes }
    }

    private static func zigzag(_ value: UInt64) -> UInt64 {
        let signed = Int64(bitPattern: value)
        return UInt64(bitPattern: (signed &<< 1) ^ (signed &>> 63))
    }
}

// MARK: - Sections and footer

extension BlockWriter {
    /// Dictionaries, schema, trace index, bloom filter, footer and trailer.
    private mutating func tail() -> [UInt8] {
        var out = ByteWriter(capacity: 256 << 10)
        for column in catalog.dictionaries.indices { writeDictionary(column, into: &out) }
        writeSchema(into: &out)
        writeTraceIndex(into: &out)
        writeFooter(into: &out)
        return out.array()
    }

    private mutating func writeDictionary(_ index: Int, into out: inout ByteWriter) {
        let (column, entries) = catalog.dictionaries[index]
        var section = ByteWriter(capacity: 16 << 10)
        var strings = FlatBuffer<UInt32>(capacity: entries.count)
        var counts = FlatBuffer<UInt64>(capacity: entries.count)
        for entry in entries {
            strings.append(catalog.distinct.entries[Int(entry)].string)
            counts.append(groups.entryCounts[Int(entry)])
        }
        SortedStringDictionary.encode(strings, catalog.strings, counts: counts, into: &section, scratch: &scratch)
        append(section, .dictionary, column, compressed: true, into: &out)
    }

    private mutating func writeSchema(into out: inout ByteWriter) {
        var schema = catalog.schema
        for index in schema.columns.indices {
            schema.columns[index].valueCount = groups.valueCounts[Int(FixedColumn.firstAttribute) + index]
        }
        var section = ByteWriter(capacity: 16 << 10)
        schema.write(into: &section)
        append(section, .schema, 0, compressed: true, into: &out)
    }

    private mutating func writeTraceIndex(into out: inout ByteWriter) {
        var bloom = BloomFilter(keyCount: ordering.traceCount)
        var builder = TraceIndexBuilder(serviceCount: catalog.schema.services.count)
        var section = ByteWriter(capacity: 64 << 10)
        for trace in 0..<ordering.traceCount {
            let summary = builder.add(trace, ordering, parents, catalog)
            bloom.insert(summary.id)
            footer.statistics.minimumTime = min(footer.statistics.minimumTime, summary.start)
            // Spans may end before they start, so that the last start can lie behind the last end.
            let lastStart = ordering.start[ordering.traceRows(trace).upperBound - 1]
            footer.statistics.maximumTime = max(
                footer.statistics.maximumTime, lastStart, summary.start &+ summary.duration)
            if builder.page.isFull || trace == ordering.traceCount - 1 {
                section.removeAll()
                guard let entry = builder.finishPage(into: &section, scratch: &scratch) else { continue }
                append(
                    section, .traceIndexPage, UInt32(footer.indexPages.count), compressed: false, into: &out)
                footer.indexPages.append(entry)
            }
        }
        section.removeAll()
        bloom.write(into: &section)
        append(section, .bloomFilter, 0, compressed: false, into: &out)
        footer.statistics.rowCount = ordering.rowCount
        footer.statistics.traceCount = ordering.traceCount
        footer.statistics.minimumTraceID = ordering.traceID(0)
        footer.statistics.maximumTraceID = ordering.traceID(ordering.traceCount - 1)
    }

    private mutating func append(
        _ section: borrowing ByteWriter, _ kind: SectionKind, _ number: UInt32, compressed: Bool,
        into out: inout ByteWriter
    ) {
        let start = out.count
        var codec = Codec.none
        if compressed { codec = RowGroupWriter.compress(section, into: &out) }
        if codec == .none {
            out.truncate(to: start)
            out.append(section)
        }
        let checksum = out.checksum(
            start..<out.count, seed: id.checksumSeed(BlockID.sectionSeedGroup(kind.rawValue), UInt64(number)))
        footer.sections.append(
            SectionEntry(
                kind: kind.rawValue, number: number,
                stored: StoredRange(offset: offset + start, byteCount: out.count - start, checksum: checksum),
                codec: codec.rawValue))
    }

    /// ```
    /// footer │ trailer: footer bytes (4) │ version (2) │ features to understand (2) │ footer checksum (8)
    ///        │ trailer checksum (8) │ magic (8)
    /// ```
    private mutating func writeFooter(into out: inout ByteWriter) {
        let start = out.count
        footer.write(into: &out)
        let checksum = out.checksum(start..<out.count, seed: id.checksumSeed(BlockID.sectionSeedGroup(0), 0))
        let trailer = out.count
        out.append(littleEndian: UInt32(trailer - start))
        out.append(littleEndian: BlockLayout.version)
        out.append(littleEndian: UInt16(0))
        out.append(littleEndian: checksum)
        let trailerChecksum = out.checksum(trailer..<out.count, seed: id.checksumSeed(BlockID.sectionSeedGroup(0), 1))
        out.append(littleEndian: trailerChecksum)
        out.append(littleEndian: BlockLayout.magic)
    }
}
