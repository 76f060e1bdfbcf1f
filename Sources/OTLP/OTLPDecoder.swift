// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

// Reads the protobuf encoding of ExportTraceServiceRequest (the same bytes as TracesData) into columns in one pass.
//
// What a protobuf parser promises holds: fields come in any order, the last of a repeated scalar counts, messages that
// come twice are merged, unknown fields and known fields of another wire type are passed over. A message's parts are
// remembered as positions in the request; bytes are looked up in the batch's dictionaries only when it is complete.

/// Appends the spans of OTLP requests to a ``SpanBatch``, without an object per span.
///
/// One decoder serves one thread at a time and any number of requests and batches; it holds only scratch memory.
package struct OTLPDecoder: ~Copyable {
    let limits: OTLPDecoderLimits
    var validator: MessageValidator
    /// The shape of the span that is being read.
    var spanSlots = FlatBuffer<AttributeSlot>(capacity: 64)
    /// The shape of the event or link that is being read.
    var childSlots = FlatBuffer<AttributeSlot>(capacity: 64)
    /// A list value whose parts came in several pieces.
    var mergedValue = ByteWriter(capacity: 64)
    /// An attribute of the span that is being read is nested too deep.
    var spanIsTooDeep = false
    var judge = SpanJudge()
    /// Where rows, events and links may end with the request at hand.
    var rowEnd = 0
    var eventEnd = 0
    var linkEnd = 0
    var keyCache = ShortStringCache(indexBits: 10)
    /// As large as a core's own cache can hold: a string that is not in it costs three waits for further memory.
    var valueCache = ShortStringCache(indexBits: 13)
    /// Of shapes of spans, as the bytes of their slots.
    var shapeCache = ShortStringCache(indexBits: 8)
    var resourceMemo = ResourceMemo()
    /// Whose codes the caches hold.
    private weak var cachedArena: SlabArena?

    package init(limits: OTLPDecoderLimits = OTLPDecoderLimits()) {
        self.limits = limits
        validator = MessageValidator(depthLimit: limits.anyValueDepth)
    }

    /// Appends the request's good spans to `batch`.
    ///
    /// Spans whose trace ID is not 16 bytes or whose span ID is not 8 bytes, or that are all zero, and spans with an
    /// attribute that is nested too deep (their own or their resource's or scope's) are counted in the verdict and
    /// left out.
    ///
    /// - Parameters:
    ///   - request: The encoded request, inflated.
    ///   - arrivalSeconds: When it came, in Unix seconds.
    /// - Throws: `.malformed`, `.tooMany` or `.batchFull`; the batch then has the rows that it had before
    ///   (its dictionaries may have learned strings).
    /// - Complexity: O(bytes).
    package mutating func decode(
        _ request: RawSpan, arrivalSeconds: UInt32, into batch: inout SpanBatch
    ) throws(OTLPError) -> OTLPDecodeResult {
        judge = SpanJudge()
        setDepthLimit(limits.anyValueDepth)
        bound(batch, spans: limits.spanCount, children: limits.childCount)
        let accepted = try append(request, arrivalSeconds, to: &batch)
        return OTLPDecodeResult(acceptedSpanCount: accepted, verdict: judge.verdict)
    }

    /// Appends the spans that `verdict`, which was recorded with the request, did not reject.
    ///
    /// - Returns: How many spans were appended.
    /// - Throws: As the other; `.verdictMismatch` if the verdict names a span that the request does not have, or
    ///   keeps one whose IDs don't have 16 and 8 bytes, or with a value that no encoder could write.
    @discardableResult
    package mutating func decode(
        _ request: RawSpan, arrivalSeconds: UInt32, obeying verdict: OTLPVerdict, into batch: inout SpanBatch
    ) throws(OTLPError) -> Int {
        judge = SpanJudge(obeying: verdict)
        // The verdict has judged the depth by the limit of its day.
        setDepthLimit(OTLPDecoderLimits.maximumAnyValueDepth)
        bound(batch, spans: OTLPDecoderLimits.maximumColumnCount, children: OTLPDecoderLimits.maximumColumnCount)
        return try append(request, arrivalSeconds, to: &batch)
    }

    private mutating func append(
        _ request: RawSpan, _ arrivalSeconds: UInt32, to batch: inout SpanBatch
    ) throws(OTLPError) -> Int {
        let rowsBefore = batch.rowCount
        do throws(WireFault) {
            try checkRoom(for: request, in: batch)
            bindCaches(to: batch.arena)
            try readRequest(request, arrivalSeconds, &batch)
        } catch {
            batch.truncate(toRows: rowsBefore)
            throw OTLPError(error, limits: limits)
        }
        guard judge.hasObeyedAll else {
            batch.truncate(toRows: rowsBefore)
            throw OTLPError(.verdictMismatch, "the verdict rejects spans behind the request's last one")
        }
        return batch.rowCount - rowsBefore
    }

    /// Sets where the columns may end after this request.
    private mutating func bound(_ batch: borrowing SpanBatch, spans: Int, children: Int) {
        rowEnd = batch.rowCount + spans
        eventEnd = batch.eventTime.count + children
        linkEnd = batch.linkTraceID.count + children
    }

    /// Everything that gets a code or a position takes a byte of the request at least.
    private func checkRoom(for request: RawSpan, in batch: borrowing SpanBatch) throws(WireFault) {
        let values = max(
            batch.attributes.values.count, batch.eventAttributes.values.count, batch.linkAttributes.values.count)
        guard batch.strings.count + request.byteCount < OTLPDecoderLimits.maximumStringCount,
            max(values, batch.eventTime.count, batch.rowCount) + request.byteCount
                < OTLPDecoderLimits.maximumColumnCount
        else { throw WireFault(.batchFull, at: 0) }
    }

    /// Resources that were found good under another limit are looked at again.
    private mutating func setDepthLimit(_ limit: Int) {
        if validator.depthLimit != limit { resourceMemo.removeAll() }
        validator.depthLimit = limit
    }

    /// Codes that were cached for another batch mean nothing in this one.
    private mutating func bindCaches(to arena: SlabArena) {
        if cachedArena === arena { return }
        keyCache.removeAll()
        valueCache.removeAll()
        shapeCache.removeAll()
        resourceMemo.removeAll()
        cachedArena = arena
    }

    private mutating func readRequest(
        _ request: RawSpan, _ arrivalSeconds: UInt32, _ batch: inout SpanBatch
    ) throws(WireFault) {
        var cursor = ByteCursor(over: request)
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(request)
            if tag == RequestField.resourceSpans {
                try readResourceSpans(try cursor.body(request), request, arrivalSeconds, &batch)
            } else {
                try cursor.skipValue(tag: tag, request)
            }
        }
    }
}

/// What a request brought.
package struct OTLPDecodeResult: Sendable, Equatable {
    package var acceptedSpanCount: Int
    package var verdict: OTLPVerdict

    /// Good and rejected spans together.
    package var spanCount: Int { acceptedSpanCount + verdict.rejectedSpanCount }
}
