// SPDX-License-Identifier: Apache-2.0

import FileIO
import Foundation
import InMemoryLogging
import Logging
import ProtobufMessages
import Testing
import TraceServer

@Suite(.timeLimit(.minutes(5))) struct TokenTests {
    /// A file with a token of each kind, and the credentials that come of it.
    private func tokenFile(
        _ text: String = "# tokens\n\nreads read\nwrites\twrite\nboth-._~+/== read,write\r\n"
    ) throws -> CredentialFiles {
        let files = try CredentialFiles()
        try files.write(text, to: "tokens")
        try setMode(0o640, files)
        return files
    }

    private func setMode(_ mode: Int, _ files: CredentialFiles) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: files.path("tokens"))
    }

    private func credentials(_ files: CredentialFiles) throws -> ServerCredentials {
        try ServerCredentials(tls: nil, tokensPath: files.path("tokens"))
    }

    private func failure(_ files: CredentialFiles) -> ServerError? {
        do {
            _ = try credentials(files)
            return nil
        } catch {
            return error as? ServerError
        }
    }

    // MARK: The table

    @Test func `a token is found, and no other text is`() throws {
        let table = try TokenTable("a read\nab write\nabc write,read")
        #expect(table.grant(of: "a") == TokenGrant(scopes: .read))
        #expect(table.grant(of: "ab") == TokenGrant(scopes: .write))
        #expect(table.grant(of: "abc") == TokenGrant(scopes: [.read, .write]))
        for other in ["", "b", "A", "aa", "abcabc", "abcd", "ab ", "\0", "a\0"] {
            #expect(table.grant(of: other) == nil)
        }
    }

    @Test(arguments: [
        ("", nil), ("# only\n\n", nil), ("a", 1), ("a read\nb", 2), ("a read a/b", 1), ("a read a| b", 1), ("a read a b", 1), ("b read\na read ..", 2), ("a write,", 1),
        ("a admin", 1), ("a read\n\nä read", 3), ("= read", 1), ("a=b read", 1), ("a read\nb read\na write", 3),
    ] as [(String, Int?)])
    func `a wrong line is told by its number, without the token`(text: String, line: Int?) {
        let fault = #expect(throws: TokenTable.Fault.self) { try TokenTable(text) }
        #expect(fault?.line == line)
    }

    // MARK: The file

    @Test func `a file that is not there, or wrong, is told with the flag`() throws {
        let files = try CredentialFiles()
        #expect(failure(files)?.message.contains("--tokens \(files.path("tokens")): there is no such file") == true)
        let wrong = try tokenFile("secret-token\n")
        #expect(failure(wrong)?.code == .badCredentials)
        #expect(failure(wrong)?.message.contains("tokens, line 1: ") == true)
        #expect(failure(wrong)?.message.contains("secret") == false)
    }

    @Test func `a file that everybody may read is refused`() throws {
        let files = try tokenFile()
        try setMode(0o644, files)
        #expect(failure(files)?.message.contains("chmod o-r") == true)
        try setMode(0o640, files)
        #expect(failure(files) == nil)
    }

    // MARK: Who may do what

    @Test func `OTLP over HTTP needs write, and says so in the request's encoding`() async throws {
        try await RunningServer.with(credentials: credentials(try tokenFile())) { server in
            for (fields, status, code, challenge) in [
                ([], 401, 16, #"Bearer realm="vivace""#),
                (["Authorization: Bearer nobody"], 401, 16, #"Bearer realm="vivace", error="invalid_token""#),
                (["Authorization: Basic writes"], 401, 16, #"Bearer realm="vivace", error="invalid_token""#),
                (["Authorization: Bearer"], 401, 16, #"Bearer realm="vivace", error="invalid_token""#),
                (
                    ["Authorization: Bearer reads"], 403, 7,
                    #"Bearer realm="vivace", error="insufficient_scope", scope="write""#
                ),
                (["Authorization: Bearer writes"], 200, 0, nil), (["authorization: bearer  both-._~+/=="], 200, 0, nil),
            ] as [([String], Int, Int32, String?)] {
                for type in ["application/x-protobuf", "application/json"] {
                    let answer = try await server.request(
                        "POST", "/v1/traces", to: .otlpHTTP, fields: fields + ["Content-Type: \(type)"], body: [1])
                    #expect(answer.status == status, "\(fields)")
                    #expect(answer.fields["www-authenticate"] == challenge)
                    #expect(answer.fields["content-type"] == type)
                    guard status != 200 else { continue }
                    if type == "application/json" {
                        #expect(answer.text.hasPrefix(#"{"code":\#(code),"message":""#))
                    } else {
                        #expect(try RPCStatus(decoding: answer.body).code == code)
                    }
                }
            }
            #expect(server.receiver.requests.count == 4)
        }
    }

    @Test func `OTLP over gRPC needs write, a health check nothing`() async throws {
        try await RunningServer.with(credentials: credentials(try tokenFile())) { server in
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                for (token, status) in [(nil, 16), ("nobody", 16), ("reads", 7), ("writes", 0)] as [(String?, Int)] {
                    let fields = token.map { [("authorization", "Bearer \($0)")] } ?? []
                    let answer = try await connection.call(fields: fields, frames: [framed([1])])
                    #expect(answer.status == status)
                }
                let answer = try await connection.call(healthPath, frames: [framed([])])
                #expect(answer.status == 0)
            }
            #expect(server.receiver.requests.count == 1)
            #expect(server.receiver.reservedByteCount == 0)
        }
    }

    @Test func `who has no token gets no memory either`() async throws {
        try await RunningServer.with(credentials: credentials(try tokenFile())) { server in
            try await GRPCTestConnection.with(port: server.port(.otlpGRPC)) { connection in
                let message = framed([UInt8](repeating: 1, count: 100_000))
                let export = try await connection.call(frames: [message])
                #expect(export.status == 16)
                let health = try await connection.call(healthPath, frames: [message])
                #expect(health.status == 8)
            }
            let body = [UInt8](repeating: 1, count: 100_000)
            #expect(try await server.request("POST", "/v1/traces", to: .otlpHTTP, body: body).status == 401)
            #expect(server.receiver.highestReservedByteCount == 0)
        }
    }

    @Test func `the query API needs read, whether it is ready nothing`() async throws {
        try await RunningServer.with(credentials: credentials(try tokenFile())) { server in
            for path in ["/api/echo", "/metrics", "/status", "/status/config", "/status/none", "/api/slow", "/api/traces/1", "/nothing", "/ready/x"] {
                let stranger = try await server.get(path)
                #expect(stranger.status == 401, "\(path)")
                #expect(stranger.fields["www-authenticate"] == #"Bearer realm="vivace""#)
                #expect(try await server.get(path, fields: ["Authorization: Bearer writes"]).status == 403)
                let status = try await server.get(path, fields: ["Authorization: Bearer reads"]).status
                #expect(status == 200 || status == 404)
            }
            #expect(try await server.get("/ready").status == 200)
            let preflight = try await server.request("POST", "/api/echo", to: .http, body: [])
            #expect(preflight.status == 401)
        }
    }

    @Test func `a preflight needs no token, and a refusal can be read by pages`() async throws {
        try await RunningServer.with(
            credentials: credentials(try tokenFile()), configure: { $0.corsOrigins = .any }
        ) { server in
            let fields = ["Origin: https://a", "Access-Control-Request-Method: POST"]
            let preflight = try await server.request("OPTIONS", "/v1/traces", to: .otlpHTTP, fields: fields)
            #expect(preflight.status == 204)
            let refusal = try await server.request("POST", "/v1/traces", to: .otlpHTTP, fields: fields, body: [])
            #expect(refusal.status == 401 && refusal.fields["access-control-allow-origin"] == "*")
        }
    }

    // MARK: Changes

    @Test func `a changed file is in use, a broken one is not`() async throws {
        let files = try tokenFile()
        let credentials = try credentials(files)
        let log = InMemoryLogHandler()
        let logger = Logger(label: "test") { _ in log }
        try await RunningServer.with(credentials: credentials) { server in
            let status = { (token: String) in
                try await server.get("/api/echo", fields: ["Authorization: Bearer \(token)"]).status
            }
            let change = { (text: String, mode: Int) in
                try files.write(text, to: "tokens")
                try setMode(mode, files)
                credentials.check(logger: logger)
            }
            try change("new read", 0o600)
            #expect(try await status("new") == 200)
            #expect(try await status("reads") == 401, "what was revoked is of no use")
            for (text, mode) in [("newer", 0o600), ("", 0o600), ("newer read", 0o604)] {
                try change(text, mode)
                credentials.check(logger: logger)
                #expect(try await status("new") == 200)
                #expect(try await status("newer") == 401)
            }
            try change("newest read", 0o600)
            #expect(try await status("newest") == 200)
        }
        #expect(log.entries.map(\.level) == [.info, .error, .error, .error, .info], "each is told once")
        #expect(!log.entries.contains { "\($0)".contains("newer") }, "no token gets into the log")
    }

    @Test func `the running server looks for changes by itself`() async throws {
        let files = try tokenFile()
        var limits = RunningServer.smallLimits
        limits.credentialsMilliseconds = 1
        try await RunningServer.with(limits: limits, credentials: credentials(files)) { server in
            try files.write("new read", to: "tokens")
            try setMode(0o600, files)
            while try await server.get("/api/echo", fields: ["Authorization: Bearer new"]).status != 200 {}
        }
    }

    // MARK: Warnings

    @Test(arguments: [("127.0.0.1", false), ("::1", false), ("0.0.0.0", true)])
    func `a listener that strangers can reach is warned of`(host: String, isWarnedOf: Bool) async throws {
        let files = try tokenFile()
        for (credentials, missing) in [
            (ServerCredentials.none, "without TLS (--tls-cert, --tls-key) and without tokens (--tokens)"),
            (try credentials(files), "without TLS (--tls-cert, --tls-key)"),
        ] {
            let log = InMemoryLogHandler()
            try await RunningServer.with(
                credentials: credentials, logger: Logger(label: "test") { _ in log },
                configure: { $0.otlpHTTP.host = host }
            ) { _ in }
            let warnings = log.entries.filter { $0.level == .warning }.map { "\($0.message)" }
            #expect(warnings == (isWarnedOf ? ["other machines can reach this listener, \(missing)"] : []))
        }
    }
}
