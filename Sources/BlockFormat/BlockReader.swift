// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import Synchronization
package import TraceModel

/// Where a block's bytes come from.
package protocol BlockSource: Sendable {
    var byteCount: Int { get }

    /// The bytes `range` of the block, exactly as many.
    func read(_ range: Range<Int>) async throws -> [UInt8]
}

/// One open block: its table of contents, and what was read of it so far.
///
/// Safe to use from many tasks. What it keeps in memory is counted in ``retainedByteCount``: schema and footer at
/// once; bloom filter, dictionaries and index pages from their first use on.
package final class BlockReader: Sendable {
    package let id: BlockID
    package let footer: BlockFooter
    package let schema: BlockSchema
    /// Where sections end and the footer begins.
    let footerOffset: Int
    let source: any BlockSource
    /// Where the chunks of scans are kept; nil keeps none.
    let chunks: ChunkCache?
    private let kept = Mutex(Kept())
    /// By row group, once they were asked for: see ``newestTraceStart(ofGroup:)``.
    let newestStarts: Mutex<[Int: UInt64]> = Mutex([:])

    /// What was read once and is kept.
    private struct Kept: ~Copyable {
        var bloom: Shared<BloomFilter>?
        var restKeyFilter: Shared<BloomFilter>?
        var pages: [Int: Shared<TraceIndexPage>] = [:]
        var services: [Int: Shared<PageServices>] = [:]
        var dictionaries: [UInt32: Shared<BlockDictionary>] = [:]
        var directories: [Int: RowGroupDirectory] = [:]
        var byteCount = 0
    }

    /// A noncopyable value that several readers hold.
    package final class Shared<Value: ~Copyable>: @unchecked Sendable {
        // Safe to send: the value is never mutated after it was made.
        package let value: Value
        init(_ value: consuming Value) { self.value = value }
    }

    /// Reads a block's table of contents: one read for a small block, up to three for a very large one.
    ///
    /// - Throws: ``BlockError`` `.corrupted`, `.unsupported` or `.unreadable`.
    package init(id: BlockID, source: any BlockSource, chunks: ChunkCache? = nil) async throws {
        self.id = id
        self.source = source
        self.chunks = chunks
        let size = source.byteCount
        guard size >= BlockLayout.headerByteCount + BlockLayout.trailerByteCount else {
            throw BlockError(.corrupted, "block \(id) has only \(size) bytes")
        }
        let guess = min(size, 64 << 10)
        var end = try await Self.fetch(source, (size - guess)..<size)
        let trailer = try Self.trailer(end, id)
        let needed = trailer.footerByteCount + BlockLayout.trailerByteCount
        guard needed <= size - BlockLayout.headerByteCount else {
            throw BlockError(.corrupted, "the footer of block \(id) is longer than the block")
        }
        if needed > guess { end = try await Self.fetch(source, (size - needed)..<size) }
        footerOffset = size - needed
        footer = try Self.footer(end, trailer, id, blockByteCount: footerOffset)
        guard let entry = footer.section(.schema) else {
            throw BlockError(.corrupted, "block \(id) has no schema section")
        }
        let bytes = try await Self.section(entry, id, source, end: end)
        schema = try reading("schema of block \(id)") { () throws(ByteCodingError) in try BlockSchema(bytes.rawSpan) }
    }

    package var byteCount: Int { source.byteCount }

    /// Bytes that the reader keeps in memory, about.
    package var retainedByteCount: Int {
        let fixed = 4096 + footer.rowGroups.count * 160 + footer.sections.count * 64 + schema.retainedByteCount
        return fixed + kept.withLock { $0.byteCount }
    }

    /// Forgets what can be read again.
    package func dropKept() { kept.withLock { $0 = Kept() } }

    // MARK: - Trace IDs

    /// Whether the trace may be in the block: by the range of its IDs, then by the bloom filter.
    package func mayContain(_ traceID: TraceID) async throws -> Bool {
        let statistics = footer.statistics
        guard statistics.minimumTraceID <= traceID, traceID <= statistics.maximumTraceID else { return false }
        return try await bloomFilter()?.value.mayContain(traceID) ?? true
    }

    /// The places of those traces that may be in the block, as ``mayContain(_:)``.
    func possible(_ ids: [TraceID]) async throws -> [Int] {
        let statistics = footer.statistics
        let inRange = ids.indices.filter {
            statistics.minimumTraceID <= ids[$0] && ids[$0] <= statistics.maximumTraceID
        }
        guard !inRange.isEmpty, let filter = try await bloomFilter() else { return inRange }
        return inRange.filter { filter.value.mayContain(ids[$0]) }
    }

    /// Where the rows of a trace lie; nil if the block has none of it.
    package func locate(_ traceID: TraceID) async throws -> TraceAnchor? {
        guard let number = pageNumber(for: traceID) else { return nil }
        let page = try await indexPage(number)
        guard let position = page.value.position(of: traceID) else { return nil }
        return anchor(page.value, position)
    }

    /// The traces whose positions in the index are `traces`, in order.
    func anchors(_ traces: Range<Int>) async throws -> [TraceAnchor] {
        var result: [TraceAnchor] = []
        // What a damaged block claims may be any number.
        result.reserveCapacity(min(traces.count, BlockLayout.rowGroupRowLimit + 1))
        var number = pageNumber(ofTrace: traces.lowerBound)
        while number < footer.indexPages.count, footer.indexPages[number].firstTrace < traces.upperBound {
            let page = try await indexPage(number)
            let first = footer.indexPages[number].firstTrace
            for position in max(0, traces.lowerBound - first)..<min(page.value.traceCount, traces.upperBound - first) {
                result.append(anchor(page.value, position))
            }
            number += 1
        }
        return result
    }

    func anchor(_ page: borrowing TraceIndexPage, _ position: Int) -> TraceAnchor {
        TraceAnchor(
            id: page.traceID(position), rows: page.rows(position), start: page.start(position),
            duration: page.duration(position))
    }

    /// All summaries of one page of the trace index.
    package func summaries(page number: Int) async throws -> [TraceSummary] {
        let page = try await indexPage(number)
        return try reading("trace index of block \(id)") { () throws(ByteCodingError) in
            try page.value.summaries(services: schema.services)
        }
    }

    func pageNumber(for traceID: TraceID) -> Int? {
        var low = 0
        var high = footer.indexPages.count
        while low < high {
            let middle = (low + high) / 2
            if footer.indexPages[middle].firstTraceID <= traceID { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }

    /// The page of the trace index that has a trace.
    package func pageNumber(ofTrace trace: Int) -> Int {
        var low = 0
        var high = footer.indexPages.count
        while low < high {
            let middle = (low + high) / 2
            if footer.indexPages[middle].firstTrace <= trace { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    // MARK: - Sections

    private func bloomFilter() async throws -> Shared<BloomFilter>? {
        if let bloom = kept.withLock({ $0.bloom }) { return bloom }
        guard let (bloom, byteCount) = try await filter(.bloomFilter, "bloom filter") else { return nil }
        kept.withLock { kept in
            if kept.bloom == nil { kept.byteCount += byteCount }
            kept.bloom = bloom
        }
        return bloom
    }

    /// Over the keys in the rest columns of all owners; nil if the block has none.
    func restKeyFilter() async throws -> Shared<BloomFilter>? {
        if let filter = kept.withLock({ $0.restKeyFilter }) { return filter }
        guard let (filter, byteCount) = try await filter(.restKeyFilter, "key filter") else { return nil }
        kept.withLock { kept in
            if kept.restKeyFilter == nil { kept.byteCount += byteCount }
            kept.restKeyFilter = filter
        }
        return filter
    }

    private func filter(_ kind: SectionKind, _ name: String) async throws -> (Shared<BloomFilter>, Int)? {
        guard let entry = footer.section(kind) else { return nil }
        let bytes = try await Self.section(entry, id, source)
        let filter = try reading("\(name) of block \(id)") { () throws(ByteCodingError) in
            try BloomFilter(bytes.rawSpan)
        }
        return (Shared(filter), bytes.count)
    }

    /// A page of the trace index.
    package func indexPage(_ number: Int) async throws -> Shared<TraceIndexPage> {
        if let page = kept.withLock({ $0.pages[number] }) { return page }
        guard let entry = footer.section(.traceIndexPage, UInt32(number)) else {
            throw BlockError(.corrupted, "block \(id) lacks page \(number) of its trace index")
        }
        let bytes = try await Self.section(entry, id, source)
        let page = Shared(
            try reading("page \(number) of the trace index of block \(id)") { () throws(ByteCodingError) in
                try TraceIndexPage(
                    bytes, entry: footer.indexPages[number], endRow: endRow(ofPage: number),
                    endID: endID(ofPage: number))
            })
        kept.withLock { kept in
            if kept.pages[number] == nil { kept.byteCount += bytes.count + page.value.traceCount * 48 }
            kept.pages[number] = page
        }
        return page
    }

    /// What each service has of the traces of a page.
    func pageServices(_ number: Int) async throws -> Shared<PageServices> {
        if let services = kept.withLock({ $0.services[number] }) { return services }
        let page = try await indexPage(number)
        let services = Shared(
            try reading("page \(number) of the trace index of block \(id)") { () throws(ByteCodingError) in
                try PageServices(page.value, serviceCount: schema.services.count)
            })
        kept.withLock { kept in
            if kept.services[number] == nil { kept.byteCount += services.value.byteCount }
            kept.services[number] = services
        }
        return services
    }

    /// The list of a row group's columns.
    func directory(of group: Int) async throws -> RowGroupDirectory {
        if let directory = kept.withLock({ $0.directories[group] }) { return directory }
        let directory = try await readDirectory(of: group)
        kept.withLock { kept in
            if kept.directories[group] == nil { kept.byteCount += directory.retainedByteCount }
            kept.directories[group] = directory
        }
        return directory
    }

    /// Before it all IDs of a page come.
    private func endID(ofPage number: Int) -> TraceID? {
        number + 1 < footer.indexPages.count ? footer.indexPages[number + 1].firstTraceID : nil
    }

    func endRow(ofPage number: Int) -> Int {
        number + 1 < footer.indexPages.count ? footer.indexPages[number + 1].firstRow : footer.statistics.rowCount
    }

    /// The dictionaries of `columns`; those that have none are left out. Those that lie near to each other are read
    /// together.
    func dictionaries(_ columns: some Collection<UInt32>) async throws -> [UInt32: Shared<BlockDictionary>] {
        var found: [UInt32: Shared<BlockDictionary>] = [:]
        kept.withLock { kept in
            for column in columns { if let known = kept.dictionaries[column] { found[column] = known } }
        }
        let missing = columns.compactMap { found[$0] == nil ? footer.section(.dictionary, $0) : nil }
        guard !missing.isEmpty else { return found }
        for (entry, bytes) in try await sections(missing) {
            let dictionary = Shared(
                try reading("dictionary \(entry.number) of block \(id)") { () throws(ByteCodingError) in
                    try BlockDictionary(bytes.rawSpan)
                })
            found[entry.number] = dictionary
            kept.withLock { kept in
                if kept.dictionaries[entry.number] == nil { kept.byteCount += dictionary.value.retainedByteCount }
                kept.dictionaries[entry.number] = dictionary
            }
        }
        return found
    }
}

/// Where one trace lies in a block.
package struct TraceAnchor: Hashable, Sendable {
    package var id: TraceID
    package var rows: Range<Int>
    /// The first start, Unix nanoseconds.
    package var start: UInt64
    /// From the first start to the last end; 0 if no span ends later.
    package var duration: UInt64
}

extension BlockSchema {
    /// Bytes in memory, about.
    var retainedByteCount: Int {
        columns.reduce(0) { $0 + $1.key.count + 64 } + resources.reduce(0) { $0 + $1.encoded.count + 112 }
            + scopes.reduce(0) { $0 + $1.encoded.count + 96 } + services.reduce(0) { $0 + $1.count + 32 }
            + shapes.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count * 4 + 32 } }
    }
}
