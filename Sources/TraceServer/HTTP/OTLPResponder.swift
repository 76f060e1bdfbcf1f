// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import Ingest
internal import NIOCore
internal import NIOHTTP1
internal import ProtobufMessages

/// OTLP over HTTP: `POST /v1/traces` with protobuf or JSON.
///
/// - SeeAlso: the OTLP specification, "OTLP/HTTP".
struct OTLPResponder: HTTPResponding {
    let receiver: any SpanReceiver
    let metrics: IngestMetrics
    let limits: ServerLimits
    let buffers: BodyBuffers
    let access: AccessControl
    let corsOrigins: CORSOrigins

    /// Why a request is refused before or while its body is read.
    private struct Refusal: Error {
        var status: HTTPResponse.Status
        var message: String
    }

    func respond(to exchange: inout HTTPExchange) async throws -> Response {
        let head = exchange.head
        if corsOrigins.isPreflight(head), Self.isForSpans(head) {
            return Response(status: .noContent, headers: corsOrigins.fields(for: head))
        }
        var response = try await answer(&exchange)
        response.headers.append(contentsOf: corsOrigins.fields(for: head))
        metrics.countRequest(httpStatus: response.status.code)
        return response
    }

    private func answer(_ exchange: inout HTTPExchange) async throws -> Response {
        let mediaType = MediaType(contentType: exchange.head.headerFields[.contentType])
        do {
            try access.check(exchange.head.headerFields[.authorization], needs: .write)
            let outcome = try await export(&exchange, mediaType)
            return try Response(outcome, as: mediaType)
        } catch let error as IngestError {
            metrics.countRefusal(.http, RefusalReason(error))
            var failure = Response(error.httpStatus, error.status, as: mediaType)
            failure.headers[.retryAfter] = error.retrySeconds.map(String.init)
            return failure
        } catch let refusal as AccessControl.Refusal {
            metrics.countRefusal(.http, RefusalReason(refusal.httpStatus))
            var failure = Response(refusal.httpStatus, refusal.status, as: mediaType)
            failure.headers[.wwwAuthenticate] = refusal.challenge
            return failure
        } catch let refusal as Refusal {
            metrics.countRefusal(.http, RefusalReason(refusal.status))
            let status = RPCStatus(code: grpcCode(for: refusal.status).rawValue, message: refusal.message)
            var failure = Response(refusal.status, status, as: mediaType)
            if refusal.status == .methodNotAllowed { failure.headers[.allow] = "POST" }
            return failure
        } catch let error as HTTPParserError {
            metrics.countRequest(httpStatus: 400)
            metrics.countRefusal(.http, .malformed)
            throw error
        } catch {
            metrics.countRefusal(.http, .incomplete)
            throw error
        }
    }

    private func export(
        _ exchange: inout HTTPExchange, _ mediaType: MediaType
    ) async throws -> ExportOutcome {
        let encoding = try check(exchange.head, mediaType)
        var reservation = GrowingReservation(receiver: receiver, limits: limits)
        var body = buffers.take(capacity: try reserve(for: exchange, &reservation))
        defer { buffers.giveBack(&body) }
        try await gather(&exchange, &reservation, into: &body)
        let tenant = requestTenant(header: exchange.head.headerFields[.tenant])
        let outcome = try await export(
            ExportRequest(
                tenant: tenant, body: body, encoding: encoding, format: mediaType == .json ? .json : .protobuf))
        extendLifetime(reservation)
        return outcome
    }

    /// The request is gone when this returns, so that its body can be given back.
    private func export(_ request: consuming ExportRequest) async throws -> ExportOutcome {
        let request = request
        return try await metrics.measuringAcknowledgement(.http, byteCount: request.body.count) {
            () async throws(IngestError) in try await receiver.export(request)
        }
    }

    private static func isForSpans(_ head: HTTPRequest) -> Bool {
        (head.path ?? "").prefix { $0 != "?" } == "/v1/traces"
    }

    private func check(_ head: HTTPRequest, _ mediaType: MediaType) throws -> BodyEncoding {
        guard Self.isForSpans(head) else {
            throw Refusal(status: .notFound, message: "there is only /v1/traces here")
        }
        guard head.method == .post else {
            throw Refusal(status: .methodNotAllowed, message: "spans are sent with POST")
        }
        guard mediaType != .other else {
            let text = "the Content-Type has to be application/x-protobuf or application/json"
            throw Refusal(status: .unsupportedMediaType, message: text)
        }
        switch head.headerFields[.contentEncoding]?.lowercased() {
        case nil, "", "identity": return .identity
        case "gzip", "x-gzip": return .gzip
        case let other?:
            let text = "the Content-Encoding \(other) is not supported: use gzip or identity"
            throw Refusal(status: .unsupportedMediaType, message: text)
        }
    }

    /// Reserves memory before any of the body is asked for.
    ///
    /// - Returns: How many bytes to make room for.
    private func reserve(
        for exchange: borrowing HTTPExchange, _ reservation: inout GrowingReservation
    ) throws(IngestError) -> Int {
        guard let contentLength = exchange.contentLength else {
            try reservation.grow(toHold: 1)
            return 0
        }
        try reservation.reserve(exactly: contentLength)
        return min(contentLength, reservation.byteCount)
    }

    /// Reads the body into memory that was reserved before.
    private func gather(
        _ exchange: inout HTTPExchange, _ reservation: inout GrowingReservation, into body: inout [UInt8]
    ) async throws {
        let end = exchange.close(after: limits.bodySeconds)
        defer { exchange.keepOpen(end) }
        while var part = try await exchange.nextBodyPart() {
            if body.count + part.readableBytes > reservation.byteCount {
                try reservation.grow(toHold: body.count + part.readableBytes)
            }
            part.read(part.readableBytes, into: &body)
        }
        if let contentLength = exchange.contentLength, body.count != contentLength {
            throw Refusal(status: .badRequest, message: "the body is shorter than its Content-Length")
        }
    }
}

extension HTTPField.Name {
    /// Names the tenant. Field names are compared without regard to case.
    static let tenant = HTTPField.Name(tenantHeaderName) ?? .authorization
}
