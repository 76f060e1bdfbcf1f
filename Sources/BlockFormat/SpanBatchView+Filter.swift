// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

extension SpanBatchView {
    /// The rows for which the filter holds. Strings, shapes and resources are judged once each.
    package func mask(_ filter: SpanFilter) -> RowMask {
        switch filter {
        case .all(let parts):
            var mask = RowMask.all
            for part in parts where !mask.isNone { mask = mask.and(self.mask(part)) }
            return mask
        case .any(let parts): return parts.reduce(.none) { $0.or(mask($1)) }
        case .not(let part): return mask(part).inverted
        case .holds(let subject, let test): return mask(subject, test)
        }
    }

    private func mask(_ subject: SpanSubject, _ test: ValueTest) -> RowMask {
        var rows = [Bool](repeating: false, count: rowCount)
        switch subject {
        case .spanAttribute(let key): rows = owners(key, test, attributes)
        case .eventAttribute(let key): markParts(of: events, owners(key, test, eventAttributes), in: &rows)
        case .linkAttribute(let key): markParts(of: links, owners(key, test, linkAttributes), in: &rows)
        case .eventName: markParts(of: events, strings(eventName, .string, test), in: &rows)
        case .linkTraceID: markParts(of: links, strings(linkTraceID, .string, test), in: &rows)
        case .linkSpanID: markParts(of: links, strings(linkSpanID, .string, test), in: &rows)
        case .eventTime:
            for row in 0..<rowCount {
                rows[row] = events(of: row).contains {
                    test.holds(integer: Int64(bitPattern: eventTime[$0] &- start[row]))
                }
            }
        case .resourceAttribute(let key):
            let resources = resources(where: { EncodedAttributes.holds(test, key: key, in: $0, of: .resource) })
            for row in 0..<rowCount { rows[row] = resources[Int(resource[row])] }
        case .scopeAttribute(let key):
            markScopes(in: &rows) { EncodedAttributes.holds(test, key: key, in: $0, of: .scope) }
        case .scopeName:
            markScopes(in: &rows) { test.holds(string: EncodedAttributes.text(.name, in: $0).rawSpan) }
        case .scopeVersion:
            markScopes(in: &rows) { test.holds(string: EncodedAttributes.text(.version, in: $0).rawSpan) }
        case .name: rows = strings(name, .string, test)
        case .statusMessage: rows = strings(statusMessage, .string, test)
        case .status: for row in 0..<rowCount { rows[row] = test.holds(integer: Int64(status[row])) }
        case .kind: for row in 0..<rowCount { rows[row] = test.holds(integer: Int64(kind[row])) }
        case .duration:
            for row in 0..<rowCount {
                let duration = spanDuration(start: start[row], end: end[row])
                rows[row] = test.holds(integer: Int64(clamping: duration))
            }
        case .spanID:
            for row in 0..<rowCount { rows[row] = test.holds(string: BlockFilter.bytes(of: spanID[row]).rawSpan) }
        case .isRoot:
            let (root, child) = (test.holds(boolean: true), test.holds(boolean: false))
            for row in 0..<rowCount { rows[row] = parent(row) == 0 ? root : child }
        }
        return RowMask(rows)
    }

    /// What the test says of each value of a column of byte strings.
    private func strings(_ codes: ColumnView<UInt32>, _ type: AttributeType, _ test: ValueTest) -> [Bool] {
        var known = StringVerdicts(count: strings.count)
        var holds = [Bool](repeating: false, count: codes.count)
        for index in 0..<codes.count { holds[index] = known.holds(codes[index], strings, type, test) }
        return holds
    }

    /// By resource code, what is said of the encoded message.
    private func resources(where holds: (RawSpan) -> Bool) -> [Bool] {
        (0..<resources.count).map { code in
            let record: ResourceRecord = resources.record(UInt32(code), or: .none)
            return holds(strings[record.encoded])
        }
    }

    /// Marks the rows of whose scopes' encoded message something is said.
    private func markScopes(in rows: inout [Bool], _ holds: (RawSpan) -> Bool) {
        let verdicts = (0..<scopes.count).map { code in
            let record: ScopeRecord = scopes.record(UInt32(code), or: .none)
            return holds(strings[record.encoded])
        }
        for row in 0..<rowCount { rows[row] = verdicts[Int(scope[row])] }
    }

    /// Marks the rows of which an event or link is marked.
    private func markParts(of parts: (Int) -> Range<Int>, _ marks: [Bool], in rows: inout [Bool]) {
        guard marks.contains(true) else { return }
        for row in 0..<rowCount { rows[row] = parts(row).contains { marks[$0] } }
    }

    /// The owners whose value of the key passes the test.
    private func owners(_ key: [UInt8], _ test: ValueTest, _ columns: AttributeColumnsView) -> [Bool] {
        let places = AttributePlaces(key, in: self)
        var known = StringVerdicts(count: strings.count)
        var owners = [Bool](repeating: false, count: columns.shape.count)
        for owner in owners.indices {
            guard let place = places[columns.shape[owner]] else { continue }
            let value = columns.values[columns.firstValue(of: owner) + place.offset]
            owners[owner] =
                place.type.isByteString
                ? known.holds(UInt32(truncatingIfNeeded: value), strings, place.type, test)
                : test.holds(bits: value, place.type)
        }
        return owners
    }
}

/// Where a key's value stands in the shapes of a batch. Of several attributes with the key the first counts.
struct AttributePlaces {
    struct Place {
        /// Among the owner's values.
        var offset: Int
        var type: AttributeType
    }

    /// By shape code; nil where no attribute has the key.
    private let places: [Place?]

    init(_ key: [UInt8], in spans: SpanBatchView) {
        places = (0..<spans.shapes.count).map { code in
            let slots = spans.shapes[UInt32(code)]
            for offset in 0..<slots.wordCount {
                let slot = AttributeSlot(rawValue: slots.word(offset))
                if spans.strings[slot.key].isEqual(to: key.rawSpan) { return Place(offset: offset, type: slot.type) }
            }
            return nil
        }
    }

    subscript(shape: UInt32) -> Place? { places[Int(shape)] }
}

/// What a test says of the strings of a batch, found out when it is first asked.
private struct StringVerdicts {
    private enum Verdict: UInt8 { case unknown, fails, holds }
    private var verdicts: [Verdict]

    init(count: Int) { verdicts = [Verdict](repeating: .unknown, count: count) }

    mutating func holds(
        _ code: UInt32, _ strings: ByteDictionaryView, _ type: AttributeType, _ test: ValueTest
    ) -> Bool {
        guard type == .string else { return test.holds(bytes: strings[code], type) }
        switch verdicts[Int(code)] {
        case .holds: return true
        case .unknown:
            let holds = test.holds(string: strings[code])
            verdicts[Int(code)] = holds ? .holds : .fails
            return holds
        case .fails: return false
        }
    }
}
