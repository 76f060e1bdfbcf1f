// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

/// The sorted distinct values of one string column of a block, with how often each occurs.
struct BlockDictionary: ~Copyable {
    private let strings: DecodedStrings
    private let counts: FlatBuffer<UInt64>

    init(_ bytes: RawSpan) throws(ByteCodingError) {
        var counts = FlatBuffer<UInt64>()
        let strings = try SortedStringDictionary.decode(bytes, counts: &counts)
        self.strings = strings
        self.counts = counts
    }

    var count: Int { strings.count }

    // For merging. All trap outside of the dictionaries.

    func byteCount(_ index: Int) -> Int { strings.entry(index).byteCount }

    /// Whether value `index` comes before that of another dictionary.
    func precedes(_ index: Int, _ other: borrowing BlockDictionary, _ otherIndex: Int) -> Bool {
        strings.entry(index).precedes(other.strings.entry(otherIndex))
    }

    func isEqual(_ index: Int, _ other: borrowing MergedStrings, _ otherIndex: Int) -> Bool {
        strings.entry(index).isEqual(to: other[otherIndex])
    }

    /// Whether no row has value `index`; the empty string is not counted everywhere.
    func isUnused(_ index: Int) -> Bool { counts[index] == 0 && !strings.entry(index).isEmpty }

    func append(_ index: Int, to other: inout MergedStrings) { other.append(strings.entry(index)) }

    var retainedByteCount: Int { strings.byteCount + strings.count * 16 }

    /// The code that `target` has for the value of `code`; nil if there is no such value here.
    func intern(_ code: UInt32, into target: inout ByteDictionary) -> UInt32? {
        Int(code) < strings.count ? target.code(for: strings[Int(code)]) : nil
    }

    /// A copy of value `index`, and how often it occurs. Traps outside of the dictionary.
    func value(_ index: Int) -> (bytes: [UInt8], count: UInt64) { ([UInt8](strings[index]), counts[index]) }

    /// By code: whether the value is one of those that `holds` is true of.
    func codes(where holds: (RawSpan) -> Bool) -> [Bool] {
        var result: [Bool] = []
        result.reserveCapacity(count)
        for index in 0..<count { result.append(holds(strings[index])) }
        return result
    }

    /// The code of a value; nil if no row has it.
    func code(of value: RawSpan) -> UInt32? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if strings[middle].precedes(value) { low = middle + 1 } else { high = middle }
        }
        return low < count && strings[low].isEqual(to: value) ? UInt32(low) : nil
    }
}
