// SPDX-License-Identifier: Apache-2.0

/// What a planner needs to know of a search: what to scan for, which traces can be answers at all, and what a second
/// look takes.
///
/// The scan finds, for each filter, spans that satisfy its predicate. A trace whose filters are hit as `requirement` says
/// is a candidate; all others are no answer. If `isSingleFilter` and the filter is exact, candidates are answers, and the
/// hits are the matched spans; otherwise the pipeline judges each candidate as a whole trace.
package struct SearchConditions: Hashable, Sendable {
    /// Every `{ … }` of the query, in order; the first stage's `{ }` is left out where a query begins without one, in
    /// which case there is a filter that selects everything in its place.
    package let filters: [FilterConditions]
    /// Which filters a trace has to have a hit of.
    package let requirement: TraceRequirement
    /// Whether the query is one filter, and perhaps `select`.
    package let isSingleFilter: Bool
    /// What `select` asks for, once, in order: read for the spans of the answer only.
    package let selectedFields: [SpanField]
    /// What filters that are not exact, groups and aggregates look at, once, in order.
    package let judgedFields: [SpanField]
    /// Whether it takes to know how spans stand to each other.
    package let needsStructure: Bool
    /// Whether it takes fields of the trace as a whole.
    package let needsTraceFields: Bool

    package init(_ pipeline: Pipeline) {
        var collector = Collector()
        requirement = collector.requirement(of: pipeline)
        filters = collector.filters
        let rest = pipeline.stages.dropFirst()
        isSingleFilter = pipeline.stages.first?.isFilter ?? false && rest.allSatisfy(\.isSelect)
        selectedFields = collector.selected.distinct()
        let judged = filters.flatMap { $0.isExact ? [] : $0.fields } + collector.judged
        judgedFields = judged.distinct()
        let all = filters.flatMap(\.fields) + collector.judged + collector.selected
        needsStructure = collector.hasStructure || all.contains { $0.intrinsic?.isStructural ?? false }
        needsTraceFields = all.contains { $0.intrinsic?.isOfTrace ?? false }
    }
}

extension SpanField {
    package var intrinsic: Intrinsic? {
        if case .intrinsic(let reference) = self { reference.intrinsic } else { nil }
    }
}

/// What a trace has to have before it can be an answer.
package indirect enum TraceRequirement: Hashable, Sendable {
    /// A span that the filter with this number selects.
    case filter(Int)
    case all([TraceRequirement])
    case any([TraceRequirement])

    /// Whether a trace has what it takes, by what is known of each filter.
    package func isMet(_ hasHit: (Int) -> Bool) -> Bool {
        switch self {
        case .filter(let number): hasHit(number)
        case .all(let parts): parts.allSatisfy { $0.isMet(hasHit) }
        case .any(let parts): parts.contains { $0.isMet(hasHit) }
        }
    }
}

extension PipelineStage {
    fileprivate var isFilter: Bool {
        if case .spansets(let expression) = self, case .filter = expression.form { true } else { false }
    }

    fileprivate var isSelect: Bool {
        if case .select = self { true } else { false }
    }
}

private struct Collector {
    var filters: [FilterConditions] = []
    var selected: [SpanField] = []
    var judged: [SpanField] = []
    var hasStructure = false

    mutating func requirement(of pipeline: Pipeline) -> TraceRequirement {
        var parts: [TraceRequirement] = []
        if case .spansets? = pipeline.stages.first {} else { parts.append(filter(nil)) }
        for stage in pipeline.stages {
            switch stage {
            case .spansets(let expression): parts.append(requirement(of: expression))
            case .scalarFilter(let filter): judged += filter.left.fields + filter.right.fields
            case .by(let expression): judged += expression.fields
            case .select(let fields): selected += fields.flatMap(\.fields)
            case .coalesce: break
            }
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func requirement(of expression: SpansetExpression) -> TraceRequirement {
        switch expression.form {
        case .filter(let condition): return filter(condition)
        case .pipeline(let pipeline): return requirement(of: pipeline)
        case .operation(let `operator`, let left, let right):
            let left = requirement(of: left)
            let right = requirement(of: right)
            switch `operator` {
            case .and: return .all([left, right])
            case .or: return .any([left, right])
            case .structural(_, let form):
                hasStructure = true
                // "Not below any such span" holds where there is no such span.
                return form == .negated ? right : .all([left, right])
            }
        }
    }

    private mutating func filter(_ condition: FieldExpression?) -> TraceRequirement {
        filters.append(FilterConditions(condition))
        return .filter(filters.count - 1)
    }
}

extension ScalarExpression {
    fileprivate var fields: [SpanField] {
        switch form {
        case .literal, .aggregate(_, nil): []
        case .aggregate(_, let argument?): argument.fields
        case .minus(let operand): operand.fields
        case .arithmetic(_, let left, let right): left.fields + right.fields
        case .pipeline(_, let scalar): scalar.fields
        }
    }
}
