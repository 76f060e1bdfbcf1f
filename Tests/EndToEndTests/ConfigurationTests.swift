// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// `vivace serve --config` and `--print-config`.
    @Suite struct ConfigurationTests {
        private static func write(_ text: String, to name: String, in scratch: Scratch) throws -> String {
            let path = scratch.path + "/" + name
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        @Test func `what is in effect is printed with where it came from, and can be read again`() async throws {
            try await Scratch.with { scratch in
                let file = try Self.write(
                    "data-dir: from-file\notlp-grpc: \":1\"\notlp-http: :2\nmemory: 512MiB\n", to: "vivace.yaml",
                    in: scratch)
                let printed = try await scratch.vivace(
                    "serve", "--config", file, "--print-config", "--otlp-grpc", "[::1]:3",
                    variables: ["VIVACE_OTLP_HTTP": "localhost:4", "VIVACE_OTLP_GRPC": "localhost:5"])
                #expect(printed.status == 0 && printed.complaint.isEmpty)
                let lines = printed.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
                #expect(lines.contains("data-dir: \"from-file\" # \(file), line 1"))
                #expect(lines.contains("otlp-grpc: \"[::1]:3\" # flag"))
                #expect(lines.contains("otlp-http: \"localhost:4\" # VIVACE_OTLP_HTTP"))
                #expect(lines.contains("http: \"127.0.0.1:3200\" # default"))
                #expect(lines.contains("memory: \"512MiB\" # \(file), line 4"))
                #expect(lines.contains("# tokens: # not set"))
                let again = try Self.write(printed.output, to: "again.yaml", in: scratch)
                let second = try await scratch.vivace("serve", "--print-config", variables: ["VIVACE_CONFIG": again])
                let values = { (text: String) in text.split(separator: "\n").map { $0.split(separator: " #")[0] } }
                #expect(values(second.output) == values(printed.output))
            }
        }

        @Test func `a running server shows what is in effect, what differs, and the defaults`() async throws {
            try await Scratch.withServer { scratch, server in
                func page(_ name: String) async throws -> [String] {
                    let answer = try await HTTPRequest.get("/status/\(name)").answer(port: server.http)
                    return answer.text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
                }
                #expect(try await page("config").contains("data-dir: \"\(scratch.data)\" # flag"))
                #expect(try await page("config").contains("retention: \"14d\" # default"))
                let changed = try await page("config?mode=diff")
                #expect(changed.contains("data-dir: \"\(scratch.data)\" # flag") && changed.allSatisfy { !$0.hasSuffix("default") })
                #expect(try await page("config?mode=defaults").contains("http: \"127.0.0.1:3200\" # default"))
                #expect(try await page("overrides").starts(with: ["defaults:", "retention: 14d"]))
                #expect(try await page("version")[0].hasPrefix("vivace, version "))
            }
        }

        @Test(arguments: [
            ("data-dir: d\notlp-grcp: \":1\"\n", "line 2: there is no option otlp-grcp. Did you mean otlp-grpc?"),
            ("data-dir: d\n\nhttp: 3200\n", "line 3: http is '3200', but has to be HOST:PORT."),
            ("data-dir: d\nmemory: much", "line 2: memory is 'much', but has to be a size such as 1GiB."),
            ("data-dir: d\notlp-cors-origins: [a]", "line 2: otlp-cors-origins is 'a', but has to be *, or origins"),
            ("data-dir: d\ntls-cert: c", "--tls-cert needs the certificate's key"),
            ("data-dir: d\ntls-client-ca: c", "--tls-client-ca needs TLS"), ("http: :1", "--data-dir"),
            ("data-dir: [", "is no YAML"),
        ])
        func `a file that is wrong is status 64 and told with its line`(text: String, message: String) async throws {
            try await Scratch.with { scratch in
                let file = try Self.write(text, to: "vivace.yaml", in: scratch)
                let program = try await scratch.vivace("serve", "--config", file)
                #expect(program.status == 64)
                #expect(program.complaint.contains(message), "\(program.complaint)")
            }
        }

        @Test func `a file that is not there is status 64`() async throws {
            try await Scratch.with { scratch in
                let program = try await scratch.vivace("serve", "--config", scratch.path + "/none.yaml")
                #expect(program.status == 64 && program.complaint.contains("/none.yaml can't be read"))
            }
        }

        @Test func `certificates that are not there are told before anything starts`() async throws {
            try await Scratch.with { scratch in
                let program = try await scratch.vivace(
                    "serve", "--data-dir", scratch.data, "--tls-cert", "c.pem", "--tls-key", "k.pem")
                #expect(program.status == 3)
                #expect(program.complaint.contains("--tls-cert c.pem: there is no such file"))
                #expect(!FileManager.default.fileExists(atPath: scratch.data))
            }
        }
    }
}
