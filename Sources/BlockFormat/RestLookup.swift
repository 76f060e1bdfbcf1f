// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// A key in the rest columns of a block: which entries have it, and what their values are.
struct RestLookup: Sendable {
    let columns: RestColumns
    private let key: [UInt8]
    /// Of the keys; nil where the row groups have them.
    private let keyCode: UInt32?
    private let strings: BlockReader.Shared<BlockDictionary>?

    /// Nil if the block certainly has no such entry: by its shapes, then the filter, then the dictionary of keys.
    init?(_ key: [UInt8], of owner: AttributeOwner, _ reader: BlockReader) async throws {
        guard reader.schema.hasRest(owner) else { return nil }
        if let filter = try await reader.restKeyFilter() {
            guard filter.value.mayContain(hash: RestColumns.filterHash(key.rawSpan, owner)) else { return nil }
        }
        columns = RestColumns(owner)
        self.key = key
        let dictionaries = try await reader.dictionaries([columns.keys.rawValue, columns.strings.rawValue])
        strings = dictionaries[columns.strings.rawValue]
        if let keys = dictionaries[columns.keys.rawValue] {
            guard let code = keys.value.code(of: key.rawSpan) else { return nil }
            keyCode = code
        } else {
            keyCode = nil
        }
    }

    /// Whether a row group may have such an entry.
    func mayMatch(_ directory: RowGroupDirectory) -> Bool {
        guard let chunk = directory.chunk(columns.keys.rawValue) else { return false }
        guard let keyCode else { return true }
        return chunk.minimum <= UInt64(keyCode) && UInt64(keyCode) <= chunk.maximum
    }

    /// The entries of a row group with the key, rising.
    private func entries(_ decoder: borrowing RowGroupDecoder) throws(BlockError) -> [Int] {
        let count = decoder.valueCount(columns.keys.rawValue)
        guard let keyCode else {
            guard let keys = try decoder.localStrings(columns.keys.rawValue, count: count, 0..<count) else { return [] }
            let isWanted = (0..<keys.entryCount).map { keys.entry($0).isEqual(to: key.rawSpan) }
            return (0..<count).filter { isWanted[keys.isDictionary ? Int(keys.codes[$0]) : $0] }
        }
        var codes = FlatBuffer<UInt32>(capacity: count)
        try decoder.codes(columns.keys.rawValue, count: count, 0..<count, into: &codes)
        var found: [Int] = []
        for index in 0..<codes.count where codes[index] == keyCode { found.append(index) }
        return found
    }

    /// Calls `body` for each value of the key in a row group: the entry, its type, bits if it is a number, bytes if it is
    /// a byte string.
    ///
    /// - Parameter decoder: Of the four columns at least.
    /// - Throws: ``BlockError`` if the columns can't be read or contradict each other.
    func forEach(
        _ decoder: borrowing RowGroupDecoder, _ body: (Int, AttributeType, UInt64, RawSpan) -> Void
    ) throws(BlockError) {
        let found = try entries(decoder)
        guard let last = found.last else { return }
        let count = decoder.valueCount(columns.keys.rawValue)
        guard decoder.chunk(columns.types.rawValue) != nil else { throw BlockFilter.unfit(decoder) }
        var types = RestTypes()
        try types.read(decoder, columns, count: count, 0..<(last + 1))
        let numberCount = types.numbers(0..<(last + 1)).upperBound
        let stringCount = types.strings(0..<(last + 1)).upperBound
        let all = (decoder.valueCount(columns.numbers.rawValue), decoder.valueCount(columns.strings.rawValue))
        guard numberCount <= all.0, stringCount <= all.1 else { throw BlockFilter.unfit(decoder) }
        var wanted: [Int] = []
        for entry in found where types[entry].isByteString {
            wanted.append(types.strings(entry..<(entry + 1)).lowerBound)
        }
        var numbers = FlatBuffer<UInt64>(capacity: numberCount)
        if wanted.count < found.count {
            try decoder.integers(columns.numbers.rawValue, count: all.0, 0..<numberCount, into: &numbers)
        }
        let texts = try texts(decoder, wanted, count: all.1)
        var nextText = 0
        for entry in found {
            let type = types[entry]
            if type.isByteString {
                let text = texts[nextText]
                body(entry, type, 0, text.rawSpan)
                nextText += 1
            } else {
                let number = types.numbers(entry..<(entry + 1)).lowerBound
                body(entry, type, type.isNumber ? AttributeScatter.bits(numbers[number], type) : 0, RawSpan())
            }
        }
    }

    /// Some strings of a row group's column of `count`.
    ///
    /// - Parameter wanted: Their places in the column, rising.
    private func texts(
        _ decoder: borrowing RowGroupDecoder, _ wanted: [Int], count: Int
    ) throws(BlockError) -> [[UInt8]] {
        guard let last = wanted.last else { return [] }
        var texts: [[UInt8]] = []
        texts.reserveCapacity(wanted.count)
        if let strings {
            var codes = FlatBuffer<UInt32>(capacity: last + 1)
            try decoder.codes(columns.strings.rawValue, count: count, 0..<(last + 1), into: &codes)
            for index in wanted {
                let code = Int(codes[index])
                guard code < strings.value.count else { throw BlockFilter.unfit(decoder) }
                texts.append(strings.value.value(code).bytes)
            }
        } else if let local = try decoder.localStrings(columns.strings.rawValue, count: count, 0..<(last + 1)) {
            for index in wanted { texts.append([UInt8](local[index])) }
        }
        guard texts.count == wanted.count else { throw BlockFilter.unfit(decoder) }
        return texts
    }
}
