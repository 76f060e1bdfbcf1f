// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import TerminalRendering
internal import TraceServer

/// Asks one server's query API.
struct QueryClient {
    struct Answer {
        var status: UInt
        var body: [UInt8]
    }

    let server: ServerURL
    private let access: ServerAccess
    private let http: HTTPClient

    /// No answer is longer: more does not fit into what a person can look at.
    private static let answerByteLimit = 1 << 30
    private static let timeout = TimeAmount.seconds(60)

    /// Lets `body` ask the server, and closes the connections behind it.
    static func with<Result>(
        _ server: ServerURL, _ access: ServerAccess = ServerAccess(), _ body: (QueryClient) async throws -> Result
    ) async throws -> Result {
        let http = access.makeHTTPClient()
        do {
            let result = try await body(QueryClient(server: server, access: access, http: http))
            try await http.shutdown()
            return result
        } catch {
            try await http.shutdown()
            throw error
        }
    }

    private func url(_ path: String, _ items: [(String, String)]) -> String {
        let query = items.map { "\($0.0)=\(Self.percentEncoded($0.1))" }.joined(separator: "&")
        return server.description + path + (query.isEmpty ? "" : "?" + query)
    }

    /// Any answer to `GET path?items`, whatever its status.
    ///
    /// - Throws: `.unreachable`.
    func answer(_ path: String, _ items: [(String, String)] = [], accept: String) async throws -> Answer {
        var request = HTTPClientRequest(url: url(path, items))
        request.headers.add(name: "accept", value: accept)
        request.headers.add(name: "user-agent", value: "vivace/\(VivaceCommand.version)")
        access.add(to: &request.headers)
        do {
            let response = try await http.execute(request, timeout: Self.timeout)
            let body = try await response.body.collect(upTo: Self.answerByteLimit)
            return Answer(status: response.status.code, body: Array(buffer: body))
        } catch {
            // A server may close the connection under a request that is too long for it.
            let isCut = (error as? HTTPClientError) == .remoteConnectionClosed
                || [ECONNRESET, EPIPE].contains((error as? IOError)?.errnoCode)
            if isCut, request.url.utf8.count > Self.urlByteLimit { throw tooLong(request.url) }
            throw unreachable(server, error, hint: "Name another server with --server or VIVACE_SERVER.")
        }
    }

    /// The longest URL that a server of this version takes.
    private static let urlByteLimit = ServerLimits().urlByteCount

    private func tooLong(_ url: String, _ said: String = "") -> CommandError {
        let limit = said.isEmpty ? "; a server takes \(NumberText.bytes(Self.urlByteLimit))" : ": \(said)"
        return CommandError(
            .usage, "the query is too long: as a URL it has \(NumberText.bytes(url.utf8.count))" + limit)
    }

    /// The body of a successful answer.
    ///
    /// - Parameter missing: What to say on 404.
    /// - Throws: `.unreachable`, `.notFound`, `.usage` where the server finds the question wrong or wants another
    ///   token, `.partial` where it can't answer now.
    func body(
        _ path: String, _ items: [(String, String)] = [], accept: String = "application/json", missing: String
    ) async throws -> [UInt8] {
        let answer = try await answer(path, items, accept: accept)
        let said = Self.firstLine(answer.body)
        if let refusal = access.refusal(of: server, answer.status, said, needs: "read") { throw refusal }
        switch answer.status {
        case 200...299: return answer.body
        case 414, 431: throw tooLong(url(path, items), said)
        // What reads the request refuses it without a word.
        case 400 where said.isEmpty && url(path, items).utf8.count > Self.urlByteLimit: throw tooLong(url(path, items))
        case 404 where said.hasSuffix("is not stored"): throw CommandError(.notFound, missing)
        case 400:
            let reason = said.isEmpty ? "it does not say why" : said
            throw CommandError(.usage, "the server does not accept the question: \(reason)")
        case 422, 500: throw CommandError(.partial, "\(server) can't answer (HTTP \(answer.status)): \(said)")
        case 429, 503, 504:
            throw CommandError(
                .partial, "\(server) can't answer now (HTTP \(answer.status)): \(said). Try again later.")
        default:
            throw CommandError(
                .unreachable,
                "\(server) answered HTTP \(answer.status): \(said). Is it a Vivace server's query address?")
        }
    }

    /// What an error's body says, harmless to show.
    static func firstLine(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(400).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return escapedForTerminal(text.trimmingCharacters(in: .whitespaces))
    }

    /// The text as one value of a query, or one segment of a path.
    static func percentEncoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(charactersIn: "-._~").union(
        .alphanumerics.intersection(CharacterSet(charactersIn: "\u{0}"..."\u{7f}")))
}
