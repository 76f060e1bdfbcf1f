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
    private let budget: MemoryBudget
    private let seed: UInt64

    init(pool: SlabPool, budget: MemoryBudget, seed: UInt64) {
        self.pool = pool
        self.budget = budget
        self.seed = seed
    }

    /// Appends the request's good spans, and hands the verdict on while the rows can still be taken back.
    ///
    /// What the head has grown by is counted in any case: what was taken back leaves strings and memory behind.
    /// - Parameter record: Called if any span is good; what it throws takes the rows back.
    mutating func append<Ticket: Sendable>(
        _ request: ReceivedRequest, record: (OTLPVerdict) throws -> Ticket
    ) throws -> AppendedRequest<Ticket> {
        let head = heads[request.tenant] ?? Head(pool: pool, seed: seed)
        defer { if heads[request.tenant] === head { count(head) } }
        let rowsBefore = head.batch.rowCount
        let body = request.inflated ?? request.body
        let seconds = UInt32(clamping: request.arrivalNanoseconds / 1_000_000_000)
        let result = try decoder.decode(body.rawSpan, arrivalSeconds: seconds, into: &head.batch)
        var appended = AppendedRequest<Ticket>(
            acceptedSpanCount: result.acceptedSpanCount, verdict: result.verdict, ticket: nil)
        guard result.acceptedSpanCount > 0 else { return appended }
        do {
            appended.ticket = try record(result.verdict)
        } catch {
            head.batch.truncate(toRows: rowsBefore)
            throw error
        }
        heads[request.tenant] = head
        return appended
    }

    /// What the budget was told of all heads.
    var countedByteCount: Int { heads.values.reduce(0) { $0 + $1.countedByteCount } }

    /// Takes the heads away, so that the next request begins new ones; views of them stay.
    mutating func removeHeads() { heads = [:] }

    private func count(_ head: Head) {
        let byteCount = head.batch.byteCount
        budget.takeAnyway(byteCount - head.countedByteCount, for: .heads)
        head.countedByteCount = byteCount
    }
}

/// What became of a request in a head.
struct AppendedRequest<Ticket: Sendable>: Sendable {
    var acceptedSpanCount: Int
    var verdict: OTLPVerdict
    /// Nil if no span was good: nothing was recorded.
    var ticket: Ticket?
}
