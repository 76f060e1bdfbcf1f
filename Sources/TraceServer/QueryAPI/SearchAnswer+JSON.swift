// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ProtobufMessages
internal import QueryEngine
internal import TraceModel
internal import TraceQL

extension JSONWriter {
    mutating func write(_ attribute: SearchedAttribute) {
        object { json in
            json.field("key", attribute.name)
            json.name("value")
            json.write(attribute.value)
        }
    }

    /// Durations are texts as in the language; so are statuses and kinds.
    mutating func write(_ value: StaticValue) {
        object { json in
            switch value {
            case .absent, .opaque: json.field("stringValue", "nil")
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
