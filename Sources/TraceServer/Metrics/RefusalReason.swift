// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import Ingest

/// Why an OTLP request was refused, as `/metrics` tells it: what Ingest says, and what is refused before it.
package enum RefusalReason: String, Sendable, CaseIterable {
    case malformed
    case tooLarge = "too_large"
    case requestMemory = "request_memory"
    case decodingQueue = "decoding_queue"
    case tenantLimit = "tenant_limit"
    case headMemory = "head_memory"
    case journalQueue = "journal_queue"
    case journal
    case diskFull = "disk_full"
    case intrusion
    case shutdown
    case other
    /// No token, or one that is not known.
    case unauthenticated
    /// No tenant was named, or not by a name.
    case tenant
    /// A token that does not allow to write.
    case forbidden
    /// A path, method, media type, compression or transfer coding that is not taken.
    case unsupported
    /// The sender went away or stopped before the request was whole.
    case incomplete
    /// The request took too long to arrive, and its sender was cut off.
    case slow

    package init(_ error: IngestError) { self = RefusalReason(rawValue: error.reason.rawValue) ?? .other }

    /// What was refused with a status of HTTP before Ingest saw it.
    init(_ status: HTTPResponse.Status) {
        self =
            switch status.code {
            case 400: .incomplete
            case 401: .unauthenticated
            case 403: .forbidden
            case 404, 405, 415, 501: .unsupported
            case 408: .slow
            case 413: .tooLarge
            case 503: .shutdown
            default: .other
            }
    }

    /// What was refused with a status of gRPC before Ingest saw it.
    init(_ code: GRPCStatus.Code) {
        self =
            switch code {
            case .invalidArgument, .internal: .malformed
            case .deadlineExceeded: .slow
            case .permissionDenied: .forbidden
            case .resourceExhausted: .tooLarge
            case .unimplemented, .notFound: .unsupported
            case .unavailable: .shutdown
            case .unauthenticated: .unauthenticated
            case .ok: .other
            }
    }
}
