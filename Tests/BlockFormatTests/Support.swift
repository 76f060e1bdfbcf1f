// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import OTLP
internal import ProtobufMessages
internal import TraceModel

typealias Request = OTLPMessage.ExportTraceServiceRequest

/// A block in memory; refuses ranges that are not in it.
struct MemorySource: BlockSource {
    struct OutOfRange: Error {
        var range: Range<Int>
    }

    var bytes: [UInt8]

    var byteCount: Int { bytes.count }

    func read(_ range: Range<Int>) async throws -> [UInt8] {
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else { throw OutOfRange(range: range) }
        return Array(bytes[range])
    }
}

let pool = SlabPool(retainedByteLimit: 64 << 20)
let someBlockID = BlockID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)

/// A block's bytes, and what the writer said of it.
struct WrittenBlock {
    var id = someBlockID
    var bytes: [UInt8]
    var statistics: BlockStatistics

    func open() async throws -> BlockReader {
        try await BlockReader(id: id, source: MemorySource(bytes: bytes))
    }
}

/// Writes a block of the sources' spans.
///
/// - Parameter critical: The derived column by rows of the ordering; empty for none.
func write(
    _ sources: [SpanBatchView], id: BlockID = someBlockID, critical: [UInt64] = [],
    limits: AttributeLimits = AttributeLimits()
) -> WrittenBlock {
    let ordering = SpanOrdering(sources)
    var column = FlatBuffer<UInt64>()
    for value in critical { column.append(value) }
    var writer = BlockWriter(
        id: id, ordering: ordering, criticalNanoseconds: column, criticalPathVersion: critical.isEmpty ? 0 : 1,
        pool: pool, limits: limits)
    var bytes: [UInt8] = []
    while let part = writer.nextPart() { bytes += part }
    return WrittenBlock(id: id, bytes: bytes, statistics: writer.statistics)
}

extension BlockReader {
    /// All spans of the block, in block order.
    func readAll() async throws -> SpanBatchView {
        var batch = SpanBatch(pool: pool)
        for group in footer.rowGroups.indices { try await read(rowGroup: group, into: &batch) }
        return batch.view()
    }

    /// The spans of a trace in block order; nil if the block says that it does not have it.
    func readTrace(_ id: TraceID) async throws -> SpanBatchView? {
        guard try await mayContain(id), let anchor = try await locate(id) else { return nil }
        var batch = SpanBatch(pool: pool)
        _ = try await read(anchor, into: &batch)
        return batch.view()
    }

    func allSummaries() async throws -> [TraceSummary] {
        var all: [TraceSummary] = []
        for page in footer.indexPages.indices { all += try await summaries(page: page) }
        return all
    }
}

// MARK: - Spans as the oracle reads them

/// A span with all that it is grouped under, for comparison as a multiset.
struct FlatSpan: Hashable {
    var resource: OTLPMessage.Resource?
    var resourceSchemaURL: [UInt8]
    var scope: OTLPMessage.InstrumentationScope?
    var scopeSchemaURL: [UInt8]
    var span: OTLPMessage.Span
}

extension Request {
    /// In wire order.
    var flatSpans: [FlatSpan] {
        resourceSpans.flatMap { group in
            group.scopeSpans.flatMap { scope in
                scope.spans.map {
                    FlatSpan(
                        resource: group.resource, resourceSchemaURL: group.schemaURL, scope: scope.scope,
                        scopeSchemaURL: scope.schemaURL, span: $0)
                }
            }
        }
    }
}

func multiset<Element: Hashable>(_ elements: [Element]) -> [Element: Int] {
    elements.reduce(into: [:]) { $0[$1, default: 0] += 1 }
}

/// The spans of a view as the oracle reads what the encoder writes.
func flatSpans(_ view: SpanBatchView, rows: [Int]? = nil) throws -> [FlatSpan] {
    var out = ByteWriter()
    OTLPEncoder(presence: .exact).encodeProtobuf(rows ?? Array(0..<view.rowCount), of: view, into: &out)
    return try Request(decoding: out.array()).flatSpans
}

/// Requests as one source of a block: row *i* is span *i*.
struct Source {
    var view: SpanBatchView
    var spans: [FlatSpan]

    init(_ requests: [Request], arrivalSeconds: (Int) -> UInt32 = { UInt32($0) + 7 }) throws {
        var batch = SpanBatch(pool: pool)
        var decoder = OTLPDecoder()
        spans = []
        for (index, request) in requests.enumerated() {
            let bytes = try request.encoded()
            _ = try decoder.decode(bytes.rawSpan, arrivalSeconds: arrivalSeconds(index), into: &batch)
            spans += request.flatSpans
        }
        view = batch.view()
    }
}

// MARK: - Naive duplicates

/// What two rows share that are copies of one span.
struct SpanKey: Hashable {
    var traceID: TraceID
    var spanID: UInt64
    var kind: Int32
    var start: UInt64

    init(_ view: SpanBatchView, _ row: Int) {
        traceID = view.traceID(row)
        spanID = view.spanID[row]
        kind = view.kind[row]
        start = view.start[row]
    }
}

/// A row of one of several views.
struct SourceRow {
    var source: Int
    var row: Int
}

/// Of each span the copy that wins, by comparing all with all.
func winners(_ views: [SpanBatchView]) -> [SourceRow] {
    var best: [SpanKey: SourceRow] = [:]
    var order: [SpanKey] = []
    var scratch = ByteWriter()
    for source in views.indices {
        for row in 0..<views[source].rowCount {
            let key = SpanKey(views[source], row)
            guard let rival = best[key] else {
                best[key] = SourceRow(source: source, row: row)
                order.append(key)
                continue
            }
            let (a, b) = (views[rival.source], views[source])
            let digestA = SpanDigest(a, row: rival.row, scratch: &scratch)
            let digestB = SpanDigest(b, row: row, scratch: &scratch)
            let strengthA: [UInt64] = [a.end[rival.row], a.status[rival.row] != 0 ? 1 : 0, UInt64(digestA.byteCount), digestA.hash]
            let strengthB: [UInt64] = [b.end[row], b.status[row] != 0 ? 1 : 0, UInt64(digestB.byteCount), digestB.hash]
            if strengthA.lexicographicallyPrecedes(strengthB) { best[key] = SourceRow(source: source, row: row) }
        }
    }
    return order.compactMap { best[$0] }
}
