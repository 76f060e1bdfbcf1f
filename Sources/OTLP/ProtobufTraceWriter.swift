// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Writes spans of one view in the protobuf encoding, fields in the order of their numbers.
struct ProtobufTraceWriter {
    private let view: SpanBatchView
    private let strings: ByteDictionaryView
    private let shapes: ByteDictionaryView
    /// ``OTLPEncoder/Presence/always``.
    private let isRepairing: Bool

    init(view: SpanBatchView, presence: OTLPEncoder.Presence) {
        self.view = view
        strings = view.strings
        shapes = view.shapes
        isRepairing = presence == .always
    }

    func write(_ rows: SpanGroups, into out: inout ByteWriter) {
        var index = 0
        while index < rows.groups.count {
            let resource = rows.groups[index].resource
            let record = view.resources.record(resource, or: ResourceRecord.none)
            let body = out.openMessage(RequestField.resourceSpans)
            appendKept(ResourceSpansField.resource, record.isPresent != 0, record.encoded, .resource, &out)
            while index < rows.groups.count, rows.groups[index].resource == resource {
                writeScope(rows.groups[index], rows.order, &out)
                index += 1
            }
            appendText(ResourceSpansField.schemaURL, record.schemaURL, &out)
            out.closeMessage(from: body)
        }
    }

    private func writeScope(_ group: SpanGroups.Group, _ order: [Int], _ out: inout ByteWriter) {
        let record = view.scopes.record(group.scope, or: ScopeRecord.none)
        let body = out.openMessage(ResourceSpansField.scopeSpans)
        appendKept(ScopeSpansField.scope, record.isPresent != 0, record.encoded, .scope, &out)
        for place in group.places {
            let span = out.openMessage(ScopeSpansField.spans)
            writeSpan(order[place], &out)
            out.closeMessage(from: span)
        }
        appendText(ScopeSpansField.schemaURL, record.schemaURL, &out)
        out.closeMessage(from: body)
    }

    private func writeSpan(_ row: Int, _ out: inout ByteWriter) {
        out.append(varint: SpanField.traceID)
        out.append(16 as UInt8)
        out.append(bigEndian: view.traceIDHigh[row])
        out.append(bigEndian: view.traceIDLow[row])
        out.append(varint: SpanField.spanID)
        out.append(8 as UInt8)
        out.append(bigEndian: view.spanID[row])
        appendText(SpanField.traceState, view.traceState[row], &out)
        writeParent(row, &out)
        appendText(SpanField.name, view.name[row], &out)
        out.appendField(SpanField.kind, nonzero: UInt64(bitPattern: Int64(view.kind[row])))
        out.appendField(SpanField.start, nonzeroFixed: view.start[row])
        out.appendField(SpanField.end, nonzeroFixed: view.end[row])
        appendAttributes(SpanField.attributes, view.attributes, owner: row, &out)
        let drops = view.dropped[row] == 0 ? nil : view.drops(row)
        if let drops { out.appendField(SpanField.droppedAttributes, nonzero: UInt64(drops.attributes)) }
        for event in view.events(of: row) { writeEvent(event, &out) }
        if let drops { out.appendField(SpanField.droppedEvents, nonzero: UInt64(drops.events)) }
        for link in view.links(of: row) { writeLink(link, &out) }
        if let drops { out.appendField(SpanField.droppedLinks, nonzero: UInt64(drops.links)) }
        writeStatus(row, &out)
        out.appendField(SpanField.flags, nonzeroFixed: view.flags[row])
    }

    private func writeParent(_ row: Int, _ out: inout ByteWriter) {
        let parent = view.parentSpanID[row]
        guard parent != 0 else { return }
        if SpanPresence(rawValue: view.presence[row]).contains(.unusualParent) {
            appendBytes(SpanField.parentSpanID, UInt32(truncatingIfNeeded: parent), &out)
        } else {
            out.append(varint: SpanField.parentSpanID)
            out.append(8 as UInt8)
            out.append(bigEndian: parent)
        }
    }

    private func writeStatus(_ row: Int, _ out: inout ByteWriter) {
        guard isRepairing || SpanPresence(rawValue: view.presence[row]).contains(.status) else { return }
        let body = out.openMessage(SpanField.status)
        appendText(StatusField.message, view.statusMessage[row], &out)
        out.appendField(StatusField.code, nonzero: UInt64(bitPattern: Int64(view.status[row])))
        out.closeMessage(from: body)
    }

    private func writeEvent(_ event: Int, _ out: inout ByteWriter) {
        let body = out.openMessage(SpanField.events)
        out.appendField(EventField.time, nonzeroFixed: view.eventTime[event])
        appendText(EventField.name, view.eventName[event], &out)
        appendAttributes(EventField.attributes, view.eventAttributes, owner: event, &out)
        out.appendField(EventField.droppedAttributes, nonzero: UInt64(view.eventDropped[event]))
        out.closeMessage(from: body)
    }

    private func writeLink(_ link: Int, _ out: inout ByteWriter) {
        let body = out.openMessage(SpanField.links)
        appendBytes(LinkField.traceID, view.linkTraceID[link], &out)
        appendBytes(LinkField.spanID, view.linkSpanID[link], &out)
        appendText(LinkField.traceState, view.linkTraceState[link], &out)
        appendAttributes(LinkField.attributes, view.linkAttributes, owner: link, &out)
        out.appendField(LinkField.droppedAttributes, nonzero: UInt64(view.linkDropped[link]))
        out.appendField(LinkField.flags, nonzeroFixed: view.linkFlags[link])
        out.closeMessage(from: body)
    }

    private func appendAttributes(
        _ tag: UInt64, _ columns: AttributeColumnsView, owner: Int, _ out: inout ByteWriter
    ) {
        let shape = shapes[columns.shape[owner]]
        let first = columns.firstValue(of: owner)
        for place in 0..<shape.wordCount {
            let slot = AttributeSlot(rawValue: shape.word(place))
            let body = out.openMessage(tag)
            appendText(KeyValueField.key, slot.key, &out)
            if slot.type != .absent {
                let value = out.openMessage(KeyValueField.value)
                appendValue(slot.type, columns.values[first + place], &out)
                out.closeMessage(from: value)
            }
            out.closeMessage(from: body)
        }
    }

    /// The field of an AnyValue; a oneof's field is written also if it has its default value.
    @inline(__always)
    private func appendValue(_ type: AttributeType, _ bits: UInt64, _ out: inout ByteWriter) {
        let code = UInt32(truncatingIfNeeded: bits)
        switch type {
        case .absent, .empty: break
        case .string:
            let text = strings[code]
            isRepairing
                ? out.appendRepairedField(AnyValueField.string, text) : out.appendField(AnyValueField.string, text)
        case .bool:
            out.append(varint: AnyValueField.bool)
            out.append(varint: bits)
        case .int:
            out.append(varint: AnyValueField.int)
            out.append(varint: bits)
        case .double:
            out.append(varint: AnyValueField.double)
            out.append(littleEndian: bits)
        case .array: appendKept(AnyValueField.array, true, code, .arrayValue, &out)
        case .keyValueList: appendKept(AnyValueField.keyValueList, true, code, .keyValueList, &out)
        case .bytes: out.appendField(AnyValueField.bytes, strings[code])
        }
    }

    /// A message that was kept as encoded bytes.
    private func appendKept(
        _ tag: UInt64, _ isPresent: Bool, _ code: UInt32, _ shape: MessageShape, _ out: inout ByteWriter
    ) {
        guard isPresent || isRepairing else { return }
        guard isRepairing else { return out.appendField(tag, strings[code]) }
        let body = out.openMessage(tag)
        MessageRewriter.appendRepaired(strings[code], as: shape, to: &out)
        out.closeMessage(from: body)
    }

    @inline(__always) private func appendText(_ tag: UInt64, _ code: UInt32, _ out: inout ByteWriter) {
        guard code != 0 else { return }
        let text = strings[code]
        isRepairing ? out.appendRepairedField(tag, text) : out.appendField(tag, text)
    }

    private func appendBytes(_ tag: UInt64, _ code: UInt32, _ out: inout ByteWriter) {
        if code != 0 { out.appendField(tag, strings[code]) }
    }
}
