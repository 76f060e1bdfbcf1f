// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// The commands against a server with traffic of a known seed.
    @Suite struct CommandLineTests {
        /// Sends the same traffic each time it is called.
        private static func load(_ scratch: Scratch, _ server: TestServer) async throws -> CommandResult {
            try await scratch.vivace(
                "load", "--server-otlp", server.otlpHTTPAddress, "--traces", "150", "--seed", "7", "--start",
                "2026-01-02T08:00:00Z", "--over", "1m")
        }

        @Test func `load says what was acknowledged, and the same seed and start give the same spans`() async throws {
            try await Scratch.withServer { scratch, server in
                for round in 1...2 {
                    let loaded = try await Self.load(scratch, server)
                    #expect(loaded.status == 0)
                    #expect(loaded.output.contains("traces         150\n"))
                    #expect(loaded.output.contains("rejected       0 spans\n"))
                    #expect(loaded.output.contains("given up       0 spans\n"))
                    let spanCount = try #require(loaded.acknowledgedSpanCount)
                    #expect(spanCount > 1_000)
                    #expect(try await server.figure("spans accepted since the start") == round * spanCount)
                    let slow = try await scratch.slowSpans("--limit", "100000", server: server)
                    #expect(slow.count == spanCount, "each span once")
                }
            }
        }

        @Test(arguments: [["--gzip"], ["--rate", "20000"], ["--connections", "1"], ["--spans", "3000"]])
        func `load takes its options`(options: [String]) async throws {
            try await Scratch.withServer { scratch, server in
                let amount = options.contains("--spans") ? [] : ["--traces", "50"]
                let program = try scratch.start(
                    Surroundings.binary, ["load", "--server-otlp", server.otlpHTTPAddress] + amount + options)
                #expect(try await program.waitForEnd().status == 0)
                let accepted = try await server.figure("spans accepted since the start")
                let result = CommandResult(status: 0, output: program.output, complaint: "")
                #expect(result.acknowledgedSpanCount == accepted)
                if options.contains("--spans") { #expect(accepted >= 3_000) }
            }
        }

        @Test func `slow lists spans by duration, and as JSON one document`() async throws {
            try await Scratch.withServer { scratch, server in
                _ = try await Self.load(scratch, server)
                let spans = try await scratch.slowSpans("--limit", "50", server: server)
                #expect(spans.count == 50)
                #expect(spans.map(\.duration) == spans.map(\.duration).sorted(by: >))
                let service = try #require(spans.first?.serviceName)
                let of = try await scratch.slowSpans("--service", service, "--min", "1ms", server: server)
                #expect(!of.isEmpty)
                #expect(of.allSatisfy { $0.serviceName == service && $0.duration >= 1_000_000 })
                let failed = try await scratch.slowSpans("--status", "error", server: server)
                #expect(failed.allSatisfy { $0.status == "error" })
                #expect(try await scratch.slowSpans("--last", "1h", server: server).isEmpty)
                let table = try await scratch.vivace("slow", "--server", server.httpAddress, "--limit", "3")
                #expect(table.status == 0)
                #expect(table.output.contains(try #require(spans.first?.name)))
            }
        }

        @Test func `trace shows a waterfall, and as JSON the whole trace`() async throws {
            try await Scratch.withServer { scratch, server in
                _ = try await Self.load(scratch, server)
                let all = try await scratch.slowSpans("--limit", "100000", server: server)
                let slowest = try #require(all.first)
                let shown = try await scratch.vivace("trace", slowest.traceID, "--server", server.httpAddress)
                #expect(shown.status == 0)
                #expect(shown.output.contains(slowest.traceID))
                #expect(shown.output.contains(slowest.name))
                let json = try await scratch.vivace("trace", slowest.traceID, "--json", "--server", server.httpAddress)
                #expect(json.status == 0)
                let spans = try JSONDecoder().decode(TraceDocument.self, from: Data(json.output.utf8)).spans
                #expect(spans.allSatisfy { $0.traceId == slowest.traceID }, "IDs in hexadecimal digits")
                #expect(spans.contains { $0.spanId == slowest.spanID && $0.name == slowest.name })
                let wanted = all.filter { $0.traceID == slowest.traceID }.map(\.spanID)
                #expect(spans.map(\.spanId).sorted() == wanted.sorted())
            }
        }

        @Test func `a trace ID may lack its leading zeros and be in capitals`() async throws {
            try await Scratch.withServer { scratch, server in
                try await server.export([TestSpan(traceID: bigEndian(0, 0xabc), spanID: bigEndian(1), name: "short")])
                for id in ["abc", "ABC", "0abc", "00000000000000000000000000000abc"] {
                    let shown = try await scratch.vivace("trace", id, "--server", server.httpAddress)
                    #expect(shown.status == 0)
                    #expect(shown.output.contains("00000000000000000000000000000abc"))
                    #expect(try await server.spans(ofTrace: id).count == 1)
                }
            }
        }

        @Test func `the segments of a critical path are its trace's time`() async throws {
            try await Scratch.withServer { scratch, server in
                _ = try await Self.load(scratch, server)
                let ids = Set(try await scratch.slowSpans("--limit", "200", server: server).map(\.traceID))
                for id in ids.sorted().prefix(10) {
                    let json = try await scratch.vivace("critical-path", id, "--json", "--server", server.httpAddress)
                    #expect(json.status == 0)
                    let path = try JSONDecoder().decode(PathDocument.self, from: Data(json.output.utf8))
                    #expect(path.segments.reduce(0) { $0 + $1.duration } == path.duration)
                    #expect(path.spans.reduce(0) { $0 + $1.critical } == path.duration)
                    #expect(path.services.reduce(0) { $0 + $1.critical } == path.duration)
                    var time = path.start
                    for segment in path.segments {
                        #expect(segment.start == time)
                        time += segment.duration
                    }
                }
                let id = try #require(ids.first)
                for arguments in [["critical-path", id], ["critical-path", id, "--segments", "--limit", "3"]] {
                    let program = try scratch.start(Surroundings.binary, arguments + ["--server", server.httpAddress])
                    #expect(try await program.waitForEnd().status == 0)
                    #expect(!program.output.isEmpty)
                }
            }
        }

        @Test func `the variable VIVACE_SERVER names the server, and an option goes before it`() async throws {
            try await Scratch.withServer { scratch, server in
                let right = ["VIVACE_SERVER": server.httpAddress]
                let wrong = ["VIVACE_SERVER": "127.0.0.1:1"]
                let byVariable = try await scratch.vivace("slow", variables: right)
                #expect(byVariable.status == 0)
                let byWrongVariable = try await scratch.vivace("slow", variables: wrong)
                #expect(byWrongVariable.status == 3)
                let byOption = try await scratch.vivace("slow", "--server", server.httpAddress, variables: wrong)
                #expect(byOption.status == 0)
            }
        }

        @Test func `the demo shows everything and leaves nothing`() async throws {
            try await Scratch.with { scratch in
                let temporary = scratch.path + "/tmp"
                try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: false)
                let demo = try await scratch.vivace(
                    "demo", "--once", "--traces", "60", variables: ["TMPDIR": temporary])
                #expect(demo.status == 0)
                for part in ["vivace load", "vivace slow", "vivace trace", "vivace critical-path", "is removed"] {
                    #expect(demo.output.contains(part))
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)
            }
        }

        @Test func `blocks are listed, shown and found sound, beside a running server and without one`() async throws {
            try await Scratch.with { scratch in
                var server = try await scratch.startServer()
                let spanCount = try #require(try await Self.load(scratch, server).acknowledgedSpanCount)
                try await server.terminate()
                for isRunning in [false, true] {
                    if isRunning { server = try await scratch.startServer() }
                    let list = try await scratch.vivace("blocks", "ls", "--data-dir", scratch.data)
                    #expect(list.status == 0)
                    #expect(list.output.replacing(",", with: "").contains("1 block · \(spanCount) spans"))
                    let id = try #require(list.output.split(separator: "\n").dropFirst().first?.prefix(8))
                    let shown = try await scratch.vivace("blocks", "show", String(id), "--data-dir", scratch.data)
                    #expect(shown.status == 0)
                    #expect(shown.output.contains("traces"))
                    let verified = try await scratch.vivace("blocks", "verify", "--data-dir", scratch.data)
                    #expect(verified.status == 0)
                    #expect(verified.output.contains("all sound"))
                }
            }
        }
    }
}

extension CommandResult {
    /// What `vivace load` says.
    fileprivate var acknowledgedSpanCount: Int? {
        let line = output.split(separator: "\n").first { $0.hasPrefix("acknowledged ") }
        return line.flatMap { Int($0.filter(\.isNumber)) }
    }
}
