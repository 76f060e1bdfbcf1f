// SPDX-License-Identifier: Apache-2.0

import QueryEngine
import Synchronization
import Testing
import TraceQL
import TraceServer

/// What stands raw in a URL that people type.
@Suite(.timeLimit(.minutes(5))) struct RawURLTests {
    /// Sends bytes in pieces, and takes what comes until the server closes.
    private func exchange(_ server: RunningServer, _ request: String, pieceLength: Int) async throws -> String {
        let bytes = Array(request.utf8)
        var answers = ""
        try await HTTPTestConnection.with(port: server.port(.http)) { connection in
            for start in stride(from: 0, to: bytes.count, by: pieceLength) {
                try await connection.send(Array(bytes[start..<min(start + pieceLength, bytes.count)]))
            }
            answers = try await connection.textUntilClosed()
        }
        return answers
    }

    @Test(arguments: [1, 2, 3, 1_000]) func `raw text in a URL reads as if it were percent-encoded`(pieceLength: Int) async throws {
        try await RunningServer.with { server in
            let request =
                "\r\nGET /api/v2/search/tag/span.größe/values HTTP/1.1\r\nHost: ä\r\nCONTENT: \r\n\r\n"
                + "GET /api/search?q={name=\"é😀\"} HTTP/1.1\r\nHost: a\r\nX: ü\r\nConnection: close\r\n\r\n"
            let answers = try await exchange(server, request, pieceLength: pieceLength)
            #expect(answers.split(separator: "HTTP/1.1 200").count == 2, "\(answers)")
            let state = server.queries.state.withLock { $0 }
            #expect(state.lastSubject == .attribute("größe", [.span]))
            #expect(state.lastSearch?.traceQL?.query.description == "{ name = `é😀` }")
        }
    }

    @Test(arguments: ["Content-Length: 3\r\n\r\n", "transfer-ENCODING: chunked\r\n\r\n3\r\n", "a: b\r\nContent-length:3\r\n\r\n"])
    func `behind a request with a body nothing is changed`(head: String) async throws {
        try await RunningServer.with { server in
            let body = head.lowercased().contains("chunked") ? "é\n\r\n0\r\n\r\n" : "é\n"
            let good = "GET /api/echo HTTP/1.1\r\nHost: a\r\n\(head)\(body)"
            let raw = "GET /api/search?q={name=\"é\"} HTTP/1.1\r\nHost: a\r\n\r\n"
            for pieceLength in [1, 1_000] {
                let answers = try await exchange(server, good + good + raw, pieceLength: pieceLength)
                let parts = answers.split(separator: "HTTP/1.1 ")
                #expect(parts.map { $0.prefix(3) } == ["200", "200", "400"], "\(answers)")
                #expect(parts.last?.contains("have to be percent-encoded") == true, "\(answers)")
                let words = "letters beyond ASCII where an earlier request of the connection had a body"
                #expect(parts.last?.contains(words) == true, "\(answers)")
            }
            #expect(server.queries.state.withLock { $0.lastSearch } == nil)
        }
    }

    @Test(arguments: [
        (
            "GET /api/search?q={ name } HTTP/1.1\r\nHost: a\r\n\r\n",
            "blanks, control characters, and letters beyond ASCII where an earlier request of the connection had a body have"
                + " to be percent-encoded"
        ),
        ("GET /api/search?q=\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", "percent-encoded"),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "can't be read as HTTP/1.1: invalid character in header"),
        ("NONSENSE / HTTP/1.1\r\nHost: a\r\n\r\n", "can't be read as HTTP/1.1: invalid HTTP method"),
    ])
    func `a request that can't be read is told why`(request: String, words: String) async throws {
        try await RunningServer.with { server in
            let answer = try await exchange(server, request, pieceLength: 1_000)
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
            #expect(answer.contains("text/plain; charset=utf-8") && answer.contains(words), "\(answer)")
        }
    }
}
