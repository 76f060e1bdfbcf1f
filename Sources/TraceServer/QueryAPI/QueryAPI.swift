// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import QueryEngine
internal import TraceModel

/// The query API over HTTP: Tempo's paths and our own.
struct QueryAPI: HTTPResponding {
    let queries: any TraceQuerying
    let pages: StatusPages
    let metrics: QueryMetrics
    let access: AccessControl
    let tenancy: Tenancy
    let limits: ServerLimits
    let slowQueries: SlowQueryLog
    let logger: Logger

    func respond(to exchange: inout HTTPExchange) async -> Response {
        let text = exchange.head.path ?? "/"
        guard text.utf8.count <= limits.urlByteCount else {
            return plainText(
                .uriTooLong,
                "the URL is too long: it has \(text.utf8.count) bytes, percent-encoded, and \(limits.urlByteCount) are allowed;"
                    + " \(longURLAdvice)\n")
        }
        let target = RequestTarget(text)
        let asked = Route.find(target.path)
        var asker = Asker()
        if let refusal = refusal(target, exchange.head, asked, &asker) {
            if let kind = asked?.route.kind { metrics.count(kind, httpStatus: refusal.status.code) }
            return refusal
        }
        guard let (route, part) = asked else {
            let advice = target.path.first == "status" ? ": /status lists those that there are" : ""
            return plainText(.notFound, "404 page not found\(advice)\n")
        }
        guard [.get, .head].contains(exchange.head.method) else {
            var refusal = plainText(.methodNotAllowed, "only GET and HEAD are allowed here\n")
            refusal.headers[.allow] = "GET, HEAD"
            return refusal
        }
        let (head, permitted, client) = (exchange.head, asker, exchange.client)
        guard let kind = route.kind else { return await answer(route, part, target, head, permitted, client) }
        let start = ContinuousClock.now
        let response = await metrics.measuring(kind) { $0.status.code } _: {
            await client.whileWaiting { await answer(route, part, target, head, permitted, client) }
        }
        return slowQueries.noting(
            response, to: target, kind: kind.rawValue, of: tenancy == .single ? nil : permitted.tenants,
            duration: ContinuousClock.now - start)
    }

    /// Who asks, as far as it matters for the answer.
    private struct Asker {
        /// Whose spans are meant, where spans are.
        var tenants = TenantSet.single
        /// Of which tenants may be told; nil for all.
        var visible: TenantSet?
    }

    /// The answer to who may not ask, or does not say whose spans are meant; whether the server is ready, anybody may ask.
    ///
    /// - Parameter asker: Receives who asks.
    private func refusal(
        _ target: RequestTarget, _ head: HTTPRequest, _ asked: (route: Route, part: String)?,
        _ asker: inout Asker
    ) -> Response? {
        guard asked?.route != .ready else { return nil }
        do {
            let permit = try access.check(head.headerFields[.authorization], needs: .read)
            asker.visible = permit.tenants
            if asked?.route == .tenantOverrides, let tenant = asked.flatMap({ TenantID($0.part) }) {
                try permit.check(tenant)
            }
            guard asked?.route.kind != nil else { return nil }
            asker.tenants = try tenancy.readers(head.headerFields[values: .tenant])
            try permit.check(asker.tenants)
            return nil
        } catch let refusal as AccessControl.Refusal {
            var answer = plainText(refusal.httpStatus, refusal.message + "\n")
            answer.headers[.wwwAuthenticate] = refusal.challenge
            return answer
        } catch let refusal as TenantRefusal {
            return plainText(refusal.httpStatus, refusal.message + "\n")
        } catch {
            return plainText(.internalServerError, "\(error)\n")
        }
    }

    private func answer(
        _ route: Route, _ part: String, _ target: RequestTarget, _ head: HTTPRequest, _ asker: Asker,
        _ client: ClientPresence
    ) async -> Response {
        let tenants = asker.tenants
        let accept = head.headerFields[.accept] ?? ""
        do {
            switch route {
            case .traceV1, .traceV2:
                return try await TraceAnswer(queries: queries, limits: limits)
                    .answer(route == .traceV1 ? .v1 : .v2, id: part, target, accept: accept, tenant: tenants)
            case .criticalPath:
                return try await CriticalPathAnswer(queries: queries, limits: limits)
                    .answer(id: part, target, tenant: tenants)
            case .slowSpans:
                return try await SlowSpanAnswer(queries: queries, limits: limits).answer(target, tenant: tenants)
            case .search:
                return try await SearchAnswer(queries: queries, limits: limits)
                    .answer(target, accept: accept, tenant: tenants)
            case .tagNamesV1, .tagNamesV2:
                return try await TagAnswer(queries: queries, limits: limits)
                    .names(route == .tagNamesV1 ? .v1 : .v2, target, accept: accept, tenant: tenants)
            case .tagValuesV1, .tagValuesV2:
                return try await TagAnswer(queries: queries, limits: limits)
                    .values(route == .tagValuesV1 ? .v1 : .v2, of: part, target, accept: accept, tenant: tenants)
            default: return try pages.answer(route, part, target, to: asker.visible)
            }
        } catch let error as ParameterError {
            return plainText(.badRequest, error.message + "\n")
        } catch let error as QueryError {
            if error.code == .corrupted { logDamage(error, target) }
            return plainText(error.httpStatus, error.message + "\n")
        } catch is CancellationError where client.hasLeft {
            return plainText(.clientClosedRequest, "nobody waits for the answer\n")
        } catch is CancellationError {
            return plainText(.serviceUnavailable, "the server is shutting down\n")
        } catch {
            logger.error("a query failed", metadata: ["path": "\(target.pathText)", "error": "\(error)"])
            return plainText(.internalServerError, "the query failed: the server's log says why\n")
        }
    }

    private func logDamage(_ error: QueryError, _ target: RequestTarget) {
        logger.error(
            "a query met damaged data",
            metadata: [
                "path": "\(target.pathText)", "error": "\(error.message)",
                "advice": "see what else is damaged with `vivace blocks verify --data-dir DIR`; look at the disk",
            ])
    }
}

/// Reads a trace ID from a path.
func traceID(_ text: String) throws(ParameterError) -> TraceID {
    guard let id = TraceID(hexadecimal: text), !id.isZero else {
        throw ParameterError(
            name: "trace ID", value: text, expected: "1 to 32 hexadecimal digits that are not all 0")
    }
    return id
}

extension HTTPResponse.Status {
    /// What is counted where nobody reads the answer, as Tempo does.
    fileprivate static let clientClosedRequest = HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")
}

func plainText(_ status: HTTPResponse.Status, _ text: String) -> Response {
    Response(
        status: status, headers: [.contentType: "text/plain; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
}

func jsonResponse(_ json: consuming JSONWriter) -> Response {
    Response(
        status: .ok, headers: [.contentType: "application/json"],
        body: ResponseBody(byteBuffer: json.takeBuffer()))
}

/// JSON of any length: `write` writes it in pieces, and each waits until the client has taken the one before.
///
/// - Parameters:
///   - form: One of JSON.
///   - memory: What the query holds; kept until the client has taken the answer, or has left.
///   - byteCount: How long the answer is, about: of a long one two pieces are there at a time, which are counted.
/// - Throws: As ``QueryMemory/hold(_:)``.
func streamedJSON(
    _ form: AnswerForm = .json, holding memory: QueryMemory?, byteCount: Int, _ limits: ServerLimits,
    _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
) throws(QueryError) -> Response {
    try memory?.holdMore(min(byteCount, 2 * limits.answerChunkByteCount))
    let body = ResponseBody { writer in
        try await write(&writer)
        try await writer.finish(nil)
        withExtendedLifetime(memory) {}
    }
    return Response(status: .ok, headers: [.contentType: form.contentType], body: body)
}
