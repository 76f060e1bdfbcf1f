// SPDX-License-Identifier: Apache-2.0

internal import HummingbirdCore
internal import QueryEngine
internal import TraceModel

/// `GET /api/slow`: single spans, slowest first.
struct SlowSpanAnswer: Sendable {
    let queries: any TraceQuerying
    let limits: ServerLimits

    /// The statuses by their names; raw values are OTLP's.
    enum Status: String, CaseIterable {
        case unset, ok, error

        var code: Int32 {
            switch self {
            case .unset: 0
            case .ok: 1
            case .error: 2
            }
        }
    }

    func answer(_ target: RequestTarget, tenant: TenantSet) async throws -> Response {
        let query = try slowSpanQuery(target)
        let result = try await queries.slowSpans(query, tenant: tenant)
        let byteCount = result.spans.count * 512
        return try streamedJSON(holding: result.memory, byteCount: byteCount, limits) { writer in
            var json = JSONWriter()
            json.beginObject()
            json.name("spans")
            json.beginList()
            for span in result.spans {
                write(span, to: &json)
                if json.count >= limits.answerChunkByteCount { try await writer.write(json.takeBuffer()) }
            }
            json.endList()
            json.field("status", result.partialReason == nil ? "COMPLETE" : "PARTIAL")
            if let reason = result.partialReason { json.field("message", reason) }
            json.endObject()
            try await writer.write(json.takeBuffer())
        }
    }

    func slowSpanQuery(_ target: RequestTarget) throws(ParameterError) -> SlowSpanQuery {
        var query = SlowSpanQuery()
        query.serviceName = target["service"]
        query.spanName = target["name"]
        query.minimumDurationNanoseconds =
            try target.value(
                "minDuration", expected: "a duration such as 500ms, 1.5s or 1m30s", goDurationNanoseconds)
            ?? 0
        query.status = try target.choice("status", Status.self)?.code
        query.range = try timeRange(target)
        let range = 1...limits.slowSpanCount
        query.limit =
            try target.value("limit", expected: "a whole number from 1 to \(limits.slowSpanCount)") { text in
                Int(text).flatMap { range.contains($0) ? $0 : nil }
            } ?? limits.defaultSlowSpanCount
        return query
    }

    private func write(_ span: SlowSpan, to json: inout JSONWriter) {
        json.object { json in
            json.field("traceID", span.traceID.description)
            json.field("spanID", span.spanID.description)
            json.field("serviceName", span.serviceName)
            json.field("name", span.name)
            json.field("startTimeUnixNano", span.startNanoseconds)
            json.field("durationNanos", span.durationNanoseconds)
            json.field("criticalNanos", span.criticalNanoseconds)
            json.field("share", number: span.share)
            let status = Status.allCases.first { $0.code == span.status }
            json.field("status", status?.rawValue ?? String(span.status))
        }
    }
}

private let expectedTime = "Unix seconds (a fraction is allowed), Unix nanoseconds, or RFC 3339"

/// The parameters `start` and `end`; one that is missing leaves its side open.
func timeRange(_ target: RequestTarget) throws(ParameterError) -> TimeRange {
    let start = try target.value("start", expected: expectedTime, unixNanoseconds)
    let end = try target.value("end", expected: expectedTime, unixNanoseconds)
    if let start, let end, start >= end {
        throw ParameterError(name: "end", value: target["end"] ?? "", expected: "a time after start")
    }
    return TimeRange(start: start ?? 0, end: end ?? .max)
}
