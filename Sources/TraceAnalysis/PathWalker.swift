// SPDX-License-Identifier: Apache-2.0

// The walk back. In a span's window, from t = its end: of the children that ended by t and started
// before t take the one that ended last; its start is the new t; and again, until none is left.
//
//     parent p  ├─────────────────────────┤
//     child A     ├──────┤
//     child B        ├───────────┤           C is taken first, then A. B still ran when C began,
//     child C                  ├──────┤      so C did not wait for it.
//     path      ppAAAAAAAppppppCCCCCCCpppp
//
// Which children a window's path goes through depends on that window alone, so each span is
// expanded once, into pieces of its own time and windows of its children. Pieces wait on a stack
// in such an order that the earliest is on top: the segments come out in time order.

/// Expands spans into what they and their children have on the path.
struct PathWalker: Sendable {
    /// What the walk needs to know of the options.
    struct Rules: Sendable {
        var toleranceNanoseconds: UInt64
        var includesAsynchronous: Bool

        /// `cover` takes a sibling however long it goes on running: an endless tolerance.
        init(_ options: CriticalPathOptions) {
            toleranceNanoseconds = options.mode == .cover ? .max : options.toleranceNanoseconds
            includesAsynchronous = options.asynchronous == .include
        }
    }

    /// A span's stretch of time: either its own, or to be expanded.
    private struct Piece {
        var start: UInt64
        var end: UInt64
        var row: Int32
        var isOwn: Bool
    }

    var rules = Rules(CriticalPathOptions())
    /// The children of the span that is being expanded; then those that are on the path.
    private var picks = ChildWindows()
    private var pending: [Piece] = []

    /// Adds to `column` the time on the path of every row below and including `root`.
    mutating func addTimes(
        of root: Int, in tree: SpanTree, _ trace: TraceColumns, to column: inout [UInt64]
    ) {
        pending.removeAll(keepingCapacity: true)
        push(root, trace.starts[root], trace.intervalEnd(root))
        while let window = pending.popLast() {
            let row = Int(window.row)
            pick(window, in: tree, trace)
            var own = window.end - window.start
            for child in picks.windows {
                own -= child.end - child.start
                if tree.childPositions(of: Int(child.row)).isEmpty {
                    column[Int(child.row)] = child.end - child.start
                } else {
                    push(Int(child.row), child.start, child.end)
                }
            }
            column[row] = own
        }
    }

    /// Appends the path through `root` in time order.
    mutating func appendSegments(
        of root: Int, in tree: SpanTree, _ trace: TraceColumns,
        to segments: inout [CriticalPath.Segment]
    ) {
        pending.removeAll(keepingCapacity: true)
        push(root, trace.starts[root], trace.intervalEnd(root))
        while let piece = pending.popLast() {
            if piece.isOwn {
                segments.append(
                    CriticalPath.Segment(row: Int(piece.row), start: piece.start, end: piece.end))
                continue
            }
            pick(piece, in: tree, trace)
            var time = piece.end
            for child in picks.windows {
                push(Int(piece.row), child.end, time, isOwn: true)
                push(Int(child.row), child.start, child.end)
                time = child.start
            }
            push(Int(piece.row), piece.start, time, isOwn: true)
        }
    }

    /// Puts a piece on the stack unless it has no length.
    @inline(__always)
    private mutating func push(
        _ row: Int, _ start: UInt64, _ end: UInt64, isOwn: Bool = false
    ) {
        guard start < end else { return }
        pending.append(
            Piece(start: start, end: end, row: Int32(truncatingIfNeeded: row), isOwn: isOwn))
    }

    /// Leaves in `picks` the children that the path through this window takes, the latest first.
    @inline(__always)
    private mutating func pick(_ piece: Piece, in tree: SpanTree, _ trace: TraceColumns) {
        picks.collect(
            childrenOf: Int(piece.row), from: piece.start, to: piece.end, in: tree, trace,
            includesAsynchronous: rules.includesAsynchronous)
        guard picks.windows.count > 1 else { return }
        picks.sort(trace)
        if rules.toleranceNanoseconds == 0 {
            picks.keepChain(until: piece.end)
        } else {
            picks.keepChain(
                until: piece.end, toleranceNanoseconds: rules.toleranceNanoseconds, trace)
        }
    }
}
