// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Writes single spans as ``PlainTraceEncoder`` shows them.
struct PlainSpanWriter {
    private let view: SpanBatchView
    private let strings: ByteDictionaryView
    private let shapes: ByteDictionaryView

    init(_ view: SpanBatchView) {
        self.view = view
        strings = view.strings
        shapes = view.shapes
    }

    func writeSpan(_ row: Int, _ out: inout ByteWriter) {
        out.append(UInt8(ascii: "{"))
        out.member("spanId", identifier: view.spanID[row])
        writeText("name", view.name[row], &out)
        writeParent(row, &out)
        out.member("kind")
        writeKind(view.kind[row], &out)
        out.member("startTimeUnixNano", nanoseconds: view.start[row])
        out.member("endTimeUnixNano", nanoseconds: view.end[row])
        out.member("durationMs")
        let (start, end) = (view.start[row], view.end[row])
        writeMilliseconds(end > start ? end - start : 0, &out)
        writeAttributes(view.attributes, owner: row, &out)
        out.member("events", list: view.events(of: row), writeEvent)
        out.member("links", list: view.links(of: row), writeLink)
        out.append(literal: ",\"status\":{\"code\":")
        writeStatusCode(view.status[row], &out)
        writeText("message", view.statusMessage[row], &out)
        out.append(UInt8(ascii: "}"))
        if view.traceState[row] != 0 { writeText("traceState", view.traceState[row], &out) }
        let drops = view.drops(row)
        JSONValueWriter.writeCount("droppedAttributesCount", drops.attributes, &out)
        JSONValueWriter.writeCount("droppedEventsCount", drops.events, &out)
        JSONValueWriter.writeCount("droppedLinksCount", drops.links, &out)
        out.append(UInt8(ascii: "}"))
    }

    private func writeParent(_ row: Int, _ out: inout ByteWriter) {
        let parent = view.parentSpanID[row]
        if SpanPresence(rawValue: view.presence[row]).contains(.unusualParent) {
            out.member("parentSpanId", identifier: strings[UInt32(truncatingIfNeeded: parent)])
        } else if parent != 0 {
            out.member("parentSpanId", identifier: parent)
        } else {
            out.append(literal: ",\"parentSpanId\":\"\"")
        }
    }

    private func writeKind(_ kind: Int32, _ out: inout ByteWriter) {
        switch kind {
        case 0: out.append(literal: "\"unspecified\"")
        case 1: out.append(literal: "\"internal\"")
        case 2: out.append(literal: "\"server\"")
        case 3: out.append(literal: "\"client\"")
        case 4: out.append(literal: "\"producer\"")
        case 5: out.append(literal: "\"consumer\"")
        default: out.append(decimal: Int64(kind))
        }
    }

    private func writeStatusCode(_ code: Int32, _ out: inout ByteWriter) {
        switch code {
        case 0: out.append(literal: "\"unset\"")
        case 1: out.append(literal: "\"ok\"")
        case 2: out.append(literal: "\"error\"")
        default: out.append(decimal: Int64(code))
        }
    }

    private func writeEvent(_ event: Int, _ out: inout ByteWriter) {
        out.append(UInt8(ascii: "{"))
        writeText("name", view.eventName[event], &out)
        out.member("timeUnixNano", nanoseconds: view.eventTime[event])
        writeAttributes(view.eventAttributes, owner: event, &out)
        JSONValueWriter.writeCount("droppedAttributesCount", view.eventDropped[event], &out)
        out.append(UInt8(ascii: "}"))
    }

    private func writeLink(_ link: Int, _ out: inout ByteWriter) {
        out.append(UInt8(ascii: "{"))
        out.member("traceId", identifier: strings[view.linkTraceID[link]])
        out.member("spanId", identifier: strings[view.linkSpanID[link]])
        writeAttributes(view.linkAttributes, owner: link, &out)
        if view.linkTraceState[link] != 0 { writeText("traceState", view.linkTraceState[link], &out) }
        JSONValueWriter.writeCount("droppedAttributesCount", view.linkDropped[link], &out)
        out.append(UInt8(ascii: "}"))
    }

    private func writeAttributes(_ columns: AttributeColumnsView, owner: Int, _ out: inout ByteWriter) {
        let shape = shapes[columns.shape[owner]]
        let first = columns.firstValue(of: owner)
        out.append(literal: ",\"attributes\":{")
        for place in 0..<shape.wordCount {
            let slot = AttributeSlot(rawValue: shape.word(place))
            out.separate()
            out.append(jsonString: strings[slot.key])
            out.append(UInt8(ascii: ":"))
            let bits = columns.values[first + place]
            let bytes = strings[slot.type.isByteString ? UInt32(truncatingIfNeeded: bits) : 0]
            PlainValueWriter.write(slot.type, bits, bytes, &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    private func writeText(_ name: StaticString, _ code: UInt32, _ out: inout ByteWriter) {
        out.member(name)
        out.append(jsonString: strings[code])
    }

    /// Exactly, with as many digits behind the point as it takes.
    private func writeMilliseconds(_ nanoseconds: UInt64, _ out: inout ByteWriter) {
        out.append(decimal: nanoseconds / 1_000_000)
        var rest = nanoseconds % 1_000_000
        guard rest > 0 else { return }
        out.append(UInt8(ascii: "."))
        var unit: UInt64 = 100_000
        while rest > 0 {
            out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / unit))
            rest %= unit
            unit /= 10
        }
    }
}
