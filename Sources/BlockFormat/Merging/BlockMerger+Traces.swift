// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
internal import TraceModel

/// A trace that is put together row by row.
struct OpenTrace {
    var id: TraceID
    /// Rows taken so far.
    var rowCount = 0
    var last: MergeKey?
}

/// What rows of one trace are ordered by, and where the row is.
struct MergeKey {
    var start: UInt64
    var spanID: UInt64
    var kind: Int32
    var input: Int
    var slot: Int
    var row: Int

    func precedes(_ other: MergeKey) -> Bool {
        if start != other.start { return start < other.start }
        if spanID != other.spanID { return spanID < other.spanID }
        return kind < other.kind
    }

    func isCopy(of other: MergeKey) -> Bool { start == other.start && spanID == other.spanID && kind == other.kind }
}

/// The columns of one trace that structure is read from, in row order.
package struct MergedTrace: ~Copyable {
    package fileprivate(set) var spanID = FlatBuffer<UInt64>()
    /// 0 for none.
    package fileprivate(set) var parent = FlatBuffer<UInt64>()
    package fileprivate(set) var start = FlatBuffer<UInt64>()
    package fileprivate(set) var end = FlatBuffer<UInt64>()
    package fileprivate(set) var kind = FlatBuffer<Int32>()

    init() {}

    package var rowCount: Int { spanID.count }

    fileprivate mutating func removeAll() {
        spanID.removeAll()
        parent.removeAll()
        start.removeAll()
        end.removeAll()
        kind.removeAll()
    }

    fileprivate mutating func append(_ key: MergeKey, _ group: MergeGroup) {
        let isUnusual = group.isUnusual.count > 0 && group.isUnusual[key.row]
        spanID.append(key.spanID)
        parent.append(isUnusual ? 0 : group.parents[key.row])
        start.append(key.start)
        end.append(key.start &+ group.value(.duration, key.row))
        kind.append(key.kind)
    }

    fileprivate mutating func removeLast() {
        let count = rowCount - 1
        spanID.truncate(to: count)
        parent.truncate(to: count)
        start.truncate(to: count)
        end.truncate(to: count)
        kind.truncate(to: count)
    }
}

extension BlockMerger {
    /// Takes the rows that the first of the inputs' next traces has in the row groups at hand, or opens it.
    ///
    /// - Returns: False if there is none.
    mutating func takeNextTrace() throws(BlockError) -> Bool {
        var first: (input: Int, trace: MergeTrace)?
        var (isShared, isExpired) = (false, false)
        for index in inputs.indices where inputs[index].slot >= 0 {
            guard let group = groups[inputs[index].slot] else { continue }
            let trace = group.traces[inputs[index].trace]
            if let other = first {
                if other.trace.id < trace.id { continue }
                if other.trace.id == trace.id {
                    isShared = true
                    isExpired = isExpired && trace.isExpired
                    continue
                }
            }
            first = (index, trace)
            (isShared, isExpired) = (false, trace.isExpired)
        }
        guard let first, let group = groups[inputs[first.input].slot] else { return false }
        let id = first.trace.id
        let isContinued = lastID == id
        if !isContinued {
            guard lastID.map({ $0 < id }) ?? true else {
                throw BlockError(.corrupted, "the traces of block \(inputs[first.input].id) are out of order")
            }
            lastID = id
            isLastExpired = isExpired
        }
        guard isExpired == isLastExpired else {
            throw BlockError(.corrupted, "trace \(id) of block \(inputs[first.input].id) stands there twice")
        }
        if isExpired {
            leaveOut(id)
        } else if isShared || hasDerivedColumn && !group.hasCritical {
            guard !isContinued else {
                throw BlockError(.corrupted, "trace \(id) of block \(inputs[first.input].id) stands there twice")
            }
            open = OpenTrace(id: id)
        } else {
            takeRows(of: first.input, first.trace, group, begins: !isContinued)
        }
        return true
    }

    /// Takes all rows that a trace has in one row group.
    private mutating func takeRows(of input: Int, _ trace: MergeTrace, _ group: MergeGroup, begins: Bool) {
        let rows = inputs[input].row..<min(trace.rows.upperBound, inputs[input].endRow)
        if begins { pending.beginTrace(trace.id, start: group.rowStarts[rows.lowerBound]) }
        pending.append(slot: inputs[input].slot, rows)
        if hasDerivedColumn {
            for row in rows { pending.criticals.append(group.value(.critical, row)) }
        }
        advance(input, to: rows.upperBound, group)
    }

    /// Passes over the rows that a trace has in the row groups at hand.
    private mutating func leaveOut(_ id: TraceID) {
        for index in inputs.indices where inputs[index].slot >= 0 {
            guard let group = groups[inputs[index].slot] else { continue }
            let trace = group.traces[inputs[index].trace]
            guard trace.id == id else { continue }
            let rows = inputs[index].row..<min(trace.rows.upperBound, inputs[index].endRow)
            pending.skip(slot: inputs[index].slot, rows)
            countExpired(rows.count)
            advance(index, to: rows.upperBound, group)
        }
    }

    /// Moves an input on in its row group, and off it at its end.
    private mutating func advance(_ input: Int, to row: Int, _ group: MergeGroup) {
        inputs[input].row = row
        if row >= inputs[input].endRow {
            let slot = inputs[input].slot
            inputs[input].slot = -1
            if leavesOut { releaseIfUnused(slot) }
        } else if group.traces[inputs[input].trace].rows.upperBound <= row {
            inputs[input].trace += 1
        }
    }

    // MARK: - Open traces

    /// Takes rows of the open trace, in order from all inputs that have it, until an input needs its next row group or
    /// the trace ends.
    ///
    /// - Returns: What is needed to decide between two copies.
    mutating func mergeOpenTrace() throws(BlockError) -> Step? {
        guard var trace = open else { return nil }
        defer { if open != nil { open = trace } }
        var keys: [MergeKey] = []
        for index in inputs.indices { if let key = key(of: index, trace.id) { keys.append(key) } }
        while let best = keys.indices.min(by: { keys[$0].precedes(keys[$1]) }) {
            let key = keys[best]
            guard let group = groups[key.slot] else { break }
            if let last = trace.last, key.isCopy(of: last) {
                guard key.input != last.input else {
                    throw BlockError(.corrupted, "a span of block \(inputs[key.input].id) stands there twice")
                }
                guard let wins = wins(last, over: key) else { return missingRows(last, key) }
                settle(last, key, wins, &trace, group)
            } else {
                if trace.rowCount == 0 { pending.beginTrace(trace.id, start: key.start) }
                pending.append(slot: key.slot, key.row..<key.row + 1)
                if hasDerivedColumn { columns.append(key, group) }
                trace.last = key
                trace.rowCount += 1
            }
            advance(key.input, to: key.row + 1, group)
            if inputs[key.input].needsGroup { return nil }
            if let next = self.key(of: key.input, trace.id) { keys[best] = next } else { keys.remove(at: best) }
        }
        closeOpenTrace()
        return nil
    }

    /// The next row of an input, if it is the trace's.
    private func key(of index: Int, _ id: TraceID) -> MergeKey? {
        let input = inputs[index]
        guard input.slot >= 0, let group = groups[input.slot], group.traces[input.trace].id == id else { return nil }
        return MergeKey(
            start: group.rowStarts[input.row], spanID: group.value(.spanID, input.row),
            kind: Int32(truncatingIfNeeded: group.value(.kind, input.row)), input: index, slot: input.slot,
            row: input.row)
    }

    private mutating func closeOpenTrace() {
        open = nil
        guard hasDerivedColumn else { return }
        times.removeAll()
        derivation(columns, &times)
        precondition(times.count == columns.rowCount)
        for row in 0..<times.count {
            let duration = columns.end[row] &- columns.start[row]
            let time = times[row]
            pending.criticals.append(time == 0 ? 0 : time == duration ? 1 : time &+ 1)
        }
        columns.removeAll()
    }

    // MARK: - Copies

    /// Whether the copy that was taken last wins against another; nil if that takes all of their rows.
    private func wins(_ last: MergeKey, over copy: MergeKey) -> Bool? {
        guard let lastGroup = groups[last.slot], let group = groups[copy.slot] else { return true }
        let durations = (lastGroup.value(.duration, last.row), group.value(.duration, copy.row))
        let ends = (last.start &+ durations.0, copy.start &+ durations.1)
        if ends.0 != ends.1 { return ends.0 > ends.1 }
        let statuses = (
            Int32(truncatingIfNeeded: lastGroup.value(.status, last.row)) != 0,
            Int32(truncatingIfNeeded: group.value(.status, copy.row)) != 0
        )
        if statuses.0 != statuses.1 { return statuses.0 }
        guard let lastRows = spanRows[last.input << 32 | lastGroup.number],
            let rows = spanRows[copy.input << 32 | group.number]
        else { return nil }
        var scratch = ByteWriter()
        return DuplicateRule.wins(lastRows, last.row, over: rows, copy.row, scratch: &scratch)
    }

    private func missingRows(_ last: MergeKey, _ copy: MergeKey) -> Step? {
        for key in [last, copy] {
            guard let group = groups[key.slot], spanRows[key.input << 32 | group.number] == nil else { continue }
            return .decode(input: key.input, group: group.number)
        }
        return nil
    }

    private mutating func settle(
        _ last: MergeKey, _ copy: MergeKey, _ lastWins: Bool, _ trace: inout OpenTrace, _ group: MergeGroup
    ) {
        countDuplicate()
        if lastWins {
            pending.skip(slot: copy.slot, copy.row..<copy.row + 1)
            return
        }
        pending.replaceLast(slot: copy.slot, row: copy.row)
        if hasDerivedColumn {
            columns.removeLast()
            columns.append(copy, group)
        }
        trace.last = copy
    }
}
