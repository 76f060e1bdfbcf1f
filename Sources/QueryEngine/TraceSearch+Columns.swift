// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel
internal import TraceQL

// Traces that lie in several row groups or blocks, judged by a few columns.

extension TraceSearch {
    /// Judges traces for which columns suffice, and takes in those that are hits.
    ///
    /// - Returns: The others: those of which heads have spans, or of which a span is there twice.
    mutating func judgeByColumns(_ wanted: [(id: TraceID, parts: [TracePart])]) async throws -> [TraceID] {
        guard !needsValues, program.leaves.count <= 64 else { return wanted.map(\.id) }
        var others: [TraceID] = []
        let inBlocks = wanted.filter { !heads.contains($0.id) }
        let rowCount = inBlocks.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.anchor.rows.count } }
        openByteCount = rowCount * ColumnTrace.byteCountPerRow
        defer { openByteCount = 0 }
        try memory.hold(heldByteCount)
        for var trace in try await columnTraces(inBlocks) {
            guard trace.sort() else {
                others.append(trace.id)
                continue
            }
            result.figures.inspectedSpanCount += trace.rows.count
            try await settle(trace)
        }
        return wanted.map(\.id).filter { heads.contains($0) } + others
    }

    /// Traces with the rows that blocks have of them; rows that can't be read are missing.
    private mutating func columnTraces(_ wanted: [(id: TraceID, parts: [TracePart])]) async throws -> [ColumnTrace] {
        var traces = wanted.map { ColumnTrace(id: $0.id, parts: $0.parts) }
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
                        parent: keys.parents[next], row: row, marks: bits, kind: keys.kinds[next],
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
        guard trace.rows.contains(where: { range.overlapsSpan(from: $0.start, to: $0.end) }) else { return }
        let rootPart = trace.rootPart
        var root: (service: [UInt8], name: [UInt8])?
        if needsRoot, let part = rootPart.map({ trace.parts[$0] }) {
            do {
                root = try await blocks.reader(part.block).root(ofTrace: part.position)
            } catch let error as BlockError {
                // Of this block alone: others, of which the trace has rows, are sound.
                return fail(part.block, error)
            }
        }
        let judged = trace.judged(
            leafCount: program.leaves.count, root: root, needsParents: program.needsParents)
        guard holds(judged.facts), newest.mayHold(judged.facts.start) else { return }
        let spansets = try judge.spansets(of: judged) {
            (byteCount) throws(QueryError) in try memory.hold(heldByteCount + byteCount)
        }
        // Only `by` makes several, which needs values.
        guard let spanset = spansets.first else { return }
        var entry = NewestTraces.Entry(
            id: trace.id, start: judged.facts.start, duration: judged.facts.duration, block: -1)
        entry.matchedCount = Int32(truncatingIfNeeded: spanset.rows.count)
        entry.rootPart = Int32(truncatingIfNeeded: rootPart ?? -1)
        newest.insert(
            entry,
            rows: spanset.rows.prefix(query.spansPerSpanset).lazy.map { place in
                let row = trace.rows[Int(place)]
                return BlockRow(block: trace.parts[Int(row.part)].block, row: row.row).number
            }, attributes: spanset.attributes.map { SearchedAttribute(name: $0.name, value: $0.value) },
            parts: trace.parts.map { BlockRow(block: $0.block, row: $0.position).number })
    }
}

/// A row, or a trace of the index, of one of a search's blocks, as one number; numbers rise with the blocks.
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
