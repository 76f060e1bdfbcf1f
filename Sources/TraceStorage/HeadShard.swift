// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import OTLP
internal import TraceModel

/// The newest spans of one tenant in one shard.
final class Head {
    var batch: SpanBatch
    private var filter: TraceRowFilter
    private var traces: TraceNumbers
    /// What the budget was last told that the batch holds.
    let memory: MemoryReservation

    init(pool: SlabPool, budget: MemoryBudget, seed: UInt64) {
        batch = SpanBatch(pool: pool, seed: seed)
        filter = TraceRowFilter(arena: batch.arena, seed: seed)
        traces = TraceNumbers(arena: batch.arena, seed: seed)
        memory = MemoryReservation(0, .heads, of: budget)
    }

    /// Memory that the head holds.
    var byteCount: Int { batch.byteCount + traces.tableByteCount }

    /// Lets the rows that were appended be found by their trace; they stay from now on.
    func keepRows() {
        filter.append(rowsOf: batch)
        traces.append(rowsOf: batch)
    }

    /// What stands in the head now.
    func view() -> HeadView {
        HeadView(spans: batch.view(), filter: filter.view(), traces: traces.view(), memory: memory)
    }
}

/// What stood in a head at a moment, for readers: holds its memory, and the budget's count of it.
struct HeadView: Sendable {
    let spans: SpanBatchView
    let filter: TraceRowFilterView
    let traces: TraceNumbersView
    let memory: MemoryReservation
}

/// What one lock guards: the heads of all tenants that a share of the requests goes to, and a decoder.
///
/// Whole requests stay together. Requests go to whichever shard is free, so that the lock is rarely waited for; it is
/// held while one request is decoded and handed to the journal.
struct HeadShard: ~Copyable {
    private(set) var heads: [TenantID: Head] = [:]
    /// What the budget was told of all heads.
    private(set) var byteCount = 0
    private var decoder = OTLPDecoder()
    private let pool: SlabPool
    private let budget: MemoryBudget
    private let seed: UInt64

    init(pool: SlabPool, budget: MemoryBudget, seed: UInt64) {
        self.pool = pool
        self.budget = budget
        self.seed = seed
    }

    /// Bytes that a head may grow by with a request: the least span has 30 bytes on the wire and takes 140 in columns.
    ///
    /// Taken before the request is decoded, so that short spans can't overshoot the heads' share; no more than half
    /// of the share, which any request finds free after a flush. What has a still worse ratio (events and links
    /// without any field) is limited in number by the decoder.
    static func growth(ofBytes byteCount: Int, headsByteLimit: Int) -> Int { min(byteCount * 5, headsByteLimit / 2) }

    /// Appends the request's good spans, and hands the verdict on while the rows can still be taken back.
    ///
    /// What the head has grown by is counted in any case: what was taken back leaves strings and memory behind.
    /// - Parameters:
    ///   - growth: By ``growth(ofBytes:headsByteLimit:)``.
    ///   - record: Called if any span is good; what it throws takes the rows back.
    /// - Throws: ``HeadsAreFull`` if the budget does not allow the growth.
    mutating func append<Ticket: Sendable>(
        _ request: ReceivedRequest, growth: Int, record: (OTLPVerdict) throws -> Ticket
    ) throws -> AppendedRequest<Ticket> {
        guard budget.take(growth, for: .heads) else { throw HeadsAreFull() }
        let head = heads[request.tenant] ?? Head(pool: pool, budget: budget, seed: seed)
        defer { count(head, request.tenant, insteadOf: growth) }
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
        head.keepRows()
        heads[request.tenant] = head
        return appended
    }

    /// Takes the heads away, so that the next request begins new ones; views of them stay.
    mutating func removeHeads() {
        heads = [:]
        byteCount = 0
    }

    private mutating func count(_ head: Head, _ tenant: TenantID, insteadOf growth: Int) {
        let before = head.memory.byteCount
        let now = head.byteCount
        head.memory.count(now, insteadOf: growth)
        // A head that took nothing is gone after this.
        if heads[tenant] === head { byteCount += now - before }
    }
}

/// The budget has no room for what a request would add to a head.
struct HeadsAreFull: Error {}

/// What became of a request in a head.
struct AppendedRequest<Ticket: Sendable>: Sendable {
    var acceptedSpanCount: Int
    var verdict: OTLPVerdict
    /// Nil if no span was good: nothing was recorded.
    var ticket: Ticket?
}
