// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceQL
internal import TraceStorage

// Traces that no row group has whole, put together from everywhere.

extension TraceSearch {
    /// The part of a trace that lies in one block.
    private typealias Part = (block: Int, anchor: TraceAnchor)

    /// Puts traces together from everywhere, and takes in those that are hits.
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
        var wanted: [TraceID] = []
        var places: [Int: [TraceAnchor]] = [:]
        for id in ids where judged.insert(id).inserted {
            let found = try await self.places(of: id)
            guard mayBeWanted(id, found.map(\.anchor)) else { continue }
            wanted.append(id)
            for place in found { places[place.block, default: []].append(place.anchor) }
        }
        guard !wanted.isEmpty else { return }
        assembledTraceCount += wanted.count
        let rows = try await rows(at: places)
        for id in wanted {
            guard let trace = AssembledTrace(id, heads.rows(of: id) + (rows[id] ?? [])),
                trace.hasStart(in: range), holds(trace.facts)
            else { continue }
            let held = heldByteCount
            let spansets = try judge.spansets(of: trace.judged(leafCount: program.leaves.count)) {
                (byteCount) throws(QueryError) in try memory.hold(held + byteCount)
            }
            let shownCount = spansets.reduce(0) { $0 + min($1.rows.count, query.spansPerSpanset) }
            try memory.hold(held + spansets.count * 2 * SpansetJudge.spansetByteCount + shownCount * 320)
            if !spansets.isEmpty { newest.insert(.init(trace: found(trace, spansets), pending: nil)) }
        }
    }

    private func found(_ trace: AssembledTrace, _ spansets: [Spanset]) -> SearchedTrace {
        SearchedTrace(
            id: trace.facts.id, root: trace.facts.root.map(SearchedTrace.Root.init),
            startNanoseconds: trace.facts.start, durationNanoseconds: trace.facts.duration,
            spansets: spansets.map { spanset in
                SearchedSpanset(
                    spanset,
                    spans: spanset.rows.prefix(query.spansPerSpanset).map { row in
                        SearchedSpan(trace.rows[Int(row)].matched, attributes: shown.attributes(of: row, trace))
                    })
            },
            services: trace.services)
    }

    private mutating func places(of id: TraceID) async throws -> [Part] {
        var places: [Part] = []
        for block in blocks.summaries.indices where blocks.summaries[block].traceIDs.contains(id) {
            do {
                let reader = try await blocks.reader(block)
                if try await reader.mayContain(id), let anchor = try await reader.locate(id) {
                    places.append((block, anchor))
                }
            } catch let error as BlockError {
                fail(block, error)
            }
        }
        return places
    }

    /// Whether the trace's start and duration, which follow from those of its parts, are wanted: of copies of a span
    /// the one that ends last wins. Where a part has no duration its last end is not known.
    private func mayBeWanted(_ id: TraceID, _ parts: [TraceAnchor]) -> Bool {
        let times = heads.times(of: id)
        let start = parts.reduce(times?.start ?? .max) { min($0, $1.start) }
        if newest.isFull, start < newest.threshold { return false }
        guard parts.allSatisfy({ $0.duration > 0 }) else { return true }
        let end = parts.reduce(times?.end ?? 0) { max($0, $1.start &+ $1.duration) }
        return mayLast(spanDuration(start: start, end: end))
    }

    /// The rows of traces in blocks, by trace.
    private mutating func rows(at places: [Int: [TraceAnchor]]) async throws -> [TraceID: [AssembledTrace.Row]] {
        guard !places.isEmpty else { return [:] }
        let base = heldByteCount
        let memory = memory
        var batch = SpanBatch(pool: pool, seed: .random(in: .min ... .max))
        for (block, anchors) in places.sorted(by: { $0.key < $1.key }) {
            do {
                result.figures.inspectedByteCount += try await blocks.reader(block).read(
                    anchors.sorted { $0.rows.lowerBound < $1.rows.lowerBound }, into: &batch
                ) {
                    try memory.hold(base + $0)
                }
            } catch let error as BlockError {
                fail(block, error)
            }
        }
        let view = batch.view()
        let marks = program.leaves.map { view.mask($0.filter) }
        let wanted = Set(places.values.joined().map(\.id))
        var rows: [TraceID: [AssembledTrace.Row]] = [:]
        for row in 0..<view.rowCount {
            let id = view.traceID(row)
            if wanted.contains(id) { rows[id, default: []].append(.init(view: view, row: row, marks: marks)) }
        }
        result.figures.inspectedSpanCount += view.rowCount
        return rows
    }
}
