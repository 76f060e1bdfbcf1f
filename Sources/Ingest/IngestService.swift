// SPDX-License-Identifier: Apache-2.0

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
    /// Unix nanoseconds.
    private let now: @Sendable () -> UInt64

    package init(
        store: TraceStore, budget: MemoryBudget, limits: IngestLimits = IngestLimits(),
        now: @escaping @Sendable () -> UInt64
    ) {
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
        return try take(byteCount)
    }

    package func export(_ request: ExportRequest) async throws(IngestError) -> ExportOutcome {
        let arrival = now()
        var inflated: [UInt8]?
        var extra: IngestReservation?
        if request.encoding == .gzip {
            let bytes = try inflate(request.body)
            extra = try take(bytes.count)
            inflated = bytes
        }
        let received = ReceivedRequest(
            tenant: request.tenant, arrivalNanoseconds: arrival,
            contentEncoding: request.encoding == .gzip ? .gzip : .identity, body: request.body, inflated: inflated)
        defer { withExtendedLifetime(extra) {} }
        do {
            let outcome = try await store.append(received)
            return ExportOutcome(
                acceptedSpanCount: outcome.acceptedSpanCount, rejectedSpanCount: outcome.rejectedSpanCount,
                rejectionMessage: outcome.rejectionMessage)
        } catch {
            throw ingestError(error)
        }
    }

    private func take(_ byteCount: Int) throws(IngestError) -> IngestReservation {
        guard budget.take(byteCount, for: .ingest) else {
            throw IngestError(
                .overloaded, "the memory for requests in flight is used up: try again later",
                retryAfterSeconds: limits.retryAfterSeconds)
        }
        let budget = budget
        return IngestReservation(byteCount: byteCount) { budget.giveBack($0, for: .ingest) }
    }

    private func inflate(_ body: [UInt8]) throws(IngestError) -> [UInt8] {
        do {
            return try Inflate.inflate(body, limit: limits.inflatedByteLimit)
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
        case .overloaded:
            IngestError(.overloaded, error.message, retryAfterSeconds: limits.retryAfterSeconds)
        case .unavailable, .corrupted, .unusable:
            IngestError(.unavailable, error.description, retryAfterSeconds: limits.retryAfterSeconds * 5)
        }
    }
}
