// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

// A merge knows its dictionaries and its schema before it knows which rows stay. What only others had must not be in
// the block: codes stay as they are, and something empty takes the place.

extension MergedBlockWriter {
    /// Appends dictionaries, schema and the filter of rest keys.
    mutating func writeTables(_ catalog: MergeCatalog, into out: inout ByteWriter) {
        var scratch = EncodingScratch()
        for dictionary in catalog.dictionaries {
            var section = ByteWriter(capacity: 16 << 10)
            var codes = FlatBuffer<UInt32>(capacity: dictionary.strings.count)
            var counts = FlatBuffer<UInt64>(capacity: dictionary.strings.count)
            for code in 0..<dictionary.strings.count {
                codes.append(UInt32(code))
                counts.append(groups.stringCounts[dictionary.firstPlace + code])
            }
            if dictionary.strings.hasUnused(counts) {
                let strings = dictionary.strings.replacingUnused(counts)
                SortedStringDictionary.encode(codes, strings, counts: counts, into: &section, scratch: &scratch)
            } else {
                SortedStringDictionary.encode(
                    codes, dictionary.strings, counts: counts, into: &section, scratch: &scratch)
            }
            footer.append(section, .dictionary, dictionary.column, of: id, effort: effort, at: offset, into: &out)
        }
        var schema = catalog.tables.schema
        for column in schema.columns.indices {
            schema.columns[column].valueCount = groups.valueCounts[Int(FixedColumn.firstAttribute) + column]
        }
        schema.blankUnused(resources: usedResources, scopes: usedScopes)
        var section = ByteWriter(capacity: 16 << 10)
        schema.write(into: &section)
        footer.append(section, .schema, 0, of: id, effort: effort, at: offset, into: &out)
        writeRestKeyFilter(catalog, into: &out)
    }
}

extension BlockSchema {
    /// Leaves of resources, scopes, services and columns that no row has nothing but their places.
    fileprivate mutating func blankUnused(resources: BitMask, scopes: BitMask) {
        var usedServices = BitMask(count: services.count)
        for index in self.resources.indices {
            if resources[index] {
                usedServices[self.resources[index].service] = true
            } else {
                self.resources[index] = StoredResource(isPresent: false, encoded: [], schemaURL: [], service: 0)
            }
        }
        for index in services.indices where !usedServices[index] { services[index] = [] }
        for index in self.scopes.indices where !scopes[index] {
            self.scopes[index] = StoredScope(isPresent: false, encoded: [], schemaURL: [])
        }
        // No two columns may have one key. 255 stands in no UTF-8.
        for index in columns.indices where columns[index].valueCount == 0 {
            columns[index].key = [255] + "\(index)".utf8
        }
    }
}

extension MergedStrings {
    /// Whether a string occurs nowhere. The empty one is not counted everywhere, and tells nothing.
    private func isUnused(_ index: Int, _ counts: borrowing FlatBuffer<UInt64>) -> Bool {
        counts[index] == 0 && !self[index].isEmpty
    }

    fileprivate func hasUnused(_ counts: borrowing FlatBuffer<UInt64>) -> Bool {
        for index in 0..<count where isUnused(index, counts) { return true }
        return false
    }

    /// Ascending strings like these, with others in the place of those that occur nowhere: of what they were only what
    /// they share with their used neighbours is left.
    ///
    /// - Parameter counts: How often each occurs.
    func replacingUnused(_ counts: borrowing FlatBuffer<UInt64>) -> MergedStrings {
        var result = MergedStrings()
        var index = 0
        while index < count {
            let first = index
            while index < count, isUnused(index, counts) { index += 1 }
            if index > first {
                let base = Self.between(first > 0 ? bytes(first - 1) : [], index < count ? bytes(index) : nil)
                for place in first..<index {
                    if let base {
                        result.append((base + Self.digits(place - first)).rawSpan)
                    } else {
                        result.append(self[place])
                    }
                }
            }
            if index < count { result.append(self[index]) }
            index += 1
        }
        return result
    }

    /// A string above `low` that stays below `high` whatever follows on it; nil where only zeros fit between them.
    ///
    /// - Parameter high: Above `low`; nil: there is no bound.
    private static func between(_ low: [UInt8], _ high: [UInt8]?) -> [UInt8]? {
        guard let high else { return above(low, from: 0) }
        let common = zip(low, high).prefix { $0 == $1 }.count
        guard common == low.count else {
            // Both go on, and differ there.
            let isGap = high[common] - low[common] > 1
            return above(low, from: isGap ? common : common + 1)
        }
        guard let place = high[common...].firstIndex(where: { $0 > 0 }) else { return nil }
        return high[..<place] + [high[place] - 1]
    }

    /// A string above `low` that differs from it from a place on at the earliest.
    private static func above(_ low: [UInt8], from start: Int) -> [UInt8] {
        guard let place = low.indices.dropFirst(start).first(where: { low[$0] < 255 }) else { return low + [0] }
        return low[..<place] + [low[place] + 1]
    }

    /// Strings of one length that ascend with the number.
    private static func digits(_ number: Int) -> [UInt8] {
        [16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
