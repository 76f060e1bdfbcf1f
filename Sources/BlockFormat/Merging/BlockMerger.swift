// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
package import ColumnEncoding
package import TraceModel

/// Merges blocks into one, column by column and in bounded memory: what is held are a decoded row group of each input,
/// one of the output, the dictionaries, and the output's trace index.
///
/// The merge is driven from outside: ``next()`` says what it needs or has. Rows come in the order of trace ID, start,
/// span ID and kind; of copies of a span the one stays that ``DuplicateRule`` chooses. Values are not made into
/// strings: codes are replaced by those of the output, a table look-up each.
package struct BlockMerger: ~Copyable {
    package enum Step: Sendable {
        /// Give ``add(_:of:)`` this row group of an input.
        case load(input: Int, group: Int)
        /// Give ``add(rows:input:group:)`` all rows of this row group of an input.
        case decode(input: Int, group: Int)
        /// The next bytes of the block.
        case part([UInt8])
        /// The block is complete.
        case end
    }

    /// Computes the derived column of one trace: nanoseconds on the critical path, a row each.
    package typealias Derivation = (borrowing MergedTrace, inout FlatBuffer<UInt64>) -> Void

    let catalog: MergeCatalog
    var inputs: [MergeInput]
    /// By slot.
    var groups: [MergeGroup?] = []
    /// By slot: rows that were neither written nor left out yet.
    var remaining = FlatBuffer<Int>()
    /// By input and row group, for comparing copies.
    var spanRows: [Int: SpanBatchView] = [:]
    var pending = PendingRows()
    var taken = TakenRows()
    var output: MergedBlockWriter
    let criticalPathVersion: UInt8
    let derivation: Derivation
    /// Whether traces may be left out.
    let leavesOut: Bool
    /// The trace whose rows come from several inputs, or whose derived column must be computed.
    var open: OpenTrace?
    var columns = MergedTrace()
    var times = FlatBuffer<UInt64>()
    var lastID: TraceID?
    /// Whether the rows of `lastID` were left out.
    var isLastExpired = false
    /// Row groups of inputs that are held.
    package private(set) var heldGroupCount = 0
    package private(set) var duplicateCount = 0
    /// Rows that were left out because they are older than they are kept.
    package private(set) var expiredCount = 0

    mutating func countDuplicate() { duplicateCount += 1 }
    mutating func countExpired(_ rowCount: Int) { expiredCount += rowCount }
    private var state = State.header

    private enum State { case header, rows, tail, end }

    /// - Parameters:
    ///   - criticalPathVersion: Of `derivation`; 0: the output has no derived column.
    ///   - effort: How hard chunks are compressed.
    package init(
        id: BlockID, _ catalog: MergeCatalog, _ inputs: [MergeInput], criticalPathVersion: UInt8,
        effort: CompressionEffort, derivation: @escaping Derivation
    ) {
        self.catalog = catalog
        self.inputs = inputs
        self.criticalPathVersion = criticalPathVersion
        self.derivation = derivation
        leavesOut = inputs.contains { $0.expired != nil }
        output = MergedBlockWriter(id, catalog, criticalPathVersion: criticalPathVersion, effort: effort)
    }

    /// What the block holds; complete when ``next()`` has said so.
    package var statistics: BlockStatistics { output.footer.statistics }

    package var byteCount: Int { output.offset }

    var hasDerivedColumn: Bool { criticalPathVersion > 0 }

    /// Goes on until something is needed or ready.
    ///
    /// - Throws: ``BlockError`` `.corrupted` if an input contradicts itself.
    package mutating func next() throws(BlockError) -> Step {
        switch state {
        case .header:
            state = .rows
            return .part(output.header())
        case .rows:
            while true {
                let least = isCrowded ? 1 : BlockLayout.rowGroupRowLimit
                if let part = writeRowGroup(leastRowCount: least) { return .part(part) }
                if let input = inputs.firstIndex(where: \.needsGroup) {
                    return .load(input: input, group: inputs[input].groups.lowerBound)
                }
                if open != nil {
                    if let step = try mergeOpenTrace() { return step }
                } else if try !takeNextTrace() {
                    state = .tail
                    break
                }
            }
            return try next()
        case .tail:
            if let part = writeRowGroup(leastRowCount: 1) { return .part(part) }
            if let part = output.nextTailPart(catalog) { return .part(part) }
            state = .end
            return .end
        case .end:
            return .end
        }
    }

    // MARK: - Memory

    /// Decoded row groups beyond one an input, above which the rows at hand are written although they are few: where
    /// most rows are left out, many row groups would have to be held for one of the output.
    package static let extraGroupLimit = 8

    /// Runs of rows that wait, and of those that are left out among them.
    package var waitingSegmentCount: Int { pending.segments.count }

    private var isCrowded: Bool {
        leavesOut && heldGroupCount > inputs.count + Self.extraGroupLimit
    }

    /// Lets go of a row group that was gone through if all of its rows were left out.
    mutating func releaseIfUnused(_ slot: Int) {
        guard !pending.hasRows(of: slot) else { return }
        pending.forget(slot: slot)
        release(slot)
    }

    private mutating func release(_ slot: Int) {
        groups[slot] = nil
        heldGroupCount -= 1
    }

    // MARK: - Writing

    /// Rows whose derived column is known and that no copy can replace any more.
    private var readyRowCount: Int {
        guard let open else { return pending.rowCount }
        return pending.rowCount - (hasDerivedColumn ? open.rowCount : min(1, open.rowCount))
    }

    private mutating func writeRowGroup(leastRowCount: Int) -> [UInt8]? {
        let ready = readyRowCount
        guard ready >= leastRowCount else { return nil }
        var count = fittingRowCount(ready)
        let boundary = pending.boundary(upTo: count)
        if boundary >= BlockLayout.rowGroupRowLimit / 2 { count = boundary }
        pending.take(count, into: &taken)
        let part = output.rowGroup(taken, groups, catalog)
        for index in 0..<taken.segments.count {
            let segment = taken.segments[index]
            let slot = Int(segment.slot)
            remaining[slot] -= Int(segment.count)
            if remaining[slot] == 0 { release(slot) }
        }
        return part
    }

    /// How many of the rows that are ready a row group takes.
    private func fittingRowCount(_ ready: Int) -> Int {
        let most = min(ready, BlockLayout.rowGroupRowLimit)
        var (count, values, longByteCount) = (0, 0, 0)
        for index in 0..<pending.segments.count {
            let segment = pending.segments[index]
            guard !segment.isSkipped, let group = groups[Int(segment.slot)] else { continue }
            for row in segment.rows {
                guard count < most else { return count }
                values += Int(group.weights[row])
                if group.longByteCounts.count > 0 { longByteCount += Int(group.longByteCounts[row]) }
                if count > 0,
                    values > BlockLayout.rowGroupValueLimit || longByteCount > BlockLayout.rowGroupStringByteLimit
                { return count }
                count += 1
            }
        }
        return count
    }

    // MARK: - Row groups of inputs

    /// Decodes a row group that ``next()`` asked for.
    ///
    /// - Throws: ``BlockError`` `.corrupted`.
    package mutating func add(_ part: MergePart, of index: Int) throws(BlockError) {
        let input = inputs[index]
        precondition(input.needsGroup && input.groups.lowerBound == part.group)
        let entry = input.entries[part.group]
        let slot = groups.firstIndex { $0 == nil } ?? groups.count
        if slot == groups.count {
            groups.append(nil)
            remaining.append(0)
            output.addSlot(catalog)
        }
        let decoder = MergeGroupDecoder(
            try RowGroupDecoder(part.bytes, index: part.group, entry: entry, id: input.id), catalog,
            schema: input.schema, input: index, slot: slot, input.expired)
        let group = try decoder.decode(
            part.traces, hasCritical: hasDerivedColumn && input.criticalPathVersion == criticalPathVersion)
        let rows = input.rows.clamped(to: entry.firstRow..<(entry.firstRow + entry.rowCount))
        let first = rows.lowerBound - entry.firstRow
        inputs[index].groups = (part.group + 1)..<input.groups.upperBound
        guard !rows.isEmpty else { return }
        groups[slot] = group
        heldGroupCount += 1
        inputs[index].slot = slot
        inputs[index].row = first
        inputs[index].endRow = rows.upperBound - entry.firstRow
        inputs[index].trace = 0
        while group.traces[inputs[index].trace].rows.upperBound <= first { inputs[index].trace += 1 }
        remaining[slot] = inputs[index].endRow
        output.placeCursors(slot, group)
        pending.skip(slot: slot, 0..<first)
    }

    /// Takes the rows that ``next()`` asked for.
    package mutating func add(rows: SpanBatchView, input: Int, group: Int) {
        // Copies come in order: of each input one row group is enough.
        spanRows = spanRows.filter { $0.key >> 32 != input }
        spanRows[input << 32 | group] = rows
    }
}
