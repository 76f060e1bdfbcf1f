// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

/// A column of strings that every span has.
package enum SpanText: Sendable {
    case name
    case statusMessage
}

extension SpanBatchView {
    /// Whether a span overlaps the range.
    package func hasSpan(in range: ClosedRange<UInt64>) -> Bool {
        if range == 0...UInt64.max { return rowCount > 0 }
        return (0..<rowCount).contains { range.overlapsSpan(from: start[$0], to: end[$0]) }
    }

    /// The keys of all attributes of a place that spans have.
    package func attributeKeys(of place: AttributePlace) -> Set<[UInt8]> {
        var keys: Set<[UInt8]> = []
        switch place {
        case .owner(let owner):
            for shape in used(columns(of: owner).shape, count: shapes.count) {
                let slots = shapes[shape]
                for index in 0..<slots.wordCount {
                    keys.insert([UInt8](strings[AttributeSlot(rawValue: slots.word(index)).key]))
                }
            }
        case .message(let kind):
            for code in messages(of: kind) { keys.formUnion(EncodedAttributes.keys(in: strings[code], of: kind)) }
        }
        return keys
    }

    /// The keys of all attributes of a place that some rows have.
    package func attributeKeys(of place: AttributePlace, rows: [Int]) -> Set<[UInt8]> {
        var keys: Set<[UInt8]> = []
        switch place {
        case .owner(let owner):
            let columns = columns(of: owner)
            for shape in Set(rows.lazy.flatMap { self.owners(owner, of: $0) }.map { columns.shape[$0] }) {
                let slots = shapes[shape]
                for index in 0..<slots.wordCount {
                    keys.insert([UInt8](strings[AttributeSlot(rawValue: slots.word(index)).key]))
                }
            }
        case .message(.resource):
            for row in Set(rows.map { resource[$0] }) {
                let record: ResourceRecord = resources.record(row, or: .none)
                keys.formUnion(EncodedAttributes.keys(in: strings[record.encoded], of: .resource))
            }
        case .message(.scope):
            for row in Set(rows.map { scope[$0] }) {
                let record: ScopeRecord = scopes.record(row, or: .none)
                keys.formUnion(EncodedAttributes.keys(in: strings[record.encoded], of: .scope))
            }
        }
        return keys
    }

    /// Where a row's own attributes stand, or those of its events or links.
    private func owners(_ owner: AttributeOwner, of row: Int) -> Range<Int> {
        switch owner {
        case .span: row..<(row + 1)
        case .event: events(of: row)
        case .link: links(of: row)
        }
    }

    /// Adds the values that a key has in a place; of an owner that has it several times the first.
    package func listValues(_ key: [UInt8], of place: AttributePlace, into values: inout ListedValues) {
        switch place {
        case .owner(let owner): listValues(key, columns(of: owner), into: &values)
        case .message(let kind):
            for code in messages(of: kind) { values.insert(key: key, in: strings[code], of: kind) }
        }
    }

    /// Adds the values of a column of strings.
    package func listStrings(_ text: SpanText, into values: inout ListedValues) {
        for code in used(text == .name ? name : statusMessage, count: strings.count) {
            values.insert(string: strings[code])
        }
    }

    private func listValues(_ key: [UInt8], _ columns: AttributeColumnsView, into values: inout ListedValues) {
        let places = AttributePlaces(key, in: self)
        // The same bytes may be a string, and an array.
        var seenStrings = [Bool](repeating: false, count: strings.count)
        var seenArrays = seenStrings
        for owner in 0..<columns.shape.count {
            guard let place = places[columns.shape[owner]] else { continue }
            let value = columns.values[columns.firstValue(of: owner) + place.offset]
            guard place.type.isByteString else {
                values.insert(bits: value, place.type)
                continue
            }
            let code = Int(truncatingIfNeeded: value)
            switch place.type {
            case .string where !seenStrings[code]: seenStrings[code] = true
            case .array where !seenArrays[code]: seenArrays[code] = true
            default: continue
            }
            values.insert(bytes: strings[UInt32(truncatingIfNeeded: value)], place.type)
        }
    }

    private func columns(of owner: AttributeOwner) -> AttributeColumnsView {
        switch owner {
        case .span: attributes
        case .event: eventAttributes
        case .link: linkAttributes
        }
    }

    /// String codes of the encoded resources or scopes that spans have.
    private func messages(of kind: EncodedAttributes.Message) -> [UInt32] {
        switch kind {
        case .resource:
            used(resource, count: resources.count).map { code in
                let record: ResourceRecord = resources.record(code, or: .none)
                return record.encoded
            }
        case .scope:
            used(scope, count: scopes.count).map { code in
                let record: ScopeRecord = scopes.record(code, or: .none)
                return record.encoded
            }
        }
    }

    /// The codes that stand in a column, rising. Rows that were taken back leave codes behind that nothing refers to.
    private func used(_ codes: ColumnView<UInt32>, count: Int) -> [UInt32] {
        var isUsed = [Bool](repeating: false, count: count)
        for row in 0..<codes.count { isUsed[Int(codes[row])] = true }
        return isUsed.indices.filter { isUsed[$0] }.map { UInt32($0) }
    }
}
