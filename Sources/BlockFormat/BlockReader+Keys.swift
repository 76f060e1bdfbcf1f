// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

/// What tells some rows of a row group apart, and where they belong, in columns.
package struct SpanKeyColumns: Sendable {
    package fileprivate(set) var spanIDs: [UInt64] = []
    /// Unix nanoseconds.
    package fileprivate(set) var starts: [UInt64] = []
    package fileprivate(set) var ends: [UInt64] = []
    /// IDs of the parents; 0 for roots, as ``SpanBatchView/parent(_:)``.
    package fileprivate(set) var parents: [UInt64] = []
    /// Bytes read from storage.
    package fileprivate(set) var readByteCount = 0
}

extension BlockReader {
    static let keyColumns: [FixedColumn] = [.spanID, .start, .duration, .parent, .explicitParent]

    /// The keys of the rows that some traces have in one row group, in order.
    ///
    /// - Parameter traces: Of the block, by rising ID, each with rows in `group`.
    package func keyColumns(of traces: [TraceAnchor], group: Int) async throws -> SpanKeyColumns {
        let decoder = try await decoder(
            of: group, try await directory(of: group), columns: Set(Self.keyColumns.map(\.rawValue)))
        let entry = decoder.entry
        let parts = traces.map { trace in
            let rows = trace.rows.clamped(to: entry.firstRow..<(entry.firstRow + entry.rowCount))
            return (rows.lowerBound - entry.firstRow)..<(rows.upperBound - entry.firstRow)
        }
        let places = parts.flatMap { Array($0) }
        var keys = SpanKeyColumns()
        keys.readByteCount = decoder.readByteCount
        keys.starts = try decoder.starts(of: places, traces)
        keys.spanIDs = try Self.numbers(.spanID, decoder, at: places)
        let lengths = try Self.numbers(.duration, decoder, at: places)
        keys.ends = places.indices.map { keys.starts[$0] &+ lengths[$0] }
        keys.parents = try Self.parentIDs(decoder, parts, keys.spanIDs)
        return keys
    }

    private static func numbers(
        _ column: FixedColumn, _ decoder: borrowing RowGroupDecoder, at places: [Int]
    ) throws(BlockError) -> [UInt64] {
        var values = FlatBuffer<UInt64>(capacity: places.count)
        try decoder.integers(column.rawValue, count: decoder.entry.rowCount, at: places.span, into: &values)
        var numbers: [UInt64] = []
        numbers.reserveCapacity(places.count)
        for index in 0..<values.count { numbers.append(values[index]) }
        return numbers
    }

    /// - Parameters:
    ///   - parts: The rows of each trace, rising.
    ///   - spanIDs: Of all these rows.
    private static func parentIDs(
        _ decoder: borrowing RowGroupDecoder, _ parts: [Range<Int>], _ spanIDs: [UInt64]
    ) throws(BlockError) -> [UInt64] {
        let end = parts.last?.upperBound ?? 0
        var values = FlatBuffer<UInt64>(capacity: end)
        try decoder.integers(FixedColumn.parent.rawValue, count: decoder.entry.rowCount, 0..<end, into: &values)
        let missing = try decoder.explicitParents()
        var parents: [UInt64] = []
        parents.reserveCapacity(spanIDs.count)
        var row = 0
        // Of the parents that are no rows.
        var next = 0
        for part in parts {
            while row < part.lowerBound {
                if values[row] == 1 { next += 1 }
                row += 1
            }
            let first = parents.count
            while row < part.upperBound {
                switch values[row] {
                case 0, 2: parents.append(0)
                case 1:
                    guard next < missing.count else { throw decoder.lacksParent() }
                    parents.append(missing[next])
                    next += 1
                case let value:
                    guard value - 3 < UInt64(part.count) else { throw decoder.lacksParent() }
                    parents.append(spanIDs[first + Int(value - 3)])
                }
                row += 1
            }
        }
        return parents
    }

    /// A trace that the block has.
    package struct TracePlace: Sendable {
        /// Among those that were asked for.
        package var index: Int
        /// In the trace index.
        package var position: Int
        package var anchor: TraceAnchor
    }

    /// Which of some traces the block has, and where their rows lie.
    ///
    /// - Returns: Also why something is missing: a page that can't be read does not take away what others say.
    /// - Throws: If nothing can be said.
    package func places(of ids: [TraceID]) async throws -> (found: [TracePlace], failure: BlockError?) {
        var found: [TracePlace] = []
        var failure: BlockError?
        let possible = try await possible(ids)
        for index in possible {
            guard let number = pageNumber(for: ids[index]) else { continue }
            do {
                let page = try await indexPage(number)
                guard let position = page.value.position(of: ids[index]) else { continue }
                found.append(
                    TracePlace(
                        index: index, position: footer.indexPages[number].firstTrace + position,
                        anchor: anchor(page.value, position)))
            } catch let error as BlockError {
                failure = failure ?? error
            }
        }
        return (found, failure)
    }
}

extension RowGroupDecoder {
    /// The IDs of parents that are no rows, in the order of the rows that have them.
    ///
    /// - Throws: `.corrupted` also if there are more than rows.
    borrowing func explicitParents() throws(BlockError) -> FlatBuffer<UInt64> {
        let column = FixedColumn.explicitParent.rawValue
        let count = valueCount(column)
        guard count <= entry.rowCount else { throw lacksParent() }
        var parents = FlatBuffer<UInt64>(capacity: count)
        try integers(column, count: count, 0..<count, into: &parents)
        return parents
    }

    borrowing func lacksParent() -> BlockError {
        BlockError(.corrupted, "a row of block \(id) refers to a parent that is not there")
    }
}
