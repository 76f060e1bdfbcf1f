// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import ProtobufMessages
internal import QueryEngine
internal import TraceModel

extension SearchResponse.Trace {
    init(_ trace: SearchedTrace) {
        self.init()
        traceID = trace.id.description
        rootServiceName = trace.root?.serviceName ?? "<root span not yet received>"
        rootTraceName = trace.root?.name ?? ""
        startNanoseconds = trace.startNanoseconds
        durationMilliseconds = UInt32(clamping: trace.durationNanoseconds / 1_000_000)
        matchedCount = UInt32(clamping: trace.matchedCount)
        spans = trace.spans.map { span in
            SearchResponse.MatchingSpan(
                spanID: SpanID(span.spanID).description, name: String(decoding: span.name, as: UTF8.self),
                startNanoseconds: span.start, durationNanoseconds: span.duration)
        }
        for counts in trace.services {
            let service = SearchResponse.Service(
                name: String(decoding: counts.service, as: UTF8.self), spanCount: UInt32(clamping: counts.spanCount),
                errorCount: UInt32(clamping: counts.errorCount))
            add(service)
        }
    }

    /// Names that are no UTF-8 may become the same text: a map has it once.
    private mutating func add(_ service: SearchResponse.Service) {
        guard let index = services.firstIndex(where: { $0.name == service.name }) else {
            return services.append(service)
        }
        services[index].spanCount &+= service.spanCount
        services[index].errorCount &+= service.errorCount
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
    message.traces = result.traces.map { SearchResponse.Trace($0) }
    message.metrics = SearchResponse.Metrics(result.figures, isPartial: result.partialReason != nil)
    return Response(
        status: .ok, headers: [.contentType: "application/protobuf"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: try message.encoded())))
}

// MARK: - JSON

extension JSONWriter {
    /// Protobuf's JSON of a trace: 64-bit numbers are texts, and what is zero or empty is left out.
    mutating func write(_ trace: SearchResponse.Trace) {
        object { json in
            json.field("traceID", trace.traceID)
            json.nonemptyField("rootServiceName", trace.rootServiceName)
            json.nonemptyField("rootTraceName", trace.rootTraceName)
            json.nonzeroField("startTimeUnixNano", trace.startNanoseconds)
            json.nonzeroField("durationMs", number: trace.durationMilliseconds)
            // The older field has the same content; clients read one or the other.
            json.name("spanSet")
            json.writeSpanSet(of: trace)
            json.name("spanSets")
            json.beginList()
            json.writeSpanSet(of: trace)
            json.endList()
            json.writeServices(of: trace)
        }
    }

    private mutating func writeSpanSet(of trace: SearchResponse.Trace) {
        object { json in
            json.name("spans")
            json.beginList()
            for span in trace.spans {
                json.object { json in
                    json.field("spanID", span.spanID)
                    json.nonemptyField("name", span.name)
                    json.nonzeroField("startTimeUnixNano", span.startNanoseconds)
                    json.nonzeroField("durationNanos", span.durationNanoseconds)
                }
            }
            json.endList()
            json.nonzeroField("matched", number: trace.matchedCount)
        }
    }

    private mutating func writeServices(of trace: SearchResponse.Trace) {
        guard !trace.services.isEmpty else { return }
        name("serviceStats")
        object { json in
            for service in trace.services {
                json.name(text: service.name)
                json.object { json in
                    json.nonzeroField("spanCount", number: service.spanCount)
                    json.nonzeroField("errorCount", number: service.errorCount)
                }
            }
        }
    }

    mutating func write(_ metrics: SearchResponse.Metrics) {
        object { json in
            json.nonzeroField("inspectedTraces", number: metrics.inspectedTraceCount)
            json.nonzeroField("inspectedBytes", metrics.inspectedByteCount)
            json.nonzeroField("totalBlocks", number: metrics.blockCount)
            json.nonzeroField("completedJobs", number: metrics.completedJobCount)
            json.nonzeroField("totalJobs", number: metrics.jobCount)
            json.nonzeroField("totalBlockBytes", metrics.blockByteCount)
            json.nonzeroField("inspectedSpans", metrics.inspectedSpanCount)
        }
    }

    private mutating func nonemptyField(_ name: StaticString, _ value: String) {
        if !value.isEmpty { field(name, value) }
    }

    private mutating func nonzeroField(_ name: StaticString, _ value: UInt64) {
        if value != 0 { field(name, value) }
    }

    private mutating func nonzeroField(_ name: StaticString, number: UInt32) {
        if number != 0 { field(name, number: Int(number)) }
    }
}
