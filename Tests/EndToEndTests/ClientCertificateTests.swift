// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Commands that ask a server which wants certificates of its clients.
extension EndToEndTests.ClientAccessTests {
    @Test func `a server that asks for a certificate gets it, and else it is said which option is missing`() async throws {
        try await Scratch.with { scratch in
            let path = { (name: String) in scratch.path + "/" + name }
            try Self.write(Self.identity.certificate, path("cert.pem"))
            try Self.write(Self.identity.key, path("key.pem"))
            try Self.write(Self.client.certificate, path("client.pem"))
            try Self.write(Self.client.key, path("client-key.pem"))
            try Self.write(Self.client.authority, path("client-ca.pem"))
            try Self.write(Self.line, path("traces.jsonl"))
            let server = try await TestServer(
                scratch.start(
                    Surroundings.binary,
                    TestServer.arguments(data: scratch.data) + [
                        "--tls-cert", path("cert.pem"), "--tls-key", path("key.pem"), "--tls-client-ca", path("client-ca.pem"),
                    ]))
            let (http, otlp) = ("https://\(server.httpAddress)", "https://\(server.otlpHTTPAddress)")
            let trust = ["--ca-file", path("cert.pem")]
            let known = trust + ["--cert-file", path("client.pem"), "--key-file", path("client-key.pem")]

            try await Self.expect(scratch, ["import", path("traces.jsonl"), "--otlp", otlp] + known, 0)
            try await Self.expect(scratch, ["load", "--traces", "1", "--otlp", otlp] + known, 0)
            for command in [
                ["trace", "a"], ["slow"], ["search"], ["tags"], ["critical-path", "a"],
                ["export", "--all", "-o", path("out.jsonl")],
            ] {
                try await Self.expect(scratch, command + ["--server", http] + known, 0)
            }
            try await Self.expect(
                scratch, ["tags", "--server", http], 0,
                variables: [
                    "VIVACE_CA_FILE": path("cert.pem"), "VIVACE_CERT_FILE": path("client.pem"),
                    "VIVACE_KEY_FILE": path("client-key.pem"),
                ])

            try await Self.expect(
                scratch, ["tags", "--server", http] + trust, 3, "wants a certificate of its clients", "--cert-file")
            try await Self.expect(
                scratch, ["load", "--traces", "1", "--otlp", otlp] + trust, 3, "wants a certificate of its clients")
            let stranger = trust + ["--cert-file", path("cert.pem"), "--key-file", path("key.pem")]
            try await Self.expect(
                scratch, ["tags", "--server", http] + stranger, 3, "does not accept the client's certificate")
            let mixed = trust + ["--cert-file", path("client.pem"), "--key-file", path("key.pem")]
            try await Self.expect(scratch, ["tags", "--server", http] + mixed, 64, "is not the key of the first certificate")
            let noKey = trust + ["--cert-file", path("client.pem"), "--key-file", path("client.pem")]
            try await Self.expect(scratch, ["tags", "--server", http] + noKey, 64, "holds no key in PEM")
            try await server.terminate()
        }
    }

    /// An authority, and a certificate of it with its key; valid from 2020 to 2119, for tests alone.
    private static let client = (
        authority: """
            -----BEGIN CERTIFICATE-----
            MIIBdDCCARqgAwIBAgIUIFjr3GEq1gNMaPdruJhQI1gCGd0wCgYIKoZIzj0EAwIw
            HzEdMBsGA1UEAwwUVml2YWNlIHRlc3QgY2xpZW50Q0EwIBcNMjAwMTAxMDAwMDAw
            WhgPMjEyMDAxMDEwMDAwMDBaMB8xHTAbBgNVBAMMFFZpdmFjZSB0ZXN0IGNsaWVu
            dENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECyPHvr/Na9KEk0aOKZyVj1UZ
            NhB9I3WpvNPJ0IJzyZkUQIFwScrNwcQeLrS0kveLLi3FL0WlMXDn1fkuK7e9QKMy
            MDAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUHafLvV13Arjl/NwC337Uylnp
            jvgwCgYIKoZIzj0EAwIDSAAwRQIgRenSoAJV0Wy2B2rZ7KnyxGfbN5fwMTiTairj
            DqddIBsCIQCPtQtucQSduqjrxtflhywc4fDE6LcVmr5cPjajDowiQg==
            -----END CERTIFICATE-----
            """,
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBODCB3wIUSMTYCLuTR34eNST4A7sS8cvAyO8wCgYIKoZIzj0EAwIwHzEdMBsG
            A1UEAwwUVml2YWNlIHRlc3QgY2xpZW50Q0EwIBcNMjAwMTAxMDAwMDAwWhgPMjEy
            MDAxMDEwMDAwMDBaMB0xGzAZBgNVBAMMElZpdmFjZSB0ZXN0IGNsaWVudDBZMBMG
            ByqGSM49AgEGCCqGSM49AwEHA0IABFRF1vJtSIcWCZWnuLz6aUFYcpj5XfisFepm
            EA27fp5qzUx6r38RM+Q+8892Ts3lp/OpWmxE6tUwAvrR9ms7Bx0wCgYIKoZIzj0E
            AwIDSAAwRQIhALrbGxDJTivjguUCM2GA/zt45V9i2OArDSHQ9Uf++8p+AiAVWCn0
            DrApmokf72cXpwx4U/CzVO7XZbXD6/eJ64edug==
            -----END CERTIFICATE-----
            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsAQS0TRixM2955cn
            dilKj5P+wvbyd99lpiDH1PbFXYuhRANCAARURdbybUiHFgmVp7i8+mlBWHKY+V34
            rBXqZhANu36eas1Meq9/ETPkPvPPdk7N5afzqVpsROrVMAL60fZrOwcd
            -----END PRIVATE KEY-----
            """
    )
}
