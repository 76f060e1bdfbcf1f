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
        case .always, .not, .spanID, .isRoot: true
        case .duration(let test):
            directory.chunk(FixedColumn.duration.rawValue).map {
                // With the first bit set it may be a span that ends before it starts.
                $0.maximum > UInt64(Int64.max) || test.mayHold(in: Int64($0.minimum)...Int64($0.maximum))
            } ?? test.holds(integer: 0)
        case .integers(let column, let test): mayHold(test, directory.chunk(column.rawValue))
        case .all(let parts): parts.allSatisfy { mayMatch($0, directory) }
        case .any(let parts): parts.contains { mayMatch($0, directory) }
        case .table(let column, let verdicts):
            directory.chunk(column.rawValue).map { mayHold(verdicts, $0) } ?? (verdicts.byCode.first ?? false)
        case .strings(let condition): mayHold(condition, directory)
        case .attribute(let condition): mayHold(condition, directory)
        case .part(let part, let condition):
            if let count = directory.chunk(part.count.rawValue), count.maximum > 0 {
                switch condition {
                case .strings(let condition): mayHold(condition, directory)
                case .time: true
                case .attribute(let condition): mayHold(condition, directory)
                case .rest(let condition): condition.lookup.mayMatch(directory)
                }
            } else {
                false
            }
        case .rest(let condition): condition.lookup.mayMatch(directory)
        }
    }

    private static func mayHold(_ condition: StringCondition, _ directory: RowGroupDirectory) -> Bool {
        guard let codes = condition.codes, let chunk = directory.chunk(condition.column) else { return true }
        return mayHold(codes, chunk)
    }

    private static func mayHold(_ condition: AttributeCondition, _ directory: RowGroupDirectory) -> Bool {
        guard let chunk = directory.chunk(condition.column) else { return false }
        return condition.strings.codes.map { mayHold($0, chunk) } ?? true
    }

    /// Of a column of small integers: whether one of those that occur may pass.
    private static func mayHold(_ test: ValueTest, _ chunk: RowGroupDirectory.Chunk?) -> Bool {
        guard let chunk else { return test.holds(integer: 0) }
        guard chunk.minimum <= chunk.maximum, chunk.maximum < 16 else { return true }
        return (chunk.minimum...chunk.maximum).contains { test.holds(integer: Int64($0)) }
    }

    /// Whether one of the codes between a chunk's minimum and maximum is wanted.
    private static func mayHold(_ verdicts: Verdicts, _ chunk: RowGroupDirectory.Chunk) -> Bool {
        let codes = verdicts.byCode
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
            // Of the mask, where they are few.
            var rows: [Int]?
            for part in parts where !mask.isNone && rows?.isEmpty != true {
                if let few = rows, let kept = try self.rows(part, among: few, decoder) {
                    rows = kept
                } else {
                    if let few = rows { mask = RowMask(rows: few, count: decoder.entry.rowCount) }
                    mask = mask.and(try self.mask(part, decoder, starts))
                    rows = mask.rows(atMost: decoder.entry.rowCount / 8)
                }
            }
            return rows.map { RowMask(rows: $0, count: decoder.entry.rowCount) } ?? mask
        case .any(let parts):
            var mask = RowMask.none
            for part in parts { mask = mask.or(try self.mask(part, decoder, starts)) }
            return mask
        case .not(let part): return try self.mask(part, decoder, starts).inverted
        case .table(let column, let verdicts):
            return try numbers(column, verdicts.wanted, limit: UInt64(verdicts.byCode.count), decoder)
        case .integers(let column, let test): return try integers(column, test, decoder)
        case .duration(let test): return try durations(test, decoder, starts)
        case .spanID(let test): return try numbers(.spanID, test.wantedSpanIDs, decoder)
        case .isRoot(let test):
            let (root, child) = (test.holds(boolean: true), test.holds(boolean: false))
            guard root != child else { return root ? .all : .none }
            // 2 stands for a parent whose ID is none.
            let roots = try numbers(.parent, .table([true, false, true]), decoder)
            return root ? roots : roots.inverted
        case .strings(let condition): return try strings(condition, count: decoder.entry.rowCount, decoder)
        case .attribute(let condition):
            return try attribute(condition, ownerCount: decoder.entry.rowCount, decoder)
        case .rest(let condition): return try rest(condition, ownerCount: decoder.entry.rowCount, decoder)
        case .part(let part, let condition): return try parts(part, condition, decoder)
        }
    }

    /// Of an ID, the first byte first.
    static func bytes(of id: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: id >> (56 - 8 * $0)) }
    }

    /// The rows that have an event or link for which the condition holds.
    private static func parts(
        _ part: SpanPart, _ condition: PartCondition, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        let count = decoder.entry.rowCount
        guard decoder.chunk(part.count.rawValue) != nil else { return .none }
        var counts = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(part.count.rawValue, count: count, 0..<count, into: &counts)
        var total = 0
        for row in 0..<count {
            guard counts[row] <= UInt64(BlockLayout.valueCountLimit) else { throw unfit(decoder) }
            total += Int(counts[row])
        }
        guard total <= BlockLayout.valueCountLimit else { throw unfit(decoder) }
        let mask =
            switch condition {
            case .strings(let condition): try strings(condition, count: total, decoder)
            case .time(let test): try times(test, count: total, decoder)
            case .attribute(let condition): try attribute(condition, ownerCount: total, decoder)
            case .rest(let condition): try rest(condition, ownerCount: total, decoder)
            }
        guard !mask.isNone else { return .none }
        var next = 0
        return RowMask(
            BitMask(count: count) { row in
                let first = next
                next += Int(counts[row])
                return first < next && mask.holds(in: first..<next)
            })
    }

    private static func times(
        _ test: ValueTest, count: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        var values = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.eventTime.rawValue, count: count, 0..<count, into: &values)
        return RowMask(BitMask(count: count) { test.holds(integer: Self.zigzagDecoded(values[$0])) })
    }

    /// The rows whose value in a column is wanted; all values must lie below the limit.
    private static func numbers(
        _ column: FixedColumn, _ wanted: ValueSet, limit: UInt64 = .max, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        let count = decoder.entry.rowCount
        guard let chunk = decoder.chunk(column.rawValue) else { return wanted.contains(0) ? .all : .none }
        if chunk.minimum == chunk.maximum, chunk.valueCount == count {
            return wanted.contains(chunk.minimum) ? .all : .none
        }
        return RowMask(try decoder.rows(integers: column.rawValue, count: count, wanted, limit: limit))
    }

    /// Of a column of numbers that are small mostly, 32 bits with a sign.
    private static func integers(
        _ column: FixedColumn, _ test: ValueTest, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        let holds = { @Sendable (value: UInt64) in test.holds(integer: Int64(Int32(truncatingIfNeeded: value))) }
        guard let chunk = decoder.chunk(column.rawValue), chunk.maximum < 64 else {
            return try numbers(column, .judged(holds), decoder)
        }
        return try numbers(
            column, ValueSet(verdicts: (0...chunk.maximum).map(holds)), limit: chunk.maximum + 1, decoder)
    }

    static func zigzagDecoded(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1 ^ (0 &- (value & 1)))
    }

    private static func durations(
        _ test: ValueTest, _ decoder: borrowing RowGroupDecoder, _ starts: () throws(BlockError) -> [UInt64]
    ) throws(BlockError) -> RowMask {
        let count = decoder.entry.rowCount
        guard hasAmbiguousDurations(decoder.entry) else { return try numbers(.duration, test.wantedDurations, decoder) }
        var values = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, 0..<count, into: &values)
        let starts = try starts()
        return RowMask(
            BitMask(count: count) { row in
                let duration = spanDuration(start: starts[row], end: starts[row] &+ values[row])
                return test.holds(integer: Int64(clamping: duration))
            })
    }

    /// - Parameter count: Values of the column, if the group has it.
    private static func strings(
        _ condition: StringCondition, count: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        guard decoder.chunk(condition.column) != nil else {
            return condition.test.holds(string: RawSpan()) ? .all : .none
        }
        return RowMask(try strings(condition, .string, count: count, decoder))
    }

    /// The owners, of which there are `ownerCount` in the group, with a value for which the condition holds.
    private static func attribute(
        _ condition: AttributeCondition, ownerCount: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        let mask = try column(condition, ownerCount, decoder)
        guard !mask.isNone, let hiding = condition.hiding, hiding.lookup.mayMatch(decoder.directory) else {
            return mask
        }
        return mask.and(try rest(hiding, ownerCount: ownerCount, decoder).inverted)
    }

    /// As above, by the columns alone.
    private static func column(
        _ condition: AttributeCondition, _ ownerCount: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        guard let chunk = decoder.chunk(condition.column) else { return .none }
        let holds =
            condition.type.isByteString
            ? try strings(condition.strings, condition.type, count: chunk.valueCount, decoder)
            : try decoder.rows(integers: condition.column, count: chunk.valueCount, condition.wanted)
        guard !holds.isEmpty else { return .none }
        guard let wanted = condition.owners else { return try owners(condition, holds, ownerCount, decoder) }
        let shapeCount = UInt64(condition.valueCounts.count)
        let owners = try decoder.rows(
            integers: condition.shape.rawValue, count: ownerCount, wanted, limit: shapeCount)
        guard let marked = holds.dealt(to: owners) else { throw unfit(decoder) }
        return RowMask(marked)
    }

    /// As above where owners may have several values with the key.
    private static func owners(
        _ condition: AttributeCondition, _ holds: BitMask, _ ownerCount: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> RowMask {
        var shapes = FlatBuffer<UInt64>(capacity: ownerCount)
        try decoder.integers(condition.shape.rawValue, count: ownerCount, 0..<ownerCount, into: &shapes)
        var owners = BitMask(count: ownerCount)
        var value = 0
        for owner in 0..<ownerCount {
            guard shapes[owner] < UInt64(condition.valueCounts.count) else { throw unfit(decoder) }
            let shape = Int(shapes[owner])
            let end = value + Int(condition.valueCounts[shape])
            guard end <= holds.count else { throw unfit(decoder) }
            if condition.isFirst[shape], value < end, holds[value] { owners[owner] = true }
            value = end
        }
        return RowMask(owners)
    }

    static func unfit(_ decoder: borrowing RowGroupDecoder) -> BlockError {
        BlockError(
            .corrupted, "the attributes in row group \(decoder.index) of block \(decoder.id) do not fit their shapes")
    }

    /// The values of a column of byte strings for which the condition holds.
    private static func strings(
        _ condition: StringCondition, _ type: AttributeType, count: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> BitMask {
        if let verdicts = condition.codes {
            return try decoder.rows(
                codes: condition.column, count: count, verdicts.wanted, limit: verdicts.byCode.count)
        }
        guard let strings = try decoder.localStrings(condition.column, count: count, 0..<count) else {
            return BitMask(count: 0)
        }
        let entries = (0..<strings.entryCount).map { condition.test.holds(bytes: strings.entry($0), type) }
        let verdicts = entries.span
        guard strings.isDictionary else { return BitMask(count: verdicts.count) { verdicts[$0] } }
        return BitMask(count: count) { verdicts[Int(strings.codes[$0])] }
    }
}
