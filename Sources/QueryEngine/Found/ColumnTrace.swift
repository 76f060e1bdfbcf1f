// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel

/// A row group of one of a search's blocks.
struct GroupPlace: Hashable, Comparable {
    var block: Int
    var group: Int

    static func < (a: Self, b: Self) -> Bool { (a.block, a.group) < (b.block, b.group) }
}

/// A trace that lies in heads, or in several row groups or blocks, of which only the columns are read that tell its spans
/// apart and say which filters select them.
struct ColumnTrace {
    struct Row: BitwiseCopyable {
        var start: UInt64
        var end: UInt64
        /// Of rows of heads only if parents are asked for, or where others start as well.
        var spanID: UInt64
        /// The parent's ID; 0 for roots. Of rows of heads only if parents are asked for.
        var parent: UInt64
        /// Of the block, or of ``HeadTraces``.
        var row: Int
        /// A bit for each filter that holds.
        var marks: UInt64
        /// In ``ColumnTrace/parts``; -1 of rows of heads.
        var part: Int32
    }

    /// Bytes in memory, about, for each row: the row, its keys as they are read, and what it takes to judge it.
    static let byteCountPerRow = 192

    let id: TraceID
    let parts: [TracePart]
    /// In blocks, as the trace indexes say.
    let blockRowCount: Int
    /// By start and span ID, once they are ``sort()``ed.
    var rows: [Row] = []
    private let heads: HeadTraces
    private let headRowCount: Int
    private let needsParents: Bool

    /// The trace with the rows that heads have of it.
    init(id: TraceID, parts: [TracePart], _ heads: HeadTraces, needsParents: Bool) {
        self.id = id
        self.parts = parts
        self.heads = heads
        self.needsParents = needsParents
        blockRowCount = parts.blockRowCount
        headRowCount = heads.rowCount(of: id)
        rows.reserveCapacity(blockRowCount + headRowCount)
        heads.addRows(of: id, to: &rows, withIDs: needsParents)
    }

    /// Puts the rows in order.
    ///
    /// - Returns: False if a span may be there more than once: which copy counts, only whole rows tell.
    mutating func sort() -> Bool {
        if parts.count > 1 || headRowCount > 0 { sortByStart() }
        var first = 0
        while first < rows.count {
            var end = first + 1
            while end < rows.count, rows[end].start == rows[first].start { end += 1 }
            if end - first > 1, !sortByID(first..<end) { return false }
            first = end
        }
        return true
    }

    private mutating func sortByStart() {
        // What is compared is one number: starts are rarely days apart.
        let base = rows.reduce(UInt64.max) { min($0, $1.start) }
        let last = rows.reduce(UInt64(0)) { max($0, $1.start) }
        let shift = UInt64(Int.bitWidth - rows.count.leadingZeroBitCount)
        let unsorted = rows
        if last &- base < 1 &<< (63 &- shift) {
            var keys: [UInt64] = []
            keys.reserveCapacity(unsorted.count)
            for (index, row) in unsorted.enumerated() { keys.append((row.start &- base) &<< shift | UInt64(index)) }
            keys.sort()
            for (index, key) in keys.enumerated() { rows[index] = unsorted[Int(key & (1 &<< shift &- 1))] }
        } else {
            rows.sort { $0.start < $1.start }
        }
    }

    /// Puts rows in order that start at once.
    ///
    /// - Returns: False if two have the same ID.
    private mutating func sortByID(_ places: Range<Int>) -> Bool {
        if !needsParents {
            for place in places where rows[place].part < 0 { rows[place].spanID = heads.spanID(ofRow: rows[place].row) }
        }
        rows[places].sort { $0.spanID < $1.spanID }
        return places.dropFirst().allSatisfy { rows[$0].spanID != rows[$0 - 1].spanID }
    }

    /// The root of the trace.
    var root: Row? {
        for row in rows {
            let parent = row.part < 0 && !needsParents ? heads.parent(ofRow: row.row) : row.parent
            if parent == 0 { return row }
        }
        return nil
    }

    /// The trace as the judge takes it.
    ///
    /// - Parameter root: Its service and name, if they are asked for.
    func judged(leafCount: Int, root: (service: [UInt8], name: [UInt8])?) -> JudgedTrace {
        let start = rows.first?.start ?? 0
        let end = rows.reduce(0) { max($0, $1.end) }
        let facts = TraceFacts(id: id, start: start, duration: spanDuration(start: start, end: end), root: root)
        let rows = rows
        let marks = (0..<UInt64(leafCount)).map { leaf in
            RowMask(count: rows.count) { rows[$0].marks &>> leaf & 1 != 0 }
        }
        let parents = needsParents ? RowRelations.parents(rows, id: \.spanID, parent: \.parent) : []
        return JudgedTrace(rows: rows.indices, marks: marks, parents: parents, facts: facts, values: nil)
    }
}

extension [TracePart] {
    /// Rows of all parts, as the trace indexes say.
    var blockRowCount: Int { reduce(0) { $0 + $1.anchor.rows.count } }
}
