// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

// Reading some columns of a row group: its list of columns first, then the chunks that are asked for.

extension BlockReader {
    /// Chunks that lie so near to each other are read together: a request costs more than bytes that nobody needs.
    static let mergedGapByteCount = 16 << 10
    /// More is not read at once for parts of which each is small.
    static let mergedByteLimit = 4 << 20

    /// The list of a row group's columns.
    func directory(of group: Int) async throws -> RowGroupDirectory {
        let entry = footer.rowGroups[group]
        let chunkByteCount = entry.byteCount - entry.directoryByteCount
        let bytes = try await Self.fetch(
            source, (entry.offset + chunkByteCount)..<(entry.offset + entry.byteCount))
        let seed = id.checksumSeed(UInt64(group), UInt64(UInt32.max))
        guard XXH3.hash(bytes.rawSpan, seed: seed) == entry.directoryChecksum else {
            throw BlockError(.corrupted, "the column list of row group \(group) of block \(id) fails its checksum")
        }
        return try reading("column list of row group \(group) of block \(id)") { () throws(ByteCodingError) in
            try RowGroupDirectory(bytes.rawSpan, chunkByteCount: chunkByteCount)
        }
    }

    /// A decoder of `columns` alone; those that the group lacks hold their default, as all others seem to.
    func decoder(
        of group: Int, _ directory: RowGroupDirectory, columns: Set<UInt32>
    ) async throws -> RowGroupDecoder {
        let entry = footer.rowGroups[group]
        let wanted = directory.chunks.filter { columns.contains($0.column) }.sorted { $0.offset < $1.offset }
        var bytes: [UInt8] = []
        var moved = RowGroupDirectory()
        var next = 0
        while next < wanted.count {
            let first = wanted[next].offset
            var last = next
            while last + 1 < wanted.count,
                wanted[last + 1].offset - wanted[last].offset - wanted[last].byteCount <= Self.mergedGapByteCount
            { last += 1 }
            let end = wanted[last].offset + wanted[last].byteCount
            let run = try await Self.fetch(source, (entry.offset + first)..<(entry.offset + end))
            for index in next...last {
                var chunk = wanted[index]
                chunk.offset = bytes.count + chunk.offset - first
                moved.chunks.append(chunk)
            }
            bytes += run
            next = last + 1
        }
        moved.chunks.sort { $0.column < $1.column }
        return RowGroupDecoder(bytes, moved, index: group, entry: entry, id: id)
    }
}

extension RowGroupDecoder {
    /// - Parameters:
    ///   - bytes: Chunks of the row group, where `directory` says.
    ///   - directory: Of the chunks that are in `bytes`, by rising column.
    init(_ bytes: [UInt8], _ directory: RowGroupDirectory, index: Int, entry: RowGroupEntry, id: BlockID) {
        self.bytes = bytes
        self.directory = directory
        self.index = index
        self.entry = entry
        self.id = id
    }
}
