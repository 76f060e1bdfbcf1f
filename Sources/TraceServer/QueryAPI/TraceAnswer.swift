// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import OTLP
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
        let form = AnswerForm(accept)
        if version == .v1, found?.rows.isEmpty ?? true { return Response(status: .notFound) }
        // Before the body, which counts what is held by then.
        let plain = version == .v2 && form == .plain ? try await PlainTraceJSON(id, found) : nil
        let body = TraceBody(found, presence: presence, limits)
        if let plain { return try response(form.contentType, body, plain) }
        switch (version, form) {
        case (.v1, .protobuf): return try response(form.contentType, body, TraceProtobuf())
        case (.v1, _):
            let format = TraceJSON(listName: "batches", head: "", tail: "")
            return try response(AnswerForm.json.contentType, body, format)
        case (.v2, .protobuf): return try await response(form.contentType, body, TraceProtobuf(body))
        case (.v2, _): return try response(form.contentType, body, TraceJSON(found))
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
