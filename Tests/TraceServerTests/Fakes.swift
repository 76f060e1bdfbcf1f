// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import Ingest
import NIOPosix
import QueryEngine
import Synchronization
import TraceModel
import TraceServer

/// Keeps what it is sent, and answers what it was told to.
final class FakeReceiver: SpanReceiver {
    struct State {
        var requests: [ExportRequest] = []
        /// By request: whether it came on an event loop.
        var wereOnEventLoops: [Bool] = []
        var keepsRequests = true
        var outcome: Result<ExportOutcome, IngestError> = .success(
            ExportOutcome(acceptedSpanCount: 1, rejectedSpanCount: 0, rejectionMessage: nil))
        var reservedByteCount = 0
        var highestReservedByteCount = 0
        var budget = 64 << 20
        /// Exports wait until it is false.
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var requests: [ExportRequest] { state.withLock { $0.requests } }
    var wereOnEventLoops: [Bool] { state.withLock { $0.wereOnEventLoops } }
    var reservedByteCount: Int { state.withLock { $0.reservedByteCount } }
    var highestReservedByteCount: Int { state.withLock { $0.highestReservedByteCount } }

    func answer(_ outcome: Result<ExportOutcome, IngestError>) { state.withLock { $0.outcome = outcome } }
    func setBudget(_ byteCount: Int) { state.withLock { $0.budget = byteCount } }
    func forgetRequests() { state.withLock { $0.keepsRequests = false } }
    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let waiting = state.withLock { state in
            state.isHeld = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func reserve(_ byteCount: Int) throws(IngestError) -> IngestReservation {
        let isGranted = state.withLock { state in
            guard state.reservedByteCount + byteCount <= state.budget else { return false }
            state.reservedByteCount += byteCount
            state.highestReservedByteCount = max(state.highestReservedByteCount, state.reservedByteCount)
            return true
        }
        guard isGranted else {
            throw IngestError(.overloaded, "the memory for requests is used up", retryAfterSeconds: 7)
        }
        return IngestReservation(byteCount: byteCount) { count in
            self.state.withLock { $0.reservedByteCount -= count }
        }
    }

    func export(_ request: ExportRequest) async throws(IngestError) -> ExportOutcome {
        let isOnEventLoop = MultiThreadedEventLoopGroup.currentEventLoop != nil
        state.withLock { if $0.keepsRequests { $0.wereOnEventLoops.append(isOnEventLoop) } }
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if state.keepsRequests { state.requests.append(request) }
                if state.isHeld { state.waiting.append(continuation) }
                return !state.isHeld
            }
            if goesOn { continuation.resume() }
        }
        return try state.withLock { $0.outcome }.get()
    }
}

/// Answers from a list of traces.
final class FakeQueries: TraceQuerying {
    struct State {
        var traces: [TraceID: FoundTrace] = [:]
        var slowSpans = SlowSpanResult(spans: [], partialReason: nil)
        var error: QueryError?
        var lastSlowSpanQuery: SlowSpanQuery?
        var search = TraceSearchResult(traces: [])
        var lastSearch: TraceSearchQuery?
        var tagNames = TagNames(names: [:])
        var tagValues = TagValues(values: [])
        /// What the last question about tags was for.
        var lastScopes: Set<TagScope> = []
        var lastSubject: TagSubject?
        var lastTagQuery: TagQuery?
        /// Whose spans were asked for, question after question.
        var tenants: [TenantSet] = []
        /// Searches and questions for tags go on until they are cancelled.
        var isEndless = false
        var cancelledCount = 0
    }

    let state = Mutex(State())

    func trace(_ id: TraceID, tenant: TenantSet) async throws -> FoundTrace? {
        try state.withLock { state in
            state.tenants.append(tenant)
            if let error = state.error { throw error }
            return state.traces[id]
        }
    }

    func slowSpans(_ query: SlowSpanQuery, tenant: TenantSet) async throws -> SlowSpanResult {
        try state.withLock { state in
            state.tenants.append(tenant)
            state.lastSlowSpanQuery = query
            if let error = state.error { throw error }
            return state.slowSpans
        }
    }
}

extension FakeQueries {
    func searchTraces(_ query: TraceSearchQuery, tenant: TenantSet) async throws -> TraceSearchResult {
        state.withLock { state in
            state.tenants.append(tenant)
            state.lastSearch = query
        }
        try await goOn()
        return try state.withLock { state in
            if let error = state.error { throw error }
            return state.search
        }
    }

    private func goOn() async throws {
        guard state.withLock({ $0.isEndless }) else { return }
        defer { state.withLock { $0.cancelledCount += 1 } }
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    func tagNames(_ scopes: Set<TagScope>, _ query: TagQuery, tenant: TenantSet) async throws -> TagNames {
        try state.withLock { state in
            state.tenants.append(tenant)
            (state.lastScopes, state.lastTagQuery) = (scopes, query)
            if let error = state.error { throw error }
            return state.tagNames
        }
    }

    func tagValues(_ subject: TagSubject, _ query: TagQuery, tenant: TenantSet) async throws -> TagValues {
        try state.withLock { state in
            state.tenants.append(tenant)
            (state.lastSubject, state.lastTagQuery) = (subject, query)
            if let error = state.error { throw error }
            return state.tagValues
        }
    }
}

final class FakeStatus: StoreStatusProviding {
    private let reason = Mutex<String?>(nil)

    var notReadyReason: String? { reason.withLock { $0 } }
    var figures: [StoreFigure] { [StoreFigure(name: "blocks", value: "3")] }
    func setNotReady(_ text: String?) { reason.withLock { $0 = text } }
}

/// A span for a made-up trace.
struct TestSpan {
    var id: UInt64
    var parent: UInt64 = 0
    var start: UInt64
    var end: UInt64
    var name = "span"
    var service = "shop"
    var kind: Int32 = 1
}

/// A found trace with these spans.
func foundTrace(
    _ id: TraceID, _ spans: [TestSpan], partialReason: String? = nil, inspectedByteCount: Int = 123,
    memory: QueryMemory? = nil
) -> FoundTrace {
    var batch = SpanBatch(pool: SlabPool(retainedByteLimit: 0))
    for span in spans {
        let service = batch.strings.code(for: Array(span.service.utf8).rawSpan)
        // Resource { attributes: [KeyValue { key: "service.name", value: AnyValue { stringValue } }] }
        let name = Array(span.service.utf8)
        let value = [0x0a, UInt8(name.count)] + name
        let pair = [0x0a, 12] + Array("service.name".utf8) + [0x12, UInt8(value.count)] + value
        let encoded = batch.strings.code(for: ([0x0a, UInt8(pair.count)] + pair).rawSpan)
        let resource = ResourceRecord(isPresent: true, encoded: encoded, schemaURL: 0, serviceName: service)
        var row = SpanRow()
        row.traceID = id
        row.spanID = span.id
        row.parentSpanID = span.parent
        row.start = span.start
        row.end = span.end
        row.kind = span.kind
        row.name = batch.strings.code(for: Array(span.name.utf8).rawSpan)
        row.resource = batch.resources.code(forRecord: resource)
        batch.append(row, shape: 0)
    }
    return FoundTrace(
        id: id, spans: batch.view(), rows: Array(spans.indices), partialReason: partialReason,
        inspectedByteCount: inspectedByteCount, memory: memory)
}
