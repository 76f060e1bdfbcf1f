// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import OTLP
internal import Synchronization
internal import TraceModel

/// The newest spans of one tenant in one shard.
final class Head {
    var batch: SpanBatch
    /// What the budget was last told that the batch holds.
    var countedByteCount = 0

    init(pool: SlabPool, seed: UInt64) { batch = SpanBatch(pool: pool, seed: seed) }
}

/// What one lock guards: the heads of all tenants that a share of the requests goes to, and a decoder.
///
/// Whole requests stay together. Requests go to whichever shard is free, so that the lock is rarely waited for; it is
/// held while one request is decoded and handed to the journal.
struct HeadShard: ~Copyable {
    private(set) var heads: [TenantID: Head] = [:]
    private var decoder = OTLPDecoder()
    private let pool: SlabPool
    private let seed: UInt64

    init(pool: SlabPool, seed: UInt64) {
        self.pool = pool
        self.seed = seed
    }

    /// Appends the request's good spans, and hands the verdict on while the rows can still be taken back.
    ///
    /// - Parameter record: Called if any span is good; what it throws takes the rows back.
    mutating func append<Ticket: Sendable>(
        _ request: ReceivedRequest, record: (OTLPVerdict) throws -> Ticket
    ) throws -> AppendedRequest<Ticket> {
        let head = heads[request.tenant] ?? Head(pool: pool, seed: seed)
        let rowsBefore = head.batch.rowCount
        let body = request.inflated ?? request.body
        let seconds = UInt32(clamping: request.arrivalNanoseconds / 1_000_000_000)
        let result = try decoder.decode(body.rawSpan, arrivalSeconds: seconds, into: &head.batch)
        var appended = AppendedRequest<Ticket>(
            acceptedSpanCount: result.acceptedSpanCount, verdict: result.verdict, ticket: nil, grownByteCount: 0)
        guard result.acceptedSpanCount > 0 else { return appended }
        do {
            appended.ticket = try record(result.verdict)
        } catch {
            head.batch.truncate(toRows: rowsBefore)
            throw error
        }
        heads[request.tenant] = head
        let byteCount = head.batch.byteCount
        appended.grownByteCount = byteCount - head.countedByteCount
        head.countedByteCount = byteCount
        return appended
    }

    /// Takes the heads away, so that the next request begins new ones.
    mutating func seal() -> [TenantID: SpanBatchView] {
        defer { heads = [:] }
        return heads.mapValues { $0.batch.view() }
    }
}

/// What became of a request in a head.
struct AppendedRequest<Ticket: Sendable>: Sendable {
    var acceptedSpanCount: Int
    var verdict: OTLPVerdict
    /// Nil if no span was good: nothing was recorded.
    var ticket: Ticket?
    /// Bytes that the head has grown by.
    var grownByteCount: Int
}
