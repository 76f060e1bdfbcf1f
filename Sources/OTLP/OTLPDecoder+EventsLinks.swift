// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

extension OTLPDecoder {
    @inline(never)
    mutating func readEvent(
        _ body: ByteCursor, _ request: RawSpan, _ batch: inout SpanBatch
    ) throws(WireFault) {
        var cursor = body
        var time: UInt64 = 0
        var name = ByteCursor.empty
        var dropped: UInt32 = 0
        childSlots.removeAll()
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(request)
            switch tag {
            case EventField.attributes:
                let attribute = try readChildAttribute(try cursor.body(request), request, &batch.strings)
                batch.eventAttributes.values.append(attribute)
            case EventField.time: time = try cursor.fixed64(request)
            case EventField.name: name = try cursor.body(request)
            case EventField.droppedAttributes: dropped = try cursor.uint32(request)
            default: try cursor.skipValue(tag: tag, request)
            }
        }
        let code = batch.strings.code(for: name.span(of: request))
        batch.appendEvent(
            time: time, name: code, dropped: dropped, shape: batch.shapes.code(for: childSlots.rawSpan))
        guard batch.eventTime.count <= eventEnd else { throw WireFault(.tooMany, at: body.position) }
    }

    @inline(never)
    mutating func readLink(
        _ body: ByteCursor, _ request: RawSpan, _ batch: inout SpanBatch
    ) throws(WireFault) {
        var cursor = body
        var link = LinkRow()
        var traceID = ByteCursor.empty
        var spanID = ByteCursor.empty
        var traceState = ByteCursor.empty
        childSlots.removeAll()
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(request)
            switch tag {
            case LinkField.attributes:
                let attribute = try readChildAttribute(try cursor.body(request), request, &batch.strings)
                batch.linkAttributes.values.append(attribute)
            case LinkField.traceID: traceID = try cursor.body(request)
            case LinkField.spanID: spanID = try cursor.body(request)
            case LinkField.traceState: traceState = try cursor.body(request)
            case LinkField.droppedAttributes: link.dropped = try cursor.uint32(request)
            case LinkField.flags: link.flags = try cursor.fixed32(request)
            default: try cursor.skipValue(tag: tag, request)
            }
        }
        link.traceID = batch.strings.code(for: traceID.span(of: request))
        link.spanID = batch.strings.code(for: spanID.span(of: request))
        link.traceState = batch.strings.code(for: traceState.span(of: request))
        batch.appendLink(link, shape: batch.shapes.code(for: childSlots.rawSpan))
        guard batch.linkTraceID.count <= linkEnd else { throw WireFault(.tooMany, at: body.position) }
    }

    /// Adds an attribute's slot to the open event or link; returns its value.
    @inline(never)
    private mutating func readChildAttribute(
        _ body: ByteCursor, _ request: RawSpan, _ strings: inout ByteDictionary
    ) throws(WireFault) -> UInt64 {
        let attribute = try readAttribute(body, request, &strings)
        childSlots.append(attribute.slot)
        return attribute.value
    }
}
