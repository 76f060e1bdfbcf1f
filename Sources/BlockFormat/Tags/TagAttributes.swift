// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// The values of one key of a kind of owner: of attributes of an owner with the same key the first counts.
struct TagAttributes: TagColumn {
    private let owner: AttributeOwner
    private var parts: [TagAttributeColumn] = []
    private let rest: TagRest?

    /// Nil if the block has no such attribute.
    init?(_ key: [UInt8], of owner: AttributeOwner, _ reader: BlockReader) async throws {
        self.owner = owner
        let columns = KeyColumns(key, of: owner, reader.schema)
        for place in columns.columns.indices { parts.append(try await TagAttributeColumn(columns, place, reader)) }
        rest = try await RestLookup(key, of: owner, reader).map { TagRest(lookup: $0, key: columns) }
        guard !parts.isEmpty || rest != nil else { return nil }
    }

    var columns: Set<UInt32> {
        parts.reduce(into: owner.columns.union(rest?.lookup.columns.all ?? [])) { $0.insert($1.column) }
    }

    var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } + (rest?.byteCount ?? 0) }

    func mayOccur(_ directory: RowGroupDirectory) -> Bool {
        parts.contains { directory.chunk($0.column) != nil } || rest?.lookup.mayMatch(directory) ?? false
    }

    mutating func add(
        _ rows: BitMask, _ decoder: borrowing RowGroupDecoder, to pairs: inout FlatBuffer<UInt64>,
        _ tally: inout ValueTally
    ) throws(BlockError) {
        var owners = try owner.selected(rows, decoder)
        guard !owners.mask.isEmpty else { return }
        let before = pairs.count
        var sourceCount = 0
        if let rest, rest.lookup.mayMatch(decoder.directory) {
            let found = try rest.add(owners, decoder, to: &pairs, &tally)
            owners.mask.formIntersection(found.inverted)
            sourceCount += 1
        }
        for index in parts.indices where decoder.chunk(parts[index].column) != nil {
            try parts[index].add(owners, decoder, to: &pairs, &tally)
            sourceCount += 1
        }
        // Those of a row, whichever columns have them, one behind the other.
        if sourceCount > 1, owner != .span { pairs.sort(before..<pairs.count, by: <) }
    }
}

/// One column of a key.
private struct TagAttributeColumn: Sendable {
    let column: UInt32
    private let owner: AttributeOwner
    private let type: AttributeType
    /// By shape: how many values an owner has.
    private let valueCounts: [UInt32]
    /// By shape: whether a value of this column comes first of all with the key; empty where ``holders`` say it.
    private let isFirst: [Bool]
    /// The shapes that have values of the column; nil if one has several, or one behind another with the key.
    private let holders: ValueSet?
    /// Of strings and arrays.
    private var strings: TagStringColumn?
    /// Of numbers.
    private var numbers: CodeNumbers

    init(_ columns: KeyColumns, _ place: Int, _ reader: BlockReader) async throws {
        owner = columns.owner
        column = FixedColumn.firstAttribute + UInt32(columns.columns[place])
        type = reader.schema.columns[columns.columns[place]].type
        valueCounts = columns.valueCounts[place]
        holders = columns.plainHolders(place)
        isFirst = holders == nil ? columns.firsts.map { $0 == place } : []
        strings = type == .string || type == .array ? try await TagStringColumn(column, type, reader) : nil
        numbers = CodeNumbers(count: type.isNumber ? 1 << 12 : 0)
    }

    var byteCount: Int { numbers.byteCount + valueCounts.count * 5 + (strings?.byteCount ?? 0) }

    mutating func add(
        _ owners: SelectedOwners, _ decoder: borrowing RowGroupDecoder, to pairs: inout FlatBuffer<UInt64>,
        _ tally: inout ValueTally
    ) throws(BlockError) {
        guard strings != nil || type.isNumber else { return }
        let (values, chosen) = try places(of: owners.mask, decoder)
        guard !values.isEmpty else { return }
        if strings != nil {
            try strings?.add(values, values.markedRows, of: owners, chosen, decoder, to: &pairs, &tally)
            return
        }
        let stored = try decoder.integers(column, at: values)
        let type = type
        // Integers are stored with their sign inverted: so small ones are low codes.
        let mask: UInt64 = type == .int ? 1 << 63 : 0
        for index in 0..<stored.count {
            let number = numbers.number(
                of: stored[index] ^ mask, { .init(type, AttributeScatter.bits($0 ^ mask, type), RawSpan()) }, in: &tally)
            pairs.append(number, row: owners.row(of: chosen[index]))
        }
    }

    /// Which of the column's values the owners have, those that count, and whose they are, in the same order.
    private func places(
        of wanted: BitMask, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> (values: BitMask, owners: [Int]) {
        let valueCount = decoder.valueCount(column)
        if let holders {
            var owners = try decoder.rows(
                integers: owner.shape.rawValue, count: wanted.count, holders, limit: UInt64(valueCounts.count))
            let values = wanted.taken(at: owners)
            guard values.count == valueCount else { throw BlockFilter.unfit(decoder) }
            owners.formIntersection(wanted)
            return (values, owners.markedRows)
        }
        let shapes = try decoder.shapes(of: owner, count: wanted.count, limit: valueCounts.count)
        var values = BitMask(count: valueCount)
        var owners: [Int] = []
        var next = 0
        for place in 0..<wanted.count {
            let shape = Int(shapes[place])
            let count = Int(valueCounts[shape])
            guard count <= valueCount - next else { throw BlockFilter.unfit(decoder) }
            if wanted[place], isFirst[shape] {
                values[next] = true
                owners.append(place)
            }
            next += count
        }
        return (values, owners)
    }
}

/// A key in the rest columns.
private struct TagRest: Sendable {
    let lookup: RestLookup
    let key: KeyColumns

    var byteCount: Int { key.byteCount }

    /// Adds the values that come first of all with the key.
    ///
    /// - Returns: The owners that have one: what columns say of them does not count.
    func add(
        _ owners: SelectedOwners, _ decoder: borrowing RowGroupDecoder, to pairs: inout FlatBuffer<UInt64>,
        _ tally: inout ValueTally
    ) throws(BlockError) -> BitMask {
        var entries: [Int] = []
        var values: [[ListedValues.Value]] = []
        try lookup.forEach(decoder) { entry, type, bits, bytes in
            entries.append(entry)
            values.append(ListedValues.Value.all(type, bits, bytes))
        }
        var found = BitMask(count: owners.mask.count)
        guard !entries.isEmpty else { return found }
        let shapes = try decoder.shapes(of: key.owner, count: owners.mask.count, limit: key.restCounts.count)
        try key.forEachFirst(
            of: entries, count: decoder.valueCount(lookup.columns.keys.rawValue), shapes, decoder
        ) { owner, place in
            guard owners.mask[owner] else { return }
            found[owner] = true
            for value in values[place] { pairs.append(tally.number(of: value), row: owners.row(of: owner)) }
        }
        return found
    }
}
