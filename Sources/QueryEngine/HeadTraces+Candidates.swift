// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceStorage

// What heads have of traces, and which may be hits.

extension HeadTraces {
    /// What the heads have of a trace.
    struct Trace {
        /// In ``HeadTraces/table``.
        var number: Int
        var extent: Extent
    }

    struct Extent: BitwiseCopyable {
        /// The first start and the last end.
        var start = UInt64.max
        var end: UInt64 = 0
        /// Whether a row overlaps the range.
        var isInRange = false

        fileprivate mutating func add(_ start: UInt64, _ end: UInt64, _ range: ClosedRange<UInt64>) {
            self.start = min(self.start, start)
            self.end = max(self.end, end)
            isInRange = isInRange || range.overlapsSpan(from: start, to: end)
        }
    }

    func contains(_ id: TraceID) -> Bool { !isEmpty && table.contains(id) }

    /// What there is of a trace; nil if it is not here.
    func trace(_ id: TraceID) -> Trace? {
        guard !isEmpty, let number = table.number(of: id) else { return nil }
        return Trace(number: number, extent: extent(number))
    }

    /// Whether a row of a trace may have what every hit has.
    func isMarked(_ trace: Trace) -> Bool { markedTraces[trace.number] }

    func findMarkedTraces() -> [Bool] {
        // Where all rows of a head have what every hit has, most traces have, and none is left out.
        let isAll = required.contains { if case .all = $0 { true } else { false } }
        var isMarked = [Bool](repeating: isAll, count: table.traceCount)
        for (index, head) in heads.enumerated() {
            guard case .some(let rows) = required[index] else { continue }
            let numbers = table.numbers[index]
            rows.forEachMarked(in: 0..<rows.count) { isMarked[numbers[Int(head.traces.ofRows[$0])]] = true }
        }
        return isMarked
    }

    private func extent(_ trace: Int) -> Extent {
        if extents.isEmpty { extents = [Extent](repeating: Extent(), count: table.traceCount) }
        // One that is as at the beginning is not known.
        if extents[trace].start < .max { return extents[trace] }
        var extent = Extent()
        forEachRow(of: trace) { _, spans, row, _ in extent.add(spans.start[row], spans.end[row], range) }
        extents[trace] = extent
        return extent
    }

    /// Finds all extents out row by row, which for many traces costs less than trace by trace.
    private func findExtents() {
        guard !hasAllExtents else { return }
        var found = [Extent](repeating: Extent(), count: table.traceCount)
        for (head, numbers) in zip(heads, table.numbers) {
            let (starts, ends, traces) = (head.spans.start, head.spans.end, head.traces.ofRows)
            for row in 0..<head.spans.rowCount { found[numbers[Int(traces[row])]].add(starts[row], ends[row], range) }
        }
        extents = found
        hasAllExtents = true
    }

    // MARK: - Candidates

    /// Which traces may be hits.
    struct Candidates {
        /// Whether only those of which a row has what every hit has.
        var mustBeMarked: Bool
        /// Whether only those of which a row overlaps the range.
        var mustBeInRange: Bool
        /// How long that lasts which heads have of them, nanoseconds.
        var durations: ClosedRange<UInt64> = 0...(.max)

        func contains(_ extent: Extent) -> Bool {
            !(mustBeInRange && !extent.isInRange)
                && durations.contains(spanDuration(start: extent.start, end: extent.end))
        }
    }

    /// Some of the traces, newest first: their numbers in ``table``, and their starts.
    func candidates(_ wanted: Candidates) -> [(start: UInt64, trace: Int)] {
        guard mayBe(wanted) else { return [] }
        let (table, isMarked) = (table, wanted.mustBeMarked ? markedTraces : [])
        let numbers = (0..<table.traceCount).filter { !wanted.mustBeMarked || isMarked[$0] }
        if numbers.count > table.traceCount / 8 { findExtents() }
        var candidates: [(start: UInt64, trace: Int)] = []
        for trace in numbers {
            let extent = extent(trace)
            if wanted.contains(extent) { candidates.append((extent.start, trace)) }
        }
        candidates.sort { a, b in a.start == b.start ? table.id(a.trace) < table.id(b.trace) : a.start > b.start }
        return candidates
    }

    /// Whether some may be such.
    func mayBe(_ wanted: Candidates) -> Bool {
        !isEmpty && !(wanted.mustBeMarked && required.allSatisfy(\.isNone))
    }
}
