// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import Ingest
internal import NIOCore
internal import ProtobufMessages

// What OTLP over HTTP answers: an ExportTraceServiceResponse, or a google.rpc.Status, in the request's encoding.

extension Response {
    /// - Throws: `.outOfMemory`.
    init(_ outcome: ExportOutcome, as mediaType: MediaType) throws {
        let message = ExportTraceServiceResponse(outcome)
        let body = mediaType == .json ? message.json : try message.encoded()
        self.init(.ok, body, as: mediaType)
    }

    init(_ status: HTTPResponse.Status, _ error: RPCStatus, as mediaType: MediaType) {
        self.init(status, mediaType == .json ? error.json : (try? error.encoded()) ?? [], as: mediaType)
    }

    private init(_ status: HTTPResponse.Status, _ body: [UInt8], as mediaType: MediaType) {
        self.init(
            status: status, headers: [.contentType: mediaType.contentType],
            body: body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
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
