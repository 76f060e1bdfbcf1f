// SPDX-License-Identifier: Apache-2.0

internal import QueryEngine
internal import TraceQL

/// Which spans of a trace are asked for.
struct TraceSelection {
    /// Nil for all.
    var filter: CheckedQuery?
    /// Which stay beside those that the filter selects.
    var relatives = KeptRelatives()

    init() {}

    /// Reads `q`, `keep_hierarchy`, `ancestor_depth` and `match_depth`.
    ///
    /// `span_pruning` and its companions are read and mean nothing: a trace is answered with all of its spans.
    init(_ target: RequestTarget) throws(ParameterError) {
        filter = try target.traceQLSearch()
        let above = try Self.depth("ancestor_depth", target) ?? .max
        relatives.ancestorDepth = try target.flag("keep_hierarchy", default: true) ? above : 0
        relatives.descendantDepth = try Self.depth("match_depth", target) ?? 0
        _ = try target.flag("span_pruning")
        for name in ["span_pruning_min_spans", "span_pruning_max_parent_depth"] { _ = try Self.depth(name, target) }
    }

    /// A count of levels; -1 stands for all of them.
    private static func depth(_ name: String, _ target: RequestTarget) throws(ParameterError) -> Int? {
        try target.value(name, expected: "a whole number from 0 on, or -1 for no limit") { text in
            guard let depth = Int(text), depth >= -1 else { return nil }
            return depth == -1 ? .max : depth
        }
    }
}
