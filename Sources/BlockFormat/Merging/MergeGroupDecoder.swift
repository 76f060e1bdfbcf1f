// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Decodes all columns of one row group of an input into the output's numbers and codes.
///
/// Nothing that the bytes say is believed: counts, codes and places are checked here, so that what follows can't trap.
struct MergeGroupDecoder: ~Copyable {
    let decoder: RowGroupDecoder
    let catalog: MergeCatalog
    let schema: BlockSchema
    let input: Int
    let slot: Int
    private let expired: ExpiredTraces?
    var parts: MergeGroupParts
    private var scratch = FlatBuffer<UInt32>(capacity: BlockLayout.rowGroupRowLimit)

    /// A group below this has no row whose long strings are looked at: even many such groups stay below what a row
    /// group of the output may have.
    static let longByteLimit = 1 << 20

    /// - Parameters:
    ///   - slot: Where the group will be kept; part of its strings' tags.
    ///   - expired: Of the input.
    init(
        _ decoder: consuming RowGroupDecoder, _ catalog: MergeCatalog, schema: BlockSchema, input: Int, slot: Int,
        _ expired: ExpiredTraces?
    ) {
        parts = MergeGroupParts(columnCount: catalog.columnCount)
        parts.rowCount = decoder.entry.rowCount
        self.decoder = decoder
        self.catalog = catalog
        self.schema = schema
        self.input = input
        self.slot = slot
        self.expired = expired
    }

    /// - Parameters:
    ///   - traces: All that have rows in the group, in order.
    ///   - hasCritical: Whether the derived column is of the version that the output has.
    consuming func decode(_ traces: [TraceAnchor], hasCritical: Bool) throws(BlockError) -> MergeGroup {
        let rowCount = parts.rowCount
        for column in [
            FixedColumn.spanID, .duration, .kind, .status, .presence, .flags, .droppedAttributes, .droppedEvents,
            .droppedLinks, .arrivalSeconds,
        ] { try decodeIntegers(column, count: rowCount) }
        if hasCritical { try decodeIntegers(.critical, count: rowCount) }
        try requireStructure()
        try decodeCodes(.resource, count: rowCount, limit: schema.resources.count) {
            $0.tables.resourceCodes[$1, $2]
        }
        try decodeCodes(.scope, count: rowCount, limit: schema.scopes.count) { $0.tables.scopeCodes[$1, $2] }
        for column in [FixedColumn.name, .statusMessage, .traceState] {
            try decodeStrings(column.rawValue, as: column.rawValue, count: rowCount)
        }
        try placeTraces(traces)
        try decodeParents()
        try decodeOwners(.span, .shape, count: rowCount)
        try decodeEvents()
        try decodeLinks()
        weigh()
        let number = decoder.index
        let has = hasCritical && parts.starts[Int(FixedColumn.critical.rawValue)] >= 0
        return MergeGroup(parts, input: input, number: number, hasCritical: has)
    }

    func damaged(_ what: String) -> BlockError {
        BlockError(.corrupted, "\(what) in row group \(decoder.index) of block \(decoder.id)")
    }

    // MARK: - Columns

    mutating func decodeIntegers(_ column: FixedColumn, count: Int) throws(BlockError) {
        guard decoder.chunk(column.rawValue) != nil else { return }
        parts.starts[Int(column.rawValue)] = parts.values.count
        try decoder.integers(column.rawValue, count: count, 0..<count, into: &parts.values)
    }

    /// Codes of the schema, as what they are in the output; a column without a chunk is all 0 and stands written out.
    mutating func decodeCodes(
        _ column: FixedColumn, count: Int, limit: Int, _ map: (MergeCatalog, Int, UInt32) -> UInt32
    ) throws(BlockError) {
        let start = parts.values.count
        parts.starts[Int(column.rawValue)] = start
        try decoder.integers(column.rawValue, count: count, 0..<count, into: &parts.values)
        for index in start..<parts.values.count {
            guard parts.values[index] < UInt64(limit) else { throw damaged("a code that stands for nothing") }
            parts.values[index] = UInt64(map(catalog, input, UInt32(parts.values[index])))
        }
    }

    /// - Parameters:
    ///   - number: The column in the input.
    ///   - column: In the output.
    mutating func decodeStrings(_ number: UInt32, as column: UInt32, count: Int) throws(BlockError) {
        guard decoder.chunk(number) != nil else { return }
        parts.starts[Int(column)] = parts.values.count
        if let codes = catalog.codes(input, column) {
            scratch.removeAll()
            try decoder.codes(number, count: count, 0..<count, into: &scratch)
            guard Self.append(scratch, by: codes.codes, to: &parts.values) else {
                throw damaged("a string that is not there")
            }
        } else if let dictionary = catalog.inputDictionary(input, column) {
            scratch.removeAll()
            try decoder.codes(number, count: count, 0..<count, into: &scratch)
            for index in 0..<scratch.count {
                guard Int(scratch[index]) < dictionary.value.count else { throw damaged("a string that is not there") }
                parts.values.append(StringTag.tag(slot: slot, entry: scratch[index]))
            }
            parts.strings[column] = ChunkStrings(dictionary)
        } else if let strings = try decoder.localStrings(number, count: count, 0..<count) {
            if let dictionary = catalog.dictionary(column) {
                try append(strings, in: dictionary)
            } else {
                append(strings)
                parts.strings[column] = ChunkStrings(strings)
            }
        }
    }

    /// Appends what `table` has for the codes.
    ///
    /// - Returns: False if there is one for which it has nothing.
    private static func append(
        _ codes: borrowing FlatBuffer<UInt32>, by table: borrowing FlatBuffer<UInt32>,
        to values: inout FlatBuffer<UInt64>
    ) -> Bool {
        let first = values.count
        values.resize(to: first + codes.count, filling: 0)
        let (codes, table) = (codes.span, table.span)
        var target = values.mutableSpan
        for index in codes.indices {
            let code = Int(codes[index])
            guard code < table.count else { return false }
            target[first &+ index] = UInt64(table[code])
        }
        return true
    }

    /// Strings of the row group as codes of the output's dictionary, which has all of them.
    private mutating func append(
        _ strings: borrowing DecodedStrings, in dictionary: MergedDictionary
    ) throws(BlockError) {
        scratch.removeAll()
        for entry in 0..<strings.entryCount {
            guard let code = dictionary.strings.code(of: strings.entry(entry)) else {
                throw damaged("a string that was not there before")
            }
            scratch.append(code)
        }
        let usesCodes = strings.isDictionary
        for row in 0..<strings.count {
            parts.values.append(UInt64(scratch[usesCodes ? Int(strings.codes[row]) : row]))
        }
    }

    private mutating func append(_ strings: borrowing DecodedStrings) {
        let usesCodes = strings.isDictionary
        for row in 0..<strings.count {
            parts.values.append(
                StringTag.tag(slot: slot, entry: usesCodes ? strings.codes[row] : UInt32(row)))
        }
    }

    // MARK: - Structure

    private func requireStructure() throws(BlockError) {
        for column in [FixedColumn.spanID, .duration, .start] where decoder.chunk(column.rawValue) == nil {
            throw damaged("a missing column \(column)")
        }
    }

    /// Where the traces lie and when each row starts.
    private mutating func placeTraces(_ traces: [TraceAnchor]) throws(BlockError) {
        let first = decoder.entry.firstRow
        var deltas = FlatBuffer<UInt64>(capacity: parts.rowCount)
        try decoder.integers(FixedColumn.start.rawValue, count: parts.rowCount, 0..<parts.rowCount, into: &deltas)
        var row = 0
        for (index, trace) in traces.enumerated() {
            let rows = trace.rows.clamped(to: first..<(first + parts.rowCount))
            guard !rows.isEmpty, rows.lowerBound - first == row else { continue }
            let end = rows.upperBound - first
            parts.traces.append(
                MergeTrace(
                    high: trace.id.high, low: trace.id.low, first: UInt32(row), end: UInt32(end),
                    isExpired: expired?[decoder.entry.firstTrace + index] ?? false))
            var start = trace.start
            while row < end {
                start &+= deltas[row]
                parts.rowStarts.append(start)
                row += 1
            }
        }
        guard row == parts.rowCount else { throw damaged("rows of no trace") }
    }

    private mutating func decodeParents() throws(BlockError) {
        let count = parts.rowCount
        var stored = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.parent.rawValue, count: count, 0..<count, into: &stored)
        var explicit = FlatBuffer<UInt64>()
        let explicitCount = decoder.valueCount(FixedColumn.explicitParent.rawValue)
        try decoder.integers(
            FixedColumn.explicitParent.rawValue, count: explicitCount, 0..<explicitCount, into: &explicit)
        let unusualCount = decoder.valueCount(FixedColumn.unusualParent.rawValue)
        let number = FixedColumn.unusualParent.rawValue
        try decodeStrings(number, as: number, count: unusualCount)
        if unusualCount > 0 { parts.isUnusual.resize(to: count, filling: false) }
        let ids = parts.starts[Int(FixedColumn.spanID.rawValue)]
        var (nextExplicit, nextUnusual) = (0, 0)
        for index in 0..<parts.traces.count {
            let rows = parts.traces[index].rows
            for row in rows {
                switch stored[row] {
                case 0: parts.parents.append(0)
                case 1 where nextExplicit < explicitCount:
                    parts.parents.append(explicit[nextExplicit])
                    nextExplicit += 1
                case 2 where nextUnusual < unusualCount:
                    parts.parents.append(parts.values[parts.starts[Int(number)] + nextUnusual])
                    parts.isUnusual[row] = true
                    nextUnusual += 1
                case 3..<UInt64(rows.count + 3):
                    parts.parents.append(parts.values[ids + rows.lowerBound + Int(stored[row] - 3)])
                default: throw damaged("a parent that is not there")
                }
            }
        }
    }
}
