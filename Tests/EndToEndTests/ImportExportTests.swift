// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// Traces that leave one store as lines of OTLP JSON and enter another.
    @Suite struct ImportExportTests {
        @Test func `what is exported and imported into another store is exported the same again`() async throws {
            try await Scratch.withServer { scratch, server in
                let ids = try await Self.load(scratch, server)
                let first = scratch.path + "/first.jsonl"
                try await Self.export(ids, to: first, scratch, server)
                let lines = try Self.lines(first)
                #expect(lines.count == ids.count)

                let arguments = TestServer.arguments(data: scratch.path + "/other")
                let other = try await TestServer(try scratch.start(Surroundings.binary, arguments))
                for options in [["--gzip"], ["--connections", "1"]] {
                    let program = try scratch.start(
                        Surroundings.binary, ["import", first, "--otlp", other.otlpHTTPAddress] + options)
                    #expect(try await program.waitForEnd().status == 0, "\(program.complaint)")
                    #expect(program.output.contains("rejected       0 spans\n"))
                    #expect(program.output.contains("read           \(ids.count) lines"))
                }
                let second = scratch.path + "/second.jsonl"
                try await Self.export(ids, to: second, scratch, other)
                #expect(try Self.lines(second).map(Self.spanIDs) == lines.map(Self.spanIDs))
                try await other.terminate()
            }
        }

        @Test func `a bad line is named with its number and does not stop the rest`() async throws {
            try await Scratch.withServer { scratch, server in
                let good = """
                    {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000a",\
                    "spanId":"00000000000000%02x","name":"n","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}
                    """
                let text = ["not json", good, "", "{\"resourceSpans\":[", good, "{}"].enumerated()
                    .map { $1.replacing("%02x", with: "0\($0)") }.joined(separator: "\n")
                let path = scratch.path + "/traces.jsonl"
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                let result = try await scratch.vivace("import", path, "--otlp", server.otlpHTTPAddress)
                #expect(result.status == 4)
                #expect(result.complaint.contains("\(path):1: "))
                #expect(result.complaint.contains("\(path):4: "))
                #expect(!result.complaint.contains("\(path):2: ") && !result.complaint.contains("\(path):5: "))
                #expect(result.output.contains("accepted       2 spans\n"))
                #expect(result.output.contains("bad lines      2\n"))
                #expect(try await server.spans(ofTrace: "a").count == 2)
            }
        }

        @Test func `a trace that does not exist is status 1, and the others are written`() async throws {
            try await Scratch.withServer { scratch, server in
                let ids = try await Self.load(scratch, server)
                let result = try await scratch.vivace("export", "abc", ids[0], "--server", server.httpAddress)
                #expect(result.status == 1)
                #expect(result.complaint.contains("00000000000000000000000000000abc does not exist"))
                #expect(result.output.contains(ids[0]))
            }
        }

        @Test(arguments: [
            ["export"], ["export", "xyz"], ["export", "1", "--all"], ["export", "--last", "1h", "--start", "now"],
            ["export", "--all", "--limit", "1000000"], ["import"], ["import", "/no/such/file"], ["search", "--tag", "a"],
            ["search", "{ true }", "--tag", "a=b"], ["search", "--json", "--csv"], ["tags", ""],
            ["search", "--min-duration", "2s", "--max-duration", "1s"], ["slow", "--csv", "--json"],
        ])
        func `wrong usage is status 64`(arguments: [String]) async throws {
            try await Scratch.with { scratch in
                let program = try scratch.start(Surroundings.binary, arguments)
                #expect(try await program.waitForEnd().status == 64)
                #expect(program.output.isEmpty)
                #expect(!program.complaint.isEmpty)
            }
        }

        @Test(arguments: ["bash", "zsh", "fish"])
        func `completions know every command`(shell: String) async throws {
            try await Scratch.with { scratch in
                let script = try await scratch.vivace("--generate-completion-script", shell)
                #expect(script.status == 0)
                for command in ["serve", "search", "critical-path", "export", "import", "blocks", "--data-dir"] {
                    #expect(script.output.contains(command.replacing("--", with: shell == "fish" ? "" : "--")))
                }
            }
        }

        @Test func `slow spans as comma-separated values have a line each`() async throws {
            try await Scratch.withServer { scratch, server in
                _ = try await Self.load(scratch, server)
                let result = try await scratch.vivace("slow", "--csv", "--limit", "7", "--server", server.httpAddress)
                #expect(result.status == 0)
                #expect(result.output.hasPrefix("traceID,spanID,"))
                #expect(result.output.components(separatedBy: "\r\n").count == 9)
            }
        }

        private static func load(_ scratch: Scratch, _ server: TestServer) async throws -> [String] {
            let loaded = try await scratch.vivace(
                "load", "--otlp", server.otlpHTTPAddress, "--traces", "40", "--seed", "7")
            try #require(loaded.status == 0)
            return Set(try await scratch.slowSpans("--limit", "100000", server: server).map(\.traceID)).sorted()
        }

        private static func export(
            _ ids: [String], to path: String, _ scratch: Scratch, _ server: TestServer
        ) async throws {
            let program = try scratch.start(
                Surroundings.binary, ["export"] + ids + ["-o", path, "--server", server.httpAddress])
            try #require(try await program.waitForEnd().status == 0, "\(program.complaint)")
        }

        private static func lines(_ path: String) throws -> [String] {
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        }

        private static func spanIDs(_ line: String) throws -> [String] {
            try JSONDecoder().decode(TraceDocument.self, from: Data(line.utf8)).spans.map { $0.traceId + $0.spanId }.sorted()
        }
    }
}
