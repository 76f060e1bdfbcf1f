// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Attributes of consecutive owners, read from a row group, in the codes of the batch that they go to.
struct ReadAttributes: ~Copyable {
    /// By owner: the batch's shape code, and where its values begin.
    fileprivate var shapes = FlatBuffer<UInt32>()
    fileprivate var starts = FlatBuffer<Int>()
    fileprivate var values = FlatBuffer<UInt64>()

    /// Appends the values of an owner, and returns its shape.
    func append(_ owner: Int, to columns: inout AttributeColumns) -> UInt32 {
        let end = owner + 1 < starts.count ? starts[owner + 1] : values.count
        for index in starts[owner]..<end { columns.values.append(values[index]) }
        return shapes[owner]
    }
}

/// Events of consecutive rows.
struct ReadEvents: ~Copyable {
    /// By row: where its events begin.
    fileprivate var starts = FlatBuffer<Int>()
    fileprivate var times = FlatBuffer<UInt64>()
    fileprivate var names = FlatBuffer<UInt32>()
    fileprivate var dropped = FlatBuffer<UInt64>()
    fileprivate var attributes = ReadAttributes()

    /// Appends the events of a row.
    ///
    /// - Parameter start: Of the span; event times are stored relative to it.
    func append(_ row: Int, starting start: UInt64, to batch: inout SpanBatch) {
        guard times.count > 0 else { return }
        let end = row + 1 < starts.count ? starts[row + 1] : times.count
        for event in starts[row]..<end {
            let shape = attributes.append(event, to: &batch.eventAttributes)
            let stored = times[event]
            let difference = UInt64(bitPattern: Int64(bitPattern: stored &>> 1) ^ -Int64(bitPattern: stored & 1))
            batch.appendEvent(
                time: start &+ difference, name: names[event], dropped: UInt32(truncatingIfNeeded: dropped[event]),
                shape: shape)
        }
    }
}

/// Links of consecutive rows.
struct ReadLinks: ~Copyable {
    fileprivate var starts = FlatBuffer<Int>()
    fileprivate var traceIDs = FlatBuffer<UInt32>()
    fileprivate var spanIDs = FlatBuffer<UInt32>()
    fileprivate var traceStates = FlatBuffer<UInt32>()
    fileprivate var dropped = FlatBuffer<UInt64>()
    fileprivate var flags = FlatBuffer<UInt64>()
    fileprivate var attributes = ReadAttributes()

    func append(_ row: Int, to batch: inout SpanBatch) {
        guard traceIDs.count > 0 else { return }
        let end = row + 1 < starts.count ? starts[row + 1] : traceIDs.count
        for index in starts[row]..<end {
            let shape = attributes.append(index, to: &batch.linkAttributes)
            var link = LinkRow()
            link.traceID = traceIDs[index]
            link.spanID = spanIDs[index]
            link.traceState = traceStates[index]
            link.dropped = UInt32(truncatingIfNeeded: dropped[index])
            link.flags = UInt32(truncatingIfNeeded: flags[index])
            batch.appendLink(link, shape: shape)
        }
    }
}

extension RowReader {
    func events(_ local: Range<Int>, in batch: inout SpanBatch) throws(BlockError) -> ReadEvents {
        var result = ReadEvents()
        guard let children = try children(
            .eventCount, of: [.eventTime, .eventName, .eventDropped, .eventShape], local, starts: &result.starts) else { return result }
        let (count, range) = children
        try decoder.integers(FixedColumn.eventTime.rawValue, count: count, range, into: &result.times)
        try strings(FixedColumn.eventName.rawValue, count: count, range, in: &batch, into: &result.names)
        try decoder.integers(FixedColumn.eventDropped.rawValue, count: count, range, into: &result.dropped)
        result.attributes = try attributes(
            of: .event, shapeColumn: .eventShape, ownerCount: count, range, in: &batch)
        return result
    }

    func links(_ local: Range<Int>, in batch: inout SpanBatch) throws(BlockError) -> ReadLinks {
        var result = ReadLinks()
        guard let children = try children(
            .linkCount,
            of: [.linkTraceID, .linkSpanID, .linkTraceState, .linkDropped, .linkFlags, .linkShape], local,
            starts: &result.starts) else { return result }
        let (count, range) = children
        try strings(FixedColumn.linkTraceID.rawValue, count: count, range, in: &batch, into: &result.traceIDs)
        try strings(FixedColumn.linkSpanID.rawValue, count: count, range, in: &batch, into: &result.spanIDs)
        try strings(FixedColumn.linkTraceState.rawValue, count: count, range, in: &batch, into: &result.traceStates)
        try decoder.integers(FixedColumn.linkDropped.rawValue, count: count, range, into: &result.dropped)
        try decoder.integers(FixedColumn.linkFlags.rawValue, count: count, range, into: &result.flags)
        result.attributes = try attributes(of: .link, shapeColumn: .linkShape, ownerCount: count, range, in: &batch)
        return result
    }

    /// How many events or links the group has, and which belong to `local`; nil if it has none.
    ///
    /// - Parameters:
    ///   - column: How many each row has; of the rows behind `local` nothing is read.
    ///   - members: Their own columns, of which each that has a chunk has as many values as there are of them.
    private func children(
        _ column: FixedColumn, of members: [FixedColumn], _ local: Range<Int>, starts: inout FlatBuffer<Int>
    ) throws(BlockError) -> (count: Int, range: Range<Int>)? {
        guard decoder.chunk(column.rawValue) != nil else { return nil }
        var counts = FlatBuffer<UInt64>(capacity: local.upperBound)
        try decoder.integers(
            column.rawValue, count: decoder.entry.rowCount, 0..<local.upperBound, into: &counts)
        var total = 0
        var first = 0
        for row in 0..<local.upperBound {
            if row == local.lowerBound { first = total }
            if row >= local.lowerBound { starts.append(total - first) }
            guard counts[row] <= UInt64(BlockLayout.valueCountLimit - total) else {
                throw BlockError(.corrupted, "a count of events or links in block \(blockID) is impossible")
            }
            total += Int(counts[row])
        }
        // Where none of the columns has a chunk all is as by default, however many there are.
        let count = members.reduce(0) { max($0, decoder.valueCount($1.rawValue)) }
        guard total <= count || count == 0 else {
            throw BlockError(.corrupted, "block \(blockID) has fewer events or links than its rows say")
        }
        return (max(count, total), first..<total)
    }

    /// Reads the attributes of owners `range` of a row group that has `ownerCount` of them.
    func attributes(
        of owner: AttributeOwner, shapeColumn: FixedColumn, ownerCount: Int, _ range: Range<Int>,
        in batch: inout SpanBatch
    ) throws(BlockError) -> ReadAttributes {
        let list = schema.shapes[Int(owner.rawValue)]
        var stored = FlatBuffer<UInt64>(capacity: range.upperBound)
        try decoder.integers(shapeColumn.rawValue, count: ownerCount, 0..<range.upperBound, into: &stored)
        // How many values each column has before and in the range follows from the shapes.
        var before = FlatBuffer<Int>(repeating: 0, count: list.count)
        var within = FlatBuffer<Int>(repeating: 0, count: list.count)
        for index in 0..<stored.count {
            guard stored[index] < UInt64(list.count) else {
                throw BlockError(.corrupted, "block \(blockID) refers to an attribute shape that it does not have")
            }
            if index < range.lowerBound { before[Int(stored[index])] += 1 } else { within[Int(stored[index])] += 1 }
        }
        var columns = ColumnValues(columnCount: schema.columns.count)
        for shape in list.indices where before[shape] + within[shape] > 0 {
            for column in list[shape] { columns.count(column, before: before[shape], within: within[shape]) }
        }
        try decodeValues(&columns, in: &batch)
        let rest = try rest(
            of: owner, before: columns.restBefore, within: columns.restWithin,
            areLast: range.upperBound == ownerCount, in: &batch)
        return assemble(stored, from: range.lowerBound, list, &columns, rest, in: &batch)
    }

    /// The values of all attribute columns that the owners use, one column after the other.
    private struct ColumnValues: ~Copyable {
        var before: FlatBuffer<Int>
        var within: FlatBuffer<Int>
        /// By column: its next value in `values`.
        var next: FlatBuffer<Int>
        var values = FlatBuffer<UInt64>()
        var restBefore = 0
        var restWithin = 0

        init(columnCount: Int) {
            before = FlatBuffer(repeating: 0, count: columnCount)
            within = FlatBuffer(repeating: 0, count: columnCount)
            next = FlatBuffer(repeating: 0, count: columnCount)
        }

        mutating func count(_ column: UInt32, before: Int, within: Int) {
            if column == BlockSchema.rest {
                restBefore += before
                restWithin += within
            } else {
                self.before[Int(column)] += before
                self.within[Int(column)] += within
            }
        }
    }

    private func decodeValues(_ columns: inout ColumnValues, in batch: inout SpanBatch) throws(BlockError) {
        for column in 0..<columns.within.count where columns.within[column] > 0 {
            let number = FixedColumn.firstAttribute + UInt32(column)
            let type = schema.columns[column].type
            let range = columns.before[column]..<(columns.before[column] + columns.within[column])
            let first = columns.values.count
            columns.next[column] = first
            guard let chunk = decoder.chunk(number), range.upperBound <= chunk.valueCount else {
                throw BlockError(.corrupted, "block \(blockID) lacks values of attribute column \(column)")
            }
            if type.isByteString {
                var codes = FlatBuffer<UInt32>(capacity: range.count)
                try strings(number, count: chunk.valueCount, range, in: &batch, into: &codes)
                for index in 0..<codes.count { columns.values.append(UInt64(codes[index])) }
            } else {
                try decoder.integers(number, count: chunk.valueCount, range, into: &columns.values)
                for index in first..<columns.values.count {
                    columns.values[index] = AttributeScatter.bits(columns.values[index], type)
                }
            }
        }
    }

    private func assemble(
        _ stored: borrowing FlatBuffer<UInt64>, from first: Int, _ list: [[UInt32]], _ columns: inout ColumnValues,
        _ rest: borrowing ReadRest, in batch: inout SpanBatch
    ) -> ReadAttributes {
        var result = ReadAttributes()
        var shapeCodes = FlatBuffer<UInt32>(repeating: .max, count: list.count)
        var slots = FlatBuffer<AttributeSlot>()
        var nextRest = 0
        for index in first..<stored.count {
            let shape = Int(stored[index])
            let firstRest = nextRest
            result.starts.append(result.values.count)
            for column in list[shape] {
                if column == BlockSchema.rest {
                    result.values.append(rest.values[nextRest])
                    nextRest += 1
                } else {
                    let next = columns.next[Int(column)]
                    result.values.append(columns.values[next])
                    columns.next[Int(column)] = next + 1
                }
            }
            var code = shapeCodes[shape]
            if code == .max {
                code = batchShape(list[shape], rest, from: firstRest, &slots, in: &batch)
                // With rest entries it is this owner's alone.
                if nextRest == firstRest { shapeCodes[shape] = code }
            }
            result.shapes.append(code)
        }
        return result
    }

    /// - Parameter firstRest: The owner's first entry in `rest`.
    private func batchShape(
        _ shape: [UInt32], _ rest: borrowing ReadRest, from firstRest: Int,
        _ slots: inout FlatBuffer<AttributeSlot>, in batch: inout SpanBatch
    ) -> UInt32 {
        slots.removeAll()
        var nextRest = firstRest
        for index in shape {
            if index == BlockSchema.rest {
                slots.append(rest.slots[nextRest])
                nextRest += 1
            } else {
                let column = schema.columns[Int(index)]
                slots.append(AttributeSlot(key: batch.strings.code(for: column.key.rawSpan), type: column.type))
            }
        }
        return batch.shapes.code(for: slots.rawSpan)
    }
}
