// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Columns of strings that stand in the row groups themselves: what the inputs' groups have apart becomes one list.
///
/// Each different entry of an input's row group is looked up once, however many rows have it.
struct MergedLocalStrings: ~Copyable {
    /// By slot: where its entries begin in `known`; −1 if it has none.
    private var bases = FlatBuffer<Int>()
    /// By entry of a slot: its code plus 1; 0 if it was not met yet.
    private var known = FlatBuffer<UInt32>()
    /// By slot.
    private var sources: [ChunkStrings?] = []
    private var codes = FlatBuffer<UInt32>(capacity: BlockLayout.rowGroupRowLimit)
    private var distinct = FlatBuffer<UInt32>()
    private let pool = SlabPool(retainedByteLimit: 8 << 20)

    init() {}

    /// Writes the tags `range` of `values`, and hands over each different string.
    mutating func write(
        _ column: UInt32, _ values: borrowing FlatBuffer<UInt64>, _ range: Range<Int>, omitsEmpty: Bool,
        _ slots: [MergeGroup?], into groups: inout RowGroupWriter, _ body: (RawSpan) -> Void = { _ in }
    ) {
        locate(column, slots)
        var strings = ByteDictionary(arena: SlabArena(pool: pool), seed: groups.blockID.low)
        codes.removeAll()
        var hasEmpty = false
        for index in range {
            let code = code(of: values[index], &strings)
            if code == 0 { hasEmpty = true }
            codes.append(code)
        }
        if omitsEmpty && strings.count == 1 { return }
        // The dictionary always has the empty string; the chunk has it only if a row does.
        distinct.removeAll()
        for code in (hasEmpty ? 0 : 1)..<UInt32(strings.count) { distinct.append(code) }
        if !hasEmpty { for index in 0..<codes.count { codes[index] &-= 1 } }
        let view = strings.view()
        groups.writeStrings(column, codes, distinct, view)
        for index in 0..<distinct.count { body(view[distinct[index]]) }
    }

    private mutating func locate(_ column: UInt32, _ slots: [MergeGroup?]) {
        bases.removeAll()
        sources.removeAll(keepingCapacity: true)
        var total = 0
        for slot in slots {
            let strings = slot?.strings[column]
            bases.append(strings == nil ? -1 : total)
            sources.append(strings)
            total += strings?.entryCount ?? 0
        }
        known.removeAll()
        known.resize(to: total, filling: 0)
    }

    @inline(__always)
    private mutating func code(of tag: UInt64, _ strings: inout ByteDictionary) -> UInt32 {
        let slot = StringTag.slot(tag)
        guard slot >= 0, bases[slot] >= 0 else { return 0 }
        let place = bases[slot] &+ StringTag.entry(tag)
        let code = known[place]
        return code > 0 ? code &- 1 : intern(StringTag.entry(tag), at: place, sources[slot], &strings)
    }

    @inline(never)
    private mutating func intern(
        _ entry: Int, at place: Int, _ source: ChunkStrings?, _ strings: inout ByteDictionary
    ) -> UInt32 {
        let code = source?.intern(entry, into: &strings) ?? 0
        known[place] = code + 1
        return code
    }
}
