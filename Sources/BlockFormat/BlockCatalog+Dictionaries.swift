// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// A dictionary that one column has for the whole block.
struct PlannedDictionary {
    var column: UInt32
    /// Its first string's place among those of all dictionaries.
    var firstPlace: Int
    /// In the order of the strings.
    var entries: [UInt32]
}

extension BlockCatalog {
    /// Columns with few distinct values for their number of values get a dictionary for the block.
    mutating func chooseDictionaries() {
        hasDictionary = FlatBuffer(repeating: false, count: columnCount)
        var entryCounts = FlatBuffer<Int>(repeating: 0, count: columnCount)
        var byteCounts = FlatBuffer<Int>(repeating: 0, count: columnCount)
        for index in 0..<distinct.entries.count {
            let entry = distinct.entries[index]
            entryCounts[Int(entry.column)] += 1
            byteCounts[Int(entry.column)] += strings[entry.string].byteCount
        }
        for column in 0..<columnCount where entryCounts[column] > 0 {
            let count = entryCounts[column]
            hasDictionary[column] =
                count <= BlockLayout.dictionaryEntryLimit && byteCounts[column] <= BlockLayout.dictionaryByteLimit
                && (count <= 64 || count * 4 <= valueCounts[column])
        }
        // Their keys are listed, and searched for, without reading a row.
        for owner in AttributeOwner.allCases {
            let column = Int(RestColumns(owner).keys.rawValue)
            hasDictionary[column] =
                entryCounts[column] > 0 && entryCounts[column] <= BlockLayout.dictionaryEntryLimit
                && byteCounts[column] <= BlockLayout.dictionaryByteLimit
        }
        rankEntries()
    }

    private mutating func rankEntries() {
        places.resize(to: distinct.entries.count, filling: 0)
        firstPlaces.resize(to: columnCount, filling: 0)
        var byColumn: [UInt32: [UInt32]] = [:]
        for index in 0..<distinct.entries.count {
            let column = distinct.entries[index].column
            if hasDictionary[Int(column)] { byColumn[column, default: []].append(UInt32(index)) }
        }
        var place: UInt32 = 0
        for column in byColumn.keys.sorted() {
            var entries = byColumn[column] ?? []
            sortByString(&entries)
            firstPlaces[Int(column)] = place
            dictionaries.append(PlannedDictionary(column: column, firstPlace: Int(place), entries: entries))
            for entry in entries {
                places[Int(entry)] = place
                place += 1
            }
        }
    }

    private func sortByString(_ entries: inout [UInt32]) {
        entries.sort { strings[distinct.entries[Int($0)].string].precedes(strings[distinct.entries[Int($1)].string]) }
    }

    // MARK: - Columns without values

    /// Finds the columns that need not be gathered: those of empty strings, and the numbers that are often all 0.
    mutating func findDefaults(_ sources: [SpanBatchView]) {
        isDefault = FlatBuffer(repeating: false, count: columnCount)
        for column in FixedColumn.strings { isDefault[Int(column.rawValue)] = true }
        for index in 0..<distinct.entries.count where distinct.entries[index].string != 0 {
            isDefault[Int(distinct.entries[index].column)] = false
        }
        let hasDrops = sources.contains { $0.droppedCounts.count > 1 }
        for column in [FixedColumn.droppedAttributes, .droppedEvents, .droppedLinks] {
            isDefault[Int(column.rawValue)] = !hasDrops
        }
        commonFlags = Self.commonValue(sources) { $0.flags }
        isDefault[Int(FixedColumn.flags.rawValue)] = commonFlags == 0
        findDefault(.eventDropped, sources) { $0.eventDropped }
        findDefault(.linkDropped, sources) { $0.linkDropped }
        findDefault(.linkFlags, sources) { $0.linkFlags }
    }

    /// What all rows have; nil if they differ, or there is none.
    private static func commonValue(
        _ sources: [SpanBatchView], _ select: (SpanBatchView) -> ColumnView<UInt32>
    ) -> UInt32? {
        var common: UInt32?
        for source in sources {
            let values = select(source)
            guard values.count > 0 else { continue }
            let first = common ?? values[0]
            guard (0..<values.count).allSatisfy({ values[$0] == first }) else { return nil }
            common = first
        }
        return common
    }

    private mutating func findDefault(
        _ column: FixedColumn, _ sources: [SpanBatchView], _ select: (SpanBatchView) -> ColumnView<UInt32>
    ) {
        isDefault[Int(column.rawValue)] = sources.allSatisfy { source in
            let values = select(source)
            return !(0..<values.count).contains { values[$0] != 0 }
        }
    }
}
