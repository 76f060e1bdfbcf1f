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

        @Test func `a tag is named as in TraceQL in every form, with a scope and without`() async throws {
            try await Scratch.withServer { scratch, server in
                let loaded = try await scratch.vivace("load", "--otlp", server.otlpHTTPAddress, "--traces", "20", "--seed", "7")
                try #require(loaded.status == 0)
                func tags(_ arguments: String...) async throws -> [Substring] {
                    let result = try await scratch.vivace(["tags"] + arguments + ["--server", server.httpAddress])
                    #expect(result.status == 0 && result.complaint.isEmpty, "\(arguments): \(result.complaint)")
                    return result.output.split(separator: "\n")
                }
                let services = try await tags("service.name")
                #expect(services.contains("storefront"))
                for name in ["resource.service.name", ".service.name", "resource.\"service.name\""] {
                    #expect(try await tags(name) == services)
                    #expect(try await tags(name, "--query", "{}") == services)
                    #expect(try await tags(name, "--last", "100d", "--query", "{ kind = server }").isEmpty == false)
                    let counted = try await tags(name, "--counts").map { $0.split(separator: "\t")[1] }
                    #expect(counted.sorted() == services.sorted())
                }
                let plain = try await tags("service.name", "--json")
                let scoped = try await tags("resource.service.name", "--json")
                #expect(plain == scoped && scoped[0].contains("\"storefront\""))
                let none = try await scratch.vivace("tags", "span.service.name", "--server", server.httpAddress)
                #expect(none.status == 0 && none.output.isEmpty && none.complaint.contains("no span has a tag"))
            }
        }

        @Test func `what a query attaches to a group of spans is shown in every form`() async throws {
            try await Scratch.withServer { scratch, server in
                try await server.export([
                    TestSpan(traceID: bigEndian(0, 0xa), spanID: bigEndian(1), name: "first"),
                    TestSpan(traceID: bigEndian(0, 0xa), spanID: bigEndian(2), name: "second"),
                ])
                let query = ["search", "{ } | by(name) | count() > 0", "--server", server.httpAddress]
                let table = try await scratch.vivace(query)
                #expect(table.output.contains("    by(name)=first") && table.output.contains("    by(name)=second"))
                let csv = try await scratch.vivace(query + ["--csv"])
                let lines = csv.output.components(separatedBy: "\r\n")
                #expect(lines.count == 4 && lines[0].hasSuffix(",spanDurationNanos,spanAttributes"))
                #expect(lines[1].contains(",1,1,by(name)=first") && lines[2].contains(",2,1,by(name)=second"), "\(lines)")
                let explained = try await scratch.vivace(query + ["--csv", "--explain"])
                #expect(explained.output == csv.output && explained.complaint.contains("row groups"))
                let json = try await scratch.vivace(query + ["--json", "--explain"])
                #expect(json.output.contains("\"explain\":{") && json.complaint.isEmpty)
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
