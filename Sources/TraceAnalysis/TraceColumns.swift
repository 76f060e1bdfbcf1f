// SPDX-License-Identifier: Apache-2.0

/// What the analysis reads of one trace: a column for each field, a row for each span.
///
/// All columns have the same number of rows; their order is arbitrary and does not change any
/// result. One value is meant to be filled, analysed, emptied and filled again: after
/// `removeAll()` the columns keep their memory.
package struct TraceColumns: Sendable {
    /// The eight bytes of each span ID, read as a big-endian number.
    package var spanIDs: [UInt64] = []
    /// The parent's span ID as in `spanIDs`; 0 where the span has no parent.
    package var parentSpanIDs: [UInt64] = []
    /// When each span started, in Unix nanoseconds.
    package var starts: [UInt64] = []
    /// When each span ended, in Unix nanoseconds; an end before the start counts as the start.
    package var ends: [UInt64] = []
    /// OTLP `SpanKind` numbers; any number without a meaning here is treated like 0.
    package var kinds: [UInt8] = []

    package init() {}

    /// The number of spans.
    package var count: Int { spanIDs.count }

    /// Makes room for `rowCount` rows in all, so that appending them does not allocate.
    package mutating func reserve(_ rowCount: Int) {
        spanIDs.reserveCapacity(rowCount)
        parentSpanIDs.reserveCapacity(rowCount)
        starts.reserveCapacity(rowCount)
        ends.reserveCapacity(rowCount)
        kinds.reserveCapacity(rowCount)
    }

    /// Empties the columns, by default without giving their memory back.
    package mutating func removeAll(keepingCapacity: Bool = true) {
        spanIDs.removeAll(keepingCapacity: keepingCapacity)
        parentSpanIDs.removeAll(keepingCapacity: keepingCapacity)
        starts.removeAll(keepingCapacity: keepingCapacity)
        ends.removeAll(keepingCapacity: keepingCapacity)
        kinds.removeAll(keepingCapacity: keepingCapacity)
    }

    /// Adds one span; units and meanings are those of the columns.
    package mutating func append(
        spanID: UInt64, parentSpanID: UInt64, start: UInt64, end: UInt64, kind: UInt8
    ) {
        spanIDs.append(spanID)
        parentSpanIDs.append(parentSpanID)
        starts.append(start)
        ends.append(end)
        kinds.append(kind)
    }
}

extension TraceColumns {
    /// The end of a row's interval: its end, or its start where the end lies before that.
    @inline(__always)
    func intervalEnd(_ row: Int) -> UInt64 { max(starts[row], ends[row]) }

    /// Whether all columns have as many rows as `spanIDs`.
    var isRectangular: Bool {
        parentSpanIDs.count == count && starts.count == count && ends.count == count
            && kinds.count == count
    }

    /// Orders rows by everything they hold, the row number last.
    ///
    /// This is what decides where the rules leave a tie. Only rows that are equal in every column
    /// are told apart by their place, so no result depends on the order of the rows.
    func identityPrecedes(_ row: Int, _ other: Int) -> Bool {
        if spanIDs[row] != spanIDs[other] { return spanIDs[row] < spanIDs[other] }
        if starts[row] != starts[other] { return starts[row] < starts[other] }
        if ends[row] != ends[other] { return ends[row] < ends[other] }
        if kinds[row] != kinds[other] { return kinds[row] < kinds[other] }
        if parentSpanIDs[row] != parentSpanIDs[other] {
            return parentSpanIDs[row] < parentSpanIDs[other]
        }
        return row < other
    }

    /// Orders rows as a reader expects them: what starts first, then what lasts longest.
    func displayPrecedes(_ row: Int, _ other: Int) -> Bool {
        if starts[row] != starts[other] { return starts[row] < starts[other] }
        let (end, otherEnd) = (intervalEnd(row), intervalEnd(other))
        return end != otherEnd ? end > otherEnd : identityPrecedes(row, other)
    }
}

/// The OTLP `SpanKind` numbers that the analysis tells apart.
enum SpanKindNumber {
    static let server: UInt8 = 2
    static let client: UInt8 = 3
    static let producer: UInt8 = 4
    static let consumer: UInt8 = 5

    /// Whether a child of this kind runs detached from a parent of that kind.
    @inline(__always)
    static func isAsynchronous(parent: UInt8, child: UInt8) -> Bool {
        child == consumer && parent == producer
    }
}
