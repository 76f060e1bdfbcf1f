// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

extension BlockReader {
    /// A column's name as people know it: `span.http.route (string)`, `@duration`.
    package func columnName(_ column: UInt32) -> String {
        if let fixed = FixedColumn(rawValue: column) { return "@\(fixed)" }
        let index = Int(column) - Int(FixedColumn.firstAttribute)
        guard index >= 0, index < schema.columns.count else { return "column \(column)" }
        let attribute = schema.columns[index]
        return "\(attribute.owner).\(String(decoding: attribute.key, as: UTF8.self)) (\(attribute.type))"
    }

    /// Stored bytes of every column over all row groups, largest first.
    package func columnSizes() async throws -> [(name: String, byteCount: Int)] {
        var sizes: [UInt32: Int] = [:]
        for (group, entry) in footer.rowGroups.enumerated() {
            let decoder = try await rowGroup(group, entry)
            for chunk in decoder.columns { sizes[chunk.column, default: 0] += chunk.byteCount }
        }
        return sizes.map { (columnName($0.key), $0.value) }.sorted { ($1.byteCount, $0.name) < ($0.byteCount, $1.name) }
    }

    /// Proves every byte of the block: header, checksums of all chunks and sections, and that all spans can be read.
    ///
    /// - Throws: ``BlockError`` that names the first part that is damaged.
    package func verify() async throws {
        try checkHeader(try await Self.fetch(source, 0..<BlockLayout.headerByteCount))
        var end = BlockLayout.headerByteCount
        for (group, entry) in footer.rowGroups.enumerated() {
            guard entry.offset == end else { throw gap(before: "row group \(group)") }
            try await rowGroup(group, entry).verify()
            end = entry.offset + entry.byteCount
        }
        for section in footer.sections {
            guard section.stored.offset == end else {
                throw gap(before: "section \(section.kind).\(section.number)")
            }
            _ = try await Self.section(section, id, source)
            end = section.stored.end
        }
        for page in footer.indexPages.indices { _ = try await summaries(page: page) }
        try await readAll()
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

