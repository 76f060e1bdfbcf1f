// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import RegularExpressions
internal import TraceQL

extension SpansetProgram {
    /// The program of a checked search.
    init(_ query: CheckedQuery, _ pipeline: Pipeline) {
        expressions = query.regularExpressions
        var compiler = SpansetCompiler(expressions: query.regularExpressions)
        stages = compiler.stages(pipeline)
        leaves = compiler.leaves
        shown = compiler.shown + compiler.selected.filter { !compiler.shown.contains($0) }
        showsValues = ShownFields(compiler.selected).needsWholeTraces
        required = compiler.required(stages)
    }

    /// A program that selects the spans for which a filter holds, in traces for which the tests do.
    init(_ filter: SpanFilter, _ trace: [TraceTest]) {
        leaves = [Leaf(filter: filter, trace: trace)]
        stages = [.spansets(.leaf(0))]
        required = [0]
    }
}

/// Turns a syntax tree into a program.
struct SpansetCompiler {
    private let filters: FieldCompiler
    private(set) var leaves: [SpansetProgram.Leaf] = []
    private(set) var shown: [SpanField] = []
    private var isShown: Set<SpanField> = []
    /// Those that the query asks to be shown.
    private(set) var selected: [SpanField] = []

    init(expressions: [String: RegularExpression]) { filters = FieldCompiler(expressions: expressions) }

    mutating func stages(_ pipeline: Pipeline) -> [SpansetProgram.Stage] {
        var stages: [SpansetProgram.Stage] = []
        for stage in pipeline.stages {
            switch stage {
            case .spansets(let expression): stages.append(.spansets(node(expression)))
            case .scalarFilter(let filter): stages.append(.scalarFilter(filter))
            case .by(let expression): stages.append(.by(expression))
            case .coalesce: stages.append(.coalesce)
            case .select(let expressions):
                for expression in expressions { selected += expression.fields }
            }
        }
        return stages
    }

    private mutating func node(_ expression: SpansetExpression) -> SpansetProgram.Node {
        switch expression.form {
        case .filter(let filter):
            show(filter?.fields ?? [])
            leaves.append(filters.leaf(filter))
            return .leaf(leaves.count - 1)
        case .chain(let first, let steps):
            let first = node(first)
            return .chain(first, steps.map { SpansetProgram.Step(operation: $0.operator, node: node($0.operand)) })
        case .pipeline(let pipeline): return .pipeline(stages(pipeline))
        }
    }

    private mutating func show(_ fields: [SpanField]) {
        for field in fields where isShown.insert(field).inserted { shown.append(field) }
    }

    // MARK: - What every hit has

    /// Leaves of which one selects a span of every hit; nil if there are none.
    func required(_ stages: [SpansetProgram.Stage]) -> [Int]? {
        guard case .spansets(let node)? = stages.first else { return nil }
        return required(node)
    }

    private func required(_ node: SpansetProgram.Node) -> [Int]? {
        switch node {
        case .leaf(let index): return [index]
        case .pipeline(let stages): return required(stages)
        case .chain(let first, let steps):
            return steps.reduce(into: required(first)) { found, step in
                let further = required(step.node)
                switch step.operation {
                case .or:
                    if let further { found?.append(contentsOf: further) } else { found = nil }
                case .structural(_, .negated): found = further
                case .and, .structural:
                    guard let further else { return }
                    if found.map({ breadth(further) <= breadth($0) }) ?? true { found = further }
                }
            }
        }
    }

    /// How much the leaves select together, roughly: to compare alternatives by.
    private func breadth(_ indices: [Int]) -> Double { indices.reduce(0) { $0 + leaves[$1].filter.breadth } }
}

extension SpanFilter {
    /// A guess at the part of all spans that it selects.
    fileprivate var breadth: Double {
        switch self {
        case .all(let parts): parts.reduce(1) { $0 * $1.breadth }
        case .any(let parts): min(1, parts.reduce(0) { $0 + $1.breadth })
        case .not(let part): 1 - part.breadth * 0.5
        case .holds(let subject, let test):
            switch test {
            case .compares(.equal, _), .string: subject == .status || subject == .kind ? 0.2 : 0.02
            case .matches, .tag: 0.05
            case .exists, .compares(.notEqual, _): 0.6
            case .compares, .integer, .number, .boolean: 0.3
            }
        }
    }
}
