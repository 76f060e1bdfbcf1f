// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// `vivace search`, `vivace tags`, and what `vivace export` finds.
    @Suite struct SearchCommandTests {
        /// Two traces of one span each, and a third that failed.
        private static func fill(_ server: TestServer) async throws {
            try await server.export([
                TestSpan(traceID: bigEndian(0, 0xa), spanID: bigEndian(1), name: "first"),
                TestSpan(traceID: bigEndian(0, 0xb), spanID: bigEndian(2), name: "second"),
                TestSpan(traceID: bigEndian(0, 0xc), spanID: bigEndian(3), name: "third"),
            ])
        }

        private static func id(_ digit: String) -> String { String(repeating: "0", count: 31) + digit }

        @Test func `a search by name finds its trace, in every form`() async throws {
            try await Scratch.withServer { scratch, server in
                try await Self.fill(server)
                let address = server.httpAddress
                let table = try await scratch.vivace("search", "--tag", "name=second", "--server", address)
                #expect(table.status == 0, "\(table.complaint)")
                #expect(table.output.contains(Self.id("b")) && !table.output.contains(Self.id("a")))
                #expect(table.output.hasSuffix("\n1 trace\n"))
                let csv = try await scratch.vivace("search", "--tag", "name=second", "--csv", "--server", address)
                #expect(csv.output.components(separatedBy: "\r\n").count == 3)
                #expect(csv.output.contains("\r\n" + Self.id("b") + ","))
                let json = try await scratch.vivace("search", "--tag", "name=second", "--json", "--server", address)
                #expect(json.output.contains("\"traces\""))
            }
        }

        @Test func `a query shows the spans that match, and explains itself`() async throws {
            try await Scratch.withServer { scratch, server in
                try await Self.fill(server)
                let query = "{ name = \"second\" && resource.service.name != nil }"
                let plain = try await scratch.vivace("search", query, "--server", server.httpAddress)
                #expect(plain.status == 0 && plain.output.contains(Self.id("b")), "\(plain.complaint)")
                #expect(plain.output.contains("  second") && !plain.output.contains("row groups"))
                let explained = try await scratch.vivace("search", query, "--explain", "--server", server.httpAddress)
                #expect(explained.output.hasPrefix(plain.output.trimmingCharacters(in: .newlines)))
                #expect(explained.output.contains("name = \"second\"") && explained.output.contains("row groups"))
            }
        }

        @Test func `a search that finds nothing, and as many as the limit`() async throws {
            try await Scratch.withServer { scratch, server in
                try await Self.fill(server)
                let none = try await scratch.vivace("search", "--tag", "name=none", "--server", server.httpAddress)
                #expect(none.status == 0 && none.output == "no trace matches\n")
                let some = try await scratch.vivace("search", "--limit", "2", "--server", server.httpAddress)
                #expect(some.status == 0 && some.output.contains("more may match"))
            }
        }

        @Test func `what is found can be exported, and the file has a line each`() async throws {
            try await Scratch.withServer { scratch, server in
                try await Self.fill(server)
                let path = scratch.path + "/all.jsonl"
                let all = try await scratch.vivace("export", "--all", "-o", path, "--server", server.httpAddress)
                #expect(all.status == 0, "\(all.complaint)")
                #expect(all.complaint.contains("exported 3 traces, 3 spans"))
                #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == 3)
                let one = try await scratch.vivace("export", "--tag", "name=third", "--server", server.httpAddress)
                #expect(one.output.split(separator: "\n").count == 1 && one.output.contains(Self.id("c")))
            }
        }

        @Test func `tags lists names, and the values of one`() async throws {
            try await Scratch.withServer { scratch, server in
                let loaded = try await scratch.vivace("load", "--otlp", server.otlpHTTPAddress, "--traces", "20", "--seed", "7")
                try #require(loaded.status == 0)
                let names = try await scratch.vivace("tags", "--server", server.httpAddress)
                #expect(names.output.split(separator: "\n").contains("service.name"))
                let values = try await scratch.vivace("tags", "service.name", "--server", server.httpAddress)
                #expect(values.output.split(separator: "\n").contains("storefront"))
                let none = try await scratch.vivace("tags", "no such/tag", "--server", server.httpAddress)
                #expect(none.status == 0 && none.output.isEmpty && none.complaint.contains("no span has a tag"))
            }
        }

        @Test func `tags lists those of the spans that a query selects, and counts them`() async throws {
            try await Scratch.withServer { scratch, server in
                try await Self.fill(server)
                let address = server.httpAddress
                let query = #"{ name = "second" || name = "third" }"#
                let names = try await scratch.vivace("tags", "name", "--query", query, "--server", address)
                #expect(names.status == 0 && names.output == "second\nthird\n", "\(names.complaint)")
                let counts = try await scratch.vivace("tags", "span:name", "--counts", "--server", address)
                #expect(counts.output == "1\tfirst\n1\tsecond\n1\tthird\n")
                let none = try await scratch.vivace("tags", "--query", "{ name = `x` }", "--server", address)
                #expect(none.status == 0 && none.output.isEmpty && none.complaint.contains("no such span has tags"))
                let wrong = try await scratch.vivace("tags", "--query", "{ name = }", "--server", address)
                #expect(wrong.status == 64 && wrong.complaint.contains("no TraceQL"))
            }
        }
    }
}
