// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `vivace slow --json`
struct SlowDocument: Decodable {
    struct Span: Decodable {
        var traceID: String
        var spanID: String
        var serviceName: String
        var name: String
        var startTimeUnixNano: String
        var durationNanos: String
        var criticalNanos: String
        var share: Double
        var status: String

        var duration: UInt64 { UInt64(durationNanos) ?? .max }
    }

    var spans: [Span]
    var status: String
}

/// `vivace critical-path --json`
struct PathDocument: Decodable {
    struct Segment: Decodable {
        var startTimeUnixNano: String
        var durationNanos: String

        var start: UInt64 { UInt64(startTimeUnixNano) ?? .max }
        var duration: UInt64 { UInt64(durationNanos) ?? .max }
    }

    struct Part: Decodable {
        var criticalNanos: String

        var critical: UInt64 { UInt64(criticalNanos) ?? .max }
    }

    var traceID: String
    var startTimeUnixNano: String
    var durationNanos: String
    var segments: [Segment]
    var spans: [Part]
    var services: [Part]

    var start: UInt64 { UInt64(startTimeUnixNano) ?? .max }
    var duration: UInt64 { UInt64(durationNanos) ?? .max }
}

/// `vivace trace --json`: OTLP's own JSON.
struct TraceDocument: Decodable {
    struct ResourceSpans: Decodable { var scopeSpans: [ScopeSpans] }
    struct ScopeSpans: Decodable { var spans: [Span] }
    struct Span: Decodable {
        var traceId: String
        var spanId: String
        var name: String
    }

    var resourceSpans: [ResourceSpans]
    var spans: [Span] { resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans) }
}

extension Scratch {
    /// What `vivace slow --json` with these options answers.
    ///
    /// - Throws: ``TestFailure`` unless it is complete.
    func slowSpans(_ options: String..., server: TestServer) async throws -> [SlowDocument.Span] {
        let program = try start(
            Surroundings.binary, ["slow", "--json", "--server", server.httpAddress] + options)
        let end = try await program.waitForEnd()
        guard end.status == 0 else {
            throw TestFailure("\(program.name) ended with \(end.status): \(program.complaint)")
        }
        let document = try JSONDecoder().decode(SlowDocument.self, from: Data(program.output.utf8))
        guard document.status == "COMPLETE" else { throw TestFailure("\(program.name) is \(document.status)") }
        return document.spans
    }
}
