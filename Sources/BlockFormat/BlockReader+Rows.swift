// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

extension BlockReader {
    /// Appends all rows of one trace to `batch`, in block order.
    ///
    /// - Parameters:
    ///   - anchor: From ``locate(_:)`` of this reader.
    ///   - check: Is told how many bytes the batch holds after each row group, and may stop the read by throwing.
    /// - Returns: Bytes read from storage.
    package func read(
        _ anchor: TraceAnchor, into batch: inout SpanBatch, check: (Int) throws -> Void = { _ in }
    ) async throws -> Int {
        var byteCount = 0
        for group in groups(of: anchor.rows) {
            let entry = footer.rowGroups[group]
            let bytes = try await Self.fetch(source, entry.offset..<(entry.offset + entry.byteCount))
            byteCount += bytes.count
            try await append(anchor.rows, of: [anchor], bytes, group, into: &batch)
            try check(batch.byteCount)
        }
        return byteCount
    }

    /// Appends all rows of some traces to `batch`, and perhaps those of others beside them.
    ///
    /// - Parameters:
    ///   - anchors: Of this reader, by rising ID.
    ///   - check: Is told how many bytes the batch holds after each row group, and may stop the read by throwing.
    /// - Returns: Bytes read from storage.
    package func read(
        _ anchors: [TraceAnchor], into batch: inout SpanBatch, check: (Int) throws -> Void = { _ in }
    ) async throws -> Int {
        var byteCount = 0
        var byGroup: [Int: [TraceAnchor]] = [:]
        for anchor in anchors { for group in groups(of: anchor.rows) { byGroup[group, default: []].append(anchor) } }
        for (group, wanted) in byGroup.sorted(by: { $0.key < $1.key }) {
            if wanted.count >= Self.wholeGroupTraceCount {
                byteCount += footer.rowGroups[group].byteCount
                try await read(rowGroup: group, into: &batch)
            } else {
                let entry = footer.rowGroups[group]
                let bytes = try await Self.fetch(source, entry.offset..<(entry.offset + entry.byteCount))
                byteCount += bytes.count
                for anchor in wanted { try await append(anchor.rows, of: [anchor], bytes, group, into: &batch) }
            }
            try check(batch.byteCount)
        }
        return byteCount
    }

    /// Of so many traces of a row group, all its rows are decoded together.
    private static let wholeGroupTraceCount = 24

    /// Appends all rows of one row group to `batch`, in block order.
    package func read(rowGroup group: Int, into batch: inout SpanBatch) async throws {
        let entry = footer.rowGroups[group]
        let bytes = try await Self.fetch(source, entry.offset..<(entry.offset + entry.byteCount))
        let end =
            group + 1 < footer.rowGroups.count
            ? footer.rowGroups[group + 1].firstTrace + 1 : footer.statistics.traceCount
        let traces = try await anchors(entry.firstTrace..<min(end, footer.statistics.traceCount))
        try await append(
            entry.firstRow..<(entry.firstRow + entry.rowCount), of: traces, bytes, group, into: &batch)
    }

    /// Row groups that hold rows of `rows`.
    func groups(of rows: Range<Int>) -> Range<Int> {
        guard !rows.isEmpty else { return 0..<0 }
        let first = group(ofRow: rows.lowerBound)
        return first..<(group(ofRow: rows.upperBound - 1) + 1)
    }

    private func group(ofRow row: Int) -> Int {
        var low = 0
        var high = footer.rowGroups.count
        while low < high {
            let middle = (low + high) / 2
            if footer.rowGroups[middle].firstRow <= row { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    func append(
        _ rows: Range<Int>, of traces: [TraceAnchor], _ bytes: [UInt8], _ group: Int, into batch: inout SpanBatch
    ) async throws {
        let decoder = try RowGroupDecoder(bytes, index: group, entry: footer.rowGroups[group], id: id)
        let available = try await dictionaries(try stringColumns(of: rows, decoder))
        let before = batch.rowCount
        var reader = RowReader(decoder: decoder, schema: schema, dictionaries: available, blockID: id)
        do {
            try reader.append(rows, of: traces, to: &batch)
        } catch {
            batch.truncate(toRows: before)
            throw error
        }
    }

    /// The columns of strings that some rows of a group take. Of events and links all are meant, as they are few.
    private func stringColumns(
        of rows: Range<Int>, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> Set<UInt32> {
        let shapes = schema.shapes[Int(AttributeOwner.span.rawValue)]
        let entry = decoder.entry
        let local = rows.clamped(to: entry.firstRow..<(entry.firstRow + entry.rowCount))
        var codes = FlatBuffer<UInt64>(capacity: local.count)
        try decoder.integers(
            FixedColumn.shape.rawValue, count: entry.rowCount,
            (local.lowerBound - entry.firstRow)..<(local.upperBound - entry.firstRow), into: &codes)
        var seen = FlatBuffer(repeating: false, count: shapes.count)
        var columns: Set<UInt32> = []
        for index in 0..<codes.count {
            guard codes[index] < UInt64(shapes.count) else {
                throw BlockError(.corrupted, "block \(id) refers to an attribute shape that it does not have")
            }
            let code = Int(codes[index])
            guard !seen[code] else { continue }
            seen[code] = true
            for column in shapes[code] where column != BlockSchema.rest && schema.columns[Int(column)].type.isByteString {
                columns.insert(FixedColumn.firstAttribute + column)
            }
        }
        for chunk in decoder.columns where isString(chunk.column) {
            let index = Int(chunk.column) - Int(FixedColumn.firstAttribute)
            if index < 0 || schema.columns[index].owner != .span { columns.insert(chunk.column) }
        }
        return columns
    }

    /// Whether a column holds strings.
    func isString(_ column: UInt32) -> Bool {
        if let fixed = FixedColumn(rawValue: column) { return fixed.isString }
        let index = Int(column) - Int(FixedColumn.firstAttribute)
        return index >= 0 && index < schema.columns.count && schema.columns[index].type.isByteString
    }
}
