// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceQL

extension SpanBatchView {
    func serviceName(_ row: Int) -> [UInt8] { bytes(resourceRecord(row).serviceName) }

    /// The value that an attribute has for a span.
    func value(of reference: AttributeReference, _ row: Int, _ place: SpanPlace) -> StaticValue {
        let key = Array(reference.name.utf8)
        switch reference.scope {
        case .span: return value(key, attributes, row)
        case .resource: return value(key, resourceRecord(row).encoded, .resource)
        case .instrumentation: return value(key, scopeRecord(row).encoded, .scope)
        case .any:
            let value = value(key, attributes, row)
            return value == .absent ? self.value(key, resourceRecord(row).encoded, .resource) : value
        case .event: return event(row, place).map { value(key, eventAttributes, $0) } ?? .absent
        case .link: return link(row, place).map { value(key, linkAttributes, $0) } ?? .absent
        }
    }

    /// The value of an intrinsic that says something of the span alone.
    func value(of intrinsic: Intrinsic, _ row: Int, _ place: SpanPlace) -> StaticValue {
        switch intrinsic {
        case .name: return text(name[row])
        case .statusMessage: return text(statusMessage[row])
        case .status: return StatusKeyword(rawValue: Int(status[row])).map { .status($0) } ?? .absent
        case .kind: return KindKeyword(rawValue: Int(kind[row])).map { .kind($0) } ?? .absent
        case .duration: return .duration(Int64(clamping: spanDuration(start: start[row], end: end[row])))
        case .spanID: return .string(SpanID(spanID[row]).description)
        case .parentID: return .string(SpanID(parent(row)).description)
        case .spanStartTime: return .int(Int64(clamping: start[row]))
        case .eventName: return event(row, place).map { text(eventName[$0]) } ?? .absent
        case .eventTimeSinceStart:
            return event(row, place).map { .duration(Int64(bitPattern: eventTime[$0] &- start[row])) } ?? .absent
        case .linkTraceID: return link(row, place).map { hexadecimal(linkTraceID[$0]) } ?? .absent
        case .linkSpanID: return link(row, place).map { hexadecimal(linkSpanID[$0]) } ?? .absent
        case .instrumentationName: return scopeText(.name, row)
        case .instrumentationVersion: return scopeText(.version, row)
        case .childCount, .traceDuration, .rootName, .rootServiceName, .traceID, .traceStartTime, .nestedSetLeft,
            .nestedSetRight, .nestedSetParent, .parent:
            return .absent
        }
    }

    private func event(_ row: Int, _ place: SpanPlace) -> Int? {
        place.event.map { events(of: row).lowerBound + $0 }
    }

    private func link(_ row: Int, _ place: SpanPlace) -> Int? { place.link.map { links(of: row).lowerBound + $0 } }

    private func text(_ code: UInt32) -> StaticValue { .string(String(decoding: bytes(code), as: UTF8.self)) }

    private func hexadecimal(_ code: UInt32) -> StaticValue {
        let strings = strings
        return .string([UInt8](strings[code]).map { hexadecimalByte($0) }.joined())
    }

    private func scopeText(_ text: EncodedAttributes.ScopeText, _ row: Int) -> StaticValue {
        let strings = strings
        let bytes = EncodedAttributes.text(text, in: strings[scopeRecord(row).encoded])
        return .string(String(decoding: bytes, as: UTF8.self))
    }

    /// Of attributes with the same key the first counts.
    private func value(_ key: [UInt8], _ columns: AttributeColumnsView, _ owner: Int) -> StaticValue {
        let slots = shapes[columns.shape[owner]]
        for offset in 0..<slots.wordCount {
            let slot = AttributeSlot(rawValue: slots.word(offset))
            guard strings[slot.key].isEqual(to: key.rawSpan) else { continue }
            let value = columns.values[columns.firstValue(of: owner) + offset]
            guard slot.type.isByteString else { return StaticValue(slot.type, value, RawSpan()) }
            return StaticValue(slot.type, 0, strings[UInt32(truncatingIfNeeded: value)])
        }
        return .absent
    }

    private func value(_ key: [UInt8], _ code: UInt32, _ message: EncodedAttributes.Message) -> StaticValue {
        var value = StaticValue.absent
        EncodedAttributes.first(key, in: strings[code], of: message) { type, bits, bytes in
            value = StaticValue(type, bits, bytes)
        }
        return value
    }
}

extension StaticValue {
    /// What a query sees of an attribute's value; absent where there is nothing to compare.
    init(_ type: AttributeType, _ bits: UInt64, _ bytes: RawSpan) {
        switch type {
        case .string: self = .string(String(decoding: [UInt8](bytes), as: UTF8.self))
        case .bool: self = .boolean(bits != 0)
        case .int: self = .int(Int64(bitPattern: bits))
        case .double: self = .float(Double(bitPattern: bits))
        case .array:
            var elements: [StaticValue] = []
            EncodedAttributes.forEachElement(in: bytes) { type, bits, bytes in
                guard type != .array else { return }
                let element = StaticValue(type, bits, bytes)
                if element != .absent, element != .opaque { elements.append(element) }
            }
            self = .array(elements)
        case .keyValueList, .bytes: self = .opaque
        case .absent, .empty: self = .absent
        }
    }
}

private func hexadecimalByte(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return byte < 16 ? "0" + text : text
}
