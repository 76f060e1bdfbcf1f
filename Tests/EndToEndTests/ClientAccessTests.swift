// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// Commands that ask a server with TLS and tokens.
    @Suite struct ClientAccessTests {
        @Test func `a trace is sent and shown with CA and token, and else it is said which option is missing`()
            async throws
        {
            try await Scratch.with { scratch in
                let server = try await Self.startServer(scratch)
                let (http, ca) = ("https://\(server.httpAddress)", scratch.path + "/cert.pem")
                let otlp = "https://\(server.otlpHTTPAddress)"
                let trace = ["trace", "a", "--server", http]
                let write = ["--ca-file", ca, "--token-file", scratch.path + "/write"]
                let traces = scratch.path + "/traces.jsonl"
                try Self.write(Self.line, traces)
                try await Self.expect(scratch, ["import", traces, "--otlp", otlp] + write, 0, "")
                try await Self.expect(
                    scratch, ["load", "--traces", "1", "--otlp", otlp, "--ca-file", ca, "--token", Self.readToken], 64,
                    "(HTTP 403)", "allows to write with --token, --token-file")

                try await Self.expect(scratch, trace + ["--ca-file", ca, "--token", Self.readToken], 0, "")
                try await Self.expect(
                    scratch, trace, 0, "",
                    variables: ["VIVACE_CA_FILE": ca, "VIVACE_TOKEN": Self.readToken, "VIVACE_TENANT": "single-tenant"])
                try await Self.expect(
                    scratch, trace + ["--ca-file", ca], 64, "wants a token (HTTP 401)", "--token, --token-file")
                try await Self.expect(
                    scratch, trace + ["--ca-file", ca, "--token", "-unknown"], 64, "does not know the token")
                try await Self.expect(scratch, trace + write, 64, "(HTTP 403)", "allows to read with --token")
                try await Self.expect(
                    scratch, trace + ["--token", Self.readToken], 3, "certificate is not trusted", "--ca-file")
                try await Self.expect(scratch, ["trace", "a", "--server", server.httpAddress], 3, "https://")
                try await server.terminate()
            }
        }

        @Test(arguments: [
            (["--token", "secret word"], "--token"), (["--token", "--séc"], "--token"),
            (["--token", "secret", "--token-file", "f"], "--token-file"),
            (["--token-file", "/nowhere/secret"], "--token-file /nowhere/secret can't be read"),
            (["--token-file", "/dev/null"], "--token-file /dev/null has to hold one token"),
            (["--ca-file", "/nowhere/ca"], "--ca-file /nowhere/ca can't be read"),
            (["--ca-file", "/dev/null"], "--ca-file /dev/null holds no certificate"),
            (["--ca-file", "/dev/zero"], "--ca-file /dev/zero has more than"),
            (["--ca-file", "/"], "--ca-file / can't be read"),
            (["--cert-file", "c.pem"], "--key-file beside it"), (["--key-file", "k.pem"], "--cert-file beside it"),
            (["--cert-file", "/nowhere/cert", "--key-file", "k"], "--cert-file /nowhere/cert can't be read"),
            (["--cert-file", "/dev/null", "--key-file", "k"], "--cert-file /dev/null holds no certificate"),
            (["--tenant", "a/b"], "--tenant"),
        ])
        func `what can't be used is named by its option, and a token is not shown`(
            options: [String], named: String
        ) async throws {
            try await Scratch.with { scratch in
                for command in [["tags"], ["load"]] {
                    let program = try scratch.start(Surroundings.binary, command + options)
                    #expect(try await program.waitForEnd().status == 64)
                    #expect(program.complaint.contains(named), "\(program.complaint)")
                    #expect(options[0] != "--token" || !program.complaint.contains(options[1]))
                }
            }
        }

        private static let readToken = "read-token-of-this-test"
        private static let writeToken = "write-token-of-this-test"

        static let line = """
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000a",\
            "spanId":"0000000000000001","name":"n","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}

            """

        /// Runs a command to its end, and looks at what it says and that no token is in it.
        static func expect(
            _ scratch: Scratch, _ arguments: [String], _ status: Int32, _ complaints: String...,
            variables: [String: String] = [:]
        ) async throws {
            let program = try scratch.start(Surroundings.binary, arguments, variables: variables)
            #expect(try await program.waitForEnd().status == status, "\(arguments): \(program.complaint)")
            for complaint in complaints where !complaint.isEmpty {
                #expect(program.complaint.contains(complaint), "\(arguments): \(program.complaint)")
            }
            for token in [readToken, writeToken] {
                #expect(!(program.output + program.complaint).contains(token), "\(arguments)")
            }
        }

        private static func startServer(_ scratch: Scratch) async throws -> TestServer {
            let certificate = scratch.path + "/cert.pem"
            let key = scratch.path + "/key.pem"
            let tokens = scratch.path + "/tokens"
            try write(identity.certificate, certificate)
            try write(identity.key, key)
            try write("\(readToken) read\n\(writeToken) write\n", tokens)
            try write(writeToken + "\n", scratch.path + "/write")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: tokens)
            let access = ["--tls-cert", certificate, "--tls-key", key, "--tokens", tokens]
            return try await TestServer(
                scratch.start(Surroundings.binary, TestServer.arguments(data: scratch.data) + access))
        }

        static func write(_ text: String, _ path: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }

        /// For localhost and 127.0.0.1, its own authority, valid from 2020 to 2119; it is for tests alone.
        static let identity = (
            certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBfzCCASWgAwIBAgIUcu7A4ROaUmf41kZ0BOb1KubUZdwwCgYIKoZIzj0EAwIw
            HzEdMBsGA1UEAwwUVml2YWNlIHRlc3Qgc2VydmVyIEEwIBcNMjAwMTAxMDAwMDAw
            WhgPMjEyMDAxMDEwMDAwMDBaMB8xHTAbBgNVBAMMFFZpdmFjZSB0ZXN0IHNlcnZl
            ciBBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83ppVzOz34qje3du+iS8+dV6
            GttRosH86thJo5PD9luMBEMF3YEXmkvs6VOjz048fHq5G5bkpY1i36aS2DJXWaM9
            MDswGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMB0GA1UdDgQWBBT1d9Um1f6L
            oxj1T/tWNOxuVHyPqjAKBggqhkjOPQQDAgNIADBFAiEAsw56c//dKd+C0Zez4TLE
            yNo1zk72ENlnFlJDtyD/XLwCICJxVElEEFz7vYs4ZEX1sXRGtfrIL5mTo7LC9lme
            88Xj
            -----END CERTIFICATE-----
            """,
            key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgL7VYabjlw95SdVgG
            Nh8TZ8nWxczPsiw9DeQdBypyKJShRANCAATzemlXM7PfiqN7d276JLz51Xoa21Gi
            wfzq2Emjk8P2W4wEQwXdgReaS+zpU6PPTjx8erkbluSljWLfppLYMldZ
            -----END PRIVATE KEY-----
            """
        )
    }
}
