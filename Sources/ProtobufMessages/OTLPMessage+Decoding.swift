// SPDX-License-Identifier: Apache-2.0
//
// From protobuf-c's structs to values. Every `init` here takes a struct that protobuf-c has just
// decoded and whose arena still lives; its pointers are nil or point to decoded messages, its
// counts are those of its arrays. That is why the reads are safe.

internal import CProtobufMessages

extension OTLPMessage.ExportTraceServiceRequest {
    /// Decodes an `ExportTraceServiceRequest` (or `TracesData`, or Tempo's `Trace`).
    ///
    /// Where protobuf-c differs from the specification so does this: a known field of the wrong
    /// wire type is an error, and an array or key-value list that occurs twice in one value is not
    /// merged, the last one counts.
    ///
    /// - Parameter byteLimit: The most memory that protobuf-c may take; usually 7 times the bytes,
    ///   in the worst case 130 times.
    /// - Throws: `.malformed`, `.tooDeep` (a value deeper than ``OTLPMessage/maximumDepth``),
    ///   `.tooLarge`, `.outOfMemory`.
    package init(decoding bytes: RawSpan, byteLimit: Int = 256 << 20) throws(ProtobufError) {
        let arena = try MessageArena(byteLimit: byteLimit)
        let message = unsafe try arena.unpack(bytes, otlp__export_trace_service_request__unpack)
        unsafe self.init(
            resourceSpans: try elements(
                message.n_resource_spans, message.resource_spans, OTLPMessage.ResourceSpans.init))
        // The arena lives until here: everything above has been copied.
        extendLifetime(arena)
    }

    /// ``init(decoding:byteLimit:)`` of an array's bytes.
    package init(decoding bytes: [UInt8], byteLimit: Int = 256 << 20) throws(ProtobufError) {
        // Safe: UInt8 has no padding, so every byte is initialised.
        try unsafe self.init(decoding: bytes.span.bytes, byteLimit: byteLimit)
    }
}

extension OTLPMessage.ResourceSpans {
    fileprivate init(_ message: Otlp__ResourceSpans) throws(ProtobufError) {
        if let resource = unsafe message.resource {
            unsafe self.resource = try .init(resource.pointee)
        }
        unsafe scopeSpans = try elements(
            message.n_scope_spans, message.scope_spans, OTLPMessage.ScopeSpans.init)
        unsafe schemaURL = [UInt8](message.schema_url)
    }
}

extension OTLPMessage.Resource {
    fileprivate init(_ message: Otlp__Resource) throws(ProtobufError) {
        unsafe attributes = try keyValues(message.n_attributes, message.attributes)
        unsafe droppedAttributesCount = message.dropped_attributes_count
        unsafe entityRefs = try elements(
            message.n_entity_refs, message.entity_refs, OTLPMessage.EntityRef.init)
    }
}

extension OTLPMessage.EntityRef {
    fileprivate init(_ message: Otlp__EntityRef) {
        unsafe schemaURL = [UInt8](message.schema_url)
        unsafe type = [UInt8](message.type)
        unsafe idKeys = byteStrings(message.n_id_keys, message.id_keys)
        unsafe descriptionKeys = byteStrings(message.n_description_keys, message.description_keys)
    }
}

extension OTLPMessage.ScopeSpans {
    fileprivate init(_ message: Otlp__ScopeSpans) throws(ProtobufError) {
        if let scope = unsafe message.scope { unsafe self.scope = try .init(scope.pointee) }
        unsafe spans = try elements(message.n_spans, message.spans, OTLPMessage.Span.init)
        unsafe schemaURL = [UInt8](message.schema_url)
    }
}

extension OTLPMessage.InstrumentationScope {
    fileprivate init(_ message: Otlp__InstrumentationScope) throws(ProtobufError) {
        unsafe name = [UInt8](message.name)
        unsafe version = [UInt8](message.version)
        unsafe attributes = try keyValues(message.n_attributes, message.attributes)
        unsafe droppedAttributesCount = message.dropped_attributes_count
    }
}

extension OTLPMessage.Span {
    fileprivate init(_ message: Otlp__Span) throws(ProtobufError) {
        unsafe traceID = [UInt8](message.trace_id)
        unsafe spanID = [UInt8](message.span_id)
        unsafe traceState = [UInt8](message.trace_state)
        unsafe parentSpanID = [UInt8](message.parent_span_id)
        unsafe name = [UInt8](message.name)
        unsafe kind = Int32(bitPattern: message.kind.rawValue)
        unsafe startTimeUnixNano = message.start_time_unix_nano
        unsafe endTimeUnixNano = message.end_time_unix_nano
        unsafe attributes = try keyValues(message.n_attributes, message.attributes)
        unsafe droppedAttributesCount = message.dropped_attributes_count
        unsafe events = try elements(message.n_events, message.events, OTLPMessage.Event.init)
        unsafe droppedEventsCount = message.dropped_events_count
        unsafe links = try elements(message.n_links, message.links, OTLPMessage.Link.init)
        unsafe droppedLinksCount = message.dropped_links_count
        if let status = unsafe message.status { unsafe self.status = .init(status.pointee) }
        unsafe flags = message.flags
    }
}

extension OTLPMessage.Event {
    fileprivate init(_ message: Otlp__Span__Event) throws(ProtobufError) {
        unsafe timeUnixNano = message.time_unix_nano
        unsafe name = [UInt8](message.name)
        unsafe attributes = try keyValues(message.n_attributes, message.attributes)
        unsafe droppedAttributesCount = message.dropped_attributes_count
    }
}

extension OTLPMessage.Link {
    fileprivate init(_ message: Otlp__Span__Link) throws(ProtobufError) {
        unsafe traceID = [UInt8](message.trace_id)
        unsafe spanID = [UInt8](message.span_id)
        unsafe traceState = [UInt8](message.trace_state)
        unsafe attributes = try keyValues(message.n_attributes, message.attributes)
        unsafe droppedAttributesCount = message.dropped_attributes_count
        unsafe flags = message.flags
    }
}

extension OTLPMessage.Status {
    fileprivate init(_ message: Otlp__Status) {
        unsafe self.message = [UInt8](message.message)
        unsafe code = Int32(bitPattern: message.code.rawValue)
    }
}

extension OTLPMessage.AnyValue {
    /// `depth` counts this value.
    fileprivate init(_ message: Otlp__AnyValue, depth: Int) throws(ProtobufError) {
        guard depth <= OTLPMessage.maximumDepth else {
            throw ProtobufError(
                .tooDeep, "a value is nested more than \(OTLPMessage.maximumDepth) levels deep")
        }
        switch unsafe message.value_case {
        case OTLP__ANY_VALUE__VALUE_STRING_VALUE:
            self = unsafe .string([UInt8](message.string_value))
        case OTLP__ANY_VALUE__VALUE_BOOL_VALUE: self = unsafe .bool(message.bool_value != 0)
        case OTLP__ANY_VALUE__VALUE_INT_VALUE: self = unsafe .int(message.int_value)
        case OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE: self = unsafe .double(message.double_value)
        case OTLP__ANY_VALUE__VALUE_BYTES_VALUE: self = unsafe .bytes([UInt8](message.bytes_value))
        case OTLP__ANY_VALUE__VALUE_ARRAY_VALUE:
            guard let array = unsafe message.array_value else {
                self = .array([])
                return
            }
            self = unsafe .array(
                try elements(array.pointee.n_values, array.pointee.values) {
                    value throws(ProtobufError) in
                    unsafe try OTLPMessage.AnyValue(value, depth: depth + 1)
                })
        case OTLP__ANY_VALUE__VALUE_KVLIST_VALUE:
            guard let list = unsafe message.kvlist_value else {
                self = .keyValueList([])
                return
            }
            self = unsafe .keyValueList(
                try keyValues(list.pointee.n_values, list.pointee.values, depth: depth + 1))
        default: self = .empty
        }
    }
}

/// Attributes, or the contents of a key-value list: the values in them are `depth` deep.
private func keyValues(
    _ count: Int, _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Otlp__KeyValue>?>?,
    depth: Int = 1
) throws(ProtobufError) -> [OTLPMessage.KeyValue] {
    unsafe try elements(count, messages) { message throws(ProtobufError) in
        var value: OTLPMessage.AnyValue?
        if let pointer = unsafe message.value {
            unsafe value = try .init(pointer.pointee, depth: depth)
        }
        return unsafe OTLPMessage.KeyValue(key: [UInt8](message.key), value: value)
    }
}
