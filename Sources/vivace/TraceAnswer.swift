// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import OTLP
internal import TerminalRendering
internal import TraceModel

/// `GET /api/v2/traces/{id}` as protobuf:
///
///     TraceByIDResponse ─┬─ 1 Trace: the bytes of an OTLP TracesData
///                        ├─ 3 status: 0 complete, 1 partial
///                        └─ 4 message
struct TraceAnswer {
    let spans: SpanBatchView
    /// Why spans may be missing; nil if none are.
    let partialReason: String?

    /// - Parameter isExact: Whether what was absent stays absent, and bytes in text that are no UTF-8 stay.
    /// - Throws: `.notFound` if there is no such trace, `.partial` if none of it can be read now, `.unreachable`.
    init(traceID: TraceID, from client: QueryClient, isExact: Bool = false) async throws {
        let body = try await client.body(
            "/api/v2/traces/\(traceID)", isExact ? [("raw", "true")] : [], accept: "application/protobuf",
            missing: "trace \(traceID) does not exist on \(client.server)")
        do {
            let parts = try ResponseParts(body)
            var batch = SpanBatch(pool: SlabPool(retainedByteLimit: 0))
            var decoder = OTLPDecoder()
            for trace in parts.traces {
                _ = try decoder.decode(trace.rawSpan, arrivalSeconds: 0, into: &batch)
            }
            spans = batch.view()
            partialReason = parts.isPartial ? parts.message ?? "not all stored spans could be read" : nil
        } catch {
            throw CommandError(.unreachable, "\(client.server) did not answer as a Vivace server does: \(error)")
        }
        if spans.rowCount == 0 {
            let missing = "trace \(traceID) does not exist on \(client.server)"
            throw partialReason.map { CommandError(.partial, "no span of the trace could be read: \($0)") }
                ?? CommandError(.notFound, missing)
        }
    }

    /// OTLP's own JSON, with IDs in hexadecimal digits.
    func otlpJSON(presence: OTLPEncoder.Presence = .always) -> [UInt8] {
        var out = ByteWriter(capacity: 1 << 16)
        OTLPEncoder(presence: presence).encodeJSON(
            Array(0..<spans.rowCount), of: spans, flavor: .openTelemetry, into: &out)
        return out.array()
    }

    func waterfall(traceID: TraceID) -> Waterfall {
        let strings = spans.strings
        var texts: [UInt32: String] = [:]
        func text(_ code: UInt32) -> String {
            if let known = texts[code] { return known }
            let text = String(decoding: [UInt8](strings[code]), as: UTF8.self)
            texts[code] = text
            return text
        }
        let shown = (0..<spans.rowCount).map { row in
            WaterfallSpan(
                id: SpanID(spans.spanID[row]), parent: SpanID(spans.parent(row)),
                serviceName: text(spans.resourceRecord(row).serviceName), name: text(spans.name[row]),
                start: spans.start[row], end: spans.end[row], kind: UInt8(clamping: spans.kind[row]),
                isError: spans.status[row] == 2)
        }
        return Waterfall(traceID: traceID, spans: shown)
    }
}

/// The fields of a TraceByIDResponse that matter here.
private struct ResponseParts {
    var traces: [[UInt8]] = []
    var isPartial = false
    var message: String?

    init(_ body: [UInt8]) throws {
        try eachField(body) { number, value, content in
            switch number {
            case 1: traces.append(content)
            case 3: isPartial = value != 0
            case 4: message = content.isEmpty ? nil : String(decoding: content, as: UTF8.self)
            default: break
            }
        }
    }
}
