// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceAnalysis
internal import TraceModel
internal import TraceStorage

/// Finds the slowest spans: scans every source for candidates, then judges each on its whole trace.
///
/// A scan sees the copies of a span that its source holds and not that a better copy lies elsewhere, so it is asked
/// for more until enough candidates have held. The winner among copies ends last, so that no copy that loses hides
/// a longer one.
struct SlowSpanSearch {
    let engine: QueryEngine
    let query: SlowSpanQuery
    let snapshot: StoreSnapshot

    func run() async throws -> SlowSpanResult {
        guard query.limit > 0, query.range.moments != nil else {
            return SlowSpanResult(spans: [], partialReason: nil)
        }
        let deadline = QueryDeadline()
        var wanted = query.limit
        while true {
            let (candidates, unread) = try await candidates(limit: wanted, deadline)
            let judged = try await judge(candidates, deadline)
            let reason = unread ?? judged.reason
            // With more candidates there would be no more memory.
            let isFinal = candidates.count < wanted || deadline.excess != nil || judged.isOutOfMemory
            if judged.spans.count >= query.limit || isFinal {
                countPartialAnswer(reason)
                return SlowSpanResult(
                    spans: Array(judged.spans.prefix(query.limit)), partialReason: reason, memory: judged.memory)
            }
            wanted *= 2
        }
    }

    /// The longest spans of all sources, and why some may be missing.
    private func candidates(limit: Int, _ deadline: QueryDeadline) async throws -> ([ScanMatch], String?) {
        let request = ScanRequest(conditions: conditions, limit: limit)
        var matches = LongestMatches(limit: limit)
        var reason: String?
        var reads = QueryReads()
        defer { engine.counters.add(reads, to: .slowSpans) }
        for head in snapshot.heads { head.spans.scan(request, into: &matches) }
        for block in snapshot.blocks {
            try Task.checkCancellation()
            if let excess = deadline.excess { return (matches.sorted(), excess) }
            do {
                reads.readBlockCount += 1
                reads.byteCount += try await engine.scan(block, request, into: &matches)
            } catch let error as BlockError {
                reads.failedBlockCount += 1
                reason = error.description
            }
        }
        return (matches.sorted(), reason)
    }

    private func countPartialAnswer(_ reason: String?) {
        guard reason != nil else { return }
        var reads = QueryReads()
        reads.partialAnswerCount = 1
        engine.counters.add(reads, to: .slowSpans)
    }

    private var conditions: [ScanRequest.Condition] {
        var conditions: [ScanRequest.Condition] = []
        if query.minimumDurationNanoseconds > 0 {
            conditions.append(.duration(query.minimumDurationNanoseconds...UInt64.max))
        }
        if query.range != .all, let moments = query.range.moments { conditions.append(.time(moments)) }
        if let status = query.status { conditions.append(.status(status)) }
        if let name = query.spanName { conditions.append(.name(Array(name.utf8))) }
        if let service = query.serviceName { conditions.append(.serviceName(Array(service.utf8))) }
        return conditions
    }

    /// What came of some candidates.
    private struct Judged {
        /// In order.
        var spans: [SlowSpan] = []
        /// Why some may be missing.
        var reason: String?
        /// Whether there was no memory for further spans.
        var isOutOfMemory = false
        /// What the spans hold.
        let memory: QueryMemory
    }

    /// Those candidates that hold on their whole trace, with their time on its critical path.
    ///
    /// One trace is in memory at a time, whatever the limit.
    private func judge(_ candidates: [ScanMatch], _ deadline: QueryDeadline) async throws -> Judged {
        var result = Judged(memory: QueryMemory(budget: engine.budget))
        var spans: [ScanMatch: SlowSpan] = [:]
        let byTrace = Dictionary(grouping: Set(candidates), by: \.traceID)
        var judged: Set<TraceID> = []
        for id in candidates.map(\.traceID) where judged.insert(id).inserted {
            try Task.checkCancellation()
            if let excess = deadline.excess {
                result.reason = result.reason ?? excess
                break
            }
            do {
                let trace = try await engine.trace(id, in: snapshot, deadline: deadline)
                guard let trace else { continue }
                result.reason = result.reason ?? trace.partialReason
                let analyzed = AnalyzedTrace(trace)
                for match in byTrace[id] ?? [] {
                    guard let span = analyzed.span(match, query) else { continue }
                    do {
                        try result.memory.holdMore(span.byteCount)
                    } catch {
                        result.isOutOfMemory = true
                        throw error
                    }
                    spans[match] = span
                }
            } catch let error as QueryError {
                result.reason = result.reason ?? error.message
                if result.isOutOfMemory { break }
            }
        }
        var seen: Set<ScanMatch> = []
        result.spans = candidates.compactMap { seen.insert($0).inserted ? spans[$0] : nil }
        return result
    }
}

/// A whole trace with each span's time on the critical path.
private struct AnalyzedTrace {
    private let trace: FoundTrace
    /// By position in the trace's rows.
    private var times: [UInt64] = []
    /// By position: the duration of the root of the span's own fragment.
    private var rootDurations: [UInt64] = []

    init(_ trace: FoundTrace) {
        self.trace = trace
        let spans = trace.spans
        var columns = TraceColumns()
        for row in trace.rows {
            columns.append(
                spanID: spans.spanID[row], parentSpanID: spans.parent(row), start: spans.start[row],
                end: spans.end[row], kind: UInt8(clamping: spans.kind[row]))
        }
        var analyzer = CriticalPathAnalyzer()
        analyzer.criticalNanoseconds(columns, into: &times)
        var roots: [Int32] = []
        analyzer.tree.copyFragmentRoots(into: &roots)
        rootDurations = roots.map { root in
            let row = trace.rows[Int(root)]
            return spanDuration(start: spans.start[row], end: spans.end[row])
        }
    }

    /// The span that the candidate is; nil if it is a copy that lost, or the one that won does not match.
    func span(_ candidate: ScanMatch, _ query: SlowSpanQuery) -> SlowSpan? {
        let spans = trace.spans
        for (position, row) in trace.rows.enumerated()
        where spans.spanID[row] == candidate.spanID && spans.start[row] == candidate.start
            && spans.kind[row] == candidate.kind
        {
            let duration = spanDuration(start: spans.start[row], end: spans.end[row])
            let service = spans.strings[spans.resourceRecord(row).serviceName]
            guard duration == candidate.duration, query.status == nil || spans.status[row] == query.status,
                query.serviceName == nil || service.isEqual(to: Array((query.serviceName ?? "").utf8).rawSpan),
                query.spanName == nil
                    || spans.strings[spans.name[row]].isEqual(to: Array((query.spanName ?? "").utf8).rawSpan)
            else { return nil }
            let share = rootDurations[position] == 0 ? 0 : Double(times[position]) / Double(rootDurations[position])
            return SlowSpan(
                traceID: candidate.traceID, spanID: SpanID(candidate.spanID),
                serviceName: String(decoding: [UInt8](service), as: UTF8.self),
                name: String(decoding: [UInt8](spans.strings[spans.name[row]]), as: UTF8.self),
                startNanoseconds: candidate.start, durationNanoseconds: duration,
                criticalNanoseconds: times[position], share: share, status: spans.status[row])
        }
        return nil
    }
}
