// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceQL
internal import TraceStorage

// Traces that no row group has whole, put together from everywhere.

extension TraceSearch {
    /// Judges traces by what there is of them everywhere, put together where columns don't suffice, and takes in those
    /// that are hits.
    mutating func assemble(_ ids: [TraceID]) async throws {
        var next = 0
        while next < ids.count {
            let end = min(next + Self.assemblyTraceCount, ids.count)
            try await assemblePart(ids[next..<end])
            next = end
            if next < ids.count, try await !checkTime() { return }
        }
    }

    private mutating func assemblePart(_ ids: ArraySlice<TraceID>) async throws {
        var wanted: [(id: TraceID, parts: [TracePart])] = []
        let (heads, durations) = (heads, durations)
        var asked: [TraceID] = []
        for id in ids where judged.isEmpty || !judged.contains(id) { asked.append(id) }
        let (allParts, failures) = try await blocks.parts(of: asked, in: owners)
        for (block, error) in failures { fail(block, error) }
        for (id, parts) in zip(asked, allParts) {
            // What no block has is met once.
            if !parts.isEmpty || !failures.isEmpty { judged.insert(id) }
            let inHeads = heads.trace(id)
            // What every hit has, and a span in the range, would be there.
            if parts.isEmpty, let inHeads, !inHeads.extent.isInRange || !heads.isMarked(inHeads) { continue }
            let known = extent(of: parts.map(\.anchor), beside: inHeads?.extent)
            guard newest.mayHold(known.start) else { continue }
            if let duration = known.duration, !durations.contains(duration) { continue }
            wanted.append((id, parts))
        }
        guard !wanted.isEmpty else { return }
        let others = try await judgeByColumns(wanted)
        guard !others.isEmpty else { return }
        assembledTraceCount += others.count
        let rest = Set(others)
        let (base, memory) = (heldByteCount, memory)
        let rows = try await blocks.rows(
            of: wanted.filter { rest.contains($0.id) }.flatMap(\.parts), filters: program.leaves.map(\.filter), pool
        ) { try memory.hold(base + $0) }
        for (block, error) in rows.failures { fail(block, error) }
        result.figures.inspectedByteCount += rows.byteCount
        result.figures.inspectedSpanCount += rows.rowCount
        openByteCount = rows.heldByteCount
        defer { openByteCount = 0 }
        for id in others { try judgeWhole(id, heads.rows(of: id) + (rows.byTrace[id] ?? [])) }
    }

    /// - Parameter rows: All that there are of the trace.
    private mutating func judgeWhole(_ id: TraceID, _ rows: [AssembledTrace.Row]) throws(QueryError) {
        let held = heldByteCount + rows.count * AssembledTrace.byteCountPerRow
        try memory.hold(held)
        guard let trace = AssembledTrace(id, rows), trace.overlaps(range), holds(trace.facts) else { return }
        let spansets = try judge.spansets(of: trace.judged(leafCount: program.leaves.count)) {
            (byteCount) throws(QueryError) in try memory.hold(held + byteCount)
        }
        guard !spansets.isEmpty else { return }
        newest.insert(try found(trace, spansets, beside: held))
        try hold()
    }

    /// - Parameter heldByteCount: What is held; for what is found as much is added as it takes here and among the newest.
    private func found(
        _ trace: AssembledTrace, _ spansets: [Spanset], beside heldByteCount: Int
    ) throws(QueryError) -> SearchedTrace {
        var byteCount = heldByteCount + spansets.count * 2 * SpansetJudge.spansetByteCount
        try memory.hold(byteCount)
        var found = SearchedTrace(
            id: trace.facts.id, root: trace.facts.root.map(SearchedTrace.Root.init),
            startNanoseconds: trace.facts.start, durationNanoseconds: trace.facts.duration, spansets: [],
            services: trace.services)
        found.spansets.reserveCapacity(spansets.count)
        for spanset in spansets {
            var spans: [SearchedSpan] = []
            for row in spanset.rows.prefix(query.spansPerSpanset) {
                let span = SearchedSpan(trace.rows[Int(row)].matched, attributes: shown.attributes(of: row, trace))
                byteCount += 2 * span.byteCount
                try memory.hold(byteCount)
                spans.append(span)
            }
            found.spansets.append(SearchedSpanset(spanset, spans: spans))
        }
        return found
    }
}

/// The start and the duration of a trace, as they follow from those of its parts: of copies of a span the one that
/// ends last wins. The duration is nil where a part has none: its last end is not known.
private func extent(
    of parts: [TraceAnchor], beside inHeads: HeadTraces.Extent?
) -> (start: UInt64, duration: UInt64?) {
    let start = parts.reduce(inHeads?.start ?? .max) { min($0, $1.start) }
    guard parts.allSatisfy({ $0.duration > 0 }) else { return (start, nil) }
    let end = parts.reduce(inHeads?.end ?? 0) { max($0, $1.start &+ $1.duration) }
    return (start, spanDuration(start: start, end: end))
}
