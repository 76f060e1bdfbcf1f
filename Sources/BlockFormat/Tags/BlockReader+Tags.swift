// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

extension BlockReader {
    /// The keys of all attributes of a place: what the block says of itself. Of rows only keys are read, and only where
    /// there are more than a dictionary takes.
    package func attributeKeys(of place: AttributePlace) async throws -> Set<[UInt8]> {
        switch place {
        case .owner(let owner):
            Set(schema.columns.filter { $0.owner == owner && $0.valueCount > 0 }.map(\.key))
                .union(try await restKeys(of: owner))
        case .message(let kind): Set(messages(of: kind).flatMap { EncodedAttributes.keys(in: $0.rawSpan, of: kind) })
        }
    }

    private func messages(of kind: EncodedAttributes.Message) -> [[UInt8]] {
        switch kind {
        case .resource: schema.resources.map(\.encoded)
        case .scope: schema.scopes.map(\.encoded)
        }
    }

    /// Adds the values that a key has in a place: from dictionaries where there are some, else from the column's
    /// chunks. Of an owner that has it several times the first counts; where there are such, each row group is looked into.
    ///
    /// - Parameter goesOn: Is told after each read how many bytes the values take; false ends the listing.
    package func listValues(
        _ key: [UInt8], of place: AttributePlace, into values: inout ListedValues, goesOn: (Int) throws -> Bool
    ) async throws {
        switch place {
        case .message(let kind):
            for message in messages(of: kind) { values.insert(key: key, in: message.rawSpan, of: kind) }
        case .owner(let owner):
            let columns = KeyColumns(key, of: owner, schema)
            guard columns.arePlain, try await RestLookup(key, of: owner, self) == nil else {
                guard let attributes = try await TagAttributes(key, of: owner, self) else { return }
                return try await listValues(of: attributes, into: &values, goesOn: goesOn)
            }
            for index in columns.columns where schema.columns[index].valueCount > 0 {
                let column = schema.columns[index]
                let number = FixedColumn.firstAttribute + UInt32(index)
                if column.type == .string || column.type == .array {
                    try await listBytes(number, column.type, into: &values, goesOn: goesOn)
                } else if !column.type.isByteString {
                    try await listNumbers(number, column.type, into: &values, goesOn: goesOn)
                }
            }
        }
    }

    /// Adds the values that all rows have.
    private func listValues(
        of attributes: TagAttributes, into values: inout ListedValues, goesOn: (Int) throws -> Bool
    ) async throws {
        for (group, entry) in footer.rowGroups.enumerated() {
            let directory = try await directory(of: group)
            guard attributes.mayOccur(directory) else { continue }
            let decoder = try await decoder(of: group, directory, columns: attributes.columns)
            // What was met before is in `values` already.
            var column = attributes
            var tally = ValueTally()
            var pairs = FlatBuffer<UInt64>()
            try column.add(BitMask(repeating: true, count: entry.rowCount), decoder, to: &pairs, &tally)
            for value in tally.values { values.insert(value) }
            guard try goesOn(values.byteCount) else { return }
        }
    }

    /// Adds the values of a column of strings that every span has.
    package func listStrings(
        _ text: SpanText, into values: inout ListedValues, goesOn: (Int) throws -> Bool
    ) async throws {
        let column = text == .name ? FixedColumn.name : .statusMessage
        try await listBytes(column.rawValue, .string, into: &values, goesOn: goesOn)
    }

    private func listBytes(
        _ column: UInt32, _ type: AttributeType, into values: inout ListedValues, goesOn: (Int) throws -> Bool
    ) async throws {
        if let dictionary = try await dictionaries([column])[column] {
            for index in 0..<dictionary.value.count {
                let (bytes, count) = dictionary.value.value(index)
                // A block that was split off from others has their whole dictionary. The empty string is not counted
                // where a column is left out, as attributes never are.
                if count > 0 || bytes.isEmpty && column < FixedColumn.firstAttribute {
                    values.insert(bytes: bytes.rawSpan, type)
                }
            }
            _ = try goesOn(values.byteCount)
            return
        }
        for group in footer.rowGroups.indices {
            let decoder = try await decoder(of: group, try await directory(of: group), columns: [column])
            guard let chunk = decoder.chunk(column) else {
                if column < FixedColumn.firstAttribute { values.insert(.string([])) }
                continue
            }
            guard let strings = try decoder.localStrings(column, count: chunk.valueCount, 0..<chunk.valueCount)
            else { continue }
            for entry in 0..<strings.entryCount { values.insert(bytes: strings.entry(entry), type) }
            guard try goesOn(values.byteCount) else { return }
        }
    }

    private func listNumbers(
        _ column: UInt32, _ type: AttributeType, into values: inout ListedValues, goesOn: (Int) throws -> Bool
    ) async throws {
        for group in footer.rowGroups.indices {
            let decoder = try await decoder(of: group, try await directory(of: group), columns: [column])
            guard let chunk = decoder.chunk(column) else { continue }
            var numbers = FlatBuffer<UInt64>(capacity: chunk.valueCount)
            try decoder.integers(column, count: chunk.valueCount, 0..<chunk.valueCount, into: &numbers)
            var last: UInt64?
            for index in 0..<numbers.count where numbers[index] != last {
                last = numbers[index]
                values.insert(bits: AttributeScatter.bits(numbers[index], type), type)
            }
            guard try goesOn(values.byteCount) else { return }
        }
    }
}
