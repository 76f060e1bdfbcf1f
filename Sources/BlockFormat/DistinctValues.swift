// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

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

    /// An entry beside what it is the entry for, plus 1; 0 is none.
    struct Use: BitwiseCopyable {
        var key: UInt32
        var entry: UInt32
    }

    private(set) var entries: FlatBuffer<Entry>
    /// By string: the first column that used it.
    private var firstUses: FlatBuffer<Use>
    /// By column: the last string that another column had used first. It often comes again at once.
    private var lastOthers: FlatBuffer<Use>
    private var others = PairTable()

    init(stringCount: Int, columnCount: Int) {
        entries = FlatBuffer(capacity: stringCount + stringCount / 4)
        firstUses = FlatBuffer(repeating: Use(key: 0, entry: 0), count: stringCount)
        lastOthers = FlatBuffer(repeating: Use(key: 0, entry: 0), count: columnCount)
    }

    /// The entry of a string in a column, a new one if it was never seen there.
    @inline(__always) mutating func entry(column: UInt32, string: UInt32) -> Int {
        let use = firstUses[Int(string)]
        return use.key == column &+ 1 ? Int(use.entry) : otherEntry(column, string)
    }

    /// The first use of a string; its key is 0 if there is none.
    @inline(__always) func firstUse(of string: UInt32) -> Use { firstUses[Int(string)] }

    /// The entry of a string in a column; nil if it was never seen there.
    func existingEntry(column: UInt32, string: UInt32) -> Int? {
        let use = firstUses[Int(string)]
        if use.key == column &+ 1 { return Int(use.entry) }
        return others.value(for: UInt64(column) << 32 | UInt64(string)).map { Int($0) }
    }

    @inline(never) private mutating func otherEntry(_ column: UInt32, _ string: UInt32) -> Int {
        let last = lastOthers[Int(column)]
        if last.key == string &+ 1 { return Int(last.entry) }
        let new = UInt32(entries.count)
        if firstUses[Int(string)].key == 0 {
            firstUses[Int(string)] = Use(key: column + 1, entry: new)
            entries.append(Entry(column: column, string: string))
            return Int(new)
        }
        let found = others.value(for: UInt64(column) << 32 | UInt64(string), orInsert: new)
        if found == new { entries.append(Entry(column: column, string: string)) }
        lastOthers[Int(column)] = Use(key: string + 1, entry: found)
        return Int(found)
    }

    /// Takes the strings of a fixed column of one source.
    mutating func collect(
        _ column: FixedColumn, _ codes: ColumnView<UInt32>, of source: UInt32, _ strings: borrowing UnifiedStrings
    ) {
        var last = UInt32.max
        for row in 0..<codes.count where codes[row] != last {
            last = codes[row]
            _ = entry(column: column.rawValue, string: strings.code(source, last))
        }
    }

    /// Takes the strings of all attributes of a kind of owner of one source.
    ///
    /// - Parameter codes: By owner and source, what the source's shapes are in the block.
    mutating func collect(
        _ attributes: AttributeColumnsView, of source: UInt32, shapesFrom first: Int, _ shapes: borrowing ShapeTable,
        _ codes: borrowing CodeMap, list: Int, _ strings: borrowing UnifiedStrings
    ) {
        let slots = shapes.slots.span
        let shape = attributes.shape
        let values = attributes.values
        // By string of the source: the first column here that had it, plus 1. To find it again takes no other table.
        var columns = FlatBuffer<UInt32>(repeating: 0, count: strings.count(of: source))
        var value = 0
        for row in 0..<shape.count {
            for position in shapes.range(first &+ Int(codes[list, shape[row]])) {
                let slot = slots[position]
                if slot.isString {
                    let column = FixedColumn.firstAttribute &+ UInt32(truncatingIfNeeded: slot.column)
                    let code = Int(truncatingIfNeeded: values[value])
                    if columns[code] != column &+ 1 {
                        if columns[code] == 0 { columns[code] = column &+ 1 }
                        let string = strings.code(source, UInt32(truncatingIfNeeded: code))
                        _ = entry(column: column, string: string)
                    }
                }
                value &+= 1
            }
        }
    }
}

/// 64-bit keys to 32-bit values by open addressing; keys are never removed.
struct PairTable: ~Copyable {
    struct Slot: BitwiseCopyable {
        /// The key plus 1; 0 is none.
        var key: UInt64 = 0
        var value: UInt32 = 0
    }

    private var slots: FlatBuffer<Slot>
    private var count = 0

    init() { self.init(slotCount: 256) }

    private init(slotCount: Int) { slots = FlatBuffer(repeating: Slot(), count: slotCount) }

    /// The value of `key`; nil if there is none.
    func value(for key: UInt64) -> UInt32? {
        let mask = slots.count &- 1
        var index = Self.place(key) & mask
        while slots[index].key != 0 {
            if slots[index].key == key &+ 1 { return slots[index].value }
            index = (index &+ 1) & mask
        }
        return nil
    }

    /// The value of `key`; `value` is stored and returned if there is none. No key is `UInt64.max`.
    mutating func value(for key: UInt64, orInsert value: UInt32) -> UInt32 {
        let mask = slots.count &- 1
        var index = Self.place(key) & mask
        while slots[index].key != 0 {
            if slots[index].key == key &+ 1 { return slots[index].value }
            index = (index &+ 1) & mask
        }
        slots[index] = Slot(key: key &+ 1, value: value)
        count += 1
        if count * 2 > slots.count { grow() }
        return value
    }

    private mutating func grow() {
        var bigger = PairTable(slotCount: slots.count * 2)
        for index in 0..<slots.count where slots[index].key != 0 {
            _ = bigger.value(for: slots[index].key &- 1, orInsert: slots[index].value)
        }
        self = bigger
    }

    private static func place(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) &>> 20)
    }
}
