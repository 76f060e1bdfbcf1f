// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// A span while it is read: numbers in the row, byte fields as the positions of their last occurrence.
struct SpanParts {
    var row = SpanRow()
    var droppedAttributes: UInt32 = 0
    var droppedEvents: UInt32 = 0
    var droppedLinks: UInt32 = 0
    var traceID = ByteCursor.empty
    var spanID = ByteCursor.empty
    var parentSpanID = ByteCursor.empty
    var name = ByteCursor.empty
    var traceState = ByteCursor.empty
    var statusMessage = ByteCursor.empty
}

extension OTLPDecoder {
    mutating func readSpan(
        _ body: ByteCursor, _ request: RawSpan, _ context: SpanContext, _ batch: inout SpanBatch
    ) throws(WireFault) {
        var parts = SpanParts()
        spanSlots.removeAll()
        spanIsTooDeep = context.isTooDeep
        try readFields(body, request, &parts, &batch)
        let fault = try readIdentifiers(&parts, request) ?? (spanIsTooDeep ? .tooDeep : nil)
        switch judge.decide(fault) {
        case .keep:
            guard batch.rowCount < rowEnd else { throw WireFault(.tooMany, at: body.position) }
            close(&parts, request, context, &batch)
        case .reject: batch.discardOpenSpan()
        case .contradiction: throw WireFault(.unkeepableSpan, at: body.position)
        }
    }

    @inline(__always)
    private mutating func readFields(
        _ body: ByteCursor, _ request: RawSpan, _ parts: inout SpanParts, _ batch: inout SpanBatch
    ) throws(WireFault) {
        var cursor = try afterUsualHead(body, request, &parts)
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(request)
            switch tag {
            case SpanField.attributes: cursor.position = try readAttributes(cursor, request, &batch)
            case SpanField.traceID: parts.traceID = try cursor.body(request)
            case SpanField.spanID: parts.spanID = try cursor.body(request)
            case SpanField.parentSpanID: parts.parentSpanID = try cursor.body(request)
            case SpanField.name: parts.name = try cursor.body(request)
            case SpanField.kind: parts.row.kind = Int32(bitPattern: try cursor.uint32(request))
            case SpanField.start: parts.row.start = try cursor.fixed64(request)
            case SpanField.end: parts.row.end = try cursor.fixed64(request)
            case SpanField.status: try readStatus(try cursor.body(request), request, &parts)
            case SpanField.events: try readEvent(try cursor.body(request), request, &batch)
            case SpanField.links: try readLink(try cursor.body(request), request, &batch)
            case SpanField.flags: parts.row.flags = try cursor.fixed32(request)
            case SpanField.traceState: parts.traceState = try cursor.body(request)
            case SpanField.droppedAttributes: parts.droppedAttributes = try cursor.uint32(request)
            case SpanField.droppedEvents: parts.droppedEvents = try cursor.uint32(request)
            case SpanField.droppedLinks: parts.droppedLinks = try cursor.uint32(request)
            default: try cursor.skipValue(tag: tag, request)
            }
        }
    }

    /// Reads the fields that a span usually begins with as long as they come in the usual order and form, which
    /// costs a quarter of reading fields in any order.
    /// ```
    /// 0a 10 | trace ID | 12 08 | span ID | 22 08 | parent ID | 2a | length | name | 30 | kind | 39 | start | 41 | end
    /// ```
    /// - Returns: What comes behind them.
    @inline(__always)
    private func afterUsualHead(
        _ body: ByteCursor, _ request: RawSpan, _ parts: inout SpanParts
    ) throws(WireFault) -> ByteCursor {
        var cursor = body
        guard cursor.takeHeader(SpanField.traceID, 16, request) else { return cursor }
        parts.traceID = try cursor.part(16)
        guard cursor.takeHeader(SpanField.spanID, 8, request) else { return cursor }
        parts.spanID = try cursor.part(8)
        if cursor.takeHeader(SpanField.parentSpanID, 8, request) { parts.parentSpanID = try cursor.part(8) }
        guard cursor.remaining >= 2, UInt64(request[cursor.position]) == SpanField.name else { return cursor }
        cursor.position &+= 1
        parts.name = try cursor.body(request)
        guard cursor.remaining >= 20, UInt64(request[cursor.position]) == SpanField.kind,
            request[cursor.position &+ 1] < 0x80, UInt64(request[cursor.position &+ 2]) == SpanField.start,
            UInt64(request[cursor.position &+ 11]) == SpanField.end
        else { return cursor }
        parts.row.kind = Int32(request[cursor.position &+ 1])
        parts.row.start = request.littleEndianWord(at: cursor.position &+ 3)
        parts.row.end = request.littleEndianWord(at: cursor.position &+ 12)
        cursor.position &+= 20
        return cursor
    }

    /// Reads an attribute's body and the attributes that come right behind it.
    ///
    /// - Parameter start: Behind the tag of the first one.
    /// - Returns: The position behind the last one.
    @inline(never)
    private mutating func readAttributes(
        _ start: ByteCursor, _ request: RawSpan, _ batch: inout SpanBatch
    ) throws(WireFault) -> Int {
        var cursor = start
        while true {
            let attribute = try readAttribute(try cursor.body(request), request, &batch.strings)
            spanSlots.append(attribute.slot)
            batch.attributes.values.append(attribute.value)
            guard !cursor.isAtEnd, UInt64(request[cursor.position]) == SpanField.attributes else {
                return cursor.position
            }
            cursor.position &+= 1
        }
    }

    @inline(__always)
    private func readStatus(
        _ body: ByteCursor, _ request: RawSpan, _ parts: inout SpanParts
    ) throws(WireFault) {
        var cursor = body
        parts.row.presence.insert(.status)
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(request)
            switch tag {
            case StatusField.code: parts.row.status = Int32(bitPattern: try cursor.uint32(request))
            case StatusField.message: parts.statusMessage = try cursor.body(request)
            default: try cursor.skipValue(tag: tag, request)
            }
        }
    }

    /// Puts the IDs into the row; returns what is wrong with them.
    @inline(__always)
    private func readIdentifiers(
        _ parts: inout SpanParts, _ request: RawSpan
    ) throws(WireFault) -> OTLPVerdict.Reason? {
        guard parts.traceID.remaining == 16 else { return .traceIDLength }
        guard parts.spanID.remaining == 8 else { return .spanIDLength }
        let high = try parts.traceID.fixed64(request).byteSwapped
        let low = try parts.traceID.fixed64(request).byteSwapped
        parts.row.traceID = TraceID(high: high, low: low)
        parts.row.spanID = try parts.spanID.fixed64(request).byteSwapped
        if parts.parentSpanID.remaining == 8 {
            var parent = parts.parentSpanID
            parts.row.parentSpanID = try parent.fixed64(request).byteSwapped
        }
        if parts.row.traceID.isZero { return .zeroTraceID }
        return parts.row.spanID == 0 ? .zeroSpanID : nil
    }

    /// Looks up the strings of a complete span and appends its row.
    @inline(__always)
    private mutating func close(
        _ parts: inout SpanParts, _ request: RawSpan, _ context: SpanContext, _ batch: inout SpanBatch
    ) {
        parts.row.name = valueCache.code(for: parts.name, in: request, &batch.strings)
        if parts.statusMessage.remaining > 0 {
            parts.row.statusMessage = batch.strings.code(for: parts.statusMessage.span(of: request))
        }
        if parts.traceState.remaining > 0 {
            parts.row.traceState = batch.strings.code(for: parts.traceState.span(of: request))
        }
        if parts.row.parentSpanID == 0 && parts.parentSpanID.remaining > 0 {
            parts.row.presence.insert(.unusualParent)
            parts.row.parentSpanID = UInt64(batch.strings.code(for: parts.parentSpanID.span(of: request)))
        }
        if parts.droppedAttributes | parts.droppedEvents | parts.droppedLinks != 0 {
            let counts = DroppedCounts(
                attributes: parts.droppedAttributes, events: parts.droppedEvents, links: parts.droppedLinks)
            parts.row.dropped = batch.droppedCounts.code(forRecord: counts)
        }
        parts.row.resource = context.resource
        parts.row.arrivalSeconds = context.arrivalSeconds
        batch.append(parts.row, shape: Self.shapeCode(spanSlots, &shapeCache, &batch.shapes))
    }

    // Apart from the fields because a span of one would hold up the other too.
    @inline(__always)
    private static func shapeCode(
        _ slots: borrowing FlatBuffer<AttributeSlot>, _ cache: inout ShortStringCache, _ shapes: inout ByteDictionary
    ) -> UInt32 {
        let bytes = slots.rawSpan
        return cache.code(at: 0, count: bytes.byteCount, in: bytes, &shapes)
    }
}
