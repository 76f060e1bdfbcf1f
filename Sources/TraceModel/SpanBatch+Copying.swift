// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

extension SpanBatch {
    /// Appends copies of the rows of one trace.
    public mutating func append(rowsOf id: TraceID, from spans: SpanBatchView) {
        for row in 0..<spans.rowCount where spans.traceIDLow[row] == id.low && spans.traceIDHigh[row] == id.high {
            append(row: row, of: spans)
        }
    }

    /// Appends a copy of one row of another batch.
    public mutating func append(row: Int, of spans: SpanBatchView) {
        var copy = SpanRow()
        copy.traceID = spans.traceID(row)
        copy.spanID = spans.spanID[row]
        copy.start = spans.start[row]
        copy.end = spans.end[row]
        copy.name = code(spans.name[row], of: spans)
        copy.kind = spans.kind[row]
        copy.status = spans.status[row]
        copy.statusMessage = code(spans.statusMessage[row], of: spans)
        copy.traceState = code(spans.traceState[row], of: spans)
        copy.flags = spans.flags[row]
        copy.presence = SpanPresence(rawValue: spans.presence[row])
        copy.arrivalSeconds = spans.arrivalSeconds[row]
        copy.parentSpanID = spans.parentSpanID[row]
        if copy.presence.contains(.unusualParent) {
            copy.parentSpanID = UInt64(code(UInt32(truncatingIfNeeded: spans.parentSpanID[row]), of: spans))
        }
        let drops = spans.drops(row)
        copy.dropped = drops == .none ? 0 : droppedCounts.code(forRecord: drops)
        copy.resource = resourceCode(spans.resourceRecord(row), of: spans)
        copy.scope = scopeCode(spans.scopeRecord(row), of: spans)
        for event in spans.events(of: row) {
            let shape = Self.copyAttributes(
                spans.eventAttributes, owner: event, of: spans, &strings, &shapes, into: &eventAttributes.values)
            appendEvent(
                time: spans.eventTime[event], name: code(spans.eventName[event], of: spans),
                dropped: spans.eventDropped[event], shape: shape)
        }
        for index in spans.links(of: row) { copyLink(index, of: spans) }
        let shape = Self.copyAttributes(
            spans.attributes, owner: row, of: spans, &strings, &shapes, into: &attributes.values)
        append(copy, shape: shape)
    }

    private mutating func copyLink(_ index: Int, of spans: SpanBatchView) {
        var link = LinkRow()
        link.traceID = code(spans.linkTraceID[index], of: spans)
        link.spanID = code(spans.linkSpanID[index], of: spans)
        link.traceState = code(spans.linkTraceState[index], of: spans)
        link.dropped = spans.linkDropped[index]
        link.flags = spans.linkFlags[index]
        let shape = Self.copyAttributes(
            spans.linkAttributes, owner: index, of: spans, &strings, &shapes, into: &linkAttributes.values)
        appendLink(link, shape: shape)
    }

    /// Copies an owner's values, and returns its shape in the codes of the target.
    private static func copyAttributes(
        _ attributes: AttributeColumnsView, owner: Int, of spans: SpanBatchView, _ strings: inout ByteDictionary,
        _ shapes: inout ByteDictionary, into values: inout SegmentedColumn<UInt64>
    ) -> UInt32 {
        let shape = spans.shapes[attributes.shape[owner]]
        let first = attributes.firstValue(of: owner)
        var slots = FlatBuffer<AttributeSlot>(capacity: max(1, shape.wordCount))
        for index in 0..<shape.wordCount {
            let slot = AttributeSlot(rawValue: shape.word(index))
            let value = attributes.values[first + index]
            slots.append(AttributeSlot(key: strings.code(for: spans.strings[slot.key]), type: slot.type))
            if slot.type.isByteString {
                values.append(UInt64(strings.code(for: spans.strings[UInt32(truncatingIfNeeded: value)])))
            } else {
                values.append(value)
            }
        }
        return shapes.code(for: slots.rawSpan)
    }

    private mutating func code(_ code: UInt32, of spans: SpanBatchView) -> UInt32 {
        code == 0 ? 0 : strings.code(for: spans.strings[code])
    }

    private mutating func resourceCode(_ record: ResourceRecord, of spans: SpanBatchView) -> UInt32 {
        guard record != .none else { return 0 }
        return resources.code(
            forRecord: ResourceRecord(
                isPresent: record.isPresent != 0, encoded: code(record.encoded, of: spans),
                schemaURL: code(record.schemaURL, of: spans), serviceName: code(record.serviceName, of: spans)))
    }

    private mutating func scopeCode(_ record: ScopeRecord, of spans: SpanBatchView) -> UInt32 {
        guard record != .none else { return 0 }
        return scopes.code(
            forRecord: ScopeRecord(
                isPresent: record.isPresent != 0, encoded: code(record.encoded, of: spans),
                schemaURL: code(record.schemaURL, of: spans)))
    }
}
