// SPDX-License-Identifier: Apache-2.0
//
// From values to protobuf-c's structs. Every function here allocates its struct, and what it points
// to, in the arena of the encoding, which lives until the bytes are written. That is why the writes
// are safe.

internal import CProtobufMessages

extension OTLPMessage.ExportTraceServiceRequest {
    /// The encoded message; the inverse of ``init(decoding:byteLimit:)``.
    ///
    /// - Throws: `.tooDeep` if a value is deeper than ``OTLPMessage/maximumDepth``, `.outOfMemory`.
    package func encoded() throws(ProtobufError) -> [UInt8] {
        let arena = try MessageArena(byteLimit: .max)
        let message = unsafe try arena.make(otlp__export_trace_service_request__init)
        unsafe message.pointee.n_resource_spans = resourceSpans.count
        unsafe message.pointee.resource_spans = try arena.list(resourceSpans) {
            element throws(ProtobufError) in
            unsafe try arena.message(element)
        }
        return unsafe arena.packed(message)
    }
}

extension MessageArena {
    fileprivate func message(_ value: OTLPMessage.ResourceSpans) throws(ProtobufError)
        -> UnsafeMutablePointer<Otlp__ResourceSpans>?
    {
        let message = unsafe try make(otlp__resource_spans__init)
        if let resource = value.resource {
            unsafe message.pointee.resource = try self.message(resource)
        }
        unsafe message.pointee.n_scope_spans = value.scopeSpans.count
        unsafe message.pointee.scope_spans = try list(value.scopeSpans) {
            scope throws(ProtobufError) in
            unsafe try self.message(scope)
        }
        unsafe message.pointee.schema_url = try bytes(value.schemaURL)
        return unsafe message
    }

    private func message(_ value: OTLPMessage.Resource) throws(ProtobufError)
        -> UnsafeMutablePointer<Otlp__Resource>
    {
        let message = unsafe try make(otlp__resource__init)
        unsafe message.pointee.n_attributes = value.attributes.count
        unsafe message.pointee.attributes = try keyValues(value.attributes)
        unsafe message.pointee.dropped_attributes_count = value.droppedAttributesCount
        unsafe message.pointee.n_entity_refs = value.entityRefs.count
        unsafe message.pointee.entity_refs = try list(value.entityRefs) {
            entity throws(ProtobufError) in
            unsafe try self.message(entity)
        }
        return unsafe message
    }

    private func message(_ value: OTLPMessage.EntityRef) throws(ProtobufError)
        -> UnsafeMutablePointer<Otlp__EntityRef>?
    {
        let message = unsafe try make(otlp__entity_ref__init)
        unsafe message.pointee.schema_url = try bytes(value.schemaURL)
        unsafe message.pointee.type = try bytes(value.type)
        unsafe message.pointee.n_id_keys = value.idKeys.count
        unsafe message.pointee.id_keys = try list(value.idKeys) { key throws(ProtobufError) in
            unsafe try bytes(key)
        }
        unsafe message.pointee.n_description_keys = value.descriptionKeys.count
        unsafe message.pointee.description_keys = try list(value.descriptionKeys) {
            key throws(ProtobufError) in unsafe try bytes(key)
        }
        return unsafe message
    }

    private func message(_ value: OTLPMessage.ScopeSpans) throws(ProtobufError)
        -> UnsafeMutablePointer<Otlp__ScopeSpans>?
    {
        let message = unsafe try make(otlp__scope_spans__init)
        if let scope = value.scope { unsafe message.pointee.scope = try self.message(scope) }
        unsafe message.pointee.n_spans = value.spans.count
        unsafe message.pointee.spans = try list(value.spans) { span throws(ProtobufError) in
            unsafe try self.message(span)
        }
        unsafe message.pointee.schema_url = try bytes(value.schemaURL)
        return unsafe message
    }

    private func message(_ value: OTLPMessage.InstrumentationScope) throws(ProtobufError)
        -> UnsafeMutablePointer<Otlp__InstrumentationScope>
    {
        let message = unsafe try make(otlp__instrumentation_scope__init)
        unsafe message.pointee.name = try bytes(value.name)
        unsafe message.pointee.version = try bytes(value.version)
        unsafe message.pointee.n_attributes = value.attributes.count
        unsafe message.pointee.attributes = try keyValues(value.attributes)
        unsafe message.pointee.dropped_attributes_count = value.droppedAttributesCount
        return unsafe message
    }

    private func message(_ value: OTLPMessage.Span) throws(ProtobufError) -> UnsafeMutablePointer<
        Otlp__Span
    >? {
        let message = unsafe try make(otlp__span__init)
        unsafe message.pointee.trace_id = try bytes(value.traceID)
        unsafe message.pointee.span_id = try bytes(value.spanID)
        unsafe message.pointee.trace_state = try bytes(value.traceState)
        unsafe message.pointee.parent_span_id = try bytes(value.parentSpanID)
        unsafe message.pointee.name = try bytes(value.name)
        unsafe message.pointee.kind = Otlp__Span__SpanKind(rawValue: UInt32(bitPattern: value.kind))
        unsafe message.pointee.start_time_unix_nano = value.startTimeUnixNano
        unsafe message.pointee.end_time_unix_nano = value.endTimeUnixNano
        unsafe message.pointee.n_attributes = value.attributes.count
        unsafe message.pointee.attributes = try keyValues(value.attributes)
        unsafe message.pointee.dropped_attributes_count = value.droppedAttributesCount
        unsafe message.pointee.n_events = value.events.count
        unsafe message.pointee.events = try list(value.events) { event throws(ProtobufError) in
            unsafe try self.message(event)
        }
        unsafe message.pointee.dropped_events_count = value.droppedEventsCount
        unsafe message.pointee.n_links = value.links.count
        unsafe message.pointee.links = try list(value.links) { link throws(ProtobufError) in
            unsafe try self.message(link)
        }
        unsafe message.pointee.dropped_links_count = value.droppedLinksCount
        if let status = value.status { unsafe message.pointee.status = try self.message(status) }
        unsafe message.pointee.flags = value.flags
        return unsafe message
    }

    private func message(_ value: OTLPMessage.Event) throws(ProtobufError) -> UnsafeMutablePointer<
        Otlp__Span__Event
    >? {
        let message = unsafe try make(otlp__span__event__init)
        unsafe message.pointee.time_unix_nano = value.timeUnixNano
        unsafe message.pointee.name = try bytes(value.name)
        unsafe message.pointee.n_attributes = value.attributes.count
        unsafe message.pointee.attributes = try keyValues(value.attributes)
        unsafe message.pointee.dropped_attributes_count = value.droppedAttributesCount
        return unsafe message
    }

    private func message(_ value: OTLPMessage.Link) throws(ProtobufError) -> UnsafeMutablePointer<
        Otlp__Span__Link
    >? {
        let message = unsafe try make(otlp__span__link__init)
        unsafe message.pointee.trace_id = try bytes(value.traceID)
        unsafe message.pointee.span_id = try bytes(value.spanID)
        unsafe message.pointee.trace_state = try bytes(value.traceState)
        unsafe message.pointee.n_attributes = value.attributes.count
        unsafe message.pointee.attributes = try keyValues(value.attributes)
        unsafe message.pointee.dropped_attributes_count = value.droppedAttributesCount
        unsafe message.pointee.flags = value.flags
        return unsafe message
    }

    private func message(_ value: OTLPMessage.Status) throws(ProtobufError) -> UnsafeMutablePointer<
        Otlp__Status
    > {
        let message = unsafe try make(otlp__status__init)
        unsafe message.pointee.message = try bytes(value.message)
        unsafe message.pointee.code = Otlp__Status__StatusCode(
            rawValue: UInt32(bitPattern: value.code))
        return unsafe message
    }

    typealias KeyValues = UnsafeMutablePointer<UnsafeMutablePointer<Otlp__KeyValue>?>

    /// Attributes, or the contents of a key-value list: the values in them are `depth` deep.
    func keyValues(_ values: [OTLPMessage.KeyValue], depth: Int = 1) throws(ProtobufError)
        -> KeyValues?
    {
        unsafe try list(values) { keyValue throws(ProtobufError) in
            let message = unsafe try make(otlp__key_value__init)
            unsafe message.pointee.key = try bytes(keyValue.key)
            if let value = keyValue.value {
                unsafe message.pointee.value = try self.message(value, depth: depth)
            }
            return unsafe message
        }
    }

    private func message(_ value: OTLPMessage.AnyValue, depth: Int) throws(ProtobufError)
        -> UnsafeMutablePointer<Otlp__AnyValue>?
    {
        guard depth <= OTLPMessage.maximumDepth else {
            throw ProtobufError(
                .tooDeep, "a value is nested more than \(OTLPMessage.maximumDepth) levels deep")
        }
        let message = unsafe try make(otlp__any_value__init)
        switch value {
        case .empty:
            unsafe message.pointee.value_case = OTLP__ANY_VALUE__VALUE__NOT_SET
        case .string(let string):
            unsafe message.pointee.value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE
            unsafe message.pointee.string_value = try bytes(string)
        case .bool(let bool):
            unsafe message.pointee.value_case = OTLP__ANY_VALUE__VALUE_BOOL_VALUE
            unsafe message.pointee.bool_value = bool ? 1 : 0
        case .int(let int):
            unsafe message.pointee.value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE
            unsafe message.pointee.int_value = int
        case .double(let bitPattern):
            unsafe message.pointee.value_case = OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE
            unsafe message.pointee.double_value = Double(bitPattern: bitPattern)
        case .bytes(let value):
            unsafe message.pointee.value_case = OTLP__ANY_VALUE__VALUE_BYTES_VALUE
            unsafe message.pointee.bytes_value = try bytes(value)
        case .array(let values):
            let array = unsafe try make(otlp__array_value__init)
            unsafe array.pointee.n_values = values.count
            unsafe array.pointee.values = try list(values) { value throws(ProtobufError) in
                unsafe try self.message(value, depth: depth + 1)
            }
            unsafe message.pointee.value_case = OTLP__ANY_VALUE__VALUE_ARRAY_VALUE
            unsafe message.pointee.array_value = array
        case .keyValueList(let values):
            let list = unsafe try make(otlp__key_value_list__init)
            unsafe list.pointee.n_values = values.count
            unsafe list.pointee.values = try keyValues(values, depth: depth + 1)
            unsafe message.pointee.value_case = OTLP__ANY_VALUE__VALUE_KVLIST_VALUE
            unsafe message.pointee.kvlist_value = list
        }
        return unsafe message
    }
}
