// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Ingest
internal import ProtobufMessages
internal import QueryEngine

// The one place where the errors of other targets get HTTP and gRPC statuses.
//
// OTLP clients send again after HTTP 429, 502, 503 and 504, after UNAVAILABLE, and after RESOURCE_EXHAUSTED if it
// comes with RetryInfo; never after 500. So nothing that may succeed later is answered with 500.

extension IngestError {
    var httpStatus: HTTPResponse.Status {
        switch code {
        case .malformed: .badRequest
        case .tooLarge: .contentTooLarge
        case .overloaded: .tooManyRequests
        case .unavailable: .serviceUnavailable
        }
    }

    var grpcCode: GRPCStatus.Code {
        switch code {
        case .malformed: .invalidArgument
        case .tooLarge, .overloaded: .resourceExhausted
        case .unavailable: .unavailable
        }
    }

    /// Seconds after which a client may try again; nil if it should not.
    var retrySeconds: Int? {
        switch code {
        case .malformed, .tooLarge: nil
        case .overloaded, .unavailable: max(1, retryAfterSeconds ?? 1)
        }
    }

    /// The error as OTLP over HTTP carries it in the body and gRPC in the details.
    var status: RPCStatus {
        RPCStatus(
            code: grpcCode.rawValue, message: message, retryDelay: retrySeconds.map { .seconds($0) },
            badRequest: code == .malformed ? message : nil)
    }

    var grpcStatus: GRPCStatus {
        let details =
            switch code {
            case .overloaded, .unavailable, .malformed: try? status.encoded()
            case .tooLarge: nil as [UInt8]?
            }
        return GRPCStatus(grpcCode, message, details: details)
    }
}

extension QueryError {
    var httpStatus: HTTPResponse.Status {
        switch code {
        case .invalid: .badRequest
        case .tooLarge: .unprocessableContent
        case .timedOut: .gatewayTimeout
        case .unavailable: .serviceUnavailable
        case .corrupted: .internalServerError
        }
    }
}

extension AccessControl.Refusal {
    var httpStatus: HTTPResponse.Status {
        switch self {
        case .noToken, .unknownToken: .unauthorized
        case .lacks, .lacksTenant: .forbidden
        }
    }

    var status: RPCStatus { RPCStatus(code: grpcCode(for: httpStatus).rawValue, message: message) }

    var grpcStatus: GRPCStatus { GRPCStatus(grpcCode(for: httpStatus), message) }
}

extension TenantRefusal {
    var httpStatus: HTTPResponse.Status { self == .missing ? .unauthorized : .badRequest }

    var status: RPCStatus { RPCStatus(code: grpcCode(for: httpStatus).rawValue, message: message) }

    var grpcStatus: GRPCStatus { GRPCStatus(grpcCode(for: httpStatus), message) }
}

/// The gRPC code that belongs to a status of HTTP, for the body of an OTLP error that Ingest did not make.
func grpcCode(for status: HTTPResponse.Status) -> GRPCStatus.Code {
    switch status.code {
    case 401: .unauthenticated
    case 403: .permissionDenied
    case 404, 405: .unimplemented
    case 408: .deadlineExceeded
    case 413, 429: .resourceExhausted
    case 400..<500: .invalidArgument
    default: .unavailable
    }
}
