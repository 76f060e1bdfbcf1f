// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

extension BlockReader {
    /// A column's name as people know it: `span.http.route`, `@duration`.
    package func columnName(_ column: UInt32) -> String {
        if let fixed = FixedColumn(rawValue: column) { return "@\(fixed)" }
        let index = Int(column) - Int(FixedColumn.firstAttribute)
        guard index >= 0, index < schema.columns.count else { return "column \(column)" }
        let attribute = schema.columns[index]
        return "\(attribute.owner).\(String(decoding: attribute.key, as: UTF8.self))"
    }

    /// What every column takes over all row groups, largest first.
    package func columnUsage() async throws -> [ColumnUsage] {
        var usage: [UInt32: ColumnUsage] = [:]
        for (group, entry) in footer.rowGroups.enumerated() {
            let decoder = try await rowGroup(group, entry)
            for chunk in decoder.columns {
                let body = try decoder.body(of: chunk)
                var column =
                    usage[chunk.column]
                    ?? ColumnUsage(name: columnName(chunk.column), type: typeName(chunk.column))
                column.byteCount += chunk.byteCount
                column.rawByteCount += body.count
                column.encodings.insert(encodingName(chunk, body))
                usage[chunk.column] = column
            }
        }
        return usage.values.sorted { ($1.byteCount, $0.name) < ($0.byteCount, $1.name) }
    }

    private func typeName(_ column: UInt32) -> String {
        if let fixed = FixedColumn(rawValue: column) { return fixed.isString ? "string" : "integer" }
        let index = Int(column) - Int(FixedColumn.firstAttribute)
        return index >= 0 && index < schema.columns.count ? "\(schema.columns[index].type)" : "unknown"
    }

    private func encodingName(_ chunk: RowGroupDirectory.Chunk, _ body: [UInt8]) -> String {
        guard let id = body.first else { return "empty" }
        let codec = chunk.codec == Codec.lz4.rawValue ? "+lz4" : ""
        guard isString(chunk.column) else {
            return (IntegerEncoding(rawValue: id).map { "\($0)" } ?? "encoding \(id)") + codec
        }
        guard footer.section(.dictionary, chunk.column) != nil else { return "strings" + codec }
        return "codes " + (CodeEncoding(rawValue: id).map { "\($0)" } ?? "\(id)") + codec
    }

    /// Proves every byte of the block: header, checksums of all chunks and sections, and that all spans can be read.
    ///
    /// - Throws: ``BlockError`` that names the first part that is damaged.
    ///
    /// - Returns: How many chunks and sections were read.
    @discardableResult
    package func verify() async throws -> Int {
        var partCount = footer.sections.count
        try checkHeader(try await Self.fetch(source, 0..<BlockLayout.headerByteCount))
        var end = BlockLayout.headerByteCount
        for (group, entry) in footer.rowGroups.enumerated() {
            guard entry.offset == end else { throw gap(before: "row group \(group)") }
            partCount += try await rowGroup(group, entry).verify()
            end = entry.offset + entry.byteCount
        }
        for section in footer.sections {
            guard section.stored.offset == end else {
                throw gap(before: "section \(section.kind).\(section.number)")
            }
            _ = try await Self.section(section, id, source)
            end = section.stored.end
        }
        guard end == footerOffset else { throw gap(before: "the footer") }
        for page in footer.indexPages.indices { try await checkLookUps(page: page) }
        // A dictionary is decoded although no chunk may use it: a search by name does.
        let dictionaries = footer.sections.filter { $0.kind == SectionKind.dictionary.rawValue }
        _ = try await self.dictionaries(dictionaries.map(\.number))
        try await checkRestKeys()
        try await readAll()
        for (group, entry) in footer.rowGroups.enumerated() { try checkBounds(try await rowGroup(group, entry)) }
        return partCount
    }

    /// Proves that every trace of a page of the trace index is found by its ID.
    private func checkLookUps(page: Int) async throws {
        for summary in try await summaries(page: page) {
            guard try await mayContain(summary.id), let found = try await locate(summary.id),
                found.rows == summary.firstRow..<(summary.firstRow + summary.spanCount)
            else { throw BlockError(.corrupted, "trace \(summary.id) of block \(id) is not found by its ID") }
        }
    }

    /// Proves that the filter lets all keys in the rest columns pass.
    private func checkRestKeys() async throws {
        for owner in AttributeOwner.allCases where schema.hasRest(owner) {
            let filter = try await restKeyFilter()
            for key in try await restKeys(of: owner) {
                let hash = RestColumns.filterHash(key.rawSpan, owner)
                guard filter?.value.mayContain(hash: hash) ?? true else {
                    throw BlockError(.corrupted, "a key in the rest columns of block \(id) is not found by its filter")
                }
            }
        }
    }

    /// Proves that the numbers and codes of each chunk lie between the bounds by which searches pass it over.
    private func checkBounds(_ decoder: borrowing RowGroupDecoder) throws(BlockError) {
        for chunk in decoder.columns where isKnown(chunk.column) {
            let count = chunk.valueCount
            var (least, most) = (UInt64.max, UInt64.min)
            if !isString(chunk.column) {
                var values = FlatBuffer<UInt64>(capacity: count)
                try decoder.integers(chunk.column, count: count, 0..<count, into: &values)
                for index in 0..<count { (least, most) = (min(least, values[index]), max(most, values[index])) }
            } else if footer.section(.dictionary, chunk.column) != nil {
                var codes = FlatBuffer<UInt32>(capacity: count)
                try decoder.codes(chunk.column, count: count, 0..<count, into: &codes)
                for index in 0..<count {
                    (least, most) = (min(least, UInt64(codes[index])), max(most, UInt64(codes[index])))
                }
            }
            guard least > most || least >= chunk.minimum && most <= chunk.maximum else {
                throw BlockError(
                    .corrupted,
                    "\(columnName(chunk.column)) in row group \(decoder.index) of block \(id) has values from \(least) "
                        + "to \(most), not from \(chunk.minimum) to \(chunk.maximum)")
            }
        }
    }

    private func isKnown(_ column: UInt32) -> Bool {
        let attributes = FixedColumn.firstAttribute..<(FixedColumn.firstAttribute + UInt32(schema.columns.count))
        return FixedColumn(rawValue: column) != nil || attributes.contains(column)
    }

    private func readAll() async throws {
        let pool = SlabPool(retainedByteLimit: 64 << 20)
        for group in footer.rowGroups.indices {
            var batch = SpanBatch(pool: pool)
            try await read(rowGroup: group, into: &batch)
        }
    }

    private func rowGroup(_ group: Int, _ entry: RowGroupEntry) async throws -> RowGroupDecoder {
        let bytes = try await Self.fetch(source, entry.offset..<(entry.offset + entry.byteCount))
        return try RowGroupDecoder(bytes, index: group, entry: entry, id: id)
    }

    private func gap(before part: String) -> BlockError {
        BlockError(.corrupted, "block \(id) has bytes before \(part) that belong to nothing")
    }
}


/// What one column of a block takes.
package struct ColumnUsage: Sendable {
    package var name: String
    package var type: String
    /// Encodings of its chunks, with `+lz4` where they are compressed.
    package var encodings: Set<String> = []
    /// As stored.
    package var byteCount = 0
    /// Before compression.
    package var rawByteCount = 0
}
