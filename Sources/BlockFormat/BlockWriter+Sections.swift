// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

extension BlockWriter {
    /// Dictionaries, schema, trace index, bloom filter, footer and trailer.
    mutating func tail() -> [UInt8] {
        var out = ByteWriter(capacity: 256 << 10)
        for column in catalog.dictionaries.indices { writeDictionary(column, into: &out) }
        writeSchema(into: &out)
        writeTraceIndex(into: &out)
        writeFooter(into: &out)
        return out.array()
    }

    private mutating func writeDictionary(_ index: Int, into out: inout ByteWriter) {
        let dictionary = catalog.dictionaries[index]
        let entries = dictionary.entries
        var section = ByteWriter(capacity: 16 << 10)
        var strings = FlatBuffer<UInt32>(capacity: entries.count)
        var counts = FlatBuffer<UInt64>(capacity: entries.count)
        for rank in entries.indices {
            strings.append(catalog.distinct.entries[Int(entries[rank])].string)
            counts.append(groups.stringCounts[dictionary.firstPlace + rank])
        }
        SortedStringDictionary.encode(strings, catalog.strings, counts: counts, into: &section, scratch: &scratch)
        append(section, .dictionary, dictionary.column, compressed: true, into: &out)
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
        var builder = TraceIndexBuilder(
            ordering.sources, serviceCount: catalog.schema.services.count)
        var section = ByteWriter(capacity: 64 << 10)
        for trace in 0..<ordering.traceCount {
            let summary = builder.add(trace, ordering, catalog)
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
