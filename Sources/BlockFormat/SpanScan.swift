// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

/// Which spans a scan is for: all conditions must hold. Heads and blocks answer the same request.
package struct ScanRequest: Sendable {
    package enum Condition: Sendable {
        /// Unix nanoseconds that the span overlaps.
        case time(ClosedRange<UInt64>)
        /// Nanoseconds; a span that ends before it starts has none.
        case duration(ClosedRange<UInt64>)
        /// OTLP StatusCode.
        case status(Int32)
        case name([UInt8])
        case serviceName([UInt8])
    }

    package var conditions: [Condition]
    /// Only the longest this many are wanted.
    package var limit: Int

    package init(conditions: [Condition], limit: Int) {
        self.conditions = conditions
        self.limit = limit
    }
}

/// A span that a scan found.
package struct ScanMatch: Hashable, Sendable, BitwiseCopyable {
    package var traceID: TraceID
    package var spanID: UInt64
    package var start: UInt64
    package var duration: UInt64
    package var kind: Int32

    package init(traceID: TraceID, spanID: UInt64, start: UInt64, duration: UInt64, kind: Int32) {
        self.traceID = traceID
        self.spanID = spanID
        self.start = start
        self.duration = duration
        self.kind = kind
    }

    /// The order of answers: longest first, then newest, then by IDs; total, so that answers never change.
    package static func precedes(_ a: Self, _ b: Self) -> Bool {
        if a.duration != b.duration { return a.duration > b.duration }
        if a.start != b.start { return a.start > b.start }
        if a.traceID != b.traceID { return a.traceID < b.traceID }
        if a.spanID != b.spanID { return a.spanID < b.spanID }
        return a.kind < b.kind
    }
}

/// The longest `limit` matches so far.
package struct LongestMatches: Sendable {
    package let limit: Int
    /// A heap whose first element is the one that goes next.
    private var heap: [ScanMatch] = []

    package init(limit: Int) { self.limit = max(1, limit) }

    package var count: Int { heap.count }

    /// A span below this duration can't get in any more; 0 while there is room.
    package var threshold: UInt64 { heap.count < limit ? 0 : heap[0].duration }

    package mutating func insert(_ match: ScanMatch) {
        if heap.count < limit {
            heap.append(match)
            siftUp()
        } else if ScanMatch.precedes(match, heap[0]) {
            heap[0] = match
            siftDown()
        }
    }

    /// All of them, in order.
    package func sorted() -> [ScanMatch] { heap.sorted(by: ScanMatch.precedes) }

    private mutating func siftUp() {
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard ScanMatch.precedes(heap[parent], heap[child]) else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var last = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if ScanMatch.precedes(heap[last], heap[child]) { last = child }
            }
            guard last != parent else { return }
            heap.swapAt(parent, last)
            parent = last
        }
    }
}

/// The duration by which spans are ordered: 0 where the end lies before the start.
package func spanDuration(start: UInt64, end: UInt64) -> UInt64 { end > start ? end - start : 0 }

extension ClosedRange<UInt64> {
    /// Whether a span is in a range of time: whether one of its moments is, the end being one of them. A span that ends
    /// before it starts has its start alone.
    ///
    /// Of copies of a span the one that ends last counts: it is in every range that another one is in, so that no copy
    /// says more than the span that is found.
    package func overlapsSpan(from start: UInt64, to end: UInt64) -> Bool {
        start <= upperBound && Swift.max(start, end) >= lowerBound
    }
}

extension SpanBatchView {
    /// Adds the rows for which the conditions hold.
    package func scan(_ request: ScanRequest, into matches: inout LongestMatches) {
        let resources = request.conditions.compactMap { condition -> [Bool]? in
            guard case .serviceName(let name) = condition else { return nil }
            return (0..<self.resources.count).map { code in
                let record: ResourceRecord = self.resources.record(UInt32(code), or: .none)
                return strings[record.serviceName].isEqual(to: name.rawSpan)
            }
        }
        for row in 0..<rowCount {
            let duration = spanDuration(start: start[row], end: end[row])
            guard duration >= matches.threshold, holds(request.conditions, row, duration),
                resources.allSatisfy({ $0[Int(resource[row])] })
            else { continue }
            matches.insert(
                ScanMatch(
                    traceID: traceID(row), spanID: spanID[row], start: start[row], duration: duration, kind: kind[row]))
        }
    }

    /// All conditions but those on the service, which are judged once a resource.
    private func holds(_ conditions: [ScanRequest.Condition], _ row: Int, _ duration: UInt64) -> Bool {
        for condition in conditions {
            switch condition {
            case .time(let range): guard range.overlapsSpan(from: start[row], to: end[row]) else { return false }
            case .duration(let range): guard range.contains(duration) else { return false }
            case .status(let code): guard status[row] == code else { return false }
            case .name(let text): guard strings[name[row]].isEqual(to: text.rawSpan) else { return false }
            case .serviceName: continue
            }
        }
        return true
    }
}
