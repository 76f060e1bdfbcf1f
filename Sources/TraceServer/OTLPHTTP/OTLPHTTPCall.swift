// SPDX-License-Identifier: Apache-2.0

internal import Ingest
internal import ProtobufMessages

/// A request for spans to be stored whose body is there.
struct OTLPHTTPCall: Sendable {
    let request: OTLPHTTPRequest
    /// As received; empty once it was taken.
    private var body: [UInt8]
    /// Holds the body's memory until the call was answered.
    let reservation: GrowingReservation
    /// Counts and sends the answer. From any thread, once; when the client has gone it is only counted.
    let reply: @Sendable (OTLPAnswer) -> Void

    init(
        request: OTLPHTTPRequest, body: [UInt8], reservation: GrowingReservation,
        reply: @escaping @Sendable (OTLPAnswer) -> Void
    ) {
        self.request = request
        self.body = body
        self.reservation = reservation
        self.reply = reply
    }

    /// Whether an event loop may perform it.
    func isShort(_ limits: ServerLimits) -> Bool {
        request.encoding == .identity && request.mediaType == .protobuf && body.count <= limits.shortCallByteCount
    }

    /// Hands the body over, so that nobody else holds its memory.
    mutating func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }
}

/// Performs the calls of the OTLP/HTTP listener.
struct OTLPHTTPService: Sendable {
    let receiver: any SpanReceiver
    let metrics: IngestMetrics
    let buffers: BodyBuffers

    /// Performs a call and sends the answer.
    func perform(_ call: consuming OTLPHTTPCall) async {
        var call = call
        var body = call.takeBody()
        let answer = await export(call.request, body)
        buffers.giveBack(&body)
        call.reply(answer)
    }

    private func export(_ request: OTLPHTTPRequest, _ body: [UInt8]) async -> OTLPAnswer {
        let export = ExportRequest(
            tenant: request.tenant, body: body, encoding: request.encoding,
            format: request.mediaType == .json ? .json : .protobuf)
        do {
            let outcome = try await metrics.measuringAcknowledgement(.http, byteCount: body.count) {
                () async throws(IngestError) in try await receiver.export(export)
            }
            return try OTLPAnswer(outcome, as: request.mediaType)
        } catch let error as IngestError {
            return OTLPAnswer(error, as: request.mediaType)
        } catch {
            return .withoutAnswer(error, as: request.mediaType)
        }
    }
}
