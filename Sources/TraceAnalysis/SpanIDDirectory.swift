// SPDX-License-Identifier: Apache-2.0

// Span ID to row where IDs are not unique, or were chosen to collide in the table.
//
// Two rows with one span ID are either a mistake or Zipkin's way: there the two sides of a call
// share an ID, and the tree has to be unfolded again:
//
//     sent:   CLIENT id 7 parent 1        meant:   1 ── 7 CLIENT ── 7 SERVER ── 8
//             SERVER id 7 parent 1
//             SERVER's child id 8 parent 7

/// Span ID to row, by sorting: for traces in which an ID stands twice.
struct SpanIDDirectory: Sendable {
    /// A SERVER row that shares the span ID of a CLIENT row, its parent.
    private struct SharedPair {
        var server: Int32
        var client: Int32
    }

    /// All rows, by span ID and then by everything else they hold.
    private var order: [Int32] = []
    /// The span IDs, ascending, each once.
    private var spanIDs: [UInt64] = []
    /// For each of `spanIDs` the row that a child's parent ID means.
    private var targets: [Int32] = []
    private var sharedPairs: [SharedPair] = []

    /// Replaces `parents` by the row of each row's parent, and lists rows with an ID that is taken.
    ///
    /// A parent ID means the first row with that ID by start, end and kind; or, where a CLIENT
    /// and a SERVER share the ID and the parent, the SERVER, which is itself the CLIENT's child.
    ///
    /// - Complexity: O(count log count).
    mutating func resolveParents(
        of trace: TraceColumns, into parents: inout [Int32], duplicateRows: inout [Int32]
    ) {
        order.removeAll(keepingCapacity: true)
        spanIDs.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        sharedPairs.removeAll(keepingCapacity: true)
        order.append(contentsOf: 0..<Int32(trace.count))
        order.sort { trace.identityPrecedes(Int($0), Int($1)) }
        var first = 0
        while first < order.count {
            let id = trace.spanIDs[Int(order[first])]
            var end = first + 1
            while end < order.count, trace.spanIDs[Int(order[end])] == id { end += 1 }
            addGroup(first..<end, in: trace, duplicateRows: &duplicateRows)
            first = end
        }
        for row in 0..<trace.count {
            parents[row] = parent(of: row, in: trace)
        }
        for pair in sharedPairs { parents[Int(pair.server)] = pair.client }
    }

    /// Decides which of the rows at these places in `order`, all of one ID, that ID means.
    private mutating func addGroup(
        _ places: Range<Int>, in trace: TraceColumns, duplicateRows: inout [Int32]
    ) {
        let id = trace.spanIDs[Int(order[places.lowerBound])]
        var target = order[places.lowerBound]
        let client = places.lazy.map { [order] in order[$0] }
            .first { trace.kinds[Int($0)] == SpanKindNumber.client }
        var isPaired = false
        if let client, places.count > 1 {
            for server in order[places] where trace.kinds[Int(server)] == SpanKindNumber.server {
                let parentID = trace.parentSpanIDs[Int(server)]
                guard parentID == id || parentID == trace.parentSpanIDs[Int(client)] else {
                    continue
                }
                sharedPairs.append(SharedPair(server: server, client: client))
                if !isPaired { target = server }
                isPaired = true
            }
        }
        for row in order[places] where row != target && !(isPaired && row == client) {
            duplicateRows.append(row)
        }
        spanIDs.append(id)
        targets.append(target)
    }

    private func parent(of row: Int, in trace: TraceColumns) -> Int32 {
        let parentID = trace.parentSpanIDs[row]
        if parentID == 0 { return SpanTree.noParent }
        if parentID == trace.spanIDs[row] { return SpanTree.cutCycle }
        var (low, high) = (0, spanIDs.count)
        while low < high {
            let middle = (low + high) / 2
            if spanIDs[middle] < parentID { low = middle + 1 } else { high = middle }
        }
        let isFound = low < spanIDs.count && spanIDs[low] == parentID
        return isFound ? targets[low] : SpanTree.missingParent
    }
}
