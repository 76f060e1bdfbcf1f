// SPDX-License-Identifier: Apache-2.0

package import TraceQL

/// Answers searches over whole traces held as plain values, in the simplest way there is: what an engine is held against.
package struct ReferenceEvaluator {
    private let pipeline: Pipeline
    private let query: CheckedQuery

    /// Nil for a metrics query.
    package init?(_ query: CheckedQuery) {
        guard let pipeline = query.search else { return nil }
        self.pipeline = pipeline
        self.query = query
    }

    /// The spansets of the trace; the trace is an answer if there is one.
    package func spansets(of trace: ReferenceTrace) -> [ReferenceSpanset] {
        let structure = ReferenceStructure(trace)
        let run = Run(
            fields: ReferenceFields(trace: trace, structure: structure, patterns: query.regularExpressions),
            structure: structure)
        let all = ReferenceSpanset(spans: Array(trace.spans.indices))
        return run.apply(pipeline, to: [all]).filter { !$0.spans.isEmpty }
    }
}

/// One query on one trace.
private struct Run {
    let fields: ReferenceFields
    let structure: ReferenceStructure

    func apply(_ pipeline: Pipeline, to spansets: [ReferenceSpanset]) -> [ReferenceSpanset] {
        pipeline.stages.reduce(spansets) { spansets, stage in
            switch stage {
            case .spansets(let expression): spansets.flatMap { select(expression, of: $0) }
            case .scalarFilter(let filter): spansets.compactMap { keep($0, filter) }
            case .by(let expression): spansets.flatMap { split($0, by: expression) }
            case .coalesce: [ReferenceSpanset(spans: union(spansets))]
            case .select: spansets
            }
        }
    }

    private func union(_ spansets: [ReferenceSpanset]) -> [Int] { Set(spansets.flatMap(\.spans)).sorted() }

    // MARK: Selecting

    private func select(_ expression: SpansetExpression, of spanset: ReferenceSpanset) -> [ReferenceSpanset] {
        var result: [ReferenceSpanset]
        switch expression.form {
        case .filter(let condition):
            let spans = spanset.spans.filter { fields.selects(condition, $0) }
            result = [ReferenceSpanset(spans: spans, attributes: spanset.attributes)]
        case .pipeline(let pipeline): result = apply(pipeline, to: [spanset])
        case .chain(let first, let steps):
            let spans = steps.reduce(union(select(first, of: spanset))) { left, step in
                combine(step.operator, left, union(select(step.operand, of: spanset)))
            }
            result = [ReferenceSpanset(spans: spans)]
        }
        result.removeAll { $0.spans.isEmpty }
        return result
    }

    private func combine(_ operator: SpansetOperator, _ left: [Int], _ right: [Int]) -> [Int] {
        switch `operator` {
        case .and: left.isEmpty || right.isEmpty ? [] : Set(left + right).sorted()
        case .or: Set(left + right).sorted()
        case .structural(let relation, let form):
            switch form {
            case .right:
                right.filter { right in left.contains { structure.holds(relation, left: $0, right: right) } }
            case .negated:
                right.filter { right in !left.contains { structure.holds(relation, left: $0, right: right) } }
            case .union:
                Set(
                    right.filter { right in left.contains { structure.holds(relation, left: $0, right: right) } }
                        + left.filter { left in right.contains { structure.holds(relation, left: left, right: $0) } }
                ).sorted()
            }
        }
    }

    // MARK: Groups

    private func split(_ spanset: ReferenceSpanset, by expression: FieldExpression) -> [ReferenceSpanset] {
        var order: [StaticValue] = []
        var groups: [StaticValue: [Int]] = [:]
        for span in spanset.spans {
            let value = fields.value(of: expression, span: span)
            if groups[value] == nil { order.append(value) }
            groups[value, default: []].append(span)
        }
        return order.map { value in
            let attribute = ReferenceAttribute("by(\(expression))", value)
            return ReferenceSpanset(spans: groups[value] ?? [], attributes: spanset.attributes + [attribute])
        }
    }

    // MARK: Numbers

    private func keep(_ spanset: ReferenceSpanset, _ filter: ScalarFilter) -> ReferenceSpanset? {
        guard case .aggregate(let function, let argument) = filter.left.form, let right = filter.right.constant else {
            return nil
        }
        let value = aggregate(function, argument, spanset.spans)
        guard filter.comparison.holds(value, right) else { return nil }
        var spanset = spanset
        spanset.attributes.append(ReferenceAttribute(filter.left.description, value))
        return spanset
    }

    /// Absent where no span has a number.
    private func aggregate(_ function: AggregateFunction, _ argument: FieldExpression?, _ spans: [Int]) -> StaticValue {
        guard let argument else { return .int(Int64(spans.count)) }
        let values = spans.map { fields.value(of: argument, span: $0) }.filter { $0.number != nil }
        guard let first = values.first else { return .absent }
        let rest = values.dropFirst()
        switch function {
        case .count: return .int(Int64(spans.count))
        case .min: return rest.reduce(first) { ComparisonOperator.less.holds($1, $0) ? $1 : $0 }
        case .max: return rest.reduce(first) { ComparisonOperator.greater.holds($1, $0) ? $1 : $0 }
        case .sum: return rest.reduce(first) { ArithmeticOperator.plus.apply($0, $1) }
        case .avg:
            let average = values.reduce(0) { $0 + ($1.number ?? 0) } / Double(values.count)
            return values.allSatisfy { $0.type == .duration } ? .duration(Int64(average)) : .float(average)
        }
    }
}
