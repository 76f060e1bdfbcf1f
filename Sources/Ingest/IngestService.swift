// SPDX-License-Identifier: Apache-2.0

package import FileIO
internal import Inflate
internal import TraceModel
package import TraceStorage

/// What a request may be at most.
package struct IngestLimits: Sendable {
    /// Before decompression; HTTP 413 beyond.
    package var bodyByteLimit = 20 << 20
    /// After decompression: a gzip bomb ends here.
    package var inflatedByteLimit = 64 << 20
    /// What a sender is told to wait when memory is short.
    package var retryAfterSeconds = 1

    package init() {}
}

/// Takes OTLP requests: counts their memory, inflates them, and has the store keep them.
package final class IngestService: SpanReceiver {
    private let store: TraceStore
    private let budget: MemoryBudget
    private let limits: IngestLimits
    private let inflaters: BlockingExecutor
    /// Unix nanoseconds.
    private let now: @Sendable () -> UInt64

    package init(
        store: TraceStore, budget: MemoryBudget, limits: IngestLimits = IngestLimits(),
        now: @escaping @Sendable () -> UInt64
    ) throws(FileIOError) {
        inflaters = try BlockingExecutor(name: "inflating", threadCount: 2, queueLimit: 256)
        self.store = store
        self.budget = budget
        self.limits = limits
        self.now = now
    }

    package func reserve(_ byteCount: Int) throws(IngestError) -> IngestReservation {
        guard byteCount <= limits.bodyByteLimit else {
            throw IngestError(
                .tooLarge,
                "the request has \(byteCount) bytes; at most \(limits.bodyByteLimit) are taken: send smaller batches")
        }
        return try take(byteCount, beside: 0)
    }

    package func check(_ byteCount: Int) throws(IngestError) {
        let limit = min(limits.bodyByteLimit, budget.limits[.ingest] ?? 0)
        guard byteCount <= limit else {
            throw IngestError(
                .tooLarge, "the request has \(byteCount) bytes; at most \(limit) are taken: send smaller batches")
        }
    }

    package func export(_ request: ExportRequest) async throws(IngestError) -> ExportOutcome {
        let arrival = now()
        var inflated: [UInt8]?
        var extra: IngestReservation?
        var more: IngestReservation?
        if request.encoding == .gzip, !request.body.isEmpty {
            // The trailer says how much it becomes; what is more than four times the body is taken when it is there.
            let room = max(0, (budget.limits[.ingest] ?? 0) - request.body.count)
            let announced = min(Inflate.announcedByteCount(request.body), request.body.count * 4, room)
            extra = try take(announced, beside: request.body.count)
            let bytes = try await inflate(request.body, announced)
            more = try take(max(0, bytes.count - announced), beside: request.body.count + announced)
            inflated = bytes
        }
        let received = ReceivedRequest(
            tenant: request.tenant, arrivalNanoseconds: arrival,
            contentEncoding: inflated == nil ? .identity : .gzip, body: request.body, inflated: inflated)
        defer { withExtendedLifetime((extra, more)) {} }
        do {
            let outcome = try await store.append(received)
            return ExportOutcome(
                acceptedSpanCount: outcome.acceptedSpanCount, rejectedSpanCount: outcome.rejectedSpanCount,
                rejectionMessage: outcome.rejectionMessage)
        } catch {
            throw ingestError(error)
        }
    }

    /// - Parameter reservedByteCount: What the caller holds already for the same request.
    private func take(_ byteCount: Int, beside reservedByteCount: Int) throws(IngestError) -> IngestReservation {
        let limit = budget.limits[.ingest] ?? 0
        guard byteCount <= limit - reservedByteCount else {
            // Not even alone: to wait is of no use.
            throw IngestError(
                .tooLarge,
                "the request needs more than the \(limit) bytes that all requests may have: send smaller batches")
        }
        guard budget.take(byteCount, for: .ingest) else {
            throw IngestError(
                .overloaded, "the memory for requests in flight is used up: try again later",
                retryAfterSeconds: limits.retryAfterSeconds)
        }
        let budget = budget
        return IngestReservation(byteCount: byteCount) { budget.giveBack($0, for: .ingest) }
    }

    /// Inflates the body; a large one on a thread of its own, as the tasks' threads are few and serve everybody.
    private func inflate(_ body: [UInt8], _ announced: Int) async throws(IngestError) -> [UInt8] {
        let limit = limits.inflatedByteLimit
        guard max(body.count * 4, announced) > Self.inlineByteLimit else {
            return try inflated { () throws(InflateError) in try Inflate.inflate(body, limit: limit) }
        }
        let result: Result<[UInt8], InflateError>
        do {
            result = try await inflaters.run { () -> Result<[UInt8], InflateError> in
                do throws(InflateError) {
                    return .success(try Inflate.inflate(body, limit: limit))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw IngestError(
                .overloaded, "too many requests wait to be decompressed: try again later",
                retryAfterSeconds: limits.retryAfterSeconds)
        }
        return try inflated { () throws(InflateError) in try result.get() }
    }

    /// What becomes larger than this is inflated on a thread of its own: a millisecond or two of work.
    private static let inlineByteLimit = 512 << 10

    private func inflated(_ body: () throws(InflateError) -> [UInt8]) throws(IngestError) -> [UInt8] {
        do {
            return try body()
        } catch {
            switch error.code {
            case .tooLarge:
                throw IngestError(
                    .tooLarge,
                    "the request has more than \(limits.inflatedByteLimit) bytes after decompression: send smaller batches")
            case .outOfMemory:
                throw IngestError(
                    .overloaded, "there is no memory to decompress the request: try again later",
                    retryAfterSeconds: limits.retryAfterSeconds)
            default:
                throw IngestError(.malformed, "the request's gzip data is damaged or cut off")
            }
        }
    }

    private func ingestError(_ error: any Error) -> IngestError {
        guard let error = error as? StoreError else {
            return IngestError(
                .unavailable, "the request could not be stored: \(error)", retryAfterSeconds: limits.retryAfterSeconds)
        }
        return switch error.code {
        case .malformed: IngestError(.malformed, error.message)
        case .tooLarge: IngestError(.tooLarge, error.message)
        case .overloaded:
            IngestError(.overloaded, error.message, retryAfterSeconds: limits.retryAfterSeconds)
        case .unavailable, .corrupted, .unusable:
            IngestError(.unavailable, error.description, retryAfterSeconds: limits.retryAfterSeconds * 5)
        }
    }
}
