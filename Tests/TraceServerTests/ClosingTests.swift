// SPDX-License-Identifier: Apache-2.0

import Testing
import TraceServer

/// Clients whose connection ends with the answer.
@Suite(.timeLimit(.minutes(5))) struct ClosingTests {
    /// Everything that the server says to `request`, until it closes.
    private func conversation(_ request: String, to name: ListenerName = .http) async throws -> String {
        let said = Said()
        try await RunningServer.with { server in
            try await HTTPTestConnection.with(port: server.port(name)) { connection in
                try await connection.send(request)
                said.text = try await connection.textUntilClosed()
            }
        }
        return said.text
    }

    private final class Said: @unchecked Sendable { var text = "" }

    private func head(_ answer: String) -> [String] {
        answer.components(before: "\r\n\r\n").lowercased().split(separator: "\r\n").map(String.init)
    }

    @Test(arguments: ["", "Connection: keep-alive\r\n"])
    func `an answer to HTTP 1.0 is not chunked and ends with the connection`(field: String) async throws {
        let answer = try await conversation("GET /api/slow HTTP/1.0\r\n\(field)\r\n")
        let head = head(answer)
        #expect(head.first == "http/1.0 200 ok")
        #expect(head.contains("connection: close"))
        #expect(!head.contains { $0.hasPrefix("transfer-encoding") })
        let body = answer.dropFirst(answer.components(before: "\r\n\r\n").count + 2)
        #expect(body.first == "{" && body.last == "}")
    }

    @Test func `a body that is known has its length in HTTP 1.0 too`() async throws {
        let head = head(try await conversation("GET /ready HTTP/1.0\r\n\r\n"))
        #expect(head.contains("content-length: 5") && head.contains("connection: close"))
    }

    @Test func `a body is taken from HTTP 1.0, which knows no 100-continue`() async throws {
        let answer = try await conversation(
            "POST /v1/traces HTTP/1.0\r\nContent-Type: application/x-protobuf\r\nExpect: 100-continue\r\n"
                + "Content-Length: 1\r\n\r\nx", to: .otlpHTTP)
        #expect(head(answer).first == "http/1.0 200 ok")
        #expect(head(answer).contains("content-length: 0"))
    }

    @Test(arguments: ["close", "Close", "TE, close"])
    func `the wish to close is understood however it is spelt`(value: String) async throws {
        let answer = try await conversation("GET /ready HTTP/1.1\r\nHost: a\r\nConnection: \(value)\r\n\r\n")
        #expect(head(answer).first == "http/1.1 200 ok")
        #expect(head(answer).contains("connection: close"))
    }

    @Test func `requests before the last one are answered as ever`() async throws {
        let answer = try await conversation(
            "GET /ready HTTP/1.1\r\nHost: a\r\n\r\nGET /api/slow HTTP/1.1\r\nHost: a\r\n\r\nGET /ready HTTP/1.0\r\n\r\n"
        )
        let heads = answer.lowercased().components(separatedBy: "http/1.").dropFirst()
        #expect(heads.map { String($0.prefix(5)) } == ["1 200", "1 200", "0 200"])
        #expect(heads.map { $0.contains("connection: close") } == [false, false, true])
        #expect(heads.map { $0.contains("transfer-encoding: chunked") } == [false, true, false])
    }
}

extension String {
    /// What stands before the first `separator`; everything if there is none.
    fileprivate func components(before separator: String) -> String {
        components(separatedBy: separator).first ?? self
    }

    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
