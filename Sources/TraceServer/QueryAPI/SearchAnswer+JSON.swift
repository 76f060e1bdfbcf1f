// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ProtobufMessages
internal import QueryEngine
internal import TraceModel
internal import TraceQL

extension JSONWriter {
    /// Protobuf's JSON of a trace: 64-bit numbers are texts, and what is zero or empty is left out.
    mutating func write(_ trace: SearchedTrace) {
        object { json in
            json.field("traceID", trace.id)
            if let root = trace.root {
                json.nonemptyField("rootServiceName", utf8: root.service)
                json.nonemptyField("rootTraceName", utf8: root.nameBytes)
            } else {
                json.field("rootServiceName", SearchedTrace.missingRootName)
            }
            json.nonzeroField("startTimeUnixNano", trace.startNanoseconds)
            json.nonzeroField("durationMs", number: UInt32(clamping: trace.durationNanoseconds / 1_000_000))
            // The older field has the first; clients read one or the other.
            json.name("spanSet")
            let start = json.count
            if let first = trace.spansets.first { json.write(first) } else { json.object { _ in } }
            let end = json.count
            json.name("spanSets")
            json.beginList()
            if !trace.spansets.isEmpty { json.value(jsonAt: start..<end) }
            for set in trace.spansets.dropFirst() { json.write(set) }
            json.endList()
            json.writeServices(of: trace)
        }
    }

    private mutating func write(_ set: SearchedSpanset) {
        object { json in
            json.name("spans")
            json.beginList()
            for span in set.spans { json.write(span) }
            json.endList()
            json.nonzeroField("matched", number: UInt32(clamping: set.matchedCount))
            json.write(set.attributes)
        }
    }

    private mutating func write(_ found: SearchedSpan) {
        object { json in
            json.field("spanID", hexadecimal: found.span.spanID)
            json.nonemptyField("name", utf8: found.span.name)
            json.nonzeroField("startTimeUnixNano", found.span.start)
            json.nonzeroField("durationNanos", found.span.duration)
            json.write(found.attributes)
        }
    }

    private mutating func write(_ attributes: [SearchedAttribute]) {
        guard !attributes.isEmpty else { return }
        name("attributes")
        beginList()
        for attribute in attributes {
            object { json in
                json.field("key", attribute.name)
                json.name("value")
                json.write(attribute.value)
            }
        }
        endList()
    }

    /// Durations are texts as in the language; so are statuses and kinds.
    private mutating func write(_ value: StaticValue) {
        object { json in
            switch value {
            case .absent: json.field("stringValue", "nil")
            case .string(let text): json.field("stringValue", text)
            case .duration(let value): json.field("stringValue", durationText(nanoseconds: value))
            case .status(let value): json.field("stringValue", value.name)
            case .kind(let value): json.field("stringValue", value.name)
            case .boolean(let value): json.field("boolValue", value)
            case .int(let number): json.field("intValue", String(number))
            case .float(let value): json.doubleField(value)
            case .array(let values):
                json.name("arrayValue")
                json.object { json in
                    json.name("values")
                    json.beginList()
                    for value in values { json.write(value) }
                    json.endList()
                }
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

    private mutating func writeServices(of trace: SearchedTrace) {
        guard !trace.services.isEmpty else { return }
        name("serviceStats")
        object { json in
            for service in trace.services.mergedByText {
                json.name(utf8: service.service)
                json.object { json in
                    json.nonzeroField("spanCount", number: UInt32(clamping: service.spanCount))
                    json.nonzeroField("errorCount", number: UInt32(clamping: service.errorCount))
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

    private mutating func nonemptyField(_ name: StaticString, utf8: [UInt8]) {
        guard !utf8.isEmpty else { return }
        self.name(name)
        string(utf8: utf8)
    }

    private mutating func nonzeroField(_ name: StaticString, _ value: UInt64) {
        if value != 0 { field(name, value) }
    }

    private mutating func nonzeroField(_ name: StaticString, number: UInt32) {
        if number != 0 { field(name, number: Int(number)) }
    }

    /// How a search was carried out: Vivace's own, so numbers are numbers.
    mutating func write(_ explanation: SearchExplanation) {
        object { json in
            json.name("filters")
            json.beginList()
            for filter in explanation.filters {
                json.object { json in
                    json.field("scan", filter.scan)
                    if !filter.trace.isEmpty { json.field("trace", filter.trace) }
                    if let rest = filter.rest { json.field("rest", rest) }
                    json.field("required", filter.isRequired)
                }
            }
            json.endList()
            json.field("needsWholeTraces", explanation.needsWholeTraces)
            json.field("headSpans", number: explanation.headSpanCount)
            json.field("blocks", number: explanation.blockCount)
            json.field("blocksRead", number: explanation.reads.readBlockCount)
            json.field(
                "rowGroups", number: explanation.reads.readRowGroupCount + explanation.reads.prunedRowGroupCount)
            json.field("rowGroupsRead", number: explanation.reads.readRowGroupCount)
            json.field("bytesRead", number: explanation.reads.byteCount)
            json.field("assembledTraces", number: explanation.assembledTraceCount)
            json.field("seconds", number: explanation.seconds)
        }
    }
}
