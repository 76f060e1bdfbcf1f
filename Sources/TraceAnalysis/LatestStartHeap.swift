// SPDX-License-Identifier: Apache-2.0

/// A binary heap of windows that gives the one with the latest start, of several the one whose
/// span ID is smallest.
struct LatestStartHeap: Sendable {
    /// The children of place p are at 2p + 1 and 2p + 2, and come after it.
    private var windows: [ChildWindow] = []

    mutating func removeAll() { windows.removeAll(keepingCapacity: true) }

    mutating func insert(_ window: ChildWindow, _ trace: TraceColumns) {
        windows.append(window)
        var place = windows.count - 1
        while place > 0, comesFirst(place, (place - 1) / 2, trace) {
            windows.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func popLatest(_ trace: TraceColumns) -> ChildWindow? {
        guard let last = windows.indices.last else { return nil }
        windows.swapAt(0, last)
        let window = windows.removeLast()
        var place = 0
        while true {
            var next = 2 * place + 1
            guard next < windows.count else { return window }
            if next + 1 < windows.count, comesFirst(next + 1, next, trace) { next += 1 }
            guard comesFirst(next, place, trace) else { return window }
            windows.swapAt(next, place)
            place = next
        }
    }

    private func comesFirst(_ place: Int, _ other: Int, _ trace: TraceColumns) -> Bool {
        if windows[place].start != windows[other].start {
            return windows[place].start > windows[other].start
        }
        return trace.identityPrecedes(Int(windows[place].row), Int(windows[other].row))
    }
}
