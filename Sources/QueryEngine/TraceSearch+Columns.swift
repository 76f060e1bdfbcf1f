// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel
internal import TraceQL

// Traces that lie in heads, or in several row groups or blocks, judged by a few columns.

extension TraceSearch {
    /// Judges traces for which columns suffice, and takes in those that are hits.
    ///
    /// - Returns: The others: those of which a span is there twice, or all if values are asked for.
    mutating func judgeByColumns(_ wanted: [(id: TraceID, parts: [TracePart])]) async throws -> [TraceID] {
        guard !needsValues, program.leaves.count <= 64 else { return wanted.map(\.id) }
        var others: [TraceID] = []
        defer { openByteCount = 0 }
        // What no block has is there at once; of the others many are read at a time.
        for (id, parts) in wanted where parts.isEmpty {
            try hold(rows: heads.rowCount(of: id))
            var trace = ColumnTrace(id: id, parts: [], heads, needsParents: program.needsParents)
            if try await !settle(&trace) { others.append(id) }
        }
        let inBlocks = wanted.filter { !$0.parts.isEmpty }
        try hold(rows: inBlocks.reduce(0) { $0 + $1.parts.blockRowCount + heads.rowCount(of: $1.id) })
        var traces = try await columnTraces(inBlocks)
        for index in traces.indices where try await !settle(&traces[index]) { others.append(traces[index].id) }
        return others
    }

    private mutating func hold(rows count: Int) throws(QueryError) {
        openByteCount = count * ColumnTrace.byteCountPerRow
        try memory.hold(heldByteCount)
    }

    /// Judges a trace by columns, if they suffice.
    private mutating func settle(_ trace: inout ColumnTrace) async throws -> Bool {
        guard trace.sort() else { return false }
        result.figures.inspectedSpanCount += trace.blockRowCount
        try await settle(trace)
        return true
    }

    /// Traces with the rows that heads and blocks have of them; rows that can't be read are missing.
    private mutating func columnTraces(_ wanted: [(id: TraceID, parts: [TracePart])]) async throws -> [ColumnTrace] {
        let (heads, needsParents) = (heads, program.needsParents)
        var traces = wanted.map { ColumnTrace(id: $0.id, parts: $0.parts, heads, needsParents: needsParents) }
        var members: [GroupPlace: [(trace: Int, part: Int)]] = [:]
        for (index, trace) in traces.enumerated() {
            for (part, place) in trace.parts.enumerated() {
                for group in try await blocks.reader(place.block).rowGroups(of: place.anchor.rows) {
                    members[GroupPlace(block: place.block, group: group), default: []].append((index, part))
                }
            }
        }
        for (place, members) in members.sorted(by: { $0.key < $1.key }) {
            do {
                try await addRows(of: place, members, to: &traces)
            } catch let error as BlockError {
                fail(place.block, error)
            }
        }
        return traces
    }

    /// Adds the rows that traces have in one row group.
    private mutating func addRows(
        of place: GroupPlace, _ members: [(trace: Int, part: Int)], to traces: inout [ColumnTrace]
    ) async throws {
        let reader = try await blocks.reader(place.block)
        let marks = try await marks(of: place, reader)
        let ordered = members.sorted { traces[$0.trace].id < traces[$1.trace].id }
        let anchors = ordered.map { traces[$0.trace].parts[$0.part].anchor }
        try memory.hold(heldByteCount + (try await reader.keyByteCount(group: place.group)))
        let keys = try await reader.keyColumns(of: anchors, group: place.group)
        result.figures.inspectedByteCount += keys.readByteCount
        let entry = reader.footer.rowGroups[place.group]
        var next = 0
        for (member, anchor) in zip(ordered, anchors) {
            for row in anchor.rows.clamped(to: entry.firstRow..<(entry.firstRow + entry.rowCount)) {
                var bits: UInt64 = 0
                for (leaf, mask) in marks.enumerated() where mask[row - entry.firstRow] { bits |= 1 &<< UInt64(leaf) }
                traces[member.trace].rows.append(
                    ColumnTrace.Row(
                        start: keys.starts[next], end: keys.ends[next], spanID: keys.spanIDs[next],
                        parent: keys.parents[next], row: row, marks: bits,
                        part: Int32(truncatingIfNeeded: member.part)))
                next += 1
            }
        }
    }

    /// Which rows of a row group the filters hold for: as the search found when it passed, or found out now.
    private mutating func marks(of place: GroupPlace, _ reader: BlockReader) async throws -> [RowMask] {
        if let known = marks[place] { return known }
        if scans[place.block] == nil {
            var request = RowRequest()
            request.marks = program.leaves.map(\.filter)
            scans[place.block] = try await BlockTraceScan(reader, request)
        }
        guard let scan = scans[place.block] else { return [] }
        try memory.hold(heldByteCount + (try await scan.byteCount(ofGroup: place.group)))
        let (found, byteCount) = try await scan.marks(of: place.group)
        result.figures.inspectedByteCount += byteCount
        keep(found, of: place, rowCount: reader.footer.rowGroups[place.group].rowCount)
        return found
    }

    /// Keeps what was found out of a row group, as traces of others may go on there.
    mutating func keep(_ found: [RowMask], of place: GroupPlace, rowCount: Int) {
        if marksByteCount > Self.marksByteLimit { (marks, marksByteCount) = ([:], 0) }
        guard marks.updateValue(found, forKey: place) == nil else { return }
        marksByteCount += 128 + found.count * (48 + rowCount / 8)
    }

    private mutating func settle(_ trace: ColumnTrace) async throws {
        let range = range
        guard trace.rows.contains(where: { range.overlapsSpan(from: $0.start, to: $0.end) }) else { return }
        let root = trace.root
        var rootTexts: (service: [UInt8], name: [UInt8])?
        if needsRoot, let root {
            do {
                rootTexts = try await texts(ofRoot: root, trace)
            } catch let error as BlockError {
                // Of this block alone: others, of which the trace has rows, are sound.
                return fail(trace.parts[Int(root.part)].block, error)
            }
        }
        let judged = trace.judged(leafCount: program.leaves.count, root: rootTexts)
        guard holds(judged.facts), newest.mayHold(judged.facts.start) else { return }
        var entry = NewestTraces.Entry(
            id: trace.id, start: judged.facts.start, duration: judged.facts.duration, block: -1)
        if let root { entry.root = number(of: root, in: trace, isTrace: true) }
        if let selection = judge.selection(of: judged, shownCount: query.spansPerSpanset) {
            if selection.matchedCount > 0 {
                insert(&entry, selection.matchedCount, selection.rows[...], [], of: trace)
            }
            return
        }
        let (held, memory) = (heldByteCount, memory)
        let spansets = try judge.spansets(of: judged) {
            (byteCount) throws(QueryError) in try memory.hold(held + byteCount)
        }
        // Only `by` makes several, which needs values.
        guard let spanset = spansets.first else { return }
        insert(
            &entry, spanset.rows.count, spanset.rows.prefix(query.spansPerSpanset),
            spanset.attributes.map { SearchedAttribute(name: $0.name, value: $0.value) }, of: trace)
    }

    private mutating func texts(
        ofRoot root: ColumnTrace.Row, _ trace: ColumnTrace
    ) async throws -> (service: [UInt8], name: [UInt8])? {
        guard root.part >= 0 else { return heads.root(atRow: root.row) }
        let part = trace.parts[Int(root.part)]
        return try await blocks.reader(part.block).root(ofTrace: part.position)
    }

    private mutating func insert(
        _ entry: inout NewestTraces.Entry, _ matchedCount: Int, _ shown: ArraySlice<Int32>,
        _ attributes: [SearchedAttribute], of trace: ColumnTrace
    ) {
        entry.matchedCount = Int32(truncatingIfNeeded: matchedCount)
        var rows: [Int] = []
        for row in shown { rows.append(number(of: trace.rows[Int(row)], in: trace)) }
        newest.insert(
            entry, rows: rows, attributes: attributes,
            parts: trace.parts.map { BlockRow(block: $0.block, row: $0.position).number })
    }

    /// Where a row lies; or, if `isTrace`, the trace in the index of the row's block.
    private func number(of row: ColumnTrace.Row, in trace: ColumnTrace, isTrace: Bool = false) -> Int {
        guard row.part >= 0 else { return BlockRow(block: blocks.placeOfHeads, row: row.row).number }
        let part = trace.parts[Int(row.part)]
        return BlockRow(block: part.block, row: isTrace ? part.position : row.row).number
    }
}

/// A row, or a trace of the index, of one of a search's blocks, or a row of its heads, as one number; numbers rise with
/// the blocks.
struct BlockRow {
    let block: Int
    let row: Int

    init(block: Int, row: Int) {
        self.block = block
        self.row = row
    }

    init(number: Int) { self.init(block: number >> 40, row: number & (1 << 40 - 1)) }

    /// A block has fewer than 2⁴⁰ rows, a store fewer than 2²³ blocks.
    var number: Int { block << 40 | row }
}
