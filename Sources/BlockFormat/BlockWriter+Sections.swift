// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

extension BlockWriter {
    /// Dictionaries, schema, trace index, bloom filter, footer and trailer.
    mutating func tail() -> [UInt8] {
        var out = ByteWriter(capacity: 256 << 10)
        for column in catalog.dictionaries.indices { writeDictionary(column, into: &out) }
        writeSchema(into: &out)
        if catalog.shapes.hasRest { writeRestKeyFilter(into: &out) }
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

    private mutating func writeRestKeyFilter(into out: inout ByteWriter) {
        let owners = AttributeOwner.allCases.map { ($0, RestColumns($0).keys.rawValue) }
        var hashes = FlatBuffer<UInt64>()
        for index in 0..<catalog.distinct.entries.count {
            let entry = catalog.distinct.entries[index]
            guard let (owner, _) = owners.first(where: { $0.1 == entry.column }) else { continue }
            hashes.append(RestColumns.filterHash(catalog.strings[entry.string], owner))
        }
        var filter = BloomFilter(keyCount: hashes.count)
        for index in 0..<hashes.count { filter.insert(hash: hashes[index]) }
        var section = ByteWriter(capacity: 1 << 10)
        filter.write(into: &section)
        append(section, .restKeyFilter, 0, compressed: false, into: &out)
    }

    private mutating func writeTraceIndex(into out: inout ByteWriter) {
        var bloom = BloomFilter(keyCount: ordering.traceCount)
        var builder = TraceIndexBuilder(serviceCount: catalog.schema.services.count)
        var section = ByteWriter(capacity: 64 << 10)
        for trace in 0..<ordering.traceCount {
            let summary = builder.add(trace, ordering, traceRows)
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
        footer.append(section, kind, number, of: id, effort: compressed ? .fast : nil, at: offset, into: &out)
    }

    private mutating func writeFooter(into out: inout ByteWriter) { footer.close(id, into: &out) }
}
