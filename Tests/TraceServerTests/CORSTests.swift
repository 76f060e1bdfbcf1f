// SPDX-License-Identifier: Apache-2.0

import Ingest
import Testing
import TraceServer

private let preflight = ["Origin: https://shop.example", "Access-Control-Request-Method: POST"]

@Suite(.timeLimit(.minutes(5))) struct CORSTests {
    @Test(arguments: [
        ("*", CORSOrigins.any), ("", .none), ("https://a.example", .listed(["https://a.example"])),
        ("HTTP://A:80, https://b", .listed(["http://a:80", "https://b"])), (" * ", .any),
    ])
    func `origins are read`(text: String, origins: CORSOrigins) {
        #expect(CORSOrigins(text) == origins)
        #expect(CORSOrigins(origins.description) == origins)
    }

    @Test(arguments: ["a.example", "https://", "https://a/", "https://a/b", "*,https://a", "https://*.a", "null", "://a"])
    func `what is no origin is refused`(text: String) { #expect(CORSOrigins(text) == nil) }

    private func with(
        _ origins: CORSOrigins, _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        try await RunningServer.with(configure: { $0.corsOrigins = origins }, body)
    }

    @Test(arguments: [CORSOrigins.any, .listed(["https://other.example", "https://shop.example"])])
    func `a preflight says what pages may do`(origins: CORSOrigins) async throws {
        try await with(origins) { server in
            let answer = try await server.request("OPTIONS", "/v1/traces", to: .otlpHTTP, fields: preflight)
            #expect(answer.status == 204)
            #expect(answer.fields["content-length"] == nil, "RFC 9110, section 8.6")
            let allowed = origins == .any ? "*" : "https://shop.example"
            #expect(answer.fields["access-control-allow-origin"] == allowed)
            #expect(answer.fields["access-control-allow-methods"] == "POST")
            #expect(answer.fields["access-control-allow-headers"]?.contains("Content-Type") == true)
            #expect(answer.fields["access-control-max-age"] == "7200")
            #expect(answer.fields["vary"] == (origins == .any ? nil : "Origin"))
            #expect(server.receiver.requests.isEmpty)
        }
    }

    @Test func `the answers to pages may be read by them, errors too`() async throws {
        try await with(.listed(["https://shop.example"])) { server in
            for (type, status) in [("application/json", 200), ("text/plain", 415)] {
                let answer = try await server.request(
                    "POST", "/v1/traces", to: .otlpHTTP,
                    fields: ["Origin: https://shop.example", "Content-Type: \(type)"], body: [1])
                #expect(answer.status == status)
                #expect(answer.fields["access-control-allow-origin"] == "https://shop.example")
                #expect(answer.fields["access-control-expose-headers"] == "Retry-After")
                #expect(answer.fields["vary"] == "Origin")
            }
        }
    }

    @Test func `an origin that is not listed is allowed nothing`() async throws {
        try await with(.listed(["https://other.example"])) { server in
            for method in ["OPTIONS", "POST"] {
                let answer = try await server.request(
                    method, "/v1/traces", to: .otlpHTTP, fields: preflight + ["Content-Type: application/json"], body: [])
                #expect(answer.status == (method == "POST" ? 200 : 204))
                #expect(answer.fields.keys.filter { $0.hasPrefix("access-control") } == [])
                #expect(answer.fields["vary"] == "Origin", "the answer is another one for other origins")
            }
        }
    }

    @Test func `without origins OPTIONS is no method, and no answer says anything of them`() async throws {
        try await with(.none) { server in
            for (method, status) in [("OPTIONS", 405), ("POST", 200)] {
                let answer = try await server.request(
                    method, "/v1/traces", to: .otlpHTTP, fields: preflight + ["Content-Type: application/json"], body: [])
                #expect(answer.status == status)
                #expect(answer.fields.keys.filter { $0.hasPrefix("access-control") || $0 == "vary" } == [])
            }
        }
    }

    @Test func `OPTIONS that is no preflight, or for another path, is refused`() async throws {
        try await with(.any) { server in
            let plain = try await server.request("OPTIONS", "/v1/traces", to: .otlpHTTP, fields: [preflight[0]])
            #expect(plain.status == 405)
            let other = try await server.request("OPTIONS", "/v1/logs", to: .otlpHTTP, fields: preflight)
            #expect(other.status == 404)
        }
    }
}
