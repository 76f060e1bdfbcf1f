// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Entries of a row group's rest columns, one behind the other, in the codes of the batch that they go to.
struct ReadRest: ~Copyable {
    /// Key and type of each.
    var slots = FlatBuffer<AttributeSlot>()
    /// As ``AttributeColumns`` has them.
    var values = FlatBuffer<UInt64>()
}

extension RowReader {
    /// Reads entries of the rest columns of a kind of owner.
    ///
    /// - Parameters:
    ///   - before: How many entries come before the first wanted one.
    ///   - within: How many are wanted.
    ///   - areLast: Whether none come behind them.
    func rest(
        of owner: AttributeOwner, before: Int, within: Int, areLast: Bool, in batch: inout SpanBatch
    ) throws(BlockError) -> ReadRest {
        var result = ReadRest()
        guard within > 0 else { return result }
        let columns = RestColumns(owner)
        let end = before + within
        let count = decoder.valueCount(columns.keys.rawValue)
        guard end <= count, decoder.chunk(columns.types.rawValue) != nil else {
            throw BlockError(.corrupted, "block \(blockID) lacks entries of its rest columns")
        }
        var keys = FlatBuffer<UInt32>(capacity: within)
        try strings(columns.keys.rawValue, count: count, before..<end, in: &batch, into: &keys)
        // Where the numbers and strings of the wanted entries begin follows from the types before them.
        var types = RestTypes()
        try types.read(decoder, columns, count: count, 0..<end)
        let numberCount = decoder.valueCount(columns.numbers.rawValue)
        let stringCount = decoder.valueCount(columns.strings.rawValue)
        let (numbers, texts) = (types.numbers(before..<end), types.strings(before..<end))
        guard numbers.upperBound <= numberCount, texts.upperBound <= stringCount,
            !areLast || end == count && numbers.upperBound == numberCount && texts.upperBound == stringCount
        else {
            throw BlockError(.corrupted, "block \(blockID) lacks values of its rest columns")
        }
        var bits = FlatBuffer<UInt64>(capacity: numbers.count)
        try decoder.integers(columns.numbers.rawValue, count: numberCount, numbers, into: &bits)
        var codes = FlatBuffer<UInt32>(capacity: texts.count)
        try strings(columns.strings.rawValue, count: stringCount, texts, in: &batch, into: &codes)
        var (nextNumber, nextString) = (0, 0)
        for index in 0..<within {
            let type = types[before + index]
            result.slots.append(AttributeSlot(key: keys[index], type: type))
            if type.isByteString {
                result.values.append(UInt64(codes[nextString]))
                nextString += 1
            } else if type.isNumber {
                result.values.append(AttributeScatter.bits(bits[nextNumber], type))
                nextNumber += 1
            } else {
                result.values.append(0)
            }
        }
        return result
    }
}

/// The types of a row group's rest entries from the first on.
struct RestTypes: ~Copyable {
    private var types: [AttributeType] = []
    /// By entry: how many numbers and strings come before it; one more at the end.
    private var numbersBefore = FlatBuffer<Int>()
    private var stringsBefore = FlatBuffer<Int>()

    /// - Parameters:
    ///   - count: Entries of the row group.
    ///   - range: From 0 on.
    /// - Throws: ``BlockError`` if the column can't be read or has a type that nobody knows.
    mutating func read(
        _ decoder: borrowing RowGroupDecoder, _ columns: RestColumns, count: Int, _ range: Range<Int>
    ) throws(BlockError) {
        var stored = FlatBuffer<UInt64>(capacity: range.count)
        try decoder.integers(columns.types.rawValue, count: count, range, into: &stored)
        types.reserveCapacity(stored.count)
        var (numbers, strings) = (0, 0)
        for index in 0..<stored.count {
            guard let raw = UInt8(exactly: stored[index]), let type = AttributeType(rawValue: raw) else {
                throw BlockError(.corrupted, "block \(decoder.id) has an attribute type that this Vivace does not know")
            }
            types.append(type)
            numbersBefore.append(numbers)
            stringsBefore.append(strings)
            if type.isNumber { numbers += 1 }
            if type.isByteString { strings += 1 }
        }
        numbersBefore.append(numbers)
        stringsBefore.append(strings)
    }

    subscript(entry: Int) -> AttributeType { types[entry] }

    /// Where the numbers of some entries stand in the column of numbers.
    func numbers(_ entries: Range<Int>) -> Range<Int> {
        numbersBefore[entries.lowerBound]..<numbersBefore[entries.upperBound]
    }

    /// Where the strings of some entries stand in the column of strings.
    func strings(_ entries: Range<Int>) -> Range<Int> {
        stringsBefore[entries.lowerBound]..<stringsBefore[entries.upperBound]
    }
}
