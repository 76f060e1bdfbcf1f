// SPDX-License-Identifier: Apache-2.0

internal import TerminalRendering
internal import TraceModel

/// `GET /api/search`: protobuf's JSON leaves out what is zero or empty.
struct SearchAnswer: Decodable {
    struct Trace: Decodable {
        var traceID: String
        var rootServiceName: String?
        var rootTraceName: String?
        var startTimeUnixNano: WideNumber?
        var durationMs: WideNumber?
        var spanSet: SpanSet?
        var spanSets: [SpanSet]?
        var serviceStats: [String: ServiceStats]?

        /// Leading zeros may be missing.
        var paddedID: String { TraceID(hexadecimal: traceID).map { "\($0)" } ?? traceID }
    }

    struct SpanSet: Decodable {
        var matched: WideNumber?
        var spans: [Span]?
        /// What the stages of the query attached to all of them.
        var attributes: [Attribute]?
    }

    struct Span: Decodable {
        var spanID: String
        var name: String?
        var startTimeUnixNano: WideNumber?
        var durationNanos: WideNumber?
        var attributes: [Attribute]?
    }

    struct Attribute: Decodable {
        var key: String
        var value: AttributeText?
    }

    /// How the search was carried out, if it was asked.
    struct Explanation: Decodable {
        struct Filter: Decodable {
            var scan: String
            var trace: [String]?
            var rest: String?
            var required: Bool
        }

        var filters: [Filter]
        var needsWholeTraces: Bool
        var headSpans: Int
        var blocks: Int
        var blocksRead: Int
        var rowGroups: Int
        var rowGroupsRead: Int
        var bytesRead: Int
        var assembledTraces: Int
        var seconds: Double
    }

    struct ServiceStats: Decodable {
        var spanCount: WideNumber?
        var errorCount: WideNumber?
    }

    var traces: [Trace]?
    var status: String?
    var message: String?
    var explain: Explanation?

    /// Why traces may be missing; nil if none are.
    var partialReason: String? {
        status == nil || status == "COMPLETE" ? nil : message ?? "not all stored traces could be read"
    }

    /// - Parameter showsSpans: Whether the spans that match stand below their traces.
    func report(limit: Int, showsSpans: Bool) -> SearchReport {
        SearchReport(
            rows: (traces ?? []).map { trace in
                let sets = trace.spanSets ?? [trace.spanSet].compactMap { $0 }
                let stats = trace.serviceStats?.values
                return SearchReport.Row(
                    traceID: trace.paddedID, rootServiceName: trace.rootServiceName ?? "",
                    rootName: trace.rootTraceName ?? "", start: trace.startTimeUnixNano?.value ?? 0,
                    durationMilliseconds: trace.durationMs?.value ?? 0,
                    spanCount: stats?.reduce(0) { $0 + Int(clamping: $1.spanCount?.value ?? 0) },
                    errorCount: stats?.reduce(0) { $0 + Int(clamping: $1.errorCount?.value ?? 0) },
                    spansets: sets.map(\.reported))
            }, limit: limit, showsSpans: showsSpans)
    }
}

extension SearchAnswer.SpanSet {
    fileprivate var reported: SearchReport.Spanset {
        SearchReport.Spanset(
            matchedCount: Int(clamping: matched?.value ?? 0), attributes: (attributes ?? []).map(\.reported),
            spans: (spans ?? []).map { span in
                SearchReport.Span(
                    id: span.spanID, name: span.name ?? "", start: span.startTimeUnixNano?.value ?? 0,
                    duration: span.durationNanos?.value ?? 0, attributes: (span.attributes ?? []).map(\.reported))
            })
    }
}

extension SearchAnswer.Attribute {
    fileprivate var reported: SearchReport.Attribute { SearchReport.Attribute(key: key, value: value?.text ?? "") }
}

/// The text of an attribute's value, whatever its type.
struct AttributeText: Decodable {
    private var stringValue: String?
    private var intValue: Number?
    private var doubleValue: Number?
    private var boolValue: Bool?
    private var arrayValue: Elements?

    private struct Elements: Decodable { var values: [AttributeText]? }

    /// A number, perhaps as a text.
    private struct Number: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else if let number = try? container.decode(Int64.self) {
                text = "\(number)"
            } else {
                text = "\(try container.decode(Double.self))"
            }
        }
    }

    var text: String {
        if let stringValue { return stringValue }
        if let intValue { return intValue.text }
        if let doubleValue { return doubleValue.text }
        if let boolValue { return "\(boolValue)" }
        if let arrayValue { return "[" + (arrayValue.values ?? []).map(\.text).joined(separator: ", ") + "]" }
        return ""
    }
}

extension SearchAnswer.Explanation {
    /// Lines for the terminal.
    var report: ExplanationReport {
        ExplanationReport(
            filters: filters.map { filter in
                .init(scan: filter.scan, trace: filter.trace ?? [], rest: filter.rest, isRequired: filter.required)
            }, needsWholeTraces: needsWholeTraces, headSpanCount: headSpans, blockCount: blocks,
            readBlockCount: blocksRead, rowGroupCount: rowGroups, readRowGroupCount: rowGroupsRead,
            readByteCount: bytesRead, assembledTraceCount: assembledTraces, seconds: seconds)
    }
}

extension QueryClient {
    /// The answer to `GET /api/search`.
    func searchBody(_ items: [(String, String)]) async throws -> [UInt8] {
        try await body(
            "/api/search", items, missing: "\(server) does not search. Is it a Vivace server's query address?")
    }
}
