// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Neighbouring rows of one row group.
struct MergeSegment: BitwiseCopyable {
    var slot: UInt32
    var first: UInt32
    var count: UInt32
    /// Whether the rows are left out: copies that lost, and rows of other traces.
    var isSkipped = false

    @inline(__always) var rows: Range<Int> { Int(first)..<Int(first) + Int(count) }
}

/// A trace that has rows among those that wait.
struct PendingTrace: BitwiseCopyable {
    var high: UInt64
    var low: UInt64
    /// The first start.
    var start: UInt64
    /// Rows that wait.
    var rowCount: Int
    /// Whether rows of it were written already.
    var hasBegun = false

    var id: TraceID { TraceID(high: high, low: low) }
}

/// Rows in the output's order that are not written yet.
///
/// A row that is left out stands here too: the attributes of a row group are read one after the other, and those of a
/// row that nobody wants must be passed over.
struct PendingRows: ~Copyable {
    private(set) var segments = FlatBuffer<MergeSegment>()
    private(set) var traces = FlatBuffer<PendingTrace>()
    /// As stored, a row each, as far as they are known; unused if there is no derived column.
    var criticals = FlatBuffer<UInt64>()
    private(set) var rowCount = 0
    /// The segment with the last row that is not left out; −1 without any.
    private var lastLive = -1

    init() {}

    var lastTrace: PendingTrace? { traces.count == 0 ? nil : traces[traces.count - 1] }

    mutating func beginTrace(_ id: TraceID, start: UInt64) {
        if let last = lastTrace, last.rowCount == 0 { traces.truncate(to: traces.count - 1) }
        traces.append(PendingTrace(high: id.high, low: id.low, start: start, rowCount: 0))
    }

    /// Appends rows of the last trace.
    mutating func append(slot: Int, _ rows: Range<Int>) {
        add(slot, rows, isSkipped: false)
        lastLive = segments.count - 1
        rowCount += rows.count
        traces[traces.count - 1].rowCount += rows.count
    }

    /// Passes over rows.
    mutating func skip(slot: Int, _ rows: Range<Int>) {
        if !rows.isEmpty { add(slot, rows, isSkipped: true) }
    }

    private mutating func add(_ slot: Int, _ rows: Range<Int>, isSkipped: Bool) {
        if segments.count > 0 {
            let last = segments[segments.count - 1]
            if last.slot == slot, last.isSkipped == isSkipped, last.rows.upperBound == rows.lowerBound {
                segments[segments.count - 1].count += UInt32(rows.count)
                return
            }
        }
        segments.append(
            MergeSegment(
                slot: UInt32(slot), first: UInt32(rows.lowerBound), count: UInt32(rows.count), isSkipped: isSkipped))
    }

    /// Whether rows of a slot wait that are not left out.
    func hasRows(of slot: Int) -> Bool {
        for index in 0..<segments.count {
            let segment = segments[index]
            if Int(segment.slot) == slot, !segment.isSkipped, segment.count > 0 { return true }
        }
        return false
    }

    /// Lets go of a slot of which all rows are left out.
    mutating func forget(slot: Int) {
        var (kept, last) = (0, -1)
        for index in 0..<segments.count where Int(segments[index].slot) != slot {
            if index == lastLive { last = kept }
            let segment = segments[index]
            segments[kept] = segment
            kept += 1
        }
        segments.truncate(to: kept)
        lastLive = last
    }

    /// Leaves the last row out and puts another in its place.
    mutating func replaceLast(slot: Int, row: Int) {
        let last = segments[lastLive]
        segments[lastLive].count -= 1
        add(Int(last.slot), last.rows.upperBound - 1..<last.rows.upperBound, isSkipped: true)
        add(slot, row..<row + 1, isSkipped: false)
        lastLive = segments.count - 1
    }

    /// The last of the first `count` rows behind which a trace ends, as a number of rows.
    func boundary(upTo count: Int) -> Int {
        var boundary = 0
        for index in 0..<traces.count {
            guard boundary + traces[index].rowCount <= count else { break }
            boundary += traces[index].rowCount
        }
        return boundary
    }

    // MARK: - Taking

    /// Moves the first `count` rows into `taken`, with those before them that are left out.
    mutating func take(_ count: Int, into taken: inout TakenRows) {
        taken.removeAll()
        var rest = count
        var index = 0
        while rest > 0 {
            var segment = segments[index]
            if !segment.isSkipped, Int(segment.count) > rest {
                segments[index].first += UInt32(rest)
                segments[index].count -= UInt32(rest)
                segment.count = UInt32(rest)
                index -= 1
            }
            if !segment.isSkipped { rest -= Int(segment.count) }
            if segment.count > 0 { taken.segments.append(segment) }
            index += 1
        }
        segments.removeFirst(index)
        lastLive = lastLive >= index ? lastLive - index : -1
        takeTraces(count, into: &taken)
        if criticals.count > 0 {
            for row in 0..<count { taken.criticals.append(criticals[row]) }
            criticals.removeFirst(count)
        }
        rowCount -= count
    }

    private mutating func takeTraces(_ count: Int, into taken: inout TakenRows) {
        var rest = count
        var index = 0
        while rest > 0 {
            var part = traces[index]
            part.rowCount = min(part.rowCount, rest)
            rest -= part.rowCount
            if part.rowCount > 0 {
                taken.traces.append(part)
                traces[index].rowCount -= part.rowCount
                traces[index].hasBegun = true
            }
            // The last one may go on, and stays.
            if traces[index].rowCount == 0, index + 1 < traces.count { index += 1 }
        }
        traces.removeFirst(index)
    }
}

/// The rows of one row group of the output.
struct TakenRows: ~Copyable {
    var segments = FlatBuffer<MergeSegment>()
    /// `rowCount` is that of the rows taken, `hasBegun` says whether some were taken before.
    var traces = FlatBuffer<PendingTrace>()
    var criticals = FlatBuffer<UInt64>()

    mutating func removeAll() {
        segments.removeAll()
        traces.removeAll()
        criticals.removeAll()
    }
}
