// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

extension SpanBatchView {
    /// The rows for which the filter holds. Strings, shapes and resources are judged once each.
    package func mask(_ filter: SpanFilter) -> RowMask { mask(filter, among: .all) }

    /// - Parameter rows: Of others nothing has to be said.
    private func mask(_ filter: SpanFilter, among rows: RowMask) -> RowMask {
        switch filter {
        case .all(let parts):
            var mask = rows
            for part in parts where !mask.isNone { mask = mask.and(self.mask(part, among: mask)) }
            return mask
        case .any(let parts): return parts.reduce(.none) { $0.or(mask($1, among: rows)) }
        case .not(let part): return mask(part, among: rows).inverted
        case .holds(let subject, let test): return mask(subject, test, rows)
        }
    }

    private func mask(_ subject: SpanSubject, _ test: ValueTest, _ among: RowMask) -> RowMask {
        switch subject {
        case .spanAttribute(let key): return owners(key, test, attributes, among)
        case .eventAttribute(let key): return rows(among, of: events, having: owners(key, test, eventAttributes, .all))
        case .linkAttribute(let key): return rows(among, of: links, having: owners(key, test, linkAttributes, .all))
        case .eventName: return rows(among, of: events, having: strings(eventName, test, .all))
        case .linkTraceID: return rows(among, of: links, having: strings(linkTraceID, test, .all))
        case .linkSpanID: return rows(among, of: links, having: strings(linkSpanID, test, .all))
        case .eventTime:
            return among.filtered(count: rowCount) { row in
                events(of: row).contains { test.holds(integer: Int64(bitPattern: eventTime[$0] &- start[row])) }
            }
        case .resourceAttribute(let key):
            return codes(resource, resources { EncodedAttributes.holds(test, key: key, in: $0, of: .resource) }, among)
        case .scopeAttribute(let key):
            return codes(scope, scopes { EncodedAttributes.holds(test, key: key, in: $0, of: .scope) }, among)
        case .scopeName:
            return codes(scope, scopes { test.holds(string: EncodedAttributes.text(.name, in: $0).rawSpan) }, among)
        case .scopeVersion:
            return codes(scope, scopes { test.holds(string: EncodedAttributes.text(.version, in: $0).rawSpan) }, among)
        case .name: return strings(name, test, among)
        case .statusMessage: return strings(statusMessage, test, among)
        case .status: return numbers(status, test, among)
        case .kind: return numbers(kind, test, among)
        case .duration:
            return among.filtered(count: rowCount) { row in
                test.holds(integer: Int64(clamping: spanDuration(start: start[row], end: end[row])))
            }
        case .spanID:
            return among.filtered(count: rowCount) { test.holds(string: BlockFilter.bytes(of: spanID[$0]).rawSpan) }
        case .isRoot:
            let (root, child) = (test.holds(boolean: true), test.holds(boolean: false))
            return among.filtered(count: rowCount) { parent($0) == 0 ? root : child }
        }
    }

    /// What the test says of each value of a column of strings.
    private func strings(_ codes: ColumnView<UInt32>, _ test: ValueTest, _ among: RowMask) -> RowMask {
        var known = StringVerdicts(count: strings.count)
        return among.filtered(count: codes.count) { known.holds(codes[$0], strings, .string, test) }
    }

    /// What the test says of each number of a column, in which few differ.
    private func numbers(_ column: ColumnView<Int32>, _ test: ValueTest, _ among: RowMask) -> RowMask {
        var last: Int32 = 0
        var holds = test.holds(integer: 0)
        return among.filtered(count: rowCount) { row in
            if column[row] != last {
                last = column[row]
                holds = test.holds(integer: Int64(last))
            }
            return holds
        }
    }

    /// The rows whose codes are marked.
    private func codes(_ column: ColumnView<UInt32>, _ marks: [Bool], _ among: RowMask) -> RowMask {
        guard marks.contains(true) else { return .none }
        return among.filtered(count: rowCount) { marks[Int(column[$0])] }
    }

    /// By resource code, what is said of the encoded message.
    private func resources(where holds: (RawSpan) -> Bool) -> [Bool] {
        (0..<resources.count).map { code in
            let record: ResourceRecord = resources.record(UInt32(code), or: .none)
            return holds(strings[record.encoded])
        }
    }

    /// By scope code, what is said of the encoded message.
    private func scopes(where holds: (RawSpan) -> Bool) -> [Bool] {
        (0..<scopes.count).map { code in
            let record: ScopeRecord = scopes.record(UInt32(code), or: .none)
            return holds(strings[record.encoded])
        }
    }

    /// The rows of which an event or link is marked.
    private func rows(
        _ among: RowMask, of parts: (Int) -> Range<Int>, having marks: RowMask
    ) -> RowMask {
        if marks.isNone { return .none }
        return among.filtered(count: rowCount) { row in parts(row).contains { marks[$0] } }
    }

    /// The owners that have a value of the key for which the test holds.
    private func owners(
        _ key: [UInt8], _ test: ValueTest, _ columns: AttributeColumnsView, _ among: RowMask
    ) -> RowMask {
        let places = AttributePlaces(key, in: self)
        if places.isEmpty { return .none }
        var known = StringVerdicts(count: strings.count)
        return among.filtered(count: columns.shape.count) { owner in
            guard let place = places[columns.shape[owner]] else { return false }
            let value = columns.values[columns.firstValue(of: owner) + place.offset]
            return place.type.isByteString
                ? known.holds(UInt32(truncatingIfNeeded: value), strings, place.type, test)
                : test.holds(bits: value, place.type)
        }
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

    /// Whether no attribute has the key.
    var isEmpty: Bool { places.allSatisfy { $0 == nil } }

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
