// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

// What a search shows of spans, as of those in blocks.

extension SpanBatchView {
    /// A copy of a string.
    package func bytes(_ code: UInt32) -> [UInt8] {
        let strings = strings
        return [UInt8](strings[code])
    }

    package func byteCount(ofString code: UInt32) -> Int {
        let strings = strings
        return strings[code].byteCount
    }

    /// What a search shows of some rows, in their order.
    package func matchedColumns(_ rows: some Collection<Int>) -> MatchedColumns {
        var matched = MatchedColumns(spanIDs: [], starts: [], durations: [], names: [], localNames: nil)
        var names: [[UInt8]] = []
        var places: [UInt32: UInt32] = [:]
        let strings = strings
        for row in rows {
            matched.spanIDs.append(spanID[row])
            matched.starts.append(start[row])
            matched.durations.append(spanDuration(start: start[row], end: end[row]))
            let code = name[row]
            if let place = places[code] {
                matched.names.append(place)
                continue
            }
            let place = UInt32(truncatingIfNeeded: names.count)
            places[code] = place
            names.append([UInt8](strings[code]))
            matched.names.append(place)
        }
        matched.localNames = names
        return matched
    }

    /// The values that some rows have of each subject.
    ///
    /// - Parameters:
    ///   - subjects: All but durations and span IDs. Of ``SpanSubject/isRoot`` roots alone have a value.
    ///   - check: Is told how many bytes the next value has, beside those that it was told before, and may stop the
    ///     work by throwing.
    /// - Returns: By subject.
    package func values<Failure>(
        of subjects: [SpanSubject], rows: [Int], check: (Int) throws(Failure) -> Void
    ) throws(Failure) -> [PickedValues] {
        var values: [PickedValues] = []
        for subject in subjects {
            var picked = PickedValues()
            let probe = RowProbe(subject, of: self)
            for row in rows {
                if let code = probe.code(row) {
                    try picked.append(code: code) { () throws(Failure) in
                        try check(probe.byteCount(row))
                        return probe.value(row)
                    }
                } else {
                    try check(probe.byteCount(row))
                    picked.append(probe.value(row))
                }
            }
            values.append(picked)
        }
        return values
    }
}

/// Picks the values of one subject out of the columns of a view.
private struct RowProbe {
    private let subject: SpanSubject
    private let view: SpanBatchView
    /// Of an attribute of spans, events or links.
    private let places: AttributePlaces?

    init(_ subject: SpanSubject, of view: SpanBatchView) {
        self.subject = subject
        self.view = view
        places =
            switch subject {
            case .spanAttribute(let key), .eventAttribute(let key), .linkAttribute(let key):
                AttributePlaces(key, in: view)
            default: nil
            }
    }

    /// Rows with the same number have the same value; nil if that is not known.
    func code(_ row: Int) -> UInt64? {
        switch subject {
        case .resourceAttribute: UInt64(view.resource[row])
        case .scopeAttribute, .scopeName, .scopeVersion: UInt64(view.scope[row])
        case .name: UInt64(view.name[row])
        case .statusMessage: UInt64(view.statusMessage[row])
        case .status: UInt64(UInt32(bitPattern: view.status[row]))
        case .kind: UInt64(UInt32(bitPattern: view.kind[row]))
        case .isRoot: view.parent(row) == 0 ? 1 : 0
        case .duration, .spanID: 0
        case .spanAttribute: attribute(of: row, view.attributes)?.code
        case .eventAttribute, .linkAttribute, .eventName, .eventTime, .linkTraceID, .linkSpanID: nil
        }
    }

    func value(_ row: Int) -> SpanValue? {
        switch subject {
        case .spanAttribute: return attribute(of: row, view.attributes).flatMap { value($0) }
        case .resourceAttribute(let key): return value(key, view.resourceRecord(row).encoded, .resource)
        case .scopeAttribute(let key): return value(key, view.scopeRecord(row).encoded, .scope)
        case .scopeName: return scopeText(.name, row)
        case .scopeVersion: return scopeText(.version, row)
        case .name: return .string(bytes(view.name[row]))
        case .statusMessage: return .string(bytes(view.statusMessage[row]))
        case .status: return .integer(Int64(view.status[row]))
        case .kind: return .integer(Int64(view.kind[row]))
        case .isRoot: return view.parent(row) == 0 ? .boolean(true) : nil
        case .eventAttribute, .linkAttribute, .eventName, .eventTime, .linkTraceID, .linkSpanID:
            let values = partValues(row)
            return values.count > 1 ? SpanValue(arrayOf: values) : values.first.map { SpanValue($0) }
        case .duration, .spanID: return nil
        }
    }

    /// Bytes, about, that reading the row's value takes.
    func byteCount(_ row: Int) -> Int {
        switch subject {
        case .spanAttribute: return byteCount(attribute(of: row, view.attributes))
        case .eventAttribute:
            return view.events(of: row).reduce(0) { $0 + byteCount(attribute(of: $1, view.eventAttributes)) }
        case .linkAttribute:
            return view.links(of: row).reduce(0) { $0 + byteCount(attribute(of: $1, view.linkAttributes)) }
        case .eventName: return view.events(of: row).reduce(0) { $0 + 96 + length(view.eventName[$1]) }
        case .linkTraceID: return view.links(of: row).reduce(0) { $0 + 96 + 3 * length(view.linkTraceID[$1]) }
        case .linkSpanID: return view.links(of: row).reduce(0) { $0 + 96 + 3 * length(view.linkSpanID[$1]) }
        case .eventTime: return view.events(of: row).count * 64
        case .resourceAttribute: return length(view.resourceRecord(row).encoded)
        case .scopeAttribute, .scopeName, .scopeVersion: return length(view.scopeRecord(row).encoded)
        case .name: return length(view.name[row])
        case .statusMessage: return length(view.statusMessage[row])
        case .status, .kind, .isRoot, .duration, .spanID: return 0
        }
    }

    private func length(_ code: UInt32) -> Int { view.byteCount(ofString: code) }

    // MARK: - Attributes in columns

    private struct Attribute {
        var type: AttributeType
        /// The code of a byte string, or the value.
        var bits: UInt64

        /// With the type, if there is room for it.
        var code: UInt64? { bits.leadingZeroBitCount < 8 ? nil : bits &<< 8 | UInt64(type.rawValue) }
    }

    private func attribute(of owner: Int, _ columns: AttributeColumnsView) -> Attribute? {
        guard let place = places?[columns.shape[owner]] ?? nil else { return nil }
        return Attribute(type: place.type, bits: columns.values[columns.firstValue(of: owner) + place.offset])
    }

    private func value(_ attribute: Attribute) -> SpanValue? {
        guard attribute.type.isByteString else { return SpanValue(attribute.type, attribute.bits, RawSpan()) }
        let strings = view.strings
        return SpanValue(attribute.type, 0, strings[UInt32(truncatingIfNeeded: attribute.bits)])
    }

    private func byteCount(_ attribute: Attribute?) -> Int {
        guard let attribute, attribute.type.isByteString else { return 64 }
        return 96 + length(UInt32(truncatingIfNeeded: attribute.bits))
    }

    // MARK: - Events and links

    /// The values that a row's events or links have, in their order; of arrays their elements.
    private func partValues(_ row: Int) -> [ListedValues.Value] {
        switch subject {
        case .eventAttribute: view.events(of: row).flatMap { listed(attribute(of: $0, view.eventAttributes)) }
        case .linkAttribute: view.links(of: row).flatMap { listed(attribute(of: $0, view.linkAttributes)) }
        case .eventName: view.events(of: row).map { .string(bytes(view.eventName[$0])) }
        case .eventTime:
            view.events(of: row).map { .integer(Int64(bitPattern: view.eventTime[$0] &- view.start[row])) }
        case .linkTraceID: view.links(of: row).map { identifier(view.linkTraceID[$0]) }
        case .linkSpanID: view.links(of: row).map { identifier(view.linkSpanID[$0]) }
        default: []
        }
    }

    private func identifier(_ code: UInt32) -> ListedValues.Value {
        ListedValues.Value.string(bytes(code)).asIdentifier
    }

    private func listed(_ attribute: Attribute?) -> [ListedValues.Value] {
        guard let attribute else { return [] }
        guard attribute.type.isByteString else {
            return ListedValues.Value.all(attribute.type, attribute.bits, RawSpan())
        }
        let strings = view.strings
        return ListedValues.Value.all(attribute.type, 0, strings[UInt32(truncatingIfNeeded: attribute.bits)])
    }

    // MARK: - Texts and messages

    private func bytes(_ code: UInt32) -> [UInt8] { view.bytes(code) }

    private func scopeText(_ text: EncodedAttributes.ScopeText, _ row: Int) -> SpanValue {
        let strings = view.strings
        return .string(EncodedAttributes.text(text, in: strings[view.scopeRecord(row).encoded]))
    }

    private func value(_ key: [UInt8], _ code: UInt32, _ message: EncodedAttributes.Message) -> SpanValue? {
        let strings = view.strings
        return SpanValue(of: key, in: strings[code], message)
    }
}
