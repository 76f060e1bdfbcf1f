// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import RegularExpressions
internal import TraceModel
internal import TraceQL

/// What makes a trace a hit, in the engine's terms: which rows each spanset filter selects, and what is done with them.
struct SpansetProgram: Sendable {
    /// One `{ … }`.
    struct Leaf: Sendable {
        /// Holds for every span that the filter selects.
        var filter = SpanFilter.all([])
        /// What has to hold for the span's trace besides.
        var trace: [TraceTest] = []
        /// What is still to be asked of the spans for which the others hold; nil if they say all.
        var rest: FieldExpression?
    }

    indirect enum Node: Sendable {
        /// Index of a leaf.
        case leaf(Int)
        /// From left to right.
        case chain(Node, [Step])
        case pipeline([Stage])
    }

    /// What is combined with the spans that were selected before it.
    struct Step: Sendable {
        var operation: SpansetOperator
        var node: Node

        fileprivate var isStructural: Bool {
            if case .structural = operation { true } else { false }
        }
    }

    enum Stage: Sendable {
        case spansets(Node)
        case scalarFilter(ScalarFilter)
        case by(FieldExpression)
        case coalesce
    }

    var leaves: [Leaf] = []
    var stages: [Stage] = []
    /// Fields of the spans that are found, in the order in which they are shown.
    var shown: [SpanField] = []
    /// Whether fields are asked for that only whole traces have.
    var showsValues = false
    /// Leaves of which one must select a span, or the trace is no hit; nil if a trace may be one without.
    var required: [Int]?
    /// The compiled forms of all patterns.
    var expressions: [String: RegularExpression] = [:]

    /// Whether parents have to be known.
    var needsParents: Bool { Self.needsParents(stages) }

    /// Whether more has to be known of spans than which leaves select them.
    var needsValues: Bool { showsValues || leaves.contains { $0.rest != nil } || Self.needsValues(stages) }

    /// Whether a filter asks for the root of the trace.
    var asksForRoots: Bool {
        leaves.contains { $0.trace.contains { $0.subject == .rootName || $0.subject == .rootServiceName } }
    }

    /// Holds for a span of every hit.
    var requiredFilter: SpanFilter {
        guard let required else { return .all([]) }
        return required.count == 1 ? leaves[required[0]].filter : .any(required.map { leaves[$0].filter })
    }

    /// Whether every span has what every hit has.
    var requiresNothingOfSpans: Bool {
        if case .all(let parts) = requiredFilter { parts.isEmpty } else { false }
    }

    /// Where the duration of every hit lies, nanoseconds; nil if there can be none.
    func durations(in range: ClosedRange<UInt64>) -> ClosedRange<UInt64>? {
        guard let required, required.count == 1 else { return range }
        var range: ClosedRange<UInt64>? = range
        for test in leaves[required[0]].trace where test.subject == .duration {
            range = range.flatMap { test.test.narrowed(durations: $0) }
        }
        return range
    }

    private static func needsParents(_ stages: [Stage]) -> Bool {
        stages.contains { stage in
            if case .spansets(let node) = stage { needsParents(node) } else { false }
        }
    }

    private static func needsParents(_ node: Node) -> Bool {
        switch node {
        case .leaf: false
        case .chain(let first, let steps):
            needsParents(first) || steps.contains { $0.isStructural || needsParents($0.node) }
        case .pipeline(let stages): needsParents(stages)
        }
    }

    private static func needsValues(_ stages: [Stage]) -> Bool {
        stages.contains { stage in
            switch stage {
            case .spansets(let node): needsValues(node)
            case .scalarFilter(let filter): filter.left.needsValues || filter.right.needsValues
            case .by: true
            case .coalesce: false
            }
        }
    }

    private static func needsValues(_ node: Node) -> Bool {
        switch node {
        case .leaf: false
        case .chain(let first, let steps): needsValues(first) || steps.contains { needsValues($0.node) }
        case .pipeline(let stages): needsValues(stages)
        }
    }
}

extension ScalarExpression {
    /// Whether it has an aggregate of values, and not only counts.
    fileprivate var needsValues: Bool {
        switch form {
        case .literal, .aggregate(.count, _): false
        case .aggregate, .pipeline: true
        case .minus(let operand): operand.needsValues
        case .arithmetic(_, let left, let right): left.needsValues || right.needsValues
        }
    }
}

/// What is asked of a trace as a whole.
struct TraceTest: Sendable {
    enum Subject: Sendable {
        /// Nanoseconds from the first start to the last end, an integer.
        case duration
        /// Of the span without parent that starts first; traces without one have no value.
        case rootName, rootServiceName
        /// 32 hexadecimal digits.
        case id
    }

    var subject: Subject
    var test: ValueTest

    func holds(_ trace: TraceFacts) -> Bool {
        switch subject {
        case .duration: test.holds(integer: Int64(clamping: trace.duration))
        case .rootName: trace.root.map { test.holds(string: $0.name.rawSpan) } ?? false
        case .rootServiceName: trace.root.map { test.holds(string: $0.service.rawSpan) } ?? false
        case .id: test.holds(string: Array(trace.id.description.utf8).rawSpan)
        }
    }
}

extension ValueTest {
    /// The part of a range of durations, nanoseconds, in which all lie for which the test holds; nil if there are none.
    fileprivate func narrowed(durations range: ClosedRange<UInt64>) -> ClosedRange<UInt64>? {
        let bound: Int64
        let comparison: Comparison
        switch self {
        case .compares(let asked, .integer(let value)), .compares(let asked, .duration(let value)):
            (comparison, bound) = (asked, value)
        default: return range
        }
        var (least, most) = (Int64(0), Int64.max)
        switch comparison {
        case .equal: (least, most) = (max(bound, 0), bound)
        case .notEqual: break
        case .less: most = bound > .min ? bound - 1 : -1
        case .lessOrEqual: most = bound
        case .greater: (least, most) = bound < .max ? (max(bound + 1, 0), .max) : (0, -1)
        case .greaterOrEqual: least = max(bound, 0)
        }
        guard least <= most else { return nil }
        // What is more than 63 bits hold counts as the most that they do.
        let allowed = UInt64(least)...(most == .max ? .max : UInt64(most))
        return range.overlaps(allowed) ? range.clamped(to: allowed) : nil
    }
}

/// What is known of a trace as a whole.
struct TraceFacts: Sendable {
    var id: TraceID
    /// The first start, Unix nanoseconds.
    var start: UInt64
    /// To the last end; 0 if no span ends later.
    var duration: UInt64
    /// Service and name of the span without parent that starts first.
    var root: (service: [UInt8], name: [UInt8])?
}
