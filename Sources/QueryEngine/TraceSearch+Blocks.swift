// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceQL
internal import TraceStorage

// Row group by row group through blocks.

extension TraceSearch {
    mutating func search(_ block: Int) async throws {
        let times = blocks.summaries[block].eventNanoseconds
        do {
            if times.overlaps(range), !newest.isFull || times.upperBound >= newest.threshold {
                try await searchGroups(of: block)
            }
            if stop == nil, !failed.contains(block) { result.figures.completedJobCount += 1 }
        } catch let error as BlockError {
            fail(block, error)
        }
    }

    mutating func searchGroups(of block: Int) async throws {
        let reader = try await blocks.reader(block)
        result.figures.inspectedBlockCount += 1
        reads.prunedRowGroupCount += reader.footer.rowGroups.count
        var request = RowRequest()
        // A row group may have the rest of a trace of which another has what every hit has.
        if seesEverything {
            request.required = program.requiredFilter
            request.requiredMarks = program.required
        }
        request.marks = program.leaves.map(\.filter)
        request.wantsParents = program.needsParents
        request.range = range
        guard let scan = try await BlockTraceScan(reader, request) else { return }
        let (base, memory) = (heldByteCount, memory)
        let (shared, failure) = try await blocks.shared(block, overlaps) { try memory.hold(base + $0) }
        if let failure { note(failure) }
        sharedByteCount = shared.byteCount
        defer { sharedByteCount = 0 }
        var next = 0
        // One at first: it may have all that is wanted.
        var count = 1
        while next < scan.groups.count {
            if newest.isFull, scan.groups[next].newestStart < newest.threshold { return }
            guard try await checkTime() else { return }
            let groups = try await fitting(scan.groups[next..<min(next + count, scan.groups.count)], of: scan)
            let since = newest.threshold
            let found = try await inParallel(groups.map(\.index), width: width) {
                await Self.rows(of: $0, since: since, scan)
            }
            for read in found {
                do {
                    let rows = try read.get()
                    countRead(rows)
                    if !shared.isEmpty {
                        keep(
                            rows.marks, of: GroupPlace(block: block, group: reader.rowGroup(ofRow: rows.firstRow)),
                            rowCount: rows.rowCount)
                    }
                    try await judge(rows, block, reader, shared)
                    try hold()
                } catch let error as BlockError {
                    // Of this row group alone.
                    fail(block, error)
                }
            }
            next = groups.endIndex
            count = min(2 * count, Self.groupCount * width)
        }
    }

    /// As many of some row groups, from the first, as there is memory to look into at a time.
    ///
    /// - Throws: ``QueryError`` if there is not enough for one.
    func fitting(
        _ groups: ArraySlice<BlockTraceScan.Group>, of scan: BlockTraceScan
    ) async throws -> ArraySlice<BlockTraceScan.Group> {
        var byteCount = heldByteCount
        for place in groups.indices {
            // What can't be told of a damaged one is told when it is read.
            byteCount += (try? await scan.byteCount(ofGroup: groups[place].index)) ?? 0
            do {
                try memory.hold(byteCount)
            } catch {
                guard place > groups.startIndex else { throw error }
                return groups[..<place]
            }
        }
        return groups
    }

    /// One that can't be read must not take those with it that are read beside it.
    static func rows(of group: Int, since: UInt64, _ scan: BlockTraceScan) async -> Result<ScannedRows, any Error> {
        do { return .success(try await scan.rows(of: group, since: since)) } catch { return .failure(error) }
    }

    mutating func countRead(_ rows: ScannedRows) {
        reads.prunedRowGroupCount -= 1
        reads.readRowGroupCount += 1
        result.figures.inspectedByteCount += rows.byteCount
        result.figures.inspectedSpanCount += rows.rowCount
        result.figures.inspectedTraceCount += rows.traceCount
    }

    /// Takes the hits of a row group in.
    mutating func judge(
        _ rows: ScannedRows, _ block: Int, _ reader: BlockReader, _ shared: SharedTraces
    ) async throws {
        var incomplete: [TraceID] = []
        let required = program.required.map { $0.reduce(RowMask.none) { $0.or(rows.marks[$1]) } } ?? .all
        guard !rows.traces.isEmpty else { return }
        let inHeads = heads.table
        for (position, trace) in zip(rows.positions, rows.traces) where newest.mayHold(trace.start) {
            // The first thing to be asked: of long traces, say, there are few.
            if !durations.contains(trace.duration), Self.isComplete(trace, in: rows, shared, inHeads) { continue }
            let part = rows.rows(of: trace)
            let mayMatch = required.holds(in: part)
            guard mayMatch || !seesEverything, !part.isEmpty else { continue }
            guard Self.isComplete(trace, in: rows, shared, inHeads), !needsValues || !mayMatch else {
                incomplete.append(trace.id)
                if shared.isComplete { owners[trace.id] = [block] + shared.others(with: trace.id) }
                continue
            }
            guard mayMatch else { continue }
            let place = (block: Int32(truncatingIfNeeded: block), position: Int32(truncatingIfNeeded: position))
            do {
                let root = needsRoot ? try await reader.root(ofTrace: position) : nil
                let facts = TraceFacts(id: trace.id, start: trace.start, duration: trace.duration, root: root)
                guard holds(facts) else { continue }
                let judged = JudgedTrace(
                    rows: part, marks: rows.marks, parents: rows.parents, facts: facts, values: nil)
                if !settleByMarks(judged, at: place, rows.firstRow) {
                    try await settle(judged, at: place, rows.firstRow)
                }
            } catch let error as BlockError {
                // Of this trace's root alone.
                fail(block, error)
            }
        }
        try await assemble(incomplete)
        owners.removeAll(keepingCapacity: true)
    }

    /// Judges a trace for which it is enough to know which leaves select which of its rows.
    ///
    /// - Parameters:
    ///   - place: The block, and the trace's position in its index.
    ///   - firstRow: Of the row group.
    /// - Returns: Whether it is; otherwise nothing was done.
    private mutating func settleByMarks(
        _ trace: JudgedTrace, at place: (block: Int32, position: Int32), _ firstRow: Int
    ) -> Bool {
        guard let selection = judge.selection(of: trace, shownCount: query.spansPerSpanset) else { return false }
        if selection.matchedCount > 0 {
            newest.insert(
                entry(trace.facts, at: place, selection.matchedCount),
                rows: selection.rows.lazy.map { firstRow + Int($0) })
        }
        return true
    }

    /// Judges a trace by the columns of the row group that has all of it.
    private mutating func settle(
        _ trace: JudgedTrace, at place: (block: Int32, position: Int32), _ firstRow: Int
    ) async throws {
        let spansets = try judge.spansets(of: trace) {
            (byteCount) throws(QueryError) in try memory.hold(heldByteCount + byteCount)
        }
        guard let spanset = spansets.first else { return }
        guard spansets.count == 1 else { return try await assemble([trace.facts.id]) }
        newest.insert(
            entry(trace.facts, at: place, spanset.rows.count),
            rows: spanset.rows.prefix(query.spansPerSpanset).lazy.map { firstRow + Int($0) },
            attributes: spanset.attributes.map { SearchedAttribute(name: $0.name, value: $0.value) })
    }

    private func entry(
        _ facts: TraceFacts, at place: (block: Int32, position: Int32), _ matchedCount: Int
    ) -> NewestTraces.Entry {
        NewestTraces.Entry(
            id: facts.id, start: facts.start, duration: facts.duration, block: place.block, position: place.position,
            matchedCount: Int32(truncatingIfNeeded: matchedCount))
    }

    /// Whether a row group has all there is of a trace: no other one, other block or head has more.
    private static func isComplete(
        _ trace: TraceAnchor, in rows: ScannedRows, _ shared: SharedTraces, _ inHeads: HeadTraceTable
    ) -> Bool { rows.isWhole(trace) && !inHeads.contains(trace.id) && !shared.contains(trace.id) }

    /// The conditions on the trace as a whole that the query has besides its program.
    func holds(_ facts: TraceFacts) -> Bool {
        guard query.duration.contains(facts.duration) else { return false }
        guard needsRoot else { return true }
        let tests: [(TraceTest.Subject, ValueTest?)] = [
            (.rootServiceName, query.rootServiceName), (.rootName, query.rootName),
        ]
        return tests.allSatisfy { subject, test in
            test.map { TraceTest(subject: subject, test: $0).holds(facts) } ?? true
        }
    }
}
