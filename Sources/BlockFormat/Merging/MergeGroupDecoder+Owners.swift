// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

// Attributes, events and links of a row group.

extension MergeGroupDecoder {
    mutating func decodeEvents() throws(BlockError) {
        var starts = FlatBuffer<UInt32>()
        let count = try childStarts(.eventCount, into: &starts)
        guard count > 0 else { return }
        parts.eventStarts = starts
        for column in [FixedColumn.eventTime, .eventDropped] { try decodeIntegers(column, count: count) }
        try decodeStrings(FixedColumn.eventName.rawValue, as: FixedColumn.eventName.rawValue, count: count)
        try decodeOwners(.event, .eventShape, count: count)
    }

    mutating func decodeLinks() throws(BlockError) {
        var starts = FlatBuffer<UInt32>()
        let count = try childStarts(.linkCount, into: &starts)
        guard count > 0 else { return }
        parts.linkStarts = starts
        for column in [FixedColumn.linkDropped, .linkFlags] { try decodeIntegers(column, count: count) }
        for column in [FixedColumn.linkTraceID, .linkSpanID, .linkTraceState] {
            try decodeStrings(column.rawValue, as: column.rawValue, count: count)
        }
        try decodeOwners(.link, .linkShape, count: count)
    }

    /// - Returns: How many events or links the group has.
    private func childStarts(_ column: FixedColumn, into starts: inout FlatBuffer<UInt32>) throws(BlockError) -> Int {
        guard decoder.chunk(column.rawValue) != nil else { return 0 }
        var counts = FlatBuffer<UInt64>(capacity: parts.rowCount)
        try decoder.integers(column.rawValue, count: parts.rowCount, 0..<parts.rowCount, into: &counts)
        var total: UInt64 = 0
        for row in 0..<counts.count {
            starts.append(UInt32(total))
            guard counts[row] <= UInt64(BlockLayout.valueCountLimit) - total else {
                throw damaged("an impossible count of events or links")
            }
            total += counts[row]
        }
        starts.append(UInt32(total))
        return Int(total)
    }

    /// The shapes of all owners of a kind, and the values of their attributes.
    mutating func decodeOwners(_ owner: AttributeOwner, _ shapeColumn: FixedColumn, count: Int) throws(BlockError) {
        let shapes = schema.shapes[Int(owner.rawValue)]
        let list = BlockCatalog.shapeList(input, owner)
        var uses = FlatBuffer(repeating: 0, count: shapes.count)
        let start = parts.values.count
        parts.starts[Int(shapeColumn.rawValue)] = start
        try decoder.integers(shapeColumn.rawValue, count: count, 0..<count, into: &parts.values)
        for index in start..<parts.values.count {
            let code = parts.values[index]
            guard code < UInt64(shapes.count) else { throw damaged("a shape that is not there") }
            uses[Int(code)] += 1
            parts.values[index] = UInt64(catalog.tables.shapeCodes[list, UInt32(code)])
        }
        // The last one for the rest columns.
        let columnCount = schema.columns.count
        var counts = FlatBuffer(repeating: 0, count: columnCount + 1)
        for shape in shapes.indices where uses[shape] > 0 {
            for column in shapes[shape] { counts[min(Int(column), columnCount)] += uses[shape] }
        }
        for column in 0..<columnCount where counts[column] > 0 { try decodeAttribute(column, count: counts[column]) }
        try decodeRest(owner, count: counts[columnCount])
    }

    private mutating func decodeAttribute(_ index: Int, count: Int) throws(BlockError) {
        let number = FixedColumn.firstAttribute + UInt32(index)
        let column = FixedColumn.firstAttribute + catalog.tables.columnCodes[input, UInt32(index)]
        guard decoder.valueCount(number) == count else { throw damaged("a wrong number of attribute values") }
        if schema.columns[index].type.isByteString {
            try decodeStrings(number, as: column, count: count)
        } else {
            parts.starts[Int(column)] = parts.values.count
            try decoder.integers(number, count: count, 0..<count, into: &parts.values)
        }
    }

    // MARK: - Weights

    /// What each row counts against the limits of a row group.
    mutating func weigh() {
        weighValues()
        var total = 0
        for (column, strings) in parts.strings { total += longByteCount(column, strings) }
        if total > Self.longByteLimit { weighStrings() }
    }

    private mutating func weighValues() {
        let shapes = parts.starts[Int(FixedColumn.shape.rawValue)]
        let first = catalog.tables.shapes.firstShape(of: .span)
        for row in 0..<parts.rowCount {
            parts.weights.append(
                UInt32(catalog.tables.shapes.range(first + Int(parts.values[shapes + row])).count))
        }
        addChildren(.event, .eventShape, parts.eventStarts.count)
        addChildren(.link, .linkShape, parts.linkStarts.count)
    }

    private mutating func addChildren(_ owner: AttributeOwner, _ shapeColumn: FixedColumn, _ count: Int) {
        guard count > 0 else { return }
        let shapes = parts.starts[Int(shapeColumn.rawValue)]
        let first = catalog.tables.shapes.firstShape(of: owner)
        for row in 0..<parts.rowCount {
            let range =
                owner == .event
                ? parts.eventStarts[row]..<parts.eventStarts[row + 1]
                : parts.linkStarts[row]..<parts.linkStarts[row + 1]
            var weight = range.count
            for child in range {
                weight += catalog.tables.shapes.range(first + Int(parts.values[shapes + Int(child)])).count
            }
            parts.weights[row] &+= UInt32(truncatingIfNeeded: weight)
        }
    }

    /// Bytes of the long strings of a column in the group, repeated ones as often as they occur.
    private func longByteCount(_ column: UInt32, _ strings: ChunkStrings) -> Int {
        guard (0..<strings.entryCount).contains(where: { strings.byteCount($0) > BlockLayout.shortStringByteLimit })
        else { return 0 }
        var sum = 0
        for index in parts.starts[Int(column)]..<end(of: column) {
            sum += Self.longByteCount(parts.values[index], strings)
        }
        return sum
    }

    static func longByteCount(_ tag: UInt64, _ strings: ChunkStrings) -> Int {
        let byteCount = strings.byteCount(StringTag.entry(tag))
        return byteCount > BlockLayout.shortStringByteLimit ? byteCount : 0
    }

    /// Where the values of a column end: at the next column's.
    private func end(of column: UInt32) -> Int {
        let start = parts.starts[Int(column)]
        var end = parts.values.count
        for other in 0..<parts.starts.count where parts.starts[other] > start { end = min(end, parts.starts[other]) }
        return end
    }

    /// Bytes of the long strings of each row.
    private mutating func weighStrings() {
        var sums = FlatBuffer(repeating: 0, count: parts.rowCount)
        var next = FlatBuffer(repeating: 0, count: parts.starts.count)
        for column in 0..<next.count { next[column] = max(0, parts.starts[column]) }
        for row in 0..<parts.rowCount {
            for column in [FixedColumn.name, .statusMessage, .traceState] { sums[row] += fixed(column, row) }
            if parts.isUnusual.count > 0, parts.isUnusual[row],
                let strings = parts.strings[FixedColumn.unusualParent.rawValue]
            {
                sums[row] += Self.longByteCount(parts.parents[row], strings)
            }
            sums[row] += attributes(.span, .shape, row, &next)
            if parts.eventStarts.count > 0 {
                for event in parts.eventStarts[row]..<parts.eventStarts[row + 1] {
                    sums[row] += fixed(.eventName, Int(event)) + attributes(.event, .eventShape, Int(event), &next)
                }
            }
            if parts.linkStarts.count > 0 {
                for link in parts.linkStarts[row]..<parts.linkStarts[row + 1] {
                    for column in [FixedColumn.linkTraceID, .linkSpanID, .linkTraceState] {
                        sums[row] += fixed(column, Int(link))
                    }
                    sums[row] += attributes(.link, .linkShape, Int(link), &next)
                }
            }
        }
        for row in 0..<sums.count { parts.longByteCounts.append(UInt32(clamping: sums[row])) }
    }

    private func fixed(_ column: FixedColumn, _ index: Int) -> Int {
        guard let strings = parts.strings[column.rawValue] else { return 0 }
        return Self.longByteCount(parts.values[parts.starts[Int(column.rawValue)] + index], strings)
    }

    private func attributes(
        _ owner: AttributeOwner, _ shapeColumn: FixedColumn, _ index: Int, _ next: inout FlatBuffer<Int>
    ) -> Int {
        let code = Int(parts.values[parts.starts[Int(shapeColumn.rawValue)] + index])
        var sum = 0
        for position in catalog.tables.shapes.range(catalog.tables.shapes.firstShape(of: owner) + code) {
            let place = catalog.tables.shapes.slots[position].column
            let column = Int(FixedColumn.firstAttribute) + place
            if place >= catalog.tables.schema.columns.count {
                sum += restLongByteCount(owner, next[column])
            } else if let strings = parts.strings[UInt32(column)] {
                sum += Self.longByteCount(parts.values[next[column]], strings)
            }
            next[column] += 1
        }
        return sum
    }
}
