// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import FileIO
internal import OTLP
internal import OTLPGenerator
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import TraceModel
internal import TraceStorage

/// A store whose spans lie in blocks, sealed heads and live heads, and everything that was sent to it.
struct FilledStore {
    let system: SimulatedFileSystem
    private(set) var opened: OpenStore
    private(set) var engine: QueryEngine
    private(set) var sent: [SentRequest] = []

    /// - Parameter fanIn: Blocks that are merged at a time.
    init(
        seed: UInt64 = 1, budget: MemoryBudget = MemoryBudget(total: 1 << 30), fanIn: Int? = nil
    ) async throws {
        system = SimulatedFileSystem(seed: seed)
        opened = try await OpenStore.open(on: system, budget: budget) {
            $0.journalOptions.segmentByteCount = 1 << 20
            if let fanIn { $0.compaction.fanIn = fanIn }
        }
        engine = QueryEngine(store: opened.store, budget: budget, width: 3)
    }

    mutating func append(_ message: OTLPMessage.ExportTraceServiceRequest, _ tenant: TenantID = .single) async throws {
        let request = try SentRequest(message, tenant, arrivalSeconds: 1_700_000_000 + UInt32(sent.count))
        sent.append(request)
        _ = try await opened.store.append(try request.received())
    }

    /// Appends the requests, with cuts and flushes in between that the seed decides.
    mutating func scatter(_ messages: [OTLPMessage.ExportTraceServiceRequest], seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        for message in messages {
            try await append(message)
            switch generator.next(below: 8) {
            case 0: try opened.store.cut()
            case 1: _ = try await opened.store.flushOldest(opened.logger)
            case 2: try await opened.flushAll()
            default: break
            }
        }
    }

    /// Opens the store again, with nothing in its caches; the budget is a new one.
    mutating func reopen() async throws {
        system.crash()
        opened = try await OpenStore.open(on: system, budget: MemoryBudget(limits: opened.budget.limits))
        engine = QueryEngine(store: opened.store, budget: opened.budget)
    }

    var blockPaths: [String] {
        get throws { try system.files(below: OpenStore.directory + "/store/tenants") }
    }
}

/// A copy of a span, and where it lies.
struct PlacedSpan {
    var copy: SpanCopy
    var spans: SpanBatchView
    var row: Int

    /// The span with its resource and scope, as OTLP.
    var encoded: [UInt8] {
        var out = ByteWriter()
        OTLPEncoder(presence: .exact).encodeProtobuf([row], of: spans, into: &out)
        return out.array()
    }

    var name: [UInt8] { [UInt8](spans.strings[spans.name[row]]) }
    var serviceName: [UInt8] { [UInt8](spans.strings[spans.resourceRecord(row).serviceName]) }
    var duration: UInt64 { copy.end > copy.key.start ? copy.end - copy.key.start : 0 }

    /// Whether a moment of the span, from its start to its end, is in the range; one that ends earlier has its start alone.
    func isIn(_ range: TimeRange) -> Bool {
        guard range != .all else { return true }
        return range.start < range.end && copy.key.start < range.end && copy.key.start + duration >= range.start
    }
}

extension FilledStore {
    /// Of each span that was sent for the tenant the copy that hides all others, found by looking at all of them; by
    /// trace, in the order of start and span ID.
    func winners(of tenant: TenantID = .single) -> [TraceID: [PlacedSpan]] {
        var best: [SpanKey: PlacedSpan] = [:]
        for request in sent where request.tenant == tenant {
            for (row, copy) in request.copies.enumerated() {
                if let other = best[copy.key], !copy.isBetter(than: other.copy) { continue }
                best[copy.key] = PlacedSpan(copy: copy, spans: request.spans, row: row)
            }
        }
        return Dictionary(grouping: best.values, by: \.copy.key.traceID).mapValues { trace in
            trace.sorted { a, b in
                let (keyA, keyB) = (a.copy.key, b.copy.key)
                return (keyA.start, keyA.spanID, keyA.kind) < (keyB.start, keyB.spanID, keyB.kind)
            }
        }
    }
}

extension FoundTrace {
    var placed: [PlacedSpan] { rows.map { PlacedSpan(copy: SpanCopy(spans, row: $0), spans: spans, row: $0) } }
}
