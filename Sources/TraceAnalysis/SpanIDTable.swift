// SPDX-License-Identifier: Apache-2.0

/// Span ID to row, by open addressing; the way that nearly every trace takes.
///
/// Whoever sends spans chooses their IDs and could choose them so that they collide. Therefore
/// the steps are counted: a table that needs far more than chance explains gives up, and the
/// caller takes the `SpanIDDirectory`, which sorts.
struct SpanIDTable: Sendable {
    /// A row in each slot, -1 in the empty ones; only the first `2 ** bitCount` slots are in use.
    private var slots: [Int32] = []
    private var bitCount = 1

    /// Replaces `parents` by the row of each row's parent.
    ///
    /// - Returns: False if a span ID stands twice or the table gave up; what `parents` holds then
    ///   means nothing.
    /// - Complexity: O(count); allocates only for a trace larger than all before it.
    mutating func resolveParents(of trace: TraceColumns, into parents: inout [Int32]) -> Bool {
        var remainingSteps = 8 * trace.count + 64
        return insertAll(trace.spanIDs, remainingSteps: &remainingSteps)
            && lookUpAll(trace, into: &parents, remainingSteps: &remainingSteps)
    }

    /// Fibonacci hashing: the product's high bits depend on all bits of the ID.
    @inline(__always)
    private static func slot(of spanID: UInt64, bitCount: Int) -> Int {
        Int(truncatingIfNeeded: (spanID &* 0x9E37_79B9_7F4A_7C15) &>> UInt64(64 &- bitCount))
    }

    private mutating func insertAll(_ spanIDs: [UInt64], remainingSteps: inout Int) -> Bool {
        clear(for: spanIDs.count)
        let (bitCount, mask) = (bitCount, (1 << bitCount) - 1)
        let ids = spanIDs.span
        var slots = slots.mutableSpan
        for row in ids.indices {
            let id = ids[row]
            var slot = Self.slot(of: id, bitCount: bitCount)
            while slots[slot] >= 0 {
                remainingSteps &-= 1
                if ids[Int(slots[slot])] == id || remainingSteps < 0 { return false }
                slot = (slot &+ 1) & mask
            }
            slots[slot] = Int32(truncatingIfNeeded: row)
        }
        return true
    }

    private mutating func clear(for count: Int) {
        bitCount = 1
        while 1 << bitCount < 2 * count { bitCount += 1 }
        let used = 1 << bitCount
        if slots.count < used {
            slots = [Int32](repeating: -1, count: used)
        } else {
            var slots = slots.mutableSpan
            for slot in 0..<used { slots[slot] = -1 }
        }
    }

    private func lookUpAll(
        _ trace: TraceColumns, into parents: inout [Int32], remainingSteps: inout Int
    ) -> Bool {
        let (bitCount, mask) = (bitCount, (1 << bitCount) - 1)
        let (ids, parentIDs, slots) = (trace.spanIDs.span, trace.parentSpanIDs.span, slots.span)
        var parents = parents.mutableSpan
        for row in ids.indices {
            let parentID = parentIDs[row]
            guard parentID != 0, parentID != ids[row] else {
                parents[row] = parentID == 0 ? SpanTree.noParent : SpanTree.cutCycle
                continue
            }
            var slot = Self.slot(of: parentID, bitCount: bitCount)
            var found = SpanTree.missingParent
            while slots[slot] >= 0 {
                if ids[Int(slots[slot])] == parentID {
                    found = slots[slot]
                    break
                }
                remainingSteps &-= 1
                if remainingSteps < 0 { return false }
                slot = (slot &+ 1) & mask
            }
            parents[row] = found
        }
        return true
    }
}
