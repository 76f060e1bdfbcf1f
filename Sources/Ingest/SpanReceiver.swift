// SPDX-License-Identifier: Apache-2.0

package import TraceModel
internal import TraceStorage

/// How a request's body is compressed.
package enum BodyEncoding: UInt8, Sendable {
    case identity = 0
    case gzip = 1
}

/// In which of OTLP's encodings an ExportTraceServiceRequest is written.
package enum MessageFormat: Sendable {
    case protobuf
    case json
}

/// One OTLP Export request as it came from the wire.
package struct ExportRequest: Sendable {
    package var tenant: TenantID
    /// The body as received, still compressed by `encoding`; ExportTraceServiceRequest in `format`.
    package var body: [UInt8]
    package var encoding: BodyEncoding
    package var format: MessageFormat

    package init(tenant: TenantID, body: [UInt8], encoding: BodyEncoding, format: MessageFormat = .protobuf) {
        self.tenant = tenant
        self.body = body
        self.encoding = encoding
        self.format = format
    }
}

/// What became of a request whose good spans are durable now.
package struct ExportOutcome: Sendable, Equatable {
    package var acceptedSpanCount: Int
    package var rejectedSpanCount: Int
    /// Why spans were rejected, for OTLP's partial success; nil if none was.
    package var rejectionMessage: String?

    package init(acceptedSpanCount: Int, rejectedSpanCount: Int, rejectionMessage: String?) {
        self.acceptedSpanCount = acceptedSpanCount
        self.rejectedSpanCount = rejectedSpanCount
        self.rejectionMessage = rejectionMessage
    }
}

/// Why a whole request was refused; nothing of it is stored.
package struct IngestError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// The body can't be decoded: sending it again is of no use. HTTP 400, INVALID_ARGUMENT.
        case malformed
        /// Over the limit before or after decompression. HTTP 413, RESOURCE_EXHAUSTED without a retry hint.
        case tooLarge
        /// The memory for requests in flight is used up: try again in `retryAfterSeconds`. HTTP 429,
        /// RESOURCE_EXHAUSTED with RetryInfo.
        case overloaded
        /// Nothing can be made durable now (disk full, failed, shutting down): try again later. HTTP 503, UNAVAILABLE.
        case unavailable
    }

    /// What stood in the way: few, for whoever counts.
    package enum Reason: String, Sendable, CaseIterable {
        case malformed
        case tooLarge = "too_large"
        /// The memory for requests in flight is used up.
        case requestMemory = "request_memory"
        /// Too many requests wait to be decompressed or decoded.
        case decodingQueue = "decoding_queue"
        /// The tenant is new, and there are as many as may be.
        case tenantLimit = "tenant_limit"
        /// The memory for new spans is used up: blocks are not written fast enough.
        case headMemory = "head_memory"
        /// Too much waits for the journal's disk.
        case journalQueue = "journal_queue"
        /// The journal could not be written.
        case journal
        case diskFull = "disk_full"
        /// Another process writes in the store.
        case intrusion
        case shutdown
        case other
    }

    package var code: Code
    package var reason: Reason
    /// What happened and what to do, for the sender.
    package var message: String
    /// When to try again, for `.overloaded` and `.unavailable`.
    package var retryAfterSeconds: Int?

    /// - Parameter reason: By default what the code says already.
    package init(_ code: Code, _ message: String, retryAfterSeconds: Int? = nil, reason: Reason? = nil) {
        self.code = code
        self.reason = reason ?? Reason(code)
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    package var description: String { message }
}

extension IngestError.Reason {
    /// What an error of that code mostly has behind it.
    init(_ code: IngestError.Code) {
        self =
            switch code {
            case .malformed: .malformed
            case .tooLarge: .tooLarge
            case .overloaded: .requestMemory
            case .unavailable: .other
            }
    }

    init(_ refusal: StoreRefusal) {
        self =
            switch refusal {
            case .shutdown: .shutdown
            case .diskFull: .diskFull
            case .intrusion: .intrusion
            case .tenantLimit: .tenantLimit
            case .headMemory: .headMemory
            case .journalQueue: .journalQueue
            case .journal: .journal
            }
    }
}

/// Takes OTLP requests and answers when their spans are durable.
package protocol SpanReceiver: Sendable {
    /// Takes `byteCount` bytes of the memory for requests in flight, before a body is read.
    ///
    /// - Throws: `.overloaded`; `.tooLarge` if one request may not have as many.
    func reserve(_ byteCount: Int) throws(IngestError) -> IngestReservation

    /// Says whether one request may ever hold so many bytes, however long it waits.
    ///
    /// - Throws: `.tooLarge`.
    func check(_ byteCount: Int) throws(IngestError)

    /// Stores the good spans of a request; returns when they survive a power cut and can be read.
    func export(_ request: ExportRequest) async throws(IngestError) -> ExportOutcome
}

extension SpanReceiver {
    /// No limit but what ``reserve(_:)`` says.
    package func check(_ byteCount: Int) throws(IngestError) {}
}

/// Memory taken for one request; goes back when the last reference is gone.
package final class IngestReservation: Sendable {
    package let byteCount: Int
    private let release: @Sendable (Int) -> Void

    package init(byteCount: Int, release: @escaping @Sendable (Int) -> Void) {
        self.byteCount = byteCount
        self.release = release
    }

    deinit { release(byteCount) }
}
