// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import FileIO
internal import Inflate
internal import OTLP
internal import Synchronization
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
///
/// A JSON request is kept in its protobuf form, so that the journal holds one kind of message.
package final class IngestService: SpanReceiver {
    private let store: TraceStore
    private let budget: MemoryBudget
    private let limits: IngestLimits
    private let inflatedBytes = Atomic<Int>(0)
    /// For what takes longer than a task may hold its thread.
    private let threads: BlockingExecutor
    /// Unix nanoseconds.
    private let now: @Sendable () -> UInt64

    package init(
        store: TraceStore, budget: MemoryBudget, limits: IngestLimits = IngestLimits(),
        now: @escaping @Sendable () -> UInt64
    ) throws(FileIOError) {
        threads = try BlockingExecutor(name: "decoding", threadCount: 2, queueLimit: 256)
        self.store = store
        self.budget = budget
        self.limits = limits
        self.now = now
    }

    /// Bytes of requests after decompression, whatever became of them.
    package var inflatedByteCount: Int { inflatedBytes.load(ordering: .relaxed) }

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
        let inflated = request.encoding == .gzip && !request.body.isEmpty ? try await inflated(request.body) : nil
        inflatedBytes.add(inflated?.bytes.count ?? request.body.count, ordering: .relaxed)
        guard request.format == .json else {
            return try await store(
                ReceivedRequest(
                    tenant: request.tenant, arrivalNanoseconds: arrival,
                    contentEncoding: inflated == nil ? .identity : .gzip, body: request.body, inflated: inflated?.bytes),
                holding: [inflated])
        }
        let protobuf = try await transcoded(request.body, inflated)
        return try await store(
            ReceivedRequest(
                tenant: request.tenant, arrivalNanoseconds: arrival, contentEncoding: .identity,
                body: protobuf.bytes, inflated: nil),
            holding: [inflated, protobuf])
    }

    /// Bytes made of a request's body, with the memory that was taken for them.
    private struct Derived {
        var bytes: [UInt8]
        var reservations: [IngestReservation]

        var reservedByteCount: Int { reservations.reduce(0) { $0 + $1.byteCount } }
    }

    private func store(
        _ received: consuming ReceivedRequest, holding derived: [Derived?]
    ) async throws(IngestError) -> ExportOutcome {
        defer { withExtendedLifetime(derived) {} }
        do {
            let outcome = try await store.append(received)
            return ExportOutcome(
                acceptedSpanCount: outcome.acceptedSpanCount, rejectedSpanCount: outcome.rejectedSpanCount,
                rejectionMessage: outcome.rejectionMessage)
        } catch {
            throw ingestError(error)
        }
    }

    /// The inflated body; what it needs is taken before and, beyond what could be foreseen, after.
    private func inflated(_ body: [UInt8]) async throws(IngestError) -> Derived {
        // The trailer says how much it becomes; what is more than four times the body is taken when it is there.
        let room = max(0, (budget.limits[.ingest] ?? 0) - body.count)
        let announced = min(Inflate.announcedByteCount(body), body.count * 4, room)
        let extra = try take(announced, beside: body.count)
        let bytes = try await inflate(body, announced)
        let more = try take(max(0, bytes.count - announced), beside: body.count + announced)
        return Derived(bytes: bytes, reservations: [extra, more])
    }

    /// The protobuf form of a JSON request, which is never longer than the text.
    private func transcoded(_ body: [UInt8], _ inflated: Derived?) async throws(IngestError) -> Derived {
        let text = inflated?.bytes ?? body
        let held = body.count + (inflated?.reservedByteCount ?? 0)
        let reservation = try take(text.count, beside: held)
        return Derived(bytes: try await transcode(text), reservations: [reservation])
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
        let work = { @Sendable () throws(InflateError) in try Inflate.inflate(body, limit: limit) }
        guard max(body.count * 4, announced) > Self.inlineByteLimit else { return try inflated(work) }
        let result = try await onThread { Result(catching: work) }
        return try inflated { () throws(InflateError) in try result.get() }
    }

    /// Rewrites JSON in protobuf, on a thread of its own if it is long.
    private func transcode(_ text: [UInt8]) async throws(IngestError) -> [UInt8] {
        let work = { @Sendable () throws(OTLPError) in try JSONTranscoder.protobuf(text.rawSpan) }
        let isLong = text.count > Self.inlineTextByteLimit
        let result = isLong ? try await onThread { Result(catching: work) } : Result(catching: work)
        do {
            return try result.get()
        } catch {
            throw IngestError(.malformed, error.message)
        }
    }

    private func onThread<Answer: Sendable>(
        _ work: @escaping @Sendable () -> Answer
    ) async throws(IngestError) -> Answer {
        do {
            return try await threads.run(work)
        } catch {
            throw IngestError(
                .overloaded, "too many requests wait to be decompressed or decoded: try again later",
                retryAfterSeconds: limits.retryAfterSeconds, reason: .decodingQueue)
        }
    }

    /// JSON longer than this is rewritten on a thread of its own: half a millisecond to a millisecond of work.
    private static let inlineTextByteLimit = 128 << 10

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
        let reason = error.refusal.map { IngestError.Reason($0) }
        return switch error.code {
        case .malformed: IngestError(.malformed, error.message)
        case .tooLarge: IngestError(.tooLarge, error.message)
        case .overloaded:
            IngestError(
                .overloaded, error.message, retryAfterSeconds: limits.retryAfterSeconds, reason: reason)
        case .unavailable, .corrupted, .unusable:
            IngestError(
                .unavailable, error.description, retryAfterSeconds: limits.retryAfterSeconds * 5, reason: reason)
        }
    }
}
