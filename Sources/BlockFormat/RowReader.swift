// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Rebuilds spans from the columns of one row group.
struct RowReader: ~Copyable {
    let decoder: RowGroupDecoder
    let schema: BlockSchema
    let dictionaries: [UInt32: BlockReader.Shared<BlockDictionary>]
    let blockID: BlockID

    init(
        decoder: consuming RowGroupDecoder, schema: BlockSchema,
        dictionaries: [UInt32: BlockReader.Shared<BlockDictionary>], blockID: BlockID
    ) {
        self.decoder = decoder
        self.schema = schema
        self.dictionaries = dictionaries
        self.blockID = blockID
    }

    /// Appends those rows of the group that lie in `rows`, in block order.
    ///
    /// - Parameters:
    ///   - rows: Rows of the block; of a trace either all that the group has, or none.
    ///   - traces: All traces that have rows among them, rising.
    mutating func append(
        _ rows: Range<Int>, of traces: [TraceAnchor], to batch: inout SpanBatch
    ) throws(BlockError) {
        let first = decoder.entry.firstRow
        let clipped = rows.clamped(to: first..<(first + decoder.entry.rowCount))
        let local = (clipped.lowerBound - first)..<(clipped.upperBound - first)
        var fields = try fields(local, in: &batch)
        try resolveTraces(local, traces, &fields)
        try resolveParents(local, &fields, in: &batch)
        let spans = try attributes(
            of: .span, shapeColumn: .shape, ownerCount: decoder.entry.rowCount, local, in: &batch)
        let events = try events(local, in: &batch)
        let links = try links(local, in: &batch)
        for index in 0..<local.count {
            events.append(index, starting: fields.rows[index].start, to: &batch)
            links.append(index, to: &batch)
            let shape = spans.append(index, to: &batch.attributes)
            batch.append(fields.rows[index], shape: shape)
        }
    }

    // MARK: - Fixed columns

    struct Fields: ~Copyable {
        var rows: FlatBuffer<SpanRow>
        /// By row: the first row of its trace among these.
        var traceFirst = FlatBuffer<Int>()
    }

    private func fields(_ local: Range<Int>, in batch: inout SpanBatch) throws(BlockError) -> Fields {
        var rows = FlatBuffer(repeating: SpanRow(), count: local.count)
        try fill(.spanID, local) { rows[$0].spanID = $1 }
        try fill(.kind, local) { rows[$0].kind = Int32(truncatingIfNeeded: $1) }
        try fill(.status, local) { rows[$0].status = Int32(truncatingIfNeeded: $1) }
        // The parent column alone says that a parent is unusual: what is none would be taken for a string's code.
        try fill(.presence, local) {
            rows[$0].presence = SpanPresence(rawValue: UInt8(truncatingIfNeeded: $1)).intersection(.status)
        }
        try fill(.flags, local) { rows[$0].flags = UInt32(truncatingIfNeeded: $1) }
        try fill(.arrivalSeconds, local) { rows[$0].arrivalSeconds = UInt32(truncatingIfNeeded: $1) }
        try fillStrings(.name, local, in: &batch) { rows[$0].name = $1 }
        try fillStrings(.statusMessage, local, in: &batch) { rows[$0].statusMessage = $1 }
        try fillStrings(.traceState, local, in: &batch) { rows[$0].traceState = $1 }
        try fillTables(local, &rows, in: &batch)
        try fillDropped(local, &rows, in: &batch)
        return Fields(rows: rows)
    }

    private func fill(
        _ column: FixedColumn, _ local: Range<Int>, _ set: (Int, UInt64) -> Void
    ) throws(BlockError) {
        guard decoder.chunk(column.rawValue) != nil else { return }
        var values = FlatBuffer<UInt64>(capacity: local.count)
        try decoder.integers(column.rawValue, count: decoder.entry.rowCount, local, into: &values)
        for index in 0..<local.count { set(index, values[index]) }
    }

    private func fillStrings(
        _ column: FixedColumn, _ local: Range<Int>, in batch: inout SpanBatch, _ set: (Int, UInt32) -> Void
    ) throws(BlockError) {
        guard decoder.chunk(column.rawValue) != nil else { return }
        var codes = FlatBuffer<UInt32>(capacity: local.count)
        try strings(column.rawValue, count: decoder.entry.rowCount, local, in: &batch, into: &codes)
        for index in 0..<local.count { set(index, codes[index]) }
    }

    private func fillTables(
        _ local: Range<Int>, _ rows: inout FlatBuffer<SpanRow>, in batch: inout SpanBatch
    ) throws(BlockError) {
        var resources = FlatBuffer<UInt64>(capacity: local.count)
        var scopes = FlatBuffer<UInt64>(capacity: local.count)
        try decoder.integers(FixedColumn.resource.rawValue, count: decoder.entry.rowCount, local, into: &resources)
        try decoder.integers(FixedColumn.scope.rawValue, count: decoder.entry.rowCount, local, into: &scopes)
        var resourceCodes: [Int: UInt32] = [:]
        var scopeCodes: [Int: UInt32] = [:]
        for index in 0..<local.count {
            guard resources[index] < UInt64(schema.resources.count), scopes[index] < UInt64(schema.scopes.count) else {
                throw BlockError(.corrupted, "block \(blockID) refers to a resource or scope that it does not have")
            }
            let resource = Int(resources[index])
            if resourceCodes[resource] == nil { resourceCodes[resource] = Self.code(of: schema, resource, in: &batch) }
            rows[index].resource = resourceCodes[resource] ?? 0
            let scope = Int(scopes[index])
            if scopeCodes[scope] == nil { scopeCodes[scope] = Self.scopeCode(of: schema.scopes[scope], in: &batch) }
            rows[index].scope = scopeCodes[scope] ?? 0
        }
    }

    private static func code(of schema: BlockSchema, _ index: Int, in batch: inout SpanBatch) -> UInt32 {
        let resource = schema.resources[index]
        let service = schema.services[resource.service]
        let record = ResourceRecord(
            isPresent: resource.isPresent, encoded: batch.strings.code(for: resource.encoded.rawSpan),
            schemaURL: batch.strings.code(for: resource.schemaURL.rawSpan),
            serviceName: batch.strings.code(for: service.rawSpan))
        return record == .none ? 0 : batch.resources.code(forRecord: record)
    }

    private static func scopeCode(of scope: StoredScope, in batch: inout SpanBatch) -> UInt32 {
        let record = ScopeRecord(
            isPresent: scope.isPresent, encoded: batch.strings.code(for: scope.encoded.rawSpan),
            schemaURL: batch.strings.code(for: scope.schemaURL.rawSpan))
        return record == .none ? 0 : batch.scopes.code(forRecord: record)
    }

    private func fillDropped(
        _ local: Range<Int>, _ rows: inout FlatBuffer<SpanRow>, in batch: inout SpanBatch
    ) throws(BlockError) {
        let columns: [FixedColumn] = [.droppedAttributes, .droppedEvents, .droppedLinks]
        guard columns.contains(where: { decoder.chunk($0.rawValue) != nil }) else { return }
        var counts = FlatBuffer(repeating: DroppedCounts.none, count: local.count)
        try fill(.droppedAttributes, local) { counts[$0].attributes = UInt32(truncatingIfNeeded: $1) }
        try fill(.droppedEvents, local) { counts[$0].events = UInt32(truncatingIfNeeded: $1) }
        try fill(.droppedLinks, local) { counts[$0].links = UInt32(truncatingIfNeeded: $1) }
        for index in 0..<local.count where counts[index] != .none {
            rows[index].dropped = batch.droppedCounts.code(forRecord: counts[index])
        }
    }

    // MARK: - Strings

    /// Appends the batch's codes of strings `range` of a column that has `count` values in the group.
    func strings(
        _ column: UInt32, count: Int, _ range: Range<Int>, in batch: inout SpanBatch,
        into codes: inout FlatBuffer<UInt32>
    ) throws(BlockError) {
        if let dictionary = dictionaries[column] {
            var stored = FlatBuffer<UInt32>(capacity: range.count)
            try decoder.codes(column, count: count, range, into: &stored)
            var known: [UInt32: UInt32] = [:]
            for index in 0..<stored.count {
                guard let code = known[stored[index]] ?? dictionary.value.intern(stored[index], into: &batch.strings)
                else {
                    throw BlockError(.corrupted, "block \(blockID) refers to a string that column \(column) lacks")
                }
                known[stored[index]] = code
                codes.append(code)
            }
        } else if let local = try decoder.localStrings(column, count: count, range) {
            for index in 0..<range.count { codes.append(batch.strings.code(for: local[index])) }
        } else {
            codes.resize(to: codes.count + range.count, filling: 0)
        }
    }

    // MARK: - Structure

    private func resolveTraces(
        _ local: Range<Int>, _ traces: [TraceAnchor], _ fields: inout Fields
    ) throws(BlockError) {
        let count = decoder.entry.rowCount
        var starts = FlatBuffer<UInt64>(capacity: local.count)
        var durations = FlatBuffer<UInt64>(capacity: local.count)
        try decoder.integers(FixedColumn.start.rawValue, count: count, local, into: &starts)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, local, into: &durations)
        var next = 0
        var previous: UInt64 = 0
        var first = 0
        for index in 0..<local.count {
            let blockRow = decoder.entry.firstRow + local.lowerBound + index
            while next < traces.count, traces[next].rows.upperBound <= blockRow { next += 1 }
            guard next < traces.count, traces[next].rows.contains(blockRow) else {
                throw BlockError(.corrupted, "the trace index of block \(blockID) does not fit its rows")
            }
            if index == 0 || traces[next].rows.lowerBound == blockRow {
                previous = traces[next].start
                first = index
            }
            previous &+= starts[index]
            fields.rows[index].traceID = traces[next].id
            fields.rows[index].start = previous
            fields.rows[index].end = previous &+ durations[index]
            fields.traceFirst.append(first)
        }
    }

    private func resolveParents(
        _ local: Range<Int>, _ fields: inout Fields, in batch: inout SpanBatch
    ) throws(BlockError) {
        var values = FlatBuffer<UInt64>(capacity: local.count)
        try decoder.integers(FixedColumn.parent.rawValue, count: decoder.entry.rowCount, local, into: &values)
        var (explicit, unusual) = (0, 0)
        var explicitIDs = FlatBuffer<UInt64>()
        var unusualCodes = FlatBuffer<UInt32>()
        if Self.hasListed(values.span) {
            (explicit, unusual) = try listedParents(before: local.lowerBound)
            let explicitCount = decoder.valueCount(FixedColumn.explicitParent.rawValue)
            let unusualCount = decoder.valueCount(FixedColumn.unusualParent.rawValue)
            try decoder.integers(
                FixedColumn.explicitParent.rawValue, count: explicitCount, 0..<explicitCount, into: &explicitIDs)
            try strings(
                FixedColumn.unusualParent.rawValue, count: unusualCount, 0..<unusualCount, in: &batch,
                into: &unusualCodes)
        }
        for index in 0..<local.count {
            let value = values[index]
            if value == 1, explicit < explicitIDs.count {
                fields.rows[index].parentSpanID = explicitIDs[explicit]
                explicit += 1
            } else if value == 2, unusual < unusualCodes.count {
                fields.rows[index].parentSpanID = UInt64(unusualCodes[unusual])
                fields.rows[index].presence.insert(.unusualParent)
                unusual += 1
            } else if value >= 3, value - 3 < UInt64(local.count - fields.traceFirst[index]) {
                fields.rows[index].parentSpanID = fields.rows[fields.traceFirst[index] + Int(value - 3)].spanID
            } else if value != 0 {
                throw BlockError(.corrupted, "a row of block \(blockID) refers to a parent that is not there")
            }
        }
    }

    /// Whether any of these values of the parent column refers to a list.
    private static func hasListed(_ values: Span<UInt64>) -> Bool {
        for index in values.indices where values[index] == 1 || values[index] == 2 { return true }
        return false
    }

    /// How many explicit and unusual parents the group's rows before `row` have: both are lists in row order.
    private func listedParents(before row: Int) throws(BlockError) -> (explicit: Int, unusual: Int) {
        var values = FlatBuffer<UInt64>(capacity: row)
        try decoder.integers(FixedColumn.parent.rawValue, count: decoder.entry.rowCount, 0..<row, into: &values)
        var (explicit, unusual) = (0, 0)
        for index in 0..<values.count {
            explicit += values[index] == 1 ? 1 : 0
            unusual += values[index] == 2 ? 1 : 0
        }
        return (explicit, unusual)
    }
}
