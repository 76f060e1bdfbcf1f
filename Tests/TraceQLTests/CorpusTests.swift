// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import TraceQL

/// The corpus: what is accepted, and what is refused with which words.
@Suite struct CorpusTests {
    private static func lines(of file: String) throws -> [String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")
        return try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            .split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }

    @Test("valid queries are accepted, print to equal ones, and give the same for their own text")
    func valid() throws {
        let queries = try Self.lines(of: "valid.txt")
        #expect(queries.count > 250)
        for query in queries {
            do {
                let checked = try CheckedQuery(query)
                let again = try CheckedQuery(checked.query.description)
                #expect(again.query == checked.query, "\(query) prints as \(checked.query)")
                #expect(again.query.description == checked.query.description)
            } catch {
                Issue.record("\(query): \(error)")
            }
        }
    }

    @Test("queries that are none are refused with place, reason and suggestion", arguments: ["parse-fails.txt", "type-fails.txt"])
    func refused(file: String) throws {
        let lines = try Self.lines(of: file)
        #expect(lines.count > 300 && lines.count % 2 == 0)
        for index in stride(from: 0, to: lines.count - 1, by: 2) {
            do {
                _ = try CheckedQuery(lines[index])
                Issue.record("accepted: \(lines[index])")
            } catch {
                #expect("    \(error.code), \(error)" == lines[index + 1], "\(lines[index])")
                let isSyntax = error.code == .syntax || error.code == .tooLarge
                #expect(isSyntax == (file == "parse-fails.txt"))
            }
        }
    }

    @Test("every beginning of a valid query is accepted or refused, and read leniently")
    func beginnings() throws {
        for query in try Self.lines(of: "valid.txt") {
            for end in query.indices {
                let text = String(query[..<end])
                _ = try? CheckedQuery(text)
                #expect(CheckedQuery(lenient: text).search?.stages.count == 1)
            }
        }
    }
}
