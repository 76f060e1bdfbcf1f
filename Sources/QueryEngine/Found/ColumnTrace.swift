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
        var spanID: UInt64
        /// The parent's ID; 0 for roots.
        var parent: UInt64
        /// Of the block, or of ``HeadTraces``.
        var row: Int
        /// A bit for each filter that holds.
        var marks: UInt64
        var kind: Int32
        /// In ``ColumnTrace/parts``; -1 of rows of heads.
        var part: Int32
    }

    /// Bytes in memory, about, for each row: the row, its keys as they are read, and what it takes to judge it.
    static let byteCountPerRow = 192

    let id: TraceID
    let parts: [TracePart]
    /// In blocks, as the trace indexes say.
    let blockRowCount: Int
    /// By start, span ID and kind, once they are ``sort()``ed.
    var rows: [Row] = []
    private let headRowCount: Int

    /// The trace with the rows that heads have of it.
    init(id: TraceID, parts: [TracePart], _ heads: HeadTraces) {
        self.id = id
        self.parts = parts
        blockRowCount = parts.blockRowCount
        headRowCount = heads.rowCount(of: id)
        rows.reserveCapacity(blockRowCount + headRowCount)
        heads.addRows(of: id, to: &rows)
    }

    /// Puts the rows in order.
    ///
    /// - Returns: False if a span is there more than once: which copy counts, only whole rows tell.
    mutating func sort() -> Bool {
        if parts.count > 1 || headRowCount > 0 {
            // What is compared stands side by side, for rows are long and few start at once.
            var order: [(start: UInt64, index: Int)] = []
            order.reserveCapacity(rows.count)
            for index in rows.indices { order.append((rows[index].start, index)) }
            let unsorted = rows
            order.sort { a, b in
                if a.start != b.start { return a.start < b.start }
                let (left, right) = (unsorted[a.index], unsorted[b.index])
                return (left.spanID, left.kind) < (right.spanID, right.kind)
            }
            for (index, place) in order.enumerated() { rows[index] = unsorted[place.index] }
        }
        for index in rows.indices.dropFirst() where rows[index].start == rows[index - 1].start {
            if rows[index].spanID == rows[index - 1].spanID, rows[index].kind == rows[index - 1].kind { return false }
        }
        return true
    }

    /// The root of the trace.
    var root: Row? { rows.first { $0.parent == 0 } }

    /// The trace as the judge takes it.
    ///
    /// - Parameters:
    ///   - root: Its service and name, if they are asked for.
    ///   - needsParents: Whether its structure is.
    func judged(leafCount: Int, root: (service: [UInt8], name: [UInt8])?, needsParents: Bool) -> JudgedTrace {
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
