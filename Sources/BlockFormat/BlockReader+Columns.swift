// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

// Reading some columns of a row group: its list of columns first, then the chunks that are asked for.

extension BlockReader {
    /// Chunks that lie so near to each other are read together: a request costs more than bytes that nobody needs.
    static let mergedGapByteCount = 16 << 10
    /// More is not read at once for parts of which each is small.
    static let mergedByteLimit = 4 << 20

    /// Reads the list of a row group's columns.
    func readDirectory(of group: Int) async throws -> RowGroupDirectory {
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
        var kept = RowGroupDirectory()
        kept.chunks.reserveCapacity(columns.count)
        var bodies: [[UInt8]] = []
        bodies.reserveCapacity(columns.count)
        var missing: [Int] = []
        for column in columns.sorted() {
            guard let chunk = directory.chunk(column) else { continue }
            let body = chunks?.body(key(group, chunk))
            if body == nil { missing.append(bodies.count) }
            kept.chunks.append(chunk)
            bodies.append(body ?? [])
        }
        let byteCount = missing.isEmpty ? 0 : try await read(missing, of: kept.chunks, group: group, into: &bodies)
        return RowGroupDecoder(bodies, kept, index: group, entry: entry, id: id, readByteCount: byteCount)
    }

    /// A chunk as it is kept for further reads.
    private func quickened(_ body: [UInt8], _ chunk: RowGroupDirectory.Chunk) -> [UInt8] {
        guard Self.quickenedColumns.contains(chunk.column), chunk.minimum <= chunk.maximum,
            chunk.valueCount <= BlockLayout.rowGroupValueLimit
        else { return body }
        // A damaged one is left to whoever reads it.
        let quick = try? IntegerChunk.quickened(
            body.rawSpan, count: chunk.valueCount, values: chunk.minimum...chunk.maximum)
        return (quick ?? nil) ?? body
    }

    /// Columns of small integers that many queries read.
    private static let quickenedColumns: Set<UInt32> = Set(
        [FixedColumn.resource, .scope, .shape, .status, .kind, .parent, .eventCount, .eventShape].map(\.rawValue))

    private func key(_ group: Int, _ chunk: RowGroupDirectory.Chunk) -> ChunkCache.Key {
        ChunkCache.Key(block: id, group: UInt32(truncatingIfNeeded: group), column: chunk.column)
    }

    /// Reads, proves and decompresses some chunks.
    ///
    /// - Parameters:
    ///   - places: Of those that are wanted among `chunks`, and of their bytes among `bodies`.
    /// - Returns: The bytes that were read.
    private func read(
        _ places: [Int], of chunks: [RowGroupDirectory.Chunk], group: Int, into bodies: inout [[UInt8]]
    ) async throws -> Int {
        let entry = footer.rowGroups[group]
        let places = places.sorted { chunks[$0].offset < chunks[$1].offset }
        let wanted = places.map { chunks[$0] }
        var byteCount = 0
        var next = 0
        while next < wanted.count {
            let first = wanted[next].offset
            var last = next
            while last + 1 < wanted.count,
                wanted[last + 1].offset - wanted[last].offset - wanted[last].byteCount <= Self.mergedGapByteCount
            { last += 1 }
            let end = wanted[last].offset + wanted[last].byteCount
            let run = try await Self.fetch(source, (entry.offset + first)..<(entry.offset + end))
            byteCount += run.count
            for index in next...last {
                let chunk = wanted[index]
                let stored = run.rawSpan.extracting((chunk.offset - first)..<(chunk.offset - first + chunk.byteCount))
                var body = try RowGroupDecoder.body(of: chunk, stored, group, id)
                if let chunks = self.chunks, chunks.mayKeep(body.count) {
                    body = quickened(body, chunk)
                    chunks.insert(body, key(group, chunk))
                }
                bodies[places[index]] = body
            }
            next = last + 1
        }
        return byteCount
    }
}

extension RowGroupDecoder {
    /// - Parameters:
    ///   - bodies: Of the directory's chunks, proved and decompressed.
    ///   - directory: Of the chunks that are in `bodies`, by rising column.
    ///   - readByteCount: Bytes that were read from storage for it.
    init(
        _ bodies: [[UInt8]], _ directory: RowGroupDirectory, index: Int, entry: RowGroupEntry, id: BlockID,
        readByteCount: Int
    ) {
        bytes = []
        self.bodies = bodies
        self.directory = directory
        self.index = index
        self.entry = entry
        self.id = id
        self.readByteCount = readByteCount
    }
}
