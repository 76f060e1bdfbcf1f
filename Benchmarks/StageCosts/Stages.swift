// SPDX-License-Identifier: Apache-2.0

internal import BenchmarkCorpus
internal import BlockFormat
internal import ByteCoding
internal import TraceAnalysis
internal import TraceModel
internal import TraceStorage

/// A stage of the way in, or a limit that the machine sets to such stages.
enum Stage: String, CaseIterable {
    /// Limit: copies the requests.
    case copy
    /// Limit: compresses the requests as the journal does.
    case lz4
    /// Requests into the columns of two heads.
    case decode
    /// Requests into journal records.
    case journal
    /// Heads into block order.
    case order
    /// The same, then the derived column.
    case criticalPath = "critical-path"
    /// Heads into a block, all of it.
    case block
}

/// Made-up spans, the same on every machine, and what the stages need of one another.
struct Workshop {
    static let spanCount = 20_000
    /// As a node with two shards does.
    private static let shardCount = 2

    private let requests = MadeUpRequests(spanCount: spanCount)
    private let heads: [SpanBatchView]
    private let pool = SlabPool(retainedByteLimit: 256 << 20)

    init() throws { heads = try requests.decoded(shards: Self.shardCount, pool: pool).heads }

    var requestByteCount: Int { requests.byteCount }

    /// Goes through all spans once.
    ///
    /// - Returns: Bytes of what was made: of heads, what they hold; of orders, one a row.
    func perform(_ stage: Stage) throws -> Int {
        switch stage {
        case .copy: copiedByteCount()
        case .lz4: compressedByteCount()
        case .decode: try requests.decoded(shards: Self.shardCount, pool: pool).byteCount
        case .journal: try journalByteCount()
        case .order: SpanOrdering(heads, pool: pool).rowCount
        case .criticalPath: BlockBuild.criticalNanoseconds(SpanOrdering(heads, pool: pool)).count
        case .block: blockByteCount()
        }
    }

    private func copiedByteCount() -> Int {
        var out = ByteWriter(capacity: 1 << 20)
        var sum = 0
        for request in requests.bodies {
            out.removeAll()
            out.append(request.rawSpan)
            sum += out.count
        }
        return sum
    }

    private func compressedByteCount() -> Int {
        var out = ByteWriter(capacity: 1 << 20)
        var sum = 0
        for request in requests.bodies {
            out.removeAll()
            sum += LZ4.compress(request.rawSpan, into: &out, acceleration: 8) ?? 0
        }
        return sum
    }

    private func journalByteCount() throws -> Int {
        let options = JournalOptions()
        var sum = 0
        for request in requests.bodies {
            let record = JournalRecord(
                arrivalNanoseconds: 1, tenant: .single, mediaType: .otlpProtobuf, contentEncoding: .identity,
                payload: request)
            sum += try record.encoded(with: options.compression).byteCount
        }
        return sum
    }

    private func blockByteCount() -> Int {
        let ordering = SpanOrdering(heads, pool: pool)
        let critical = BlockBuild.criticalNanoseconds(ordering)
        var writer = BlockWriter(
            id: BlockID(high: 1, low: 2), ordering: ordering, criticalNanoseconds: critical,
            criticalPathVersion: CriticalPathAnalyzer.version, pool: pool)
        while writer.nextPart() != nil {}
        return writer.byteCount
    }
}
