// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

extension BlockFilter {
    /// Whether a row of a group may match, by the statistics of its chunks.
    func mayMatch(_ directory: RowGroupDirectory) -> Bool { Self.mayMatch(root, directory) }

    private static func mayMatch(_ node: Node, _ directory: RowGroupDirectory) -> Bool {
        switch node {
        case .never: false
        case .always, .integers, .duration: true
        case .all(let parts): parts.allSatisfy { mayMatch($0, directory) }
        case .any(let parts): parts.contains { mayMatch($0, directory) }
        case .resources(let resources):
            directory.chunk(FixedColumn.resource.rawValue).map { mayHold(resources, $0) } ?? (resources.first ?? false)
        case .strings(let condition):
            if let codes = condition.codes, let chunk = directory.chunk(condition.column) {
                mayHold(codes, chunk)
            } else {
                true
            }
        case .attribute(let condition):
            if let chunk = directory.chunk(condition.column) {
                condition.strings.codes.map { mayHold($0, chunk) } ?? true
            } else {
                false
            }
        case .rest(let condition): condition.lookup.mayMatch(directory)
        }
    }

    /// Whether one of the codes between a chunk's minimum and maximum is wanted.
    private static func mayHold(_ codes: [Bool], _ chunk: RowGroupDirectory.Chunk) -> Bool {
        guard chunk.minimum <= chunk.maximum, chunk.minimum < UInt64(codes.count) else { return false }
        return codes[Int(chunk.minimum)...min(Int(clamping: chunk.maximum), codes.count - 1)].contains(true)
    }

    /// The rows of a group that match.
    ///
    /// - Parameters:
    ///   - decoder: Of ``columns`` at least.
    ///   - starts: The start of each row, made when it is asked for.
    func mask(
        _ decoder: borrowing RowGroupDecoder, starts: () throws(BlockError) -> [UInt64]
    ) throws(BlockError) -> RowMask {
        try Self.mask(root, decoder, starts)
    }

    private static func mask(
        _ node: Node, _ decoder: borrowing RowGroupDecoder, _ starts: () throws(BlockError) -> [UInt64]
    ) throws(BlockError) -> RowMask {
        switch node {
        case .never: return .none
        case .always: return .all
        case .all(let parts):
            var mask = RowMask.all
            for part in parts where !mask.isNone { mask = mask.and(try self.mask(part, decoder, starts)) }
            return mask
        case .any(let parts):
            var mask = RowMask.none
            for part in parts { mask = mask.or(try self.mask(part, decoder, starts)) }
            return mask
        case .resources(let resources):
            return try numbers(.resource, decoder) { $0 < UInt64(resources.count) && resources[Int($0)] }
        case .integers(let column, let test):
            return try numbers(column, decoder) { test.holds(integer: Int64(Int32(truncatingIfNeeded: $0))) }
        case .duration(let test): return try durations(test, decoder, try starts())
        case .strings(let condition): return try strings(condition, decoder)
        case .attribute(let condition): return try attribute(condition, decoder)
        case .rest(let condition): return try rest(condition, decoder)
        }
    }

    private static func numbers(
        _ column: FixedColumn, _ decoder: borrowing RowGroupDecoder, _ holds: (UInt64) -> Bool
    ) throws(BlockError) -> RowMask {
        let count = decoder.entry.rowCount
        guard let chunk = decoder.chunk(column.rawValue) else { return holds(0) ? .all : .none }
        if chunk.minimum == chunk.maximum, chunk.valueCount == count { return holds(chunk.minimum) ? .all : .none }
        var values = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(column.rawValue, count: count, 0..<count, into: &values)
        var rows = [Bool](repeating: false, count: count)
        for row in 0..<count { rows[row] = holds(values[row]) }
        return RowMask(rows)
    }

    private static func durations(
        _ test: ValueTest, _ decoder: borrowing RowGroupDecoder, _ starts: [UInt64]
    ) throws(BlockError) -> RowMask {
        let count = decoder.entry.rowCount
        var values = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, 0..<count, into: &values)
        var rows = [Bool](repeating: false, count: count)
        for row in 0..<count {
            let duration = spanDuration(start: starts[row], end: starts[row] &+ values[row])
            rows[row] = test.holds(integer: Int64(clamping: duration))
        }
        return RowMask(rows)
    }

    private static func strings(
        _ condition: StringCondition, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        guard decoder.chunk(condition.column) != nil else {
            return condition.test.holds(string: RawSpan()) ? .all : .none
        }
        return RowMask(try values(condition, .string, count: decoder.entry.rowCount, decoder))
    }

    private static func attribute(
        _ condition: AttributeCondition, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        guard let chunk = decoder.chunk(condition.column) else { return .none }
        let holds = try values(condition.strings, condition.type, count: chunk.valueCount, decoder)
        guard holds.contains(true) else { return .none }
        let count = decoder.entry.rowCount
        var shapes = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.shape.rawValue, count: count, 0..<count, into: &shapes)
        var rows = [Bool](repeating: false, count: count)
        var value = 0
        for row in 0..<count {
            guard shapes[row] < UInt64(condition.valueCounts.count) else { throw unfit(decoder) }
            let valueCount = condition.valueCounts[Int(shapes[row])]
            guard valueCount > 0 else { continue }
            let end = value + Int(valueCount)
            guard end <= holds.count else { throw unfit(decoder) }
            rows[row] = holds[value..<end].contains(true)
            value = end
        }
        return RowMask(rows)
    }

    static func unfit(_ decoder: borrowing RowGroupDecoder) -> BlockError {
        BlockError(
            .corrupted, "the attributes in row group \(decoder.index) of block \(decoder.id) do not fit their shapes")
    }

    /// What the test says of each value of a column.
    private static func values(
        _ condition: StringCondition, _ type: AttributeType, count: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> [Bool] {
        guard type.isByteString else { return try bits(condition, type, count: count, decoder) }
        guard let wanted = condition.codes else { return try localStrings(condition, type, count: count, decoder) }
        var codes = FlatBuffer<UInt32>(capacity: count)
        try decoder.codes(condition.column, count: count, 0..<count, into: &codes)
        var holds = [Bool](repeating: false, count: count)
        for index in 0..<count {
            guard codes[index] < UInt32(wanted.count) else { throw unfit(decoder) }
            holds[index] = wanted[Int(codes[index])]
        }
        return holds
    }

    private static func bits(
        _ condition: StringCondition, _ type: AttributeType, count: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> [Bool] {
        var values = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(condition.column, count: count, 0..<count, into: &values)
        var holds = [Bool](repeating: false, count: count)
        for index in 0..<count {
            holds[index] = condition.test.holds(bits: AttributeScatter.bits(values[index], type), type)
        }
        return holds
    }

    private static func localStrings(
        _ condition: StringCondition, _ type: AttributeType, count: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> [Bool] {
        guard let strings = try decoder.localStrings(condition.column, count: count, 0..<count) else { return [] }
        let entries = (0..<strings.entryCount).map { condition.test.holds(bytes: strings.entry($0), type) }
        guard strings.isDictionary else { return entries }
        return (0..<count).map { entries[Int(strings.codes[$0])] }
    }
}
