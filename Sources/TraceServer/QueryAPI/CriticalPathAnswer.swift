// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import QueryEngine
internal import TraceAnalysis
internal import TraceModel

/// `GET /api/traces/{id}/critical-path`: where the time of one trace went.
struct CriticalPathAnswer {
    let queries: any TraceQuerying
    let limits: ServerLimits

    func answer(id text: String, _ target: RequestTarget, tenant: TenantSet) async throws -> Response {
        let id = try traceID(text)
        let options = try options(target)
        let found = try await queries.trace(id, tenant: tenant)
        guard let found, !found.rows.isEmpty else {
            if let reason = found?.partialReason { throw QueryError(.unavailable, reason) }
            return plainText(.notFound, "trace \(id) is not stored\n")
        }
        try found.memory?.holdMore(found.rows.count * AnalysedTrace.byteCountPerSpan)
        let answer = AnalysedTrace(found, options)
        let chunkByteCount = limits.answerChunkByteCount
        return try streamedJSON(holding: found.memory, byteCount: found.rows.count * 256, limits) {
            try await answer.write(to: &$0, chunkByteCount: chunkByteCount)
        }
    }

    private func options(_ target: RequestTarget) throws(ParameterError) -> CriticalPathOptions {
        CriticalPathOptions(
            mode: try target.choice("mode", CriticalPathOptions.Mode.self) ?? .causal,
            asynchronous: try target.choice("async", CriticalPathOptions.Asynchronous.self) ?? .exclude,
            skew: try target.choice("skew", CriticalPathOptions.Skew.self) ?? .clip,
            toleranceNanoseconds: try target.value(
                "tolerance", expected: "a duration such as 10us or 1ms", goDurationNanoseconds) ?? 0)
    }
}

/// A trace with its critical path, ready to be written.
private struct AnalysedTrace: Sendable {
    let trace: FoundTrace
    let path: CriticalPath

    /// What the analysis takes in memory, about: columns, the tree, segments and times.
    static let byteCountPerSpan = 160

    init(_ trace: FoundTrace, _ options: CriticalPathOptions) {
        self.trace = trace
        let spans = trace.spans
        var columns = TraceColumns()
        columns.reserve(trace.rows.count)
        for row in trace.rows {
            columns.append(
                spanID: spans.spanID[row], parentSpanID: spans.parent(row), start: spans.start[row],
                end: spans.end[row], kind: UInt8(clamping: spans.kind[row]))
        }
        var analyzer = CriticalPathAnalyzer()
        path = analyzer.analyze(columns, options: options)
    }

    private func text(_ code: UInt32) -> String {
        String(decoding: [UInt8](trace.spans.strings[code]), as: UTF8.self)
    }
    private func serviceCode(_ row: Int) -> UInt32 { trace.spans.resourceRecord(trace.rows[row]).serviceName }
    private func serviceName(_ row: Int) -> String { text(serviceCode(row)) }
    private func name(_ row: Int) -> String { text(trace.spans.name[trace.rows[row]]) }
    private func spanID(_ row: Int) -> SpanID { SpanID(trace.spans.spanID[trace.rows[row]]) }

    private func share(_ nanoseconds: UInt64) -> Double {
        path.durationNanoseconds == 0 ? 0 : Double(nanoseconds) / Double(path.durationNanoseconds)
    }

    /// Writes the answer in pieces, each when the client has taken the one before.
    func write(to writer: inout any ResponseBodyWriter, chunkByteCount: Int) async throws {
        var json = JSONWriter()
        json.beginObject()
        writeHead(to: &json)
        json.name("segments")
        json.beginList()
        for segment in path.segments {
            write(segment, to: &json)
            if json.count >= chunkByteCount { try await writer.write(json.takeBuffer()) }
        }
        json.endList()
        json.name("spans")
        json.beginList()
        for row in rowsOnPath() {
            writeSpan(row, to: &json)
            if json.count >= chunkByteCount { try await writer.write(json.takeBuffer()) }
        }
        json.endList()
        writeServices(to: &json)
        json.endObject()
        try await writer.write(json.takeBuffer())
    }

    private func writeHead(to json: inout JSONWriter) {
        json.field("traceID", trace.id.description)
        json.field("rootServiceName", serviceName(path.rootRow))
        json.field("rootTraceName", name(path.rootRow))
        json.field("startTimeUnixNano", path.start)
        json.field("durationNanos", path.durationNanoseconds)
        json.field("complete", path.complete && trace.partialReason == nil)
        json.field("warnings", path.warnings.names + (trace.partialReason.map { ["partial: \($0)"] } ?? []))
    }

    private func write(_ segment: CriticalPath.Segment, to json: inout JSONWriter) {
        json.object { json in
            json.field("spanID", spanID(segment.row).description)
            json.field("serviceName", serviceName(segment.row))
            json.field("name", name(segment.row))
            json.field("startTimeUnixNano", segment.start)
            json.field("durationNanos", segment.durationNanoseconds)
        }
    }

    private func writeSpan(_ row: Int, to json: inout JSONWriter) {
        let nanoseconds = path.criticalNanoseconds[row]
        json.object { json in
            json.field("spanID", spanID(row).description)
            json.field("serviceName", serviceName(row))
            json.field("name", name(row))
            json.field("criticalNanos", nanoseconds)
            json.field("share", number: share(nanoseconds))
        }
    }

    private func writeServices(to json: inout JSONWriter) {
        // Names are told apart by their text: one name may have several codes where traces were merged.
        var nanosecondsByService: [String: UInt64] = [:]
        var namesByCode: [UInt32: String] = [:]
        for (row, nanoseconds) in path.criticalNanoseconds.enumerated() where nanoseconds > 0 {
            let code = serviceCode(row)
            let name = namesByCode[code] ?? text(code)
            namesByCode[code] = name
            nanosecondsByService[name, default: 0] += nanoseconds
        }
        json.name("services")
        json.beginList()
        for (name, nanoseconds) in nanosecondsByService.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }
        ) {
            json.object { json in
                json.field("serviceName", name)
                json.field("criticalNanos", nanoseconds)
                json.field("share", number: share(nanoseconds))
            }
        }
        json.endList()
    }

    /// Rows with time on the path: most of it first, then what starts first, then by span ID.
    private func rowsOnPath() -> [Int] {
        let times = path.criticalNanoseconds
        let starts = trace.spans.start
        return times.indices.filter { times[$0] > 0 }.sorted { a, b in
            if times[a] != times[b] { return times[a] > times[b] }
            let (startA, startB) = (starts[trace.rows[a]], starts[trace.rows[b]])
            return startA != startB ? startA < startB : spanID(a) < spanID(b)
        }
    }
}
