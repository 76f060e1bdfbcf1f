// SPDX-License-Identifier: Apache-2.0

/// Computes critical paths, one trace after the other, with scratch memory that it keeps.
///
/// Not to be shared between threads; each has its own.
///
/// - SeeAlso: docs/CRITICAL-PATH.md, which says what is computed and what is guaranteed.
package struct CriticalPathAnalyzer: Sendable {
    /// The version of the algorithm, stored beside the columns derived with it.
    ///
    /// It grows with every change after which some trace gets other values.
    package static let version: UInt8 = 1

    /// For which fragments of a broken trace to compute.
    package enum Fragments: Sendable {
        /// Each fragment on its own, against its own root.
        case every
        /// Only the fragment that stands for the trace; rows of others get 0.
        case answering
    }

    /// The tree of the trace that was analysed last.
    package private(set) var tree = SpanTree()
    private var walker = PathWalker()

    /// An analyzer without memory; the first traces make it allocate.
    package init() {}

    /// The critical path of the trace, or of the fragment that stands for it.
    ///
    /// - Parameter trace: Any columns of equal length; no content makes this fail.
    /// - Complexity: O(n log n) in the number of spans, whatever the depth.
    package mutating func analyze(
        _ trace: TraceColumns, options: CriticalPathOptions = CriticalPathOptions()
    ) -> CriticalPath {
        tree.rebuild(from: trace)
        var path = CriticalPath()
        path.criticalNanoseconds = [UInt64](repeating: 0, count: trace.count)
        path.rowWarnings = [CriticalPathWarnings](repeating: [], count: trace.count)
        guard tree.rootRow >= 0 else { return path }
        path.rootRow = tree.rootRow
        path.complete = tree.isComplete
        var times = trace
        tree.markBroken(trace, in: &path.rowWarnings)
        if options.skew == .adjust {
            tree.adjustSkew(of: &times, in: &path.rowWarnings)
        }
        if options.mode == .toLastSpan {
            tree.extendToLastSpan(&times, asynchronous: options.asynchronous)
        }
        tree.markMisplaced(times, options: options, in: &path.rowWarnings)
        path.warnings = path.rowWarnings.reduce([]) { $0.union($1) }
        path.start = times.starts[tree.rootRow]
        path.end = times.intervalEnd(tree.rootRow)
        walker.rules = PathWalker.Rules(options)
        walker.appendSegments(of: tree.rootRow, in: tree, times, to: &path.segments)
        for segment in path.segments {
            path.criticalNanoseconds[segment.row] += segment.durationNanoseconds
        }
        return path
    }

    /// Each span's nanoseconds on the critical path by the default options: the column that is
    /// stored in blocks.
    ///
    /// The values of one fragment's rows sum to the duration of that fragment's root.
    ///
    /// - Parameters:
    ///   - trace: Any columns of equal length; no content makes this fail.
    ///   - fragments: With `every` a span's share is measured against the root of its own fragment
    ///     (`tree.copyFragmentRoots(into:)` says which that is).
    ///   - column: Receives `trace.count` values in row order; what it held is dropped.
    /// - Complexity: O(n log n). Allocates only for a trace larger than all before it, or where a
    ///   span ID stands twice.
    package mutating func criticalNanoseconds(
        _ trace: TraceColumns, fragments: Fragments = .every, into column: inout [UInt64]
    ) {
        tree.rebuild(from: trace)
        column.removeAll(keepingCapacity: true)
        column.append(contentsOf: repeatElement(0, count: trace.count))
        walker.rules = PathWalker.Rules(CriticalPathOptions())
        if fragments == .every {
            for root in tree.fragmentRoots {
                walker.addTimes(of: Int(root), in: tree, trace, to: &column)
            }
        } else if tree.rootRow >= 0 {
            walker.addTimes(of: tree.rootRow, in: tree, trace, to: &column)
        }
    }
}
