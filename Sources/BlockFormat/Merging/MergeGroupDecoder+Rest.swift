// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

extension MergeGroupDecoder {
    /// Decodes the rest columns of a kind of owner, and puts two columns of their entries behind the attribute columns:
    /// what each entry is called in the merge, and its value, whichever of the columns has it.
    ///
    /// - Parameter count: Entries, as the shapes say.
    mutating func decodeRest(_ owner: AttributeOwner, count: Int) throws(BlockError) {
        let columns = RestColumns(owner)
        let (keys, types) = (columns.keys.rawValue, columns.types.rawValue)
        guard decoder.valueCount(keys) == count, decoder.valueCount(types) == count else {
            throw damaged("a wrong number of rest entries")
        }
        guard count > 0 else { return }
        try decodeStrings(keys, as: keys, count: count)
        try decodeIntegers(columns.types, count: count)
        let counts = try countRest(parts.starts[Int(types)]..<parts.starts[Int(types)] + count)
        let (numbers, strings) = (columns.numbers.rawValue, columns.strings.rawValue)
        guard decoder.valueCount(numbers) == counts.numbers, decoder.valueCount(strings) == counts.strings else {
            throw damaged("a wrong number of rest values")
        }
        try decodeIntegers(columns.numbers, count: counts.numbers)
        try decodeStrings(strings, as: strings, count: counts.strings)
        placeRest(owner, columns, count)
    }

    private func countRest(_ types: Range<Int>) throws(BlockError) -> (numbers: Int, strings: Int) {
        var counts = (numbers: 0, strings: 0)
        for index in types {
            guard let raw = UInt8(exactly: parts.values[index]), let type = AttributeType(rawValue: raw) else {
                throw damaged("an attribute type that this Vivace does not know")
            }
            if type.isNumber { counts.numbers += 1 }
            if type.isByteString { counts.strings += 1 }
        }
        return counts
    }

    private mutating func placeRest(_ owner: AttributeOwner, _ columns: RestColumns, _ count: Int) {
        let first = FixedColumn.firstAttribute
        parts.starts[Int(first) + catalog.tables.restPlace(owner)] = parts.values.count
        for entry in 0..<count { parts.values.append(StringTag.tag(slot: slot, entry: UInt32(entry))) }
        let types = parts.starts[Int(columns.types.rawValue)]
        var number = parts.starts[Int(columns.numbers.rawValue)]
        var string = parts.starts[Int(columns.strings.rawValue)]
        parts.starts[catalog.tables.restValueColumn(owner)] = parts.values.count
        for entry in 0..<count {
            let type = AttributeType(rawValue: UInt8(truncatingIfNeeded: parts.values[types + entry])) ?? .absent
            if type.isByteString {
                parts.values.append(parts.values[string])
                string += 1
            } else if type.isNumber {
                parts.values.append(parts.values[number])
                number += 1
            } else {
                parts.values.append(0)
            }
        }
    }

    /// Bytes of the long strings of a rest entry.
    ///
    /// - Parameter index: Where the entry's name stands among the values.
    func restLongByteCount(_ owner: AttributeOwner, _ index: Int) -> Int {
        let columns = RestColumns(owner)
        let entry = StringTag.entry(parts.values[index])
        var sum = 0
        if let keys = parts.strings[columns.keys.rawValue] {
            sum += Self.longByteCount(parts.values[parts.starts[Int(columns.keys.rawValue)] + entry], keys)
        }
        let raw = UInt8(truncatingIfNeeded: parts.values[parts.starts[Int(columns.types.rawValue)] + entry])
        if let strings = parts.strings[columns.strings.rawValue], AttributeType(rawValue: raw)?.isByteString == true {
            let values = parts.starts[catalog.tables.restValueColumn(owner)]
            sum += Self.longByteCount(parts.values[values + entry], strings)
        }
        return sum
    }
}
