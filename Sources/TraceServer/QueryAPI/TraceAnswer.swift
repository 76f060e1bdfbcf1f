// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import OTLP
internal import ProtobufMessages
internal import QueryEngine
internal import TraceModel

/// `GET /api/traces/{id}` and `GET /api/v2/traces/{id}`: a whole trace as Tempo answers it.
///
/// JSON, and protobuf of version 1, is made and sent slice by slice; so a slow client of a giant trace holds the
/// trace's columns and one slice, not its text.
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
        _ version: Version, id text: String, _ target: RequestTarget, accept: String, tenant: TenantID
    ) async throws -> Response {
        let id = try traceID(text)
        try checkRange(target)
        let found = try await queries.trace(id, tenant: tenant)
        if let reason = found?.partialReason, version == .v1 || found?.rows.isEmpty == true {
            throw QueryError(.unavailable, "trace \(id) can't be read whole now: \(reason)")
        }
        let presence: OTLPEncoder.Presence = target["raw"] == "true" ? .exact : .always
        let body = TraceBody(found, presence: presence, spansPerSlice: limits.spansPerSlice)
        let wantsProtobuf = accept.contains("application/protobuf")
        switch (version, wantsProtobuf) {
        case (.v1, _) where body.isEmpty: return Response(status: .notFound)
        case (.v1, true): return try response("application/protobuf", body, Protobuf())
        case (.v1, false):
            return try response("application/json", body, JSON(listName: "batches", head: "", tail: ""))
        case (.v2, true): return try wholeProtobuf(found, body)
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
        var buffer = ByteBuffer()
        body.write(slice: 0, format, to: &buffer)
        if body.sliceCount <= 1 { return try whole(buffer, fields, body.found) }
        try body.found?.holdMore(buffer.storageCapacity)
        let first = buffer
        let stream = ResponseBody { writer in
            try await writer.write(first)
            for slice in 1..<body.sliceCount {
                var buffer = ByteBuffer()
                body.write(slice: slice, format, to: &buffer)
                try await writer.write(buffer)
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: fields, body: stream)
    }

    /// An answer in one piece. A large one is counted until the client has taken it, with the spans.
    private func whole(_ buffer: ByteBuffer, _ fields: HTTPFields, _ found: FoundTrace?) throws -> Response {
        guard let found, buffer.readableBytes > limits.uncountedAnswerByteCount else {
            return Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: buffer))
        }
        try found.holdMore(buffer.storageCapacity)
        let body = ResponseBody(contentLength: buffer.readableBytes) { writer in
            try await writer.write(buffer)
            try await writer.finish(nil)
            withExtendedLifetime(found) {}
        }
        return Response(status: .ok, headers: fields, body: body)
    }

    /// Version 2 in protobuf begins with the trace's length, so that it has to be made first.
    private func wholeProtobuf(_ found: FoundTrace?, _ body: TraceBody) throws -> Response {
        var trace: [UInt8] = []
        for slice in 0..<body.sliceCount {
            var buffer = ByteBuffer()
            body.write(slice: slice, Protobuf(), to: &buffer)
            try found?.holdMore(buffer.readableBytes)
            buffer.read(buffer.readableBytes, into: &trace)
            guard trace.count <= limits.wholeAnswerByteCount else {
                let text = "the trace is too large for protobuf: ask for it as JSON, which is sent in pieces"
                throw QueryError(.tooLarge, text)
            }
        }
        let message = TraceByIDResponse(
            trace: trace, inspectedByteCount: UInt64(found?.inspectedByteCount ?? 0),
            isPartial: found?.partialReason != nil, message: found?.partialReason ?? "")
        return try whole(
            ByteBuffer(bytes: try message.encoded()), [.contentType: "application/protobuf"], found)
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

/// A trace cut into slices.
private struct TraceBody: Sendable {
    let found: FoundTrace?
    private let encoder: OTLPEncoder
    private let spansPerSlice: Int

    init(_ found: FoundTrace?, presence: OTLPEncoder.Presence, spansPerSlice: Int) {
        self.found = found
        encoder = OTLPEncoder(presence: presence)
        self.spansPerSlice = spansPerSlice
    }

    private var spanCount: Int { found?.rows.count ?? 0 }
    var isEmpty: Bool { spanCount == 0 }
    var sliceCount: Int { (spanCount + spansPerSlice - 1) / spansPerSlice }

    func write(slice: Int, _ format: some TraceFormat, to buffer: inout ByteBuffer) {
        guard let found, !isEmpty else { return format.writeEmpty(to: &buffer) }
        let start = slice * spansPerSlice
        let rows = Array(found.rows[start..<min(start + spansPerSlice, spanCount)])
        format.write(
            rows, of: found.spans, encoder, isFirst: slice == 0, isLast: slice == sliceCount - 1, to: &buffer)
    }
}

/// Encoded messages one after the other are one message with all of their lists' elements.
private struct Protobuf: TraceFormat {
    func write(
        _ rows: [Int], of view: SpanBatchView, _ encoder: OTLPEncoder, isFirst: Bool, isLast: Bool,
        to buffer: inout ByteBuffer
    ) {
        var bytes = ByteWriter(capacity: 64 << 10)
        encoder.encodeProtobuf(rows, of: view, into: &bytes)
        buffer.write(bytes.bytes)
    }

    func writeEmpty(to buffer: inout ByteBuffer) {}
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
            json.object { $0.field("inspectedBytes", UInt64(found?.inspectedByteCount ?? 0)) }
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
