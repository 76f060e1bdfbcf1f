// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import HummingbirdCore
internal import ProtobufMessages
internal import QueryEngine
internal import TraceModel
internal import TraceQL

/// `GET /api/search`: traces by tags, newest first, in Tempo's shape, as JSON or protobuf.
struct SearchAnswer: Sendable {
    let queries: any TraceSearching
    let limits: ServerLimits

    /// Parameters that are no tags.
    private static let known: Set<String> = [
        "q", "tags", "minDuration", "maxDuration", "limit", "start", "end", "spss", "mode", "blockID", "startPage",
        "pagesToSearch", "size", "explain",
    ]

    func answer(_ target: RequestTarget, accept: String, tenant: TenantSet) async throws -> Response {
        let query = try searchQuery(target)
        let result = try await queries.searchTraces(query, tenant: tenant)
        guard AnswerForm(accept) == .protobuf else { return try jsonResponse(result) }
        // As values, as messages, encoded, and copied.
        let found = result.found
        try result.memory?.holdMore(4 * found.traces.indices.reduce(0) { $0 + found.byteCount(ofTrace: $1) })
        return try protobufResponse(result)
    }

    /// Goes piece by piece, so that it takes no more than two pieces besides what was found.
    private func jsonResponse(_ result: TraceSearchResult) throws -> Response {
        let found = result.found
        // The first spanset stands there twice; of a longer answer no more than two pieces are there at a time.
        var byteCount = 0
        for index in found.traces.indices {
            guard byteCount < 2 * limits.answerChunkByteCount else { break }
            byteCount += 2 * JSONPieces.escapedByteCount * found.byteCount(ofTrace: index)
        }
        return try streamedJSON(holding: result.memory, byteCount: byteCount, limits) { writer in
            var traces = FoundTracesJSON(found, result.memory)
            var pieces = JSONPieces(writer, byteCount: limits.answerChunkByteCount)
            pieces.json.append(json: "{\"traces\":[")
            try await traces.write(to: &pieces)
            pieces.json.endList()
            if !pieces.hasRoom(for: Self.endByteCount) { try await pieces.handOn() }
            Self.writeEnd(of: result, to: &pieces.json)
            try await pieces.handOn()
            writer = pieces.writer
        }
    }

    /// What stands behind the traces takes no more, but for explanations of long queries.
    private static let endByteCount = 4 << 10

    /// What stands behind the traces.
    private static func writeEnd(of result: TraceSearchResult, to json: inout JSONWriter) {
        json.name("metrics")
        json.write(SearchResponse.Metrics(result.figures, isPartial: result.partialReason != nil))
        if let reason = result.partialReason {
            json.field("status", "PARTIAL")
            json.field("message", reason)
        }
        if let explanation = result.explanation {
            json.name("explain")
            json.write(explanation)
        }
        json.endObject()
    }

    func searchQuery(_ target: RequestTarget) throws(ParameterError) -> TraceSearchQuery {
        var query = TraceSearchQuery()
        if let traceQL = try target.traceQLSearch() {
            if let tags = target["tags"] {
                throw ParameterError(
                    name: "tags", value: tags, expected: "none beside q: the query says what is wanted")
            }
            query.traceQL = traceQL
        } else if let text = target["tags"] {
            guard let tags = TagFilterText(text) else {
                throw ParameterError(name: "tags", value: text, expected: TagFilterText.expected)
            }
            tags.apply(to: &query)
        } else if target["q"] == nil {
            // As in Tempo: where neither is given, parameters that mean nothing else are tags.
            TagFilterText(target.parameters.filter { !Self.known.contains($0.key) && !$0.key.isEmpty })
                .apply(to: &query)
        }
        query.isExplained = try target.value("explain", expected: "true or false") { Bool($0) } ?? false
        query.range = try timeRange(target)
        query.duration = try duration(target)
        query.limit =
            try count("limit", target, 1...limits.searchTraceCount) ?? limits.defaultSearchTraceCount
        // Zero is the default, as in Tempo.
        let spans = try count("spss", target, 0...limits.spansPerTrace) ?? 0
        query.spansPerSpanset = spans == 0 ? limits.defaultSpansPerTrace : spans
        return query
    }

    private func duration(_ target: RequestTarget) throws(ParameterError) -> ClosedRange<UInt64> {
        let expected = "a duration such as 500ms, 1.5s or 1m30s"
        let minimum = try target.value("minDuration", expected: expected, goDurationNanoseconds) ?? 0
        // Zero is no limit, as in Tempo.
        var maximum = try target.value("maxDuration", expected: expected, goDurationNanoseconds) ?? 0
        if maximum == 0 { maximum = .max }
        guard minimum <= maximum else {
            throw ParameterError(
                name: "maxDuration", value: target["maxDuration"] ?? "", expected: "a duration not below minDuration")
        }
        return minimum...maximum
    }

    private func count(
        _ name: String, _ target: RequestTarget, _ range: ClosedRange<Int>
    ) throws(ParameterError) -> Int? {
        try target.value(
            name, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)"
        ) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
    }
}

extension TagFilterText {
    /// Tags that stand as parameters of their own.
    fileprivate init(_ parameters: [String: String]) {
        self.init(pairs: parameters.sorted { $0.key < $1.key }.map { Pair(key: $0.key, value: $0.value) })
    }
}
