// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel

/// A row group of one of a search's blocks.
struct GroupPlace: Hashable, Comparable {
    var block: Int
    var group: Int

    static func < (a: Self, b: Self) -> Bool { (a.block, a.group) < (b.block, b.group) }
}

/// A trace that lies in several row groups or blocks, of which only the columns are read that tell its spans apart and
/// say which filters select them.
struct ColumnTrace {
    struct Row: BitwiseCopyable {
        var start: UInt64
        var end: UInt64
        var spanID: UInt64
        /// The parent's ID; 0 for roots.
        var parent: UInt64
        /// Of the block.
        var row: Int
        /// A bit for each filter that holds.
        var marks: UInt64
        var kind: Int32
        /// In ``ColumnTrace/parts``.
        var part: Int32
    }

    /// Bytes in memory, about, for each row: the row, its keys as they are read, and what it takes to judge it.
    static let byteCountPerRow = 192

    let id: TraceID
    let parts: [TracePart]
    /// By start, span ID and kind, once they are ``sorted()``.
    var rows: [Row] = []

    init(id: TraceID, parts: [TracePart]) {
        self.id = id
        self.parts = parts
        rows.reserveCapacity(rowCount)
    }

    /// Of all its parts, as the trace indexes say.
    var rowCount: Int { parts.reduce(0) { $0 + $1.anchor.rows.count } }

    /// Puts the rows in order.
    ///
    /// - Returns: False if a span is there more than once: which copy counts, only whole rows tell.
    mutating func sort() -> Bool {
        if parts.count > 1 { rows.sort { ($0.start, $0.spanID, $0.kind) < ($1.start, $1.spanID, $1.kind) } }
        return !zip(rows, rows.dropFirst()).contains {
            $0.start == $1.start && $0.spanID == $1.spanID && $0.kind == $1.kind
        }
    }

    /// The part that has the root of the trace.
    var rootPart: Int? { rows.first { $0.parent == 0 }.map { Int($0.part) } }

    /// The trace as the judge takes it.
    ///
    /// - Parameters:
    ///   - root: Its service and name, if they are asked for.
    ///   - needsParents: Whether its structure is.
    func judged(leafCount: Int, root: (service: [UInt8], name: [UInt8])?, needsParents: Bool) -> JudgedTrace {
        let start = rows.first?.start ?? 0
        let end = rows.reduce(0) { max($0, $1.end) }
        let facts = TraceFacts(id: id, start: start, duration: spanDuration(start: start, end: end), root: root)
        let marks = (0..<UInt64(leafCount)).map { leaf in RowMask(rows.map { $0.marks &>> leaf & 1 != 0 }) }
        let parents = needsParents ? RowRelations.parents(rows, id: \.spanID, parent: \.parent) : []
        return JudgedTrace(rows: rows.indices, marks: marks, parents: parents, facts: facts, values: nil)
    }
}
