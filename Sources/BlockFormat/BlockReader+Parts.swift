// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

extension BlockReader {
    /// What the block's parts take, kind by kind, in the order of the bytes; together all of the block.
    ///
    /// - Parameter columns: What ``columnUsage()`` says.
    /// - Throws: ``BlockError`` if a section can't be read or is damaged.
    package func partUsage(_ columns: [ColumnUsage]) async throws -> [PartUsage] {
        var groups = PartUsage(name: "row groups", count: footer.rowGroups.count)
        groups.byteCount = footer.rowGroups.reduce(0) { $0 + $1.byteCount }
        groups.rawByteCount = columns.reduce(groups.byteCount) { $0 + $1.rawByteCount - $1.byteCount }
        var sections: [UInt16: PartUsage] = [:]
        for entry in footer.sections {
            var kind = sections[entry.kind] ?? PartUsage(name: sectionName(entry.kind))
            kind.count += 1
            kind.byteCount += entry.stored.byteCount
            kind.rawByteCount += try await Self.section(entry, id, source).count
            sections[entry.kind] = kind
        }
        let listed = [groups] + sections.sorted { $0.key < $1.key }.map(\.value)
        var frame = PartUsage(name: "header, footer", count: 1)
        frame.byteCount = byteCount - listed.reduce(0) { $0 + $1.byteCount }
        frame.rawByteCount = frame.byteCount
        return listed + [frame]
    }

    /// The block's dictionaries, by rising column.
    ///
    /// - Throws: ``BlockError`` if one can't be read or is damaged.
    package func dictionaryUsage() async throws -> [DictionaryUsage] {
        var usage: [DictionaryUsage] = []
        for entry in footer.sections where entry.kind == SectionKind.dictionary.rawValue {
            let bytes = try await Self.section(entry, id, source)
            let dictionary = try reading("dictionary \(entry.number) of block \(id)") { () throws(ByteCodingError) in
                try BlockDictionary(bytes.rawSpan)
            }
            usage.append(
                DictionaryUsage(
                    columnName: columnName(entry.number), valueCount: dictionary.count,
                    byteCount: entry.stored.byteCount, rawByteCount: bytes.count))
        }
        return usage
    }

    /// Another reader of the same block, which says what it reads.
    ///
    /// - Parameter onRead: Told after each read how many bytes it gave.
    package func metered(onRead: @escaping @Sendable (Int) -> Void) async throws -> BlockReader {
        try await BlockReader(id: id, source: MeteredSource(source: source, onRead: onRead))
    }

    private func sectionName(_ kind: UInt16) -> String {
        switch SectionKind(rawValue: kind) {
        case .schema: "schema"
        case .dictionary: "dictionaries"
        case .traceIndexPage: "trace index"
        case .bloomFilter: "bloom filter"
        case .restKeyFilter: "key filter"
        case nil: "section kind \(kind)"
        }
    }
}

private struct MeteredSource: BlockSource {
    let source: any BlockSource
    let onRead: @Sendable (Int) -> Void

    var byteCount: Int { source.byteCount }

    func read(_ range: Range<Int>) async throws -> [UInt8] {
        let bytes = try await source.read(range)
        onRead(bytes.count)
        return bytes
    }
}

/// What one kind of a block's parts takes.
package struct PartUsage: Sendable {
    package var name: String
    /// How many there are.
    package var count = 0
    /// As stored.
    package var byteCount = 0
    /// Before compression.
    package var rawByteCount = 0
}

/// What one dictionary of a block takes.
package struct DictionaryUsage: Sendable {
    package var columnName: String
    package var valueCount: Int
    /// As stored.
    package var byteCount: Int
    /// Before compression.
    package var rawByteCount: Int
}
