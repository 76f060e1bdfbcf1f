// SPDX-License-Identifier: Apache-2.0

/// The part of a child's interval that lies in its parent's window; never empty.
struct ChildWindow: Sendable {
    var start: UInt64
    var end: UInt64
    var row: Int32
}

/// The children of one span, cut to its window, and the choice of those on the path.
///
/// A child of no length is not among them: it could only cut a parent's time in two at one point.
struct ChildWindows: Sendable {
    private(set) var windows: [ChildWindow] = []
    private var merged: [ChildWindow] = []
    private var heap = LatestStartHeap()

    /// Replaces the content by the children of `row` that overlap `from ..< to`, cut to it.
    ///
    /// Stored rows ascend by start, so from behind they are nearly in the order of the walk.
    @inline(__always)
    mutating func collect(
        childrenOf row: Int, from: UInt64, to: UInt64, in tree: SpanTree, _ trace: TraceColumns,
        includesAsynchronous: Bool
    ) {
        windows.removeAll(keepingCapacity: true)
        let kind = trace.kinds[row]
        for position in tree.childPositions(of: row).reversed() {
            let child = tree.childRows[position]
            let start = max(trace.starts[Int(child)], from)
            let end = min(trace.ends[Int(child)], to)
            guard start < end else { continue }
            let isAsynchronous = SpanKindNumber.isAsynchronous(
                parent: kind, child: trace.kinds[Int(child)])
            guard includesAsynchronous || !isAsynchronous else { continue }
            windows.append(ChildWindow(start: start, end: end, row: child))
        }
    }

    /// Keeps each window that had ended when the one kept before it began.
    ///
    /// The windows are sorted: latest end first, then latest start.
    mutating func keepChain(until end: UInt64) {
        var time = end
        var keptCount = 0
        for place in windows.indices where windows[place].end <= time {
            time = windows[place].start
            windows[keptCount] = windows[place]
            keptCount += 1
        }
        windows.removeLast(windows.count - keptCount)
    }

    /// The same, where a window that ended up to a tolerance too late counts too, cut off in time.
    ///
    /// Of all that reach the time where the path is, the one that started last is taken; time only
    /// goes down, so what has run too long or starts too late now will do so for ever.
    mutating func keepChain(
        until end: UInt64, toleranceNanoseconds: UInt64, _ trace: TraceColumns
    ) {
        heap.removeAll()
        merged.removeAll(keepingCapacity: true)
        var time = end
        var next = 0
        while true {
            while next < windows.count, windows[next].end >= time {
                heap.insert(windows[next], trace)
                next += 1
            }
            if let window = heap.popLatest(trace) {
                guard window.start < time, window.end - time <= toleranceNanoseconds else {
                    continue
                }
                merged.append(ChildWindow(start: window.start, end: time, row: window.row))
                time = window.start
            } else if next < windows.count {
                time = windows[next].end
            } else {
                break
            }
        }
        swap(&windows, &merged)
    }
}

extension ChildWindows {
    /// Runs of this many are sorted by insertion; longer ones by merging.
    private static let runCount = 16

    /// Sorts by end, the latest first; then by start, the latest first; then by span ID.
    ///
    /// - Complexity: O(n log n); no allocation once `merged` is large enough.
    mutating func sort(_ trace: TraceColumns) {
        var first = 0
        while first < windows.count {
            let end = min(first + Self.runCount, windows.count)
            sortByInsertion(first..<end, trace)
            first = end
        }
        var width = Self.runCount
        while width < windows.count {
            mergeRuns(of: width, trace)
            width *= 2
        }
    }

    @inline(__always)
    private static func precedes(
        _ window: ChildWindow, _ other: ChildWindow, _ trace: TraceColumns
    ) -> Bool {
        if window.end != other.end { return window.end > other.end }
        if window.start != other.start { return window.start > other.start }
        return trace.identityPrecedes(Int(window.row), Int(other.row))
    }

    private mutating func sortByInsertion(_ places: Range<Int>, _ trace: TraceColumns) {
        for place in places.dropFirst() {
            let window = windows[place]
            var hole = place
            while hole > places.lowerBound, Self.precedes(window, windows[hole - 1], trace) {
                windows[hole] = windows[hole - 1]
                hole -= 1
            }
            if hole != place { windows[hole] = window }
        }
    }

    /// Merges each two neighbouring runs of `width` windows into one.
    private mutating func mergeRuns(of width: Int, _ trace: TraceColumns) {
        merged.removeAll(keepingCapacity: true)
        var first = 0
        while first < windows.count {
            let middle = min(first + width, windows.count)
            let end = min(middle + width, windows.count)
            var (left, right) = (first, middle)
            while left < middle, right < end {
                if Self.precedes(windows[right], windows[left], trace) {
                    merged.append(windows[right])
                    right += 1
                } else {
                    merged.append(windows[left])
                    left += 1
                }
            }
            merged.append(contentsOf: windows[left..<middle])
            merged.append(contentsOf: windows[right..<end])
            first = end
        }
        swap(&windows, &merged)
    }
}
