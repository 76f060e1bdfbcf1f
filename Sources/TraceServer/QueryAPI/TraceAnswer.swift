// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import OTLP
internal import ProtobufMessages
internal import QueryEngine
internal import Synchronization
internal import TraceModel

/// `GET /api/traces/{id}` and `GET /api/v2/traces/{id}`: a whole trace as Tempo answers it.
///
/// It is made and sent slice by slice; so a slow client of a giant trace holds the trace's columns and two slices, not
/// its text.
struct TraceAnswer {
    enum Version: Sendable {
        /// The trace alone; 404 if it is not there, 503 if it may be there or be longer.
        case v1
        /// The trace and how it was found; an empty trace if it is not there.
        case v2
    }

    let queries: any TraceQuerying
    let limits: ServerLimits

    func answer(
        _ version: Version, id text: String, _ target: RequestTarget, accept: String, tenant: TenantSet
    ) async throws -> Response {
        let id = try traceID(text)
        try checkRange(target)
        let selection = version == .v2 ? try TraceSelection(target) : TraceSelection()
        var found = try await queries.trace(id, tenant: tenant)
        if let reason = found?.partialReason, version == .v1 || found?.rows.isEmpty == true {
            throw QueryError(.unavailable, "trace \(id) can't be read whole now: \(reason)")
        }
        if let filter = selection.filter { found = try found?.selecting(filter, with: selection.relatives) }
        let presence: OTLPEncoder.Presence = target["raw"] == "true" ? .exact : .always
        let body = TraceBody(found, presence: presence, limits)
        let wantsProtobuf = accept.contains("application/protobuf")
        switch (version, wantsProtobuf) {
        case (.v1, _) where body.isEmpty: return Response(status: .notFound)
        case (.v1, true): return try response("application/protobuf", body, Protobuf())
        case (.v1, false):
            return try response("application/json", body, JSON(listName: "batches", head: "", tail: ""))
        case (.v2, true): return try await response("application/protobuf", body, Protobuf(body))
        case (.v2, false): return try response("application/json", body, JSON(found))
        }
    }

    /// Tempo searches where these point; here they are only checked, since a trace is always whole.
    private func checkRange(_ target: RequestTarget) throws(ParameterError) {
        _ = try timeRange(target)
        for (name, other) in [("start", "end"), ("end", "start")]
        where target[name] == nil && target[other] != nil {
            throw ParameterError(name: name, value: "", expected: "a time, because \(other) is given")
        }
    }

    private func response(_ contentType: String, _ body: TraceBody, _ format: some TraceFormat) throws -> Response {
        let fields: HTTPFields = [.contentType: contentType]
        // Made here, so that a lack of memory is known before the answer begins.
        let first = try body.slice(0, format)
        if body.sliceCount <= 1 { return whole(first, fields, body.found) }
        let begun = BegunAnswer(first)
        let stream = ResponseBody { writer in
            if let first = begun.take() { try await writer.write(first) }
            for slice in 1..<body.sliceCount { try await writer.write(body.slice(slice, format)) }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: fields, body: stream)
    }

    /// An answer in one piece. A large one is counted until the client has taken it, with the spans.
    private func whole(_ buffer: ByteBuffer, _ fields: HTTPFields, _ found: FoundTrace?) -> Response {
        guard let found, buffer.readableBytes > limits.uncountedAnswerByteCount else {
            return Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: buffer))
        }
        let body = ResponseBody(contentLength: buffer.readableBytes) { writer in
            try await writer.write(buffer)
            try await writer.finish(nil)
            withExtendedLifetime(found) {}
        }
        return Response(status: .ok, headers: fields, body: body)
    }
}

/// The first slice of an answer, until it is sent.
private final class BegunAnswer: Sendable {
    private let slice: Mutex<ByteBuffer?>

    init(_ slice: ByteBuffer) { self.slice = Mutex(slice) }

    func take() -> ByteBuffer? {
        slice.withLock { slice in
            defer { slice = nil }
            return slice
        }
    }
}

/// How slices of a trace become a document.
protocol TraceFormat: Sendable {
    /// Appends a slice, with what stands before the first one and behind the last one.
    func write(
        _ rows: [Int], of view: SpanBatchView, _ encoder: OTLPEncoder, isFirst: Bool, isLast: Bool,
        to buffer: inout ByteBuffer)

    /// Appends the document of a trace without spans.
    func writeEmpty(to buffer: inout ByteBuffer)
}

/// A trace cut into slices, of which the memory is counted while they are made and sent.
private struct TraceBody: Sendable {
    let found: FoundTrace?
    private let encoder: OTLPEncoder
    private let spansPerSlice: Int
    /// What the spans hold.
    private let heldByteCount: Int
    /// What is counted for a slice before it is made.
    private let expectedByteCount: Int

    init(_ found: FoundTrace?, presence: OTLPEncoder.Presence, _ limits: ServerLimits) {
        self.found = found
        encoder = OTLPEncoder(presence: presence)
        let held = found?.memory?.byteCount ?? 0
        let fitting = (found?.rows.count ?? 0) * limits.sliceByteCount / max(1, held)
        spansPerSlice = min(limits.spansPerSlice, max(1, fitting))
        heldByteCount = held
        // What a few spans hold is mostly room for more.
        expectedByteCount = min(held, limits.sliceByteCount, (found?.rows.count ?? 0) << 12)
    }

    private var spanCount: Int { found?.rows.count ?? 0 }
    var isEmpty: Bool { spanCount == 0 }
    var sliceCount: Int { (spanCount + spansPerSlice - 1) / spansPerSlice }

    /// Makes a slice. While it is made the one before it may wait to be sent.
    ///
    /// - Throws: As ``QueryMemory/hold(_:)``.
    func slice(_ slice: Int, _ format: some TraceFormat) throws(QueryError) -> ByteBuffer {
        var buffer = ByteBuffer()
        guard let found, !isEmpty else {
            format.writeEmpty(to: &buffer)
            return buffer
        }
        try found.memory?.hold(heldByteCount + 2 * expectedByteCount)
        let start = slice * spansPerSlice
        let rows = Array(found.rows[start..<min(start + spansPerSlice, spanCount)])
        format.write(
            rows, of: found.spans, encoder, isFirst: slice == 0, isLast: slice == sliceCount - 1, to: &buffer)
        try found.memory?.hold(heldByteCount + 2 * buffer.storageCapacity)
        return buffer
    }
}

/// Encoded messages one after the other are one message with all of their lists' elements.
private struct Protobuf: TraceFormat {
    /// What stands before and behind the trace.
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    /// The trace, if it is one slice that is made already.
    private var made: ByteBuffer?

    /// Version 1 of Tempo's API: the trace alone.
    init() {}

    /// Version 2: the trace is the first field. Its length stands before it, for which a trace of several slices is
    /// made twice.
    init(_ body: TraceBody) async throws {
        var byteCount = 0
        for slice in 0..<body.sliceCount {
            let bytes = try body.slice(slice, Protobuf())
            byteCount += bytes.readableBytes
            if body.sliceCount == 1 { made = bytes }
            try Task.checkCancellation()
            await Task.yield()
        }
        var head = ByteWriter()
        head.append(0x0a as UInt8)
        head.append(varint: UInt64(byteCount))
        self.head = head.array()
        let found = body.found
        let rest = TraceByIDResponse(
            trace: [], inspectedByteCount: UInt64(found?.inspectedByteCount ?? 0),
            isPartial: found?.partialReason != nil, message: found?.partialReason ?? "")
        // Without the empty trace that it begins with.
        tail = Array(try rest.encoded().dropFirst(2))
    }

    func write(
        _ rows: [Int], of view: SpanBatchView, _ encoder: OTLPEncoder, isFirst: Bool, isLast: Bool,
        to buffer: inout ByteBuffer
    ) {
        if isFirst { buffer.writeBytes(head) }
        if let made {
            buffer.writeImmutableBuffer(made)
        } else {
            var bytes = ByteWriter(capacity: 64 << 10)
            encoder.encodeProtobuf(rows, of: view, into: &bytes)
            buffer.write(bytes.bytes)
        }
        if isLast { buffer.writeBytes(tail) }
    }

    func writeEmpty(to buffer: inout ByteBuffer) {
        buffer.writeBytes(head)
        buffer.writeBytes(tail)
    }
}

/// The lists of all slices become one list.
private struct JSON: TraceFormat {
    /// `batches` or `resourceSpans`.
    let listName: StaticString
    /// What stands before and behind the object that holds the list.
    let head: String
    let tail: String

    init(listName: StaticString, head: String, tail: String) {
        self.listName = listName
        self.head = head
        self.tail = tail
    }

    /// Version 2 of Tempo's API.
    init(_ found: FoundTrace?) {
        var json = JSONWriter()
        json.object { json in
            json.name("metrics")
            let byteCount = UInt64(found?.inspectedByteCount ?? 0)
            // Zeros are left out of protobuf's JSON.
            json.object { if byteCount > 0 { $0.field("inspectedBytes", byteCount) } }
            if let reason = found?.partialReason {
                json.field("status", "PARTIAL")
                json.field("message", reason)
            }
        }
        // The fields continue the object that `head` begins.
        let fields = String(decoding: json.array(), as: UTF8.self).dropFirst()
        self.init(listName: "resourceSpans", head: "{\"trace\":", tail: ",\(fields)")
    }

    func write(
        _ rows: [Int], of view: SpanBatchView, _ encoder: OTLPEncoder, isFirst: Bool, isLast: Bool,
        to buffer: inout ByteBuffer
    ) {
        var bytes = ByteWriter(capacity: 64 << 10)
        encoder.encodeJSON(rows, of: view, flavor: .tempo(listName: listName), into: &bytes)
        // The encoder writes {"name":[…]}: what stands around the dots is kept once.
        let opening = listName.utf8CodeUnitCount + 5
        let start = isFirst ? 0 : opening
        let end = isLast ? bytes.count : bytes.count - 2
        buffer.writeString(isFirst ? head : ",")
        buffer.write(bytes.bytes.extracting(start..<end))
        if isLast { buffer.writeString(tail) }
    }

    func writeEmpty(to buffer: inout ByteBuffer) { buffer.writeString(head + "{}" + tail) }
}
