// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import NIOCore
internal import OTLP
internal import QueryEngine
internal import TraceModel

/// A trace as language models are given it:
///
///     {"trace":{"traceId":"32 digits","services":[…]},"metrics":{"inspectedBytes":123},"status":"complete"}
///
/// with the services as ``PlainTraceEncoder`` writes them. What may lack spans has the status `partial`, and a `message`.
/// There are no services if there is no such trace.
struct PlainTraceJSON: TraceFormat {
    /// Nil if there are no spans.
    private let spans: PlainTraceEncoder?
    private let head: [UInt8]
    private let tail: [UInt8]

    /// Rows that are grouped before others have the thread: less work than a slice of the answer.
    private static let rowsPerStep = 1 << 16

    /// - Throws: As ``QueryMemory/hold(_:)``, for the order of the spans; `CancellationError`.
    init(_ id: TraceID, _ found: FoundTrace?) async throws {
        var json = JSONWriter()
        json.beginObject()
        json.name("trace")
        json.beginObject()
        json.field("traceId", id)
        json.name("services")
        json.beginList()
        head = json.array()
        _ = json.takeBuffer()
        json.endList()
        json.endObject()
        json.name("metrics")
        json.object { json in
            if let count = found?.inspectedByteCount, count > 0 { json.field("inspectedBytes", number: count) }
        }
        json.field("status", found?.partialReason == nil ? "complete" : "partial")
        if let reason = found?.partialReason { json.field("message", reason) }
        json.endObject()
        tail = json.array()
        guard let found, !found.rows.isEmpty else {
            spans = nil
            return
        }
        try found.memory?.holdMore(found.rows.count * PlainTraceEncoder.byteCountPerRow)
        var grouping = PlainTraceEncoder.Grouping(rowCount: found.rows.count)
        for start in stride(from: 0, to: found.rows.count, by: Self.rowsPerStep) {
            if start > 0 {
                try Task.checkCancellation()
                await Task.yield()
            }
            grouping.add(found.rows[start..<min(start + Self.rowsPerStep, found.rows.count)], of: found.spans)
        }
        spans = PlainTraceEncoder(found.rows, grouping, of: found.spans)
    }

    func write(_ places: Range<Int>, of found: FoundTrace, _ encoder: OTLPEncoder, to buffer: inout ByteBuffer) {
        buffer.writeBytes(places.lowerBound == 0 ? head : [UInt8(ascii: ",")])
        var bytes = ByteWriter(capacity: 64 << 10)
        spans?.encode(places, into: &bytes)
        buffer.write(bytes.bytes)
        if places.upperBound == found.rows.count { buffer.writeBytes(tail) }
    }

    func writeEmpty(to buffer: inout ByteBuffer) {
        buffer.writeBytes(head)
        buffer.writeBytes(tail)
    }
}
