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
    }

    struct ServiceStats: Decodable {
        var spanCount: WideNumber?
        var errorCount: WideNumber?
    }

    var traces: [Trace]?
    var status: String?
    var message: String?

    /// Why traces may be missing; nil if none are.
    var partialReason: String? {
        status == nil || status == "COMPLETE" ? nil : message ?? "not all stored traces could be read"
    }

    func report(limit: Int) -> SearchReport {
        SearchReport(
            rows: (traces ?? []).map { trace in
                let sets = trace.spanSets ?? [trace.spanSet].compactMap { $0 }
                let stats = trace.serviceStats?.values
                return SearchReport.Row(
                    traceID: trace.paddedID, rootServiceName: trace.rootServiceName ?? "",
                    rootName: trace.rootTraceName ?? "", start: trace.startTimeUnixNano?.value ?? 0,
                    durationMilliseconds: trace.durationMs?.value ?? 0,
                    matchedSpanCount: sets.reduce(0) { $0 + Int(clamping: $1.matched?.value ?? 0) },
                    spanCount: stats?.reduce(0) { $0 + Int(clamping: $1.spanCount?.value ?? 0) },
                    errorCount: stats?.reduce(0) { $0 + Int(clamping: $1.errorCount?.value ?? 0) })
            }, limit: limit)
    }
}

extension QueryClient {
    /// The answer to `GET /api/search`.
    func searchBody(_ items: [(String, String)]) async throws -> [UInt8] {
        try await body(
            "/api/search", items, missing: "\(server) does not search. Is it a Vivace server's query address?")
    }
}
