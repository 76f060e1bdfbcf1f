// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Writes spans of one view as JSON.
struct JSONTraceWriter {
    let view: SpanBatchView
    let strings: ByteDictionaryView
    private let shapes: ByteDictionaryView
    private let listName: StaticString
    private let isAlwaysPresent: Bool
    /// Tempo's base64 and names, else OTLP's hexadecimal digits and numbers.
    let isTempo: Bool

    init(view: SpanBatchView, presence: OTLPEncoder.Presence, flavor: OTLPEncoder.JSONFlavor) {
        self.view = view
        strings = view.strings
        shapes = view.shapes
        isAlwaysPresent = presence == .always
        switch flavor {
        case .tempo(let listName):
            self.listName = listName
            isTempo = true
        case .openTelemetry:
            listName = "resourceSpans"
            isTempo = false
        }
    }

    func write(_ rows: SpanGroups, into out: inout ByteWriter) {
        out.append(UInt8(ascii: "{"))
        out.member(listName)
        out.append(UInt8(ascii: "["))
        var index = 0
        while index < rows.groups.count {
            let resource = rows.groups[index].resource
            let record = view.resources.record(resource, or: ResourceRecord.none)
            out.separate()
            out.append(UInt8(ascii: "{"))
            if isAlwaysPresent || record.isPresent != 0 {
                out.member("resource")
                JSONResourceWriter.writeResource(strings[record.encoded], &out)
            }
            out.member("scopeSpans")
            out.append(UInt8(ascii: "["))
            while index < rows.groups.count, rows.groups[index].resource == resource {
                out.separate()
                writeScope(rows.groups[index], rows.order, &out)
                index += 1
            }
            out.append(UInt8(ascii: "]"))
            writeText("schemaUrl", record.schemaURL, &out)
            out.append(UInt8(ascii: "}"))
        }
        out.append(literal: "]}")
    }

    private func writeScope(_ group: SpanGroups.Group, _ order: [Int], _ out: inout ByteWriter) {
        let record = view.scopes.record(group.scope, or: ScopeRecord.none)
        out.append(UInt8(ascii: "{"))
        if isAlwaysPresent || record.isPresent != 0 {
            out.member("scope")
            JSONResourceWriter.writeScope(strings[record.encoded], &out)
        }
        out.member("spans")
        out.append(UInt8(ascii: "["))
        for place in group.places {
            out.separate()
            writeSpan(order[place], &out)
        }
        out.append(UInt8(ascii: "]"))
        writeText("schemaUrl", record.schemaURL, &out)
        out.append(UInt8(ascii: "}"))
    }

    private func writeSpan(_ row: Int, _ out: inout ByteWriter) {
        out.append(UInt8(ascii: "{"))
        writeIdentifiers(row, &out)
        writeText("name", view.name[row], &out)
        writeKind(view.kind[row], &out)
        writeTime("startTimeUnixNano", view.start[row], &out)
        writeTime("endTimeUnixNano", view.end[row], &out)
        writeAttributes(view.attributes, owner: row, &out)
        let drops = view.drops(row)
        JSONValueWriter.writeCount("droppedAttributesCount", drops.attributes, &out)
        writeList("events", view.events(of: row), &out, writeEvent)
        JSONValueWriter.writeCount("droppedEventsCount", drops.events, &out)
        writeList("links", view.links(of: row), &out, writeLink)
        JSONValueWriter.writeCount("droppedLinksCount", drops.links, &out)
        writeStatus(row, &out)
        JSONValueWriter.writeCount("flags", view.flags[row], &out)
        out.append(UInt8(ascii: "}"))
    }

    private func writeList(
        _ name: StaticString, _ members: Range<Int>, _ out: inout ByteWriter,
        _ write: (Int, inout ByteWriter) -> Void
    ) {
        if !members.isEmpty { out.member(name, list: members, write) }
    }

    private func writeStatus(_ row: Int, _ out: inout ByteWriter) {
        guard isAlwaysPresent || SpanPresence(rawValue: view.presence[row]).contains(.status) else { return }
        out.member("status")
        out.append(UInt8(ascii: "{"))
        writeText("message", view.statusMessage[row], &out)
        writeStatusCode(view.status[row], &out)
        out.append(UInt8(ascii: "}"))
    }

    private func writeEvent(_ event: Int, _ out: inout ByteWriter) {
        out.append(UInt8(ascii: "{"))
        writeTime("timeUnixNano", view.eventTime[event], &out)
        writeText("name", view.eventName[event], &out)
        writeAttributes(view.eventAttributes, owner: event, &out)
        JSONValueWriter.writeCount("droppedAttributesCount", view.eventDropped[event], &out)
        out.append(UInt8(ascii: "}"))
    }

    private func writeLink(_ link: Int, _ out: inout ByteWriter) {
        out.append(UInt8(ascii: "{"))
        writeIdentifier("traceId", view.linkTraceID[link], &out)
        writeIdentifier("spanId", view.linkSpanID[link], &out)
        writeText("traceState", view.linkTraceState[link], &out)
        writeAttributes(view.linkAttributes, owner: link, &out)
        JSONValueWriter.writeCount("droppedAttributesCount", view.linkDropped[link], &out)
        JSONValueWriter.writeCount("flags", view.linkFlags[link], &out)
        out.append(UInt8(ascii: "}"))
    }

    private func writeAttributes(_ columns: AttributeColumnsView, owner: Int, _ out: inout ByteWriter) {
        let shape = shapes[columns.shape[owner]]
        guard shape.wordCount > 0 else { return }
        let first = columns.firstValue(of: owner)
        out.member("attributes")
        out.append(UInt8(ascii: "["))
        for place in 0..<shape.wordCount {
            let slot = AttributeSlot(rawValue: shape.word(place))
            out.separate()
            out.append(UInt8(ascii: "{"))
            writeText("key", slot.key, &out)
            if slot.type != .absent { writeValue(slot.type, columns.values[first + place], &out) }
            out.append(UInt8(ascii: "}"))
        }
        out.append(UInt8(ascii: "]"))
    }

    private func writeValue(_ type: AttributeType, _ bits: UInt64, _ out: inout ByteWriter) {
        out.member("value")
        out.append(UInt8(ascii: "{"))
        let start = out.count
        let bytes = strings[type.isByteString ? UInt32(truncatingIfNeeded: bits) : 0]
        if type == .array || type == .keyValueList {
            do throws(WireFault) {
                try JSONValueWriter.writeList(type, ByteCursor(over: bytes), bytes, depth: 1, &out)
            } catch {
                // Lists are validated before they are stored; one that is damaged all the same reads as empty.
                out.truncate(to: start)
            }
        } else {
            JSONValueWriter.writeScalar(type, bits, bytes, &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    func writeText(_ name: StaticString, _ code: UInt32, _ out: inout ByteWriter) {
        guard code != 0 else { return }
        out.member(name)
        out.append(jsonString: strings[code])
    }

    private func writeTime(_ name: StaticString, _ nanoseconds: UInt64, _ out: inout ByteWriter) {
        if nanoseconds != 0 { out.member(name, nanoseconds: nanoseconds) }
    }
}
