// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import ProtobufMessages
internal import QueryEngine
internal import TraceModel
internal import TraceQL

extension SearchResponse.Trace {
    init(_ found: SearchedTraces, _ index: Int) {
        self.init()
        let trace = found[index]
        traceID = trace.id.description
        rootServiceName = trace.root?.serviceName ?? SearchedTrace.missingRootName.description
        rootTraceName = trace.root?.name ?? ""
        startNanoseconds = trace.startNanoseconds
        durationMilliseconds = UInt32(clamping: trace.durationNanoseconds / 1_000_000)
        spanSets = trace.spansets.map { SearchResponse.SpanSet($0) }
        services = found.legibleServices(ofTrace: index).map { service in
            SearchResponse.Service(
                name: String(decoding: found.texts[service.name], as: UTF8.self), spanCount: service.spanCount,
                errorCount: service.errorCount)
        }
    }
}

extension SearchedTrace {
    /// What answers have for the service of a root that is not there, as Tempo's have.
    static let missingRootName: StaticString = "<root span not yet received>"
}

extension SearchResponse.SpanSet {
    fileprivate init(_ spanset: SearchedSpanset) {
        self.init()
        matchedCount = UInt32(clamping: spanset.matchedCount)
        attributes = spanset.attributes.map { OTLPMessage.KeyValue($0) }
        spans = spanset.spans.map { found in
            SearchResponse.MatchingSpan(
                spanID: SpanID(found.span.spanID).description, name: String(decoding: found.span.name, as: UTF8.self),
                startNanoseconds: found.span.start, durationNanoseconds: found.span.duration,
                attributes: found.attributes.map { OTLPMessage.KeyValue($0) })
        }
    }
}

extension OTLPMessage.KeyValue {
    fileprivate init(_ attribute: SearchedAttribute) {
        self.init(key: Array(attribute.name.utf8), value: OTLPMessage.AnyValue(attribute.value))
    }
}

extension OTLPMessage.AnyValue {
    /// Durations are texts as in the language; so are statuses and kinds.
    fileprivate init(_ value: StaticValue) {
        switch value {
        case .absent, .opaque: self = .string(Array("nil".utf8))
        case .int(let value): self = .int(value)
        case .float(let value): self = .double(value)
        case .boolean(let value): self = .bool(value)
        case .string(let value): self = .string(Array(value.utf8))
        case .duration(let value): self = .string(Array(durationText(nanoseconds: value).utf8))
        case .status(let value): self = .string(Array(value.name.utf8))
        case .kind(let value): self = .string(Array(value.name.utf8))
        case .array(let values): self = .array(values.map { OTLPMessage.AnyValue($0) })
        }
    }
}

extension SearchResponse.Metrics {
    /// - Parameter isPartial: Then not all jobs count as complete, by which clients of Tempo know it.
    init(_ figures: SearchFigures, isPartial: Bool) {
        self.init()
        inspectedTraceCount = UInt32(clamping: figures.inspectedTraceCount)
        inspectedByteCount = UInt64(figures.inspectedByteCount)
        blockCount = UInt32(clamping: figures.blockCount)
        jobCount = UInt32(clamping: max(figures.jobCount, isPartial ? 1 : 0))
        completedJobCount = UInt32(clamping: figures.completedJobCount)
        if isPartial { completedJobCount = min(completedJobCount, jobCount - 1) }
        blockByteCount = UInt64(figures.blockByteCount)
        inspectedSpanCount = UInt64(figures.inspectedSpanCount)
    }
}

// MARK: - Protobuf

/// A `tempopb.SearchResponse`, which has no field for why an answer is partial.
func protobufResponse(_ result: TraceSearchResult) throws -> Response {
    var message = SearchResponse()
    message.traces = result.found.traces.indices.map { SearchResponse.Trace(result.found, $0) }
    message.metrics = SearchResponse.Metrics(result.figures, isPartial: result.partialReason != nil)
    let bytes = ByteBuffer(bytes: try message.encoded())
    return Response(
        status: .ok, headers: [.contentType: "application/protobuf"],
        body: ResponseBody(contentLength: bytes.readableBytes) { writer in
            try await writer.write(bytes)
            try await writer.finish(nil)
            withExtendedLifetime(result.memory) {}
        })
}
