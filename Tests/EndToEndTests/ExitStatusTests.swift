// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// How commands end, and what they say then.
    @Suite struct ExitStatusTests {
        @Test(arguments: ["trace", "critical-path"])
        func `a trace that does not exist is status 1`(command: String) async throws {
            try await Scratch.withServer { scratch, server in
                for options in [[], ["--json"]] {
                    let program = try scratch.start(
                        Surroundings.binary, [command, "abc123", "--server", server.httpAddress] + options)
                    #expect(try await program.waitForEnd().status == 1)
                    #expect(program.output.isEmpty)
                    #expect(program.complaint.contains("00000000000000000000000000abc123 does not exist"))
                }
            }
        }

        @Test(arguments: [
            ["trace", "1", "--server"], ["slow", "--server"], ["critical-path", "1", "--server"],
            ["load", "--server-otlp"],
        ])
        func `a server that can't be reached, or is none, is status 3`(command: [String]) async throws {
            try await Scratch.withServer { scratch, server in
                let isLoad = command[0] == "load"
                let wrong = isLoad ? server.httpAddress : server.otlpHTTPAddress
                for address in ["127.0.0.1:1", "http://nowhere.invalid:1", wrong, server.otlpGRPCAddress] {
                    let program = try scratch.start(Surroundings.binary, command + [address])
                    #expect(try await program.waitForEnd().status == 3, "\(address): \(program.complaint)")
                    #expect(program.complaint.contains(address), "\(program.complaint)")
                }
            }
        }

        @Test(arguments: [
            ["trace"], ["trace", "xyz"], ["trace", "012345678901234567890123456789012"], ["trace", "1", "--bad"],
            ["slow", "--limit", "0"], ["slow", "--min", "soon"], ["slow", "--status", "bad"],
            ["slow", "--last", "1h", "--start", "now-1h"], ["slow", "--start", "now", "--end", "now-1h"],
            ["critical-path", ""], ["load", "--traces", "1", "--spans", "1"], ["load", "--rate", "-1"],
            ["serve"], ["serve", "--data-dir", "d", "--memory", "much"], ["serve", "--data-dir", "d", "--memory", "1MiB"],
            ["serve", "--data-dir", "d", "--http", "32"],
            ["blocks", "ls"], ["no-such-command"],
        ])
        func `wrong usage is status 64`(arguments: [String]) async throws {
            try await Scratch.with { scratch in
                let program = try scratch.start(Surroundings.binary, arguments)
                #expect(try await program.waitForEnd().status == 64)
                #expect(program.output.isEmpty)
                #expect(!program.complaint.isEmpty)
            }
        }

        @Test func `what can't be written to standard output is status 4, and a reader that leaves is none`() async throws {
            try await Scratch.withServer { scratch, server in
                let loaded = try await scratch.vivace("load", "--otlp", server.otlpHTTPAddress, "--traces", "3", "--seed", "7")
                try #require(loaded.status == 0)
                let address = ["--server", server.httpAddress]
                for command in [
                    ["search", "{}"] + address, ["search", "--csv"] + address, ["search", "{}", "--json"] + address,
                    ["tags"] + address, ["tags", "span.none", "--json"] + address, ["slow"] + address,
                    ["export", "--all"] + address, ["load", "--otlp", server.otlpHTTPAddress, "--traces", "1"],
                    ["--help"], ["search", "--help"], ["help", "serve"], ["--version"], [],
                    ["--generate-completion-script", "bash"],
                    ["serve", "--data-dir", "d", "--print-config"], ["blocks", "ls", "--data-dir", scratch.data],
                ] {
                    let full = try scratch.start(
                        "/bin/sh", ["-c", "exec \"$0\" \"$@\" > /dev/full", Surroundings.binary] + command)
                    #expect(try await full.waitForEnd().status == 4, "\(command)")
                    #expect(full.complaint.contains("standard output can't be written: No space left"), "\(full.complaint)")
                    let left = try scratch.start(
                        "/bin/sh",
                        ["-c", "{ sleep 0.1; \"$0\" \"$@\"; echo \"status $?\" >&2; } | true", Surroundings.binary] + command)
                    _ = try await left.waitForEnd()
                    #expect(["status 0\n", "status 141\n"].contains(left.complaint), "\(command): \(left.complaint)")
                }
            }
        }

        @Test(arguments: [12_000, 60_000])
        func `a query that is too long is status 64, and told with what would do`(count: Int) async throws {
            try await Scratch.withServer { scratch, server in
                let query = "{ name = \"\(String(repeating: "ä", count: count))\" }"
                let program = try scratch.start(
                    Surroundings.binary, ["search", query, "--server", server.httpAddress])
                #expect(try await program.waitForEnd().status == 64, "\(program.complaint)")
                #expect(program.complaint.contains("too long"), "\(program.complaint)")
                #expect(program.complaint.contains("KiB") || program.complaint.contains("bytes"), "\(program.complaint)")
            }
        }

        @Test func `help and version are status 0`() async throws {
            try await Scratch.with { scratch in
                let help = try await scratch.vivace("--help")
                #expect(help.status == 0)
                let serveHelp = try await scratch.vivace("serve", "--help")
                #expect(serveHelp.status == 0)
                let version = try await scratch.vivace("--version")
                #expect(version.status == 0)
                #expect(version.output.hasPrefix("vivace "))
            }
        }

        @Test(arguments: ["--otlp-grpc", "--otlp-http", "--http"])
        func `a port in use is named with its flag, and the server ends`(flag: String) async throws {
            try await Scratch.withServer { scratch, server in
                for port in [server.otlpGRPC, server.otlpHTTP, server.http] {
                    var arguments = TestServer.arguments(data: scratch.path + "/second")
                    let place = try #require(arguments.firstIndex(of: flag))
                    arguments[place + 1] = "127.0.0.1:\(port)"
                    let program = try scratch.start(Surroundings.binary, arguments)
                    #expect(try await program.waitForEnd(within: .seconds(10)).status == 3)
                    #expect(program.complaint.contains("vivace: \(flag) 127.0.0.1:\(port) is in use"))
                }
            }
        }

        @Test func `a data directory that another process has is refused, and named with the process`() async throws {
            try await Scratch.withServer { scratch, server in
                let arguments = TestServer.arguments(data: scratch.data)
                let second = try scratch.start(Surroundings.binary, arguments)
                #expect(try await second.waitForEnd(within: .seconds(10)).status == 3)
                #expect(second.complaint.contains(scratch.data + "/lock"))
                #expect(second.complaint.contains("process \(server.program.identifier) "))
                try await server.kill()
                let third = try await scratch.startServer()
                #expect(try await third.figure("blocks") == 0, "what was killed holds nothing")
            }
        }

        @Test func `a data directory that can't be made is refused with its name`() async throws {
            try await Scratch.with { scratch in
                let file = scratch.path + "/file"
                #expect(FileManager.default.createFile(atPath: file, contents: nil))
                let program = try scratch.start(Surroundings.binary, TestServer.arguments(data: file + "/data"))
                #expect(try await program.waitForEnd(within: .seconds(10)).status == 3)
                #expect(program.complaint.contains("\(file)': it is not a directory"))
            }
        }
    }
}
