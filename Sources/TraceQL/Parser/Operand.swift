// SPDX-License-Identifier: Apache-2.0

/// What stands between the operators of a pipeline, by what it gives.
enum Operand {
    /// Spans of the trace.
    case spansets(SpansetExpression)
    /// The same, by more than one stage or a condition on numbers.
    case pipeline(Pipeline)
    /// A condition on numbers.
    case scalarFilter(ScalarFilter)
    /// A number of a spanset.
    case scalar(ScalarExpression)
    /// Series over time.
    case metrics(MetricsExpression)

    /// How messages name it.
    var name: String {
        switch self {
        case .spansets, .pipeline: "spansets"
        case .scalarFilter: "a condition"
        case .scalar: "a number"
        case .metrics: "metrics"
        }
    }

    /// As an operand of spanset operators; nil if it is none.
    func asSpansets(at offset: Int) -> SpansetExpression? {
        switch self {
        case .spansets(let expression): expression
        case .pipeline(let pipeline): SpansetExpression(.pipeline(pipeline), offset: offset)
        case .scalarFilter, .scalar, .metrics: nil
        }
    }

    /// As an operand of arithmetic on series; nil if it is none.
    func asMetrics() -> MetricsExpression? {
        switch self {
        case .metrics(let expression): return expression
        case .scalar(let expression):
            guard case .literal(let value) = expression.form else { return nil }
            return MetricsExpression(.number(value), offset: expression.offset)
        case .spansets, .pipeline, .scalarFilter: return nil
        }
    }

    /// As a stage of a pipeline; nil if it is none.
    func asStage(at offset: Int) -> PipelineStage? {
        switch self {
        case .scalarFilter(let filter): .scalarFilter(filter)
        case .scalar, .metrics: nil
        case .spansets, .pipeline: asSpansets(at: offset).map { .spansets($0) }
        }
    }
}

/// An operand and how deep its tree is.
struct SizedOperand {
    var operand: Operand
    var height: Int
}
