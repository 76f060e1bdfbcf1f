// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// The log of `vivace serve`.
    @Suite struct LogTests {
        private static func start(_ scratch: Scratch, _ options: [String]) async throws -> TestServer {
            try await TestServer(
                scratch.start(Surroundings.binary, TestServer.arguments(data: scratch.data) + options))
        }

        /// What stands in the lines of a log in JSON.
        ///
        /// - Throws: If a line is no object.
        private static func entries(_ log: String) throws -> [[String: Any]] {
            try log.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
            }
        }

        @Test func `every line of a log in JSON is an object, from the first to the last`() async throws {
            try await Scratch.with { scratch in
                let server = try await Self.start(
                    scratch, ["--log-format", "json", "--log-level", "debug", "--log-slow-queries", "1ns"])
                try await server.export([TestSpan(traceID: bigEndian(0, 0xa), spanID: bigEndian(1), name: "n")])
                let target = "/api/search?tags=a%3Db%0Ac&start=1&x%0A%1b%ff=%22%0d%0a%5c"
                let answer = try await HTTPRequest(target: target).answer(port: server.http)
                #expect(answer.status == 200)
                _ = try await HTTPRequest(target: "/api/traces/b").answer(port: server.http)
                let slow = { try Self.entries(server.program.complaint).filter { $0["message"] as? String == "a query was slow" } }
                try await poll("two slow queries") { try slow().count == 2 ? true : nil }
                try await server.terminate()
                let entries = try Self.entries(server.program.complaint)
                let first = try #require(entries.first?["time"] as? String)
                #expect(first.hasSuffix("Z") && first.utf8.count == 27)
                for entry in entries {
                    #expect(Set(entry.keys).isSubset(of: ["time", "level", "logger", "message", "metadata"]))
                    #expect(entry["level"] is String && entry["logger"] is String && entry["message"] is String)
                }
                #expect(entries.count { $0["message"] as? String == "listening" } == 3)
                let search = try #require(try slow().first?["metadata"] as? [String: Any])
                #expect(search["kind"] as? String == "search" && search["path"] as? String == "/api/search")
                #expect(search["status"] as? Int == 200 && search["bytes"] as? Int == answer.body.count)
                let parameters = try #require(search["parameters"] as? [String: String])
                #expect(parameters["tags"] == "a=b\nc" && parameters["start"] == "1" && parameters.count == 3)
                let trace = try #require(try slow().last?["metadata"] as? [String: Any])
                #expect(trace["kind"] as? String == "trace_v1" && trace["status"] as? Int == 404)
            }
        }

        @Test func `the text is a line an entry, and the level is obeyed`() async throws {
            try await Scratch.with { scratch in
                let server = try await Self.start(scratch, ["--log-slow-queries", "1ns"])
                let target = "/api/search?tags=a%3Db&%0Aevil%0A=%1b%5B2J"
                _ = try await HTTPRequest(target: target).answer(port: server.http)
                try await poll("a slow query") { server.program.complaint.contains("a query was slow") ? true : nil }
                try await server.terminate()
                for line in server.program.complaint.split(separator: "\n") {
                    #expect(line.prefix(4).allSatisfy { $0.isNumber }, "\(line)")
                    #expect(!line.unicodeScalars.contains { $0.value < 0x20 }, "\(line)")
                }
                let quiet = try scratch.start(
                    Surroundings.binary, TestServer.arguments(data: scratch.data) + ["--log-level", "error"])
                try await poll("a server that is ready") {
                    FileManager.default.fileExists(atPath: scratch.data + "/lock") ? true : nil
                }
                quiet.signal(SIGTERM)
                try await quiet.waitForEnd()
                #expect(quiet.complaint.isEmpty, "\(quiet.complaint)")
            }
        }

        @Test func `options of the log are printed and refused like all others`() async throws {
            try await Scratch.with { scratch in
                let printed = try await scratch.vivace(
                    "serve", "--data-dir", "d", "--print-config", "--log-slow-queries", "1m30s",
                    variables: ["VIVACE_LOG_FORMAT": "json"])
                let lines = printed.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
                #expect(lines.contains("log-format: \"json\" # VIVACE_LOG_FORMAT"))
                #expect(lines.contains("log-level: \"info\" # default"))
                #expect(lines.contains("log-slow-queries: \"90s\" # flag"))
                for (options, words) in [
                    (["--log-format", "xml"], "--log-format"), (["--log-level", "loud"], "--log-level"),
                    (["--log-slow-queries", "ten"], "--log-slow-queries"),
                ] {
                    let program = try scratch.start(
                        Surroundings.binary, ["serve", "--data-dir", "d", "--print-config"] + options)
                    #expect(try await program.waitForEnd().status == 64)
                    #expect(program.complaint.contains(words))
                }
            }
        }

        @Test func `a log that nobody reads does not hold the server up`() async throws {
            try await Scratch.with { scratch in
                // Standard error is a pipe, which is read until the ports are known and never again.
                let pipe = scratch.path + "/log"
                let program = try scratch.start(
                    "/bin/bash",
                    ["-c", "mkfifo \"$0\"; exec 3<>\"$0\"; exec \"$@\" 2>\"$0\"", pipe, Surroundings.binary]
                        + TestServer.arguments(data: scratch.data) + ["--log-slow-queries", "1ns"])
                let reader = try await poll("a pipe") { FileHandle(forReadingAtPath: pipe) }
                var log = ""
                while TestServer.ports(in: log).count < 3 { log += String(decoding: reader.availableData, as: UTF8.self) }
                let port = try #require(TestServer.ports(in: log)["query API"])
                // Ten of each kind are logged, of 15 KiB each: more than the 64 KiB of a pipe.
                let filler = String(repeating: "x", count: 15_000)
                for _ in 0..<20 {
                    let answer = try await HTTPRequest(target: "/api/search?tags=a%3Db&f=\(filler)")
                        .answer(port: port)
                    #expect(answer.status == 200)
                }
                let begin = ContinuousClock.now
                program.signal(SIGTERM)
                let end = try await program.waitForEnd()
                #expect(end.status == 0 && begin.duration(to: end.moment) < .seconds(10))
                try reader.close()
            }
        }

        @Test func `a connection for which there is no file descriptor waits, and the log says why`() async throws {
            try await Scratch.withServer { scratch, server in
                _ = try await HTTPRequest(target: "/ready").answer(port: server.http)
                let identifier = server.program.identifier
                let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/fd")
                let firstFree = (0...).first { !files.contains("\($0)") } ?? 0
                let limit = { (files: String) async throws in
                    let program = try scratch.start("/usr/bin/prlimit", ["--pid", "\(identifier)", "--nofile=\(files):"])
                    try #require(try await program.waitForEnd().status == 0, "\(program.complaint)")
                }
                for (port, service) in [
                    (server.http, "query API"), (server.otlpHTTP, "OTLP over HTTP"), (server.otlpGRPC, "OTLP over gRPC"),
                ] {
                    try await limit("\(firstFree)")
                    try await withThrowingTaskGroup { group in
                        for _ in 0..<3 {
                            group.addTask { try await HTTPRequest(target: "/ready").answer(port: port).status }
                        }
                        try await poll("a line about \(service)") {
                            server.program.complaint.split(separator: "\n").first {
                                $0.contains("connections can't be accepted") && $0.contains(service) && $0.contains("LimitNOFILE")
                            }
                        }
                        try await limit("512")
                        // Who speaks HTTP/1.1 to gRPC gets no answer, but gets to know it.
                        while let status = try? await group.next() { #expect(status == 200 || port != server.http) }
                    }
                }
                #expect(try await HTTPRequest(target: "/ready").answer(port: server.http).status == 200)
            }
        }
    }
}
