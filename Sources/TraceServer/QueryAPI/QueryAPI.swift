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

    /// What is asked for.
    private enum Question {
        case page(StatusPages.Page)
        case trace(String, version: TraceAnswer.Version)
        case criticalPath(String)
        case slowSpans
        case search
        case tagNames(TagAnswer.Version)
        case tagValues(String, TagAnswer.Version)

        /// The name in metrics; pages are not counted.
        var kind: QueryKind? {
            switch self {
            case .page: nil
            case .trace(_, .v1): .traceV1
            case .trace(_, .v2): .traceV2
            case .criticalPath: .criticalPath
            case .slowSpans: .slow
            case .search: .search
            case .tagNames: .tagNames
            case .tagValues: .tagValues
            }
        }

        init?(path: [String]) {
            switch path {
            case ["api", "slow"]: self = .slowSpans
            case ["api", "search"]: self = .search
            case ["api", "search", "tags"]: self = .tagNames(.v1)
            case ["api", "v2", "search", "tags"]: self = .tagNames(.v2)
            case _ where path.count == 5 && path.starts(with: ["api", "search", "tag"]) && path[4] == "values":
                self = .tagValues(path[3], .v1)
            case _
            where path.count == 6 && path.starts(with: ["api", "v2", "search", "tag"]) && path[5] == "values":
                self = .tagValues(path[4], .v2)
            case _ where path.count == 3 && path.starts(with: ["api", "traces"]):
                self = .trace(path[2], version: .v1)
            case _ where path.count == 4 && path.starts(with: ["api", "v2", "traces"]):
                self = .trace(path[3], version: .v2)
            case _
            where path.count == 4 && path.starts(with: ["api", "traces"]) && path[3] == "critical-path":
                self = .criticalPath(path[2])
            default:
                guard let page = StatusPages.Page(rawValue: path.joined(separator: "/")) else { return nil }
                self = .page(page)
            }
        }
    }

    func respond(to exchange: inout HTTPExchange) async -> Response {
        let text = exchange.head.path ?? "/"
        guard text.utf8.count <= limits.urlByteCount else {
            return plainText(
                .uriTooLong,
                "the URL is too long: it has \(text.utf8.count) bytes, and \(limits.urlByteCount) are allowed;"
                    + " \(longURLAdvice)\n")
        }
        let target = RequestTarget(text)
        let asked = Question(path: target.path)
        var named = TenantSet.single
        if let refusal = refusal(target, exchange.head, asked, &named) {
            if let kind = asked?.kind { metrics.count(kind, httpStatus: refusal.status.code) }
            return refusal
        }
        guard let question = asked else {
            return plainText(.notFound, "404 page not found\n")
        }
        guard [.get, .head].contains(exchange.head.method) else {
            var refusal = plainText(.methodNotAllowed, "only GET and HEAD are allowed here\n")
            refusal.headers[.allow] = "GET, HEAD"
            return refusal
        }
        let (head, tenants, client) = (exchange.head, named, exchange.client)
        guard let kind = question.kind else { return await answer(question, target, head, tenants, client) }
        let start = ContinuousClock.now
        let response = await metrics.measuring(kind) { $0.status.code } _: {
            await client.whileWaiting { await answer(question, target, head, tenants, client) }
        }
        return slowQueries.noting(
            response, to: target, kind: kind.rawValue, of: tenancy == .single ? nil : tenants,
            duration: ContinuousClock.now - start)
    }

    /// The answer to who may not ask, or does not say whose spans are meant; whether the server is ready, anybody may ask.
    ///
    /// - Parameter tenants: Receives whose spans are meant, where it matters.
    private func refusal(
        _ target: RequestTarget, _ head: HTTPRequest, _ question: Question?, _ tenants: inout TenantSet
    ) -> Response? {
        guard target.path != [StatusPages.Page.ready.rawValue] else { return nil }
        do {
            let permit = try access.check(head.headerFields[.authorization], needs: .read)
            guard question?.kind != nil else { return nil }
            tenants = try tenancy.readers(head.headerFields[values: .tenant])
            try permit.check(tenants)
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
        _ question: Question, _ target: RequestTarget, _ head: HTTPRequest, _ tenants: TenantSet,
        _ client: ClientPresence
    ) async -> Response {
        do {
            switch question {
            case .page(let page): return pages.answer(page)
            case .trace(let id, let version):
                return try await TraceAnswer(queries: queries, limits: limits)
                    .answer(
                        version, id: id, target, accept: head.headerFields[.accept] ?? "",
                        tenant: tenants)
            case .criticalPath(let id):
                return try await CriticalPathAnswer(queries: queries, limits: limits)
                    .answer(id: id, target, tenant: tenants)
            case .slowSpans:
                return try await SlowSpanAnswer(queries: queries, limits: limits).answer(
                    target, tenant: tenants)
            case .search:
                return try await SearchAnswer(queries: queries, limits: limits)
                    .answer(target, accept: head.headerFields[.accept] ?? "", tenant: tenants)
            case .tagNames(let version):
                return try await TagAnswer(queries: queries, limits: limits)
                    .names(version, target, tenant: tenants)
            case .tagValues(let tag, let version):
                return try await TagAnswer(queries: queries, limits: limits)
                    .values(version, of: tag, target, tenant: tenants)
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
///   - memory: What the query holds; kept until the client has taken the answer, or has left.
///   - byteCount: How long the answer is, about: of a long one two pieces are there at a time, which are counted.
/// - Throws: As ``QueryMemory/hold(_:)``.
func streamedJSON(
    holding memory: QueryMemory?, byteCount: Int, _ limits: ServerLimits,
    _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
) throws(QueryError) -> Response {
    try memory?.holdMore(min(byteCount, 2 * limits.answerChunkByteCount))
    let body = ResponseBody { writer in
        try await write(&writer)
        try await writer.finish(nil)
        withExtendedLifetime(memory) {}
    }
    return Response(status: .ok, headers: [.contentType: "application/json"], body: body)
}
