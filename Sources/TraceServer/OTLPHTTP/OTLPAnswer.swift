// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Ingest
internal import ProtobufMessages

/// What OTLP over HTTP answers: an ExportTraceServiceResponse, or a google.rpc.Status, in the request's encoding.
struct OTLPAnswer: Sendable {
    /// Of HTTP.
    var status: Int
    /// Besides those of the body.
    var fields: [(name: String, value: String)] = []
    /// Nil where there is none to be.
    var contentType: String?
    var body: [UInt8] = []
    /// Why nothing of the request was stored; nil if it was.
    var refusal: RefusalReason?

    /// An answer without a body.
    init(status: Int) { self.status = status }

    /// - Throws: `.outOfMemory`.
    init(_ outcome: ExportOutcome, as mediaType: MediaType) throws {
        status = 200
        contentType = mediaType.contentType
        let message = ExportTraceServiceResponse(outcome)
        body = mediaType == .json ? message.json : try message.encoded()
    }

    init(_ error: IngestError, as mediaType: MediaType) {
        self.init(status: error.httpStatus.code, error.status, as: mediaType)
        refusal = RefusalReason(error)
        if let seconds = error.retrySeconds { fields.append(("retry-after", String(seconds))) }
    }

    init(_ refusal: AccessControl.Refusal, as mediaType: MediaType) {
        self.init(status: refusal.httpStatus.code, refusal.status, as: mediaType)
        self.refusal = RefusalReason(refusal.httpStatus)
        fields.append(("www-authenticate", refusal.challenge))
    }

    init(_ refusal: TenantRefusal, as mediaType: MediaType) {
        self.init(status: refusal.httpStatus.code, refusal.status, as: mediaType)
        self.refusal = .tenant
    }

    init(status: Int, _ message: String, as mediaType: MediaType) {
        let code = grpcCode(for: .init(code: status)).rawValue
        self.init(status: status, RPCStatus(code: code, message: message), as: mediaType)
        refusal = RefusalReason(.init(code: status))
        if status == 405 { fields.append(("allow", "POST")) }
    }

    /// The request was stored, but its answer can't be made.
    static func withoutAnswer(_ error: any Error, as mediaType: MediaType) -> OTLPAnswer {
        var answer = OTLPAnswer(status: 503, "the answer could not be made: \(error)", as: mediaType)
        answer.refusal = nil
        return answer
    }

    /// RFC 9112, section 6.1: what a body means under a coding that is not known, nobody here can tell.
    static var unknownCoding: OTLPAnswer {
        var answer = OTLPAnswer(status: 501)
        answer.contentType = "text/plain; charset=utf-8"
        answer.body = Array("of transfer codings only chunked is known\n".utf8)
        answer.refusal = RefusalReason(.notImplemented)
        return answer
    }

    private init(status: Int, _ error: RPCStatus, as mediaType: MediaType) {
        self.status = status
        contentType = mediaType.contentType
        body = mediaType == .json ? error.json : (try? error.encoded()) ?? []
    }
}

extension ExportTraceServiceResponse {
    /// The message in Protobuf's JSON.
    fileprivate var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            guard let partialSuccess else { return }
            json.name("partialSuccess")
            json.object { json in
                json.field("rejectedSpans", String(partialSuccess.rejectedSpans))
                json.field("errorMessage", partialSuccess.errorMessage)
            }
        }
        return json.array()
    }
}

extension RPCStatus {
    /// The message in Protobuf's JSON.
    fileprivate var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("code", number: Int(code))
            json.field("message", message)
            guard retryDelay != nil || badRequest != nil else { return }
            json.name("details")
            json.beginList()
            if let retryDelay {
                json.object { json in
                    json.field("@type", "type.googleapis.com/google.rpc.RetryInfo")
                    json.field("retryDelay", "\(retryDelay.components.seconds)s")
                }
            }
            if let badRequest {
                json.object { json in
                    json.field("@type", "type.googleapis.com/google.rpc.BadRequest")
                    json.name("fieldViolations")
                    json.beginList()
                    json.object { $0.field("description", badRequest) }
                    json.endList()
                }
            }
            json.endList()
        }
        return json.array()
    }
}
