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
        case .holds(let subject, let test): return mask(subject, test)
        }
    }

    private func mask(_ subject: SpanSubject, _ test: ValueTest) -> RowMask {
        var rows = [Bool](repeating: false, count: rowCount)
        switch subject {
        case .spanAttribute(let key): markAttributes(key, test, in: &rows)
        case .resourceAttribute(let key):
            let resources = resourcesHolding(key, test)
            for row in 0..<rowCount { rows[row] = resources[Int(resource[row])] }
        case .name: mark(name, test, in: &rows)
        case .statusMessage: mark(statusMessage, test, in: &rows)
        case .status: for row in 0..<rowCount { rows[row] = test.holds(integer: Int64(status[row])) }
        case .kind: for row in 0..<rowCount { rows[row] = test.holds(integer: Int64(kind[row])) }
        case .duration:
            for row in 0..<rowCount {
                let duration = spanDuration(start: start[row], end: end[row])
                rows[row] = test.holds(integer: Int64(clamping: duration))
            }
        }
        return RowMask(rows)
    }

    private func mark(_ codes: ColumnView<UInt32>, _ test: ValueTest, in rows: inout [Bool]) {
        var known = StringVerdicts(count: strings.count)
        for row in 0..<rowCount { rows[row] = known.holds(codes[row], strings, .string, test) }
    }

    /// By resource code.
    private func resourcesHolding(_ key: [UInt8], _ test: ValueTest) -> [Bool] {
        (0..<resources.count).map { code in
            let record: ResourceRecord = resources.record(UInt32(code), or: .none)
            return EncodedAttributes.holds(test, key: key, in: strings[record.encoded], of: .resource)
        }
    }

    private func markAttributes(_ key: [UInt8], _ test: ValueTest, in rows: inout [Bool]) {
        let places = AttributePlaces(key, in: self)
        var known = StringVerdicts(count: strings.count)
        for row in 0..<rowCount {
            for place in places[attributes.shape[row]] {
                let value = attributes.values[attributes.firstValue(of: row) + place.offset]
                rows[row] =
                    place.type.isByteString
                    ? known.holds(UInt32(truncatingIfNeeded: value), strings, place.type, test)
                    : test.holds(bits: value, place.type)
                if rows[row] { break }
            }
        }
    }
}

/// Where a key's values stand in the shapes of a batch.
struct AttributePlaces {
    struct Place {
        /// Among the owner's values.
        var offset: Int
        var type: AttributeType
    }

    /// By shape code.
    private let places: [[Place]]

    init(_ key: [UInt8], in spans: SpanBatchView) {
        places = (0..<spans.shapes.count).map { code in
            let slots = spans.shapes[UInt32(code)]
            var found: [Place] = []
            for offset in 0..<slots.wordCount {
                let slot = AttributeSlot(rawValue: slots.word(offset))
                if spans.strings[slot.key].isEqual(to: key.rawSpan) {
                    found.append(Place(offset: offset, type: slot.type))
                }
            }
            return found
        }
    }

    subscript(shape: UInt32) -> [Place] { places[Int(shape)] }
}

/// What a test says of the strings of a batch, found out when it is first asked.
private struct StringVerdicts {
    private enum Verdict: UInt8 { case unknown, fails, holds }
    private var verdicts: [Verdict]

    init(count: Int) { verdicts = [Verdict](repeating: .unknown, count: count) }

    mutating func holds(
        _ code: UInt32, _ strings: ByteDictionaryView, _ type: AttributeType, _ test: ValueTest
    ) -> Bool {
        guard type == .string else { return test == .exists }
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
