// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Entries of the rest columns of one kind of owner in a row group of a merge's output.
///
/// Rest entries go through the merge like the values of a column: what is moved is which entry of which row group of the
/// inputs it is. Only in the end are key, type and value fetched from there.
struct MergedRest: ~Copyable {
    private(set) var keys = FlatBuffer<UInt64>()
    private(set) var types = FlatBuffer<UInt64>()
    private(set) var numbers = FlatBuffer<UInt64>()
    private(set) var strings = FlatBuffer<UInt64>()

    init() {}

    /// Fetches the entries that the tags `range` of `values` stand for.
    mutating func gather(
        _ owner: AttributeOwner, _ values: borrowing FlatBuffer<UInt64>, _ range: Range<Int>, _ slots: [MergeGroup?],
        _ catalog: MergeCatalog
    ) {
        keys.removeAll()
        types.removeAll()
        numbers.removeAll()
        strings.removeAll()
        let columns = RestColumns(owner)
        let valueColumn = Int(catalog.tables.restValueColumn(owner))
        for index in range {
            guard let group = slots[StringTag.slot(values[index])] else { continue }
            let entry = StringTag.entry(values[index])
            keys.append(group.values[group.starts[Int(columns.keys.rawValue)] + entry])
            let type = group.values[group.starts[Int(columns.types.rawValue)] + entry]
            types.append(type)
            let value = group.values[group.starts[valueColumn] + entry]
            switch AttributeType(rawValue: UInt8(truncatingIfNeeded: type)) {
            case .some(let type) where type.isByteString: strings.append(value)
            case .some(let type) where type.isNumber: numbers.append(value)
            default: break
            }
        }
    }
}

/// The keys in the rest columns of a merge's output that stand in no dictionary, as what the filter has of them.
struct RestKeyHashes {
    private(set) var hashes: Set<UInt64> = []
    /// Whether they were too many to be kept: then the output has no filter, and who looks for a key reads the columns.
    private(set) var areTooMany = false

    /// Some 16 MB.
    private static let limit = 1 << 20

    mutating func insert(_ hash: UInt64) {
        guard !areTooMany else { return }
        hashes.insert(hash)
        if hashes.count > Self.limit {
            areTooMany = true
            hashes = []
        }
    }
}

extension MergedBlockWriter {
    /// Writes the rest columns of a kind of owner, whose entries were scattered.
    mutating func writeRest(_ owner: AttributeOwner, _ slots: [MergeGroup?], _ catalog: MergeCatalog) {
        let place = catalog.tables.restPlace(owner)
        let range = scatter.starts[place]..<scatter.starts[place + 1]
        guard !range.isEmpty else { return }
        rest.gather(owner, scatter.values, range, slots, catalog)
        let columns = RestColumns(owner)
        writeRestKeys(owner, columns.keys.rawValue, slots, catalog)
        groups.writeAlways(columns.types, rest.types)
        if rest.numbers.count > 0 { groups.writeAlways(columns.numbers, rest.numbers) }
        guard rest.strings.count > 0 else { return }
        Self.writeStrings(
            columns.strings.rawValue, rest.strings, 0..<rest.strings.count, omitsEmpty: false, slots, catalog, &strings,
            &groups)
    }

    private mutating func writeRestKeys(
        _ owner: AttributeOwner, _ column: UInt32, _ slots: [MergeGroup?], _ catalog: MergeCatalog
    ) {
        let range = 0..<rest.keys.count
        if let dictionary = catalog.dictionary(column) {
            return groups.writeCodes(column, rest.keys, range, firstPlace: dictionary.firstPlace)
        }
        var hashes = RestKeyHashes()
        swap(&hashes, &restKeyHashes)
        strings.write(column, rest.keys, range, omitsEmpty: false, slots, into: &groups) { key in
            hashes.insert(RestColumns.filterHash(key, owner))
        }
        swap(&hashes, &restKeyHashes)
    }

    /// Appends the filter over the keys in rest columns; nothing if there are none, or too many.
    mutating func writeRestKeyFilter(_ catalog: MergeCatalog, into out: inout ByteWriter) {
        guard catalog.tables.shapes.hasRest, !restKeyHashes.areTooMany else { return }
        var hashes = FlatBuffer<UInt64>()
        for hash in restKeyHashes.hashes.sorted() { hashes.append(hash) }
        for owner in AttributeOwner.allCases {
            guard let dictionary = catalog.dictionary(RestColumns(owner).keys.rawValue) else { continue }
            for code in 0..<dictionary.strings.count where groups.stringCounts[dictionary.firstPlace + code] > 0 {
                hashes.append(dictionary.strings.filterHash(code, owner))
            }
        }
        var filter = BloomFilter(keyCount: hashes.count)
        for index in 0..<hashes.count { filter.insert(hash: hashes[index]) }
        var section = ByteWriter(capacity: 1 << 10)
        filter.write(into: &section)
        footer.append(section, .restKeyFilter, 0, of: id, effort: nil, at: offset, into: &out)
    }
}
