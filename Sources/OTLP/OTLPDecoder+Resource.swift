// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// What all spans of one ResourceSpans share.
struct SpanContext: BitwiseCopyable {
    /// 0 if it is too deep.
    var resource: UInt32 = 0
    var arrivalSeconds: UInt32
    /// The resource or the scope has a value that is nested too deep, for which all spans are rejected.
    var isTooDeep = false
}

extension OTLPDecoder {
    /// Resource and schema URL may stand behind the spans, so they are gathered before the spans are read.
    mutating func readResourceSpans(
        _ body: ByteCursor, _ request: RawSpan, _ arrivalSeconds: UInt32, _ batch: inout SpanBatch
    ) throws(WireFault) {
        var parts = MessageParts()
        var schemaURL = ByteCursor.empty
        var cursor = body
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(request)
            switch tag {
            case ResourceSpansField.resource: parts.add(try cursor.body(request), request)
            case ResourceSpansField.schemaURL: schemaURL = try cursor.body(request)
            default: try cursor.skipValue(tag: tag, request)
            }
        }
        var context = SpanContext(arrivalSeconds: arrivalSeconds)
        if let code = try resourceCode(parts, schemaURL, request, &batch) {
            context.resource = code
        } else {
            context.isTooDeep = true
        }
        cursor = body
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(request)
            if tag == ResourceSpansField.scopeSpans {
                try readScopeSpans(try cursor.body(request), request, context, &batch)
            } else {
                try cursor.skipValue(tag: tag, request)
            }
        }
    }

    /// The scope's code is written into the rows when all of the message was read, since its schema URL stands behind
    /// the spans: looking ahead for it would touch all of the request's memory once more.
    private mutating func readScopeSpans(
        _ body: ByteCursor, _ request: RawSpan, _ context: SpanContext, _ batch: inout SpanBatch
    ) throws(WireFault) {
        let rowsBefore = batch.rowCount
        let ordinalBefore = judge.nextOrdinal
        if try readSpansAndScope(body, request, context, &batch) || batch.rowCount == rowsBefore { return }
        guard !judge.isObeying else { throw WireFault(.unkeepableSpan, at: body.position) }
        // Once more, now that it is known that none of them is kept.
        batch.truncate(toRows: rowsBefore)
        judge.rewind(to: ordinalBefore)
        var context = context
        context.isTooDeep = true
        _ = try readSpansAndScope(body, request, context, &batch)
    }

    /// - Returns: False if the scope is too deep; the rows are then to be taken back.
    private mutating func readSpansAndScope(
        _ body: ByteCursor, _ request: RawSpan, _ context: SpanContext, _ batch: inout SpanBatch
    ) throws(WireFault) -> Bool {
        let rowsBefore = batch.rowCount
        var parts = MessageParts()
        var schemaURL = ByteCursor.empty
        var cursor = body
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(request)
            switch tag {
            case ScopeSpansField.spans: try readSpan(try cursor.body(request), request, context, &batch)
            case ScopeSpansField.scope: parts.add(try cursor.body(request), request)
            case ScopeSpansField.schemaURL: schemaURL = try cursor.body(request)
            default: try cursor.skipValue(tag: tag, request)
            }
        }
        guard let code = try scopeCode(parts, schemaURL, request, &batch) else { return false }
        if code != 0 { for row in rowsBefore..<batch.rowCount { batch.scope[row] = code } }
        return true
    }

    /// The code of the resource's record; nil if a value of it is nested too deep.
    private mutating func resourceCode(
        _ parts: borrowing MessageParts, _ schemaURL: ByteCursor, _ request: RawSpan, _ batch: inout SpanBatch
    ) throws(WireFault) -> UInt32? {
        let schemaCode = batch.strings.code(for: schemaURL.span(of: request))
        guard parts.isPresent else {
            if schemaCode == 0 { return 0 }
            let record = ResourceRecord(isPresent: false, encoded: 0, schemaURL: schemaCode, serviceName: 0)
            return batch.resources.code(forRecord: record)
        }
        if parts.joined.isEmpty { return try resourceCode(parts.first, request, schemaCode, &batch) }
        let joined = parts.joined.rawSpan
        return try resourceCode(ByteCursor(over: joined), joined, schemaCode, &batch)
    }

    private mutating func resourceCode(
        _ body: ByteCursor, _ bytes: RawSpan, _ schemaURL: UInt32, _ batch: inout SpanBatch
    ) throws(WireFault) -> UInt32? {
        let encoded = batch.strings.code(for: body.span(of: bytes))
        if let known = resourceMemo.record(encoded: encoded, schemaURL: schemaURL) { return known }
        guard try validator.validate(body, as: .resource, depth: 0, in: bytes) else { return nil }
        let serviceName = try serviceNameCode(body, bytes, &batch.strings)
        let code = batch.resources.code(
            forRecord: ResourceRecord(
                isPresent: true, encoded: encoded, schemaURL: schemaURL, serviceName: serviceName))
        resourceMemo.remember(code, encoded: encoded, schemaURL: schemaURL)
        return code
    }

    /// The code of the first attribute `service.name`; 0 if there is none, or if it is no string.
    private mutating func serviceNameCode(
        _ body: ByteCursor, _ bytes: RawSpan, _ strings: inout ByteDictionary
    ) throws(WireFault) -> UInt32 {
        let wanted = ("service.name" as StaticString).rawSpan
        var cursor = body
        while !cursor.isAtEnd {
            let tag = try cursor.wireVarint(bytes)
            guard tag == ResourceField.attributes else {
                try cursor.skipValue(tag: tag, bytes)
                continue
            }
            let parts = try readKeyValue(try cursor.body(bytes), bytes)
            if parts.key.span(of: bytes).isEqual(to: wanted) {
                return parts.type == .string ? strings.code(for: parts.payload.span(of: bytes)) : 0
            }
        }
        return 0
    }

    /// The code of the scope's record; nil if a value of it is nested too deep.
    private mutating func scopeCode(
        _ parts: borrowing MessageParts, _ schemaURL: ByteCursor, _ request: RawSpan, _ batch: inout SpanBatch
    ) throws(WireFault) -> UInt32? {
        let schemaCode = batch.strings.code(for: schemaURL.span(of: request))
        var encoded: UInt32 = 0
        if !parts.joined.isEmpty {
            let joined = parts.joined.rawSpan
            guard try validator.validate(ByteCursor(over: joined), as: .scope, depth: 0, in: joined) else { return nil }
            encoded = batch.strings.code(for: joined)
        } else if parts.isPresent {
            guard try validator.validate(parts.first, as: .scope, depth: 0, in: request) else { return nil }
            encoded = batch.strings.code(for: parts.first.span(of: request))
        } else if schemaCode == 0 {
            return 0
        }
        return batch.scopes.code(
            forRecord: ScopeRecord(isPresent: parts.isPresent, encoded: encoded, schemaURL: schemaCode))
    }
}
