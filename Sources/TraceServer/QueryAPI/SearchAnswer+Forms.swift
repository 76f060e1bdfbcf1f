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
    init(_ trace: SearchedTrace) {
        self.init()
        traceID = trace.id.description
        rootServiceName = trace.root?.serviceName ?? "<root span not yet received>"
        rootTraceName = trace.root?.name ?? ""
        startNanoseconds = trace.startNanoseconds
        durationMilliseconds = UInt32(clamping: trace.durationNanoseconds / 1_000_000)
        spanSets = trace.spansets.map { SearchResponse.SpanSet($0) }
        services = Self.services(trace.services)
    }

    private static func services(_ counts: [ServiceCounts]) -> [SearchResponse.Service] {
        let names = counts.map { String(decoding: $0.service, as: UTF8.self) }
        guard zip(names, counts).allSatisfy({ $0.utf8.elementsEqual($1.service) }) else { return merged(names, counts) }
        return zip(names, counts).map { name, counts in
            SearchResponse.Service(
                name: name, spanCount: UInt32(clamping: counts.spanCount),
                errorCount: UInt32(clamping: counts.errorCount))
        }
    }

    /// Names that are no UTF-8 may become the same text: a map has it once.
    private static func merged(_ names: [String], _ counts: [ServiceCounts]) -> [SearchResponse.Service] {
        var services: [SearchResponse.Service] = []
        var places: [String: Int] = [:]
        for (name, counts) in zip(names, counts) {
            let place = places[name] ?? services.count
            if place == services.count {
                places[name] = place
                services.append(SearchResponse.Service(name: name, spanCount: 0, errorCount: 0))
            }
            services[place].spanCount &+= UInt32(clamping: counts.spanCount)
            services[place].errorCount &+= UInt32(clamping: counts.errorCount)
        }
        return services
    }
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
        case .absent: self = .string(Array("nil".utf8))
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
            // The older field has the first; clients read one or the other.
            json.name("spanSet")
            let start = json.count
            json.write(trace.spanSets.first ?? SearchResponse.SpanSet())
            let first = json.written(since: start)
            json.name("spanSets")
            json.beginList()
            if !trace.spanSets.isEmpty { json.value(json: first.rawSpan) }
            for set in trace.spanSets.dropFirst() { json.write(set) }
            json.endList()
            json.writeServices(of: trace)
        }
    }

    private mutating func write(_ set: SearchResponse.SpanSet) {
        object { json in
            json.name("spans")
            json.beginList()
            for span in set.spans {
                json.object { json in
                    json.field("spanID", span.spanID)
                    json.nonemptyField("name", span.name)
                    json.nonzeroField("startTimeUnixNano", span.startNanoseconds)
                    json.nonzeroField("durationNanos", span.durationNanoseconds)
                    json.write(span.attributes)
                }
            }
            json.endList()
            json.nonzeroField("matched", number: set.matchedCount)
            json.write(set.attributes)
        }
    }

    private mutating func write(_ attributes: [OTLPMessage.KeyValue]) {
        guard !attributes.isEmpty else { return }
        name("attributes")
        beginList()
        for attribute in attributes {
            object { json in
                json.field("key", String(decoding: attribute.key, as: UTF8.self))
                json.name("value")
                json.write(attribute.value ?? .empty)
            }
        }
        endList()
    }

    private mutating func write(_ value: OTLPMessage.AnyValue) {
        object { json in
            switch value {
            case .string(let text): json.field("stringValue", String(decoding: text, as: UTF8.self))
            case .bool(let value): json.field("boolValue", value)
            case .int(let number): json.field("intValue", String(number))
            case .double(let bits): json.doubleField(Double(bitPattern: bits))
            case .array(let values):
                json.name("arrayValue")
                json.object { json in
                    json.name("values")
                    json.beginList()
                    for value in values { json.write(value) }
                    json.endList()
                }
            case .empty, .keyValueList, .bytes: break
            }
        }
    }

    /// As protobuf's JSON has doubles: whole numbers without a point, what is no number as a text.
    private mutating func doubleField(_ number: Double) {
        guard number.isFinite else {
            return field("doubleValue", number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
        }
        let text = number.description
        name("doubleValue")
        value(json: Array((text.hasSuffix(".0") ? text.dropLast(2) : text[...]).utf8).rawSpan)
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
