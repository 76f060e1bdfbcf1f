// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// The distinct strings of every string column of a block.
///
/// Most strings appear in one column only, so each string remembers the first column that used it and its entry
/// there; a table of (column, string) pairs holds the rest.
struct DistinctValues: ~Copyable {
    struct Entry: BitwiseCopyable {
        var column: UInt32
        /// Code in ``UnifiedStrings``.
        var string: UInt32
    }

    private(set) var entries = FlatBuffer<Entry>()
    /// By string: the first column that used it, plus 1; and its entry there.
    private var owner: FlatBuffer<UInt32>
    private var ownerEntry: FlatBuffer<UInt32>
    private var others = PairTable()

    init(stringCount: Int) {
        owner = FlatBuffer(repeating: 0, count: stringCount)
        ownerEntry = FlatBuffer(repeating: 0, count: stringCount)
    }

    /// The entry of a string in a column, a new one if it was never seen there.
    @inline(__always) mutating func entry(column: UInt32, string: UInt32) -> Int {
        let index = Int(string)
        if owner[index] == column &+ 1 { return Int(ownerEntry[index]) }
        return otherEntry(column, string)
    }

    @inline(never) private mutating func otherEntry(_ column: UInt32, _ string: UInt32) -> Int {
        if owner[Int(string)] == 0 {
            owner[Int(string)] = column + 1
            ownerEntry[Int(string)] = UInt32(entries.count)
            entries.append(Entry(column: column, string: string))
            return entries.count - 1
        }
        let new = UInt32(entries.count)
        let found = others.value(for: UInt64(column) << 32 | UInt64(string), orInsert: new)
        if found == new { entries.append(Entry(column: column, string: string)) }
        return Int(found)
    }
}

/// 64-bit keys to 32-bit values by open addressing; keys are never removed.
struct PairTable: ~Copyable {
    private var keys = FlatBuffer<UInt64>(repeating: 0, count: 256)
    private var values = FlatBuffer<UInt32>(repeating: 0, count: 256)
    private var count = 0

    /// The value of `key`; `value` is stored and returned if there is none. No key is `UInt64.max`.
    mutating func value(for key: UInt64, orInsert value: UInt32) -> UInt32 {
        let mask = keys.count - 1
        var index = Self.slot(key) & mask
        while keys[index] != 0 {
            if keys[index] == key &+ 1 { return values[index] }
            index = (index + 1) & mask
        }
        keys[index] = key &+ 1
        values[index] = value
        count += 1
        if count * 2 > keys.count { grow() }
        return value
    }

    private mutating func grow() {
        var bigger = PairTable(slotCount: keys.count * 2)
        for index in 0..<keys.count where keys[index] != 0 {
            _ = bigger.value(for: keys[index] &- 1, orInsert: values[index])
        }
        self = bigger
    }

    init() {}

    private init(slotCount: Int) {
        keys = FlatBuffer(repeating: 0, count: slotCount)
        values = FlatBuffer(repeating: 0, count: slotCount)
    }

    private static func slot(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) &>> 20)
    }
}
