// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What is known of a family: its type and its labels.
struct MetricFamily: Hashable, Sendable {
    var type: String
    var labels: Set<String>
}

/// Families as a scrape shows them.
struct Exposition {
    let text: String
    let families: [String: MetricFamily]

    /// - Throws: ``TestFailure`` unless every family has HELP, then TYPE, then its samples in one block.
    init(_ text: String) throws {
        self.text = text
        var families: [String: MetricFamily] = [:]
        var described: String?
        var current = ""
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                described = words[2]
            } else if line.hasPrefix("# TYPE ") {
                guard described == words[2], families[words[2]] == nil else {
                    throw TestFailure("\(words[2]) has no HELP before its TYPE, or appears twice")
                }
                current = words[2]
                families[current] = MetricFamily(type: words[3], labels: [])
            } else {
                let name = String(line.prefix { $0 != "{" && $0 != " " })
                guard let family = families[current], Self.names(of: current, family.type).contains(name) else {
                    throw TestFailure("a sample stands outside of its family: \(line)")
                }
                families[current]?.labels.formUnion(Self.labels(in: line))
            }
        }
        self.families = families
    }

    /// The names that the samples of a family have.
    static func names(of family: String, _ type: String) -> [String] {
        type == "histogram" ? ["_bucket", "_sum", "_count"].map { family + $0 } : [family]
    }

    private static func labels(in line: Substring) -> Set<String> {
        Set(line.matches(of: /[{,]([a-z_]+)="/).map { String($0.1) }.filter { $0 != "le" })
    }

    /// The value of the sample with exactly that name and those labels, as they are written.
    func value(_ sample: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(sample + " ") }
            .flatMap { Double($0.dropFirst(sample.count + 1)) }
    }
}

/// The families that docs/METRICS.md describes.
struct MetricsPage {
    /// Those that a server always shows.
    var families: [String: MetricFamily] = [:]
    /// Those that it shows with TLS or tokens.
    var occasional: [String: MetricFamily] = [:]

    init() throws {
        let text = try String(contentsOfFile: Surroundings.packageRoot + "/docs/METRICS.md", encoding: .utf8)
        var isOccasional = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix("## ") { isOccasional = line == "## Only with TLS or tokens" }
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("| `"), cells.count == 6 else { continue }
            let labels = cells[2].split(separator: ",").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
            let family = MetricFamily(type: cells[1], labels: Set(labels.filter { !$0.isEmpty }))
            let name = cells[0].trimmingCharacters(in: CharacterSet(charactersIn: "`"))
            if isOccasional { occasional[name] = family } else { families[name] = family }
        }
    }

    var all: [String: MetricFamily] { families.merging(occasional) { first, _ in first } }

    /// All names that samples of these families have.
    var sampleNames: Set<String> { Set(all.flatMap { Exposition.names(of: $0, $1.type) }) }
}

/// The names of families of Vivace and its process that occur in a text.
func metricNames(in text: String) -> Set<String> {
    Set(text.matches(of: /\b(?:vivace|process)_[a-z_]+[a-z]\b/).map { String($0.0) })
}

extension TestServer {
    /// What `/metrics` says.
    func metrics() async throws -> Exposition {
        let answer = try await HTTPRequest.get("/metrics", accept: "text/plain").answer(port: http)
        guard answer.status == 200 else { throw TestFailure("/metrics was answered with \(answer.status)") }
        return try Exposition(answer.text)
    }
}
